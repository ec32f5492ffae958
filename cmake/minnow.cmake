# SPDX-License-Identifier: Apache-2.0
# Settings shared by every target, and the flags of the kernels.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set(MINNOW_X86 ON)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(MINNOW_ARM ON)
endif()

if(MINNOW_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
if(MINNOW_FUZZ) # the fuzzer must see which lines of the library an input reaches
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(minnow_settings target)
    target_include_directories(${target} PUBLIC
        ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_definitions(${target} PUBLIC _GNU_SOURCE MN_VERSION="${PROJECT_VERSION}")
    # No contraction: the plain kernels are the truth, and a multiply-add would round once less.
    target_compile_options(${target} PRIVATE -ffp-contract=off -fno-math-errno
        -fvisibility=hidden -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
        -Wpointer-arith -Wvla)
endfunction()

# A kernel file named *_<isa>.c is compiled for that instruction set; the table asks the CPU.
function(minnow_instruction_set_flags)
    set(flags_sse41 "-msse4.1")
    set(flags_avx2 "-mavx2;-mf16c;-mbmi2")
    set(flags_avx512vnni
        "-mavx2;-mf16c;-mbmi2;-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vnni")
    set(flags_dotprod "-march=armv8.2-a+dotprod+fp16")
    set(flags_i8mm "-march=armv8.2-a+dotprod+fp16+i8mm")
    if(MINNOW_FUZZ) # no parser is in there, and clang takes minutes to instrument unrolled loops
        set(plainly "-fno-sanitize=all")
    endif()
    foreach(source ${ARGN})
        foreach(isa sse41 avx2 avx512vnni dotprod i8mm)
            if(source MATCHES "_${isa}\\.c$")
                set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                    "${flags_${isa}};${plainly}")
            endif()
        endforeach()
    endforeach()
endfunction()
