# SPDX-License-Identifier: Apache-2.0
# Toolchain file: builds for 64-bit ARM Linux with Debian's cross compiler; tests run under qemu
# when it is there. cmake --toolchain cmake/aarch64.cmake -S . -B build/aarch64
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)

set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# Debian's arm64 packages lie beside the native ones; only their own folders are searched.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${triple}/pkgconfig:/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")

find_program(MINNOW_QEMU NAMES qemu-aarch64-static qemu-aarch64)
if(MINNOW_QEMU)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${MINNOW_QEMU})
endif()
