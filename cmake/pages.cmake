# SPDX-License-Identifier: Apache-2.0
# cmake -D PROGRAM=minnow -D NAMES="run;pull" -D FOLDER=build -P pages.cmake
# Writes FOLDER/man/*.1 and FOLDER/completion/*: what the program prints about itself.
function(keep_output path)
    execute_process(COMMAND ${EMULATOR} ${PROGRAM} ${ARGN} OUTPUT_FILE ${path} RESULT_VARIABLE code)
    if(code)
        file(REMOVE ${path})
        message(FATAL_ERROR "minnow ${ARGN} ended with ${code}")
    endif()
endfunction()

file(MAKE_DIRECTORY ${FOLDER}/man ${FOLDER}/completion)
foreach(name ${NAMES})
    keep_output(${FOLDER}/man/minnow-${name}.1 help --man ${name})
endforeach()
foreach(shell bash zsh fish)
    keep_output(${FOLDER}/completion/minnow.${shell} completion ${shell})
endforeach()
keep_output(${FOLDER}/man/minnow.1 help --man)
