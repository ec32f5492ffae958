# SPDX-License-Identifier: Apache-2.0
# The program: the store, the commands, their manual pages and completions.
file(GLOB store_sources CONFIGURE_DEPENDS src/store/*.c)
file(GLOB program_sources CONFIGURE_DEPENDS src/cli/*.c)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libcrypto)
if(MINNOW_LIBEDIT)
    pkg_check_modules(EDIT IMPORTED_TARGET libedit)
endif()

# The catalogue of known models travels inside the program.
set(catalogue_source ${CMAKE_CURRENT_BINARY_DIR}/catalogue_data.c)
add_custom_command(OUTPUT ${catalogue_source}
    COMMAND ${CMAKE_COMMAND} -D INPUT=${PROJECT_SOURCE_DIR}/src/store/catalogue.toml
        -D OUTPUT=${catalogue_source} -D NAME=mn_catalogue_data
        -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS src/store/catalogue.toml cmake/embed.cmake VERBATIM)

add_library(minnow_store STATIC ${store_sources} ${catalogue_source})
minnow_settings(minnow_store)
target_link_libraries(minnow_store PUBLIC minnow_static PkgConfig::OPENSSL)

add_executable(minnow ${program_sources})
minnow_settings(minnow)
target_link_libraries(minnow PRIVATE minnow_store)
if(EDIT_FOUND)
    target_compile_definitions(minnow PRIVATE MN_WITH_LIBEDIT=1)
    target_link_libraries(minnow PRIVATE PkgConfig::EDIT)
endif()

# Manual pages and completions are what the program prints; a cross build needs an emulator for them.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
    set(pages_folder ${CMAKE_CURRENT_BINARY_DIR}/man)
    file(GLOB command_sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src/cli
        src/cli/cmd_*.c)
    set(names "")
    foreach(source ${command_sources})
        string(REGEX REPLACE "^cmd_(.*)\\.c$" "\\1" name ${source})
        list(APPEND names ${name})
    endforeach()
    add_custom_command(OUTPUT ${pages_folder}/minnow.1
        COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:minnow> -D "EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}"
            -D FOLDER=${CMAKE_CURRENT_BINARY_DIR} -D "NAMES=${names}"
            -P ${PROJECT_SOURCE_DIR}/cmake/pages.cmake
        DEPENDS minnow cmake/pages.cmake VERBATIM)
    add_custom_target(pages ALL DEPENDS ${pages_folder}/minnow.1)
    install(DIRECTORY ${pages_folder}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/minnow.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME minnow)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/minnow.zsh
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _minnow)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/minnow.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
