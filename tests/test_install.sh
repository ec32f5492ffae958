#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An installed copy serves others: examples/hello.c builds against it with pkg-config and with
# CMake's find_package, and writes the same text with both. DESTDIR is kept.
set -eu
: "${BUILD:?the build folder}" "${CMAKE:=cmake}" "${CC:=cc}" "${SANITIZE:=}"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
model=tests/data/tiny/llama-tied.gguf

"$CMAKE" --install "$BUILD" --prefix "$root/usr" >"$root/log"
for file in include/minnow/minnow.h include/minnow/session.h; do
    [ -f "$root/usr/$file" ] || { echo "not installed: $file"; exit 1; }
done
pc=$(find "$root/usr" -name minnow.pc)
library=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="${pc%/*}" LD_LIBRARY_PATH="$library"

# A sanitized library wants a sanitized program.
# shellcheck disable=SC2046,SC2086 # lists of words
$CC -std=c17 $SANITIZE examples/hello.c $(pkg-config --cflags --libs minnow) -o "$root/hello"
"$root/hello" $model "The child" >"$root/pkg-config.txt"
[ "$(wc -c <"$root/pkg-config.txt")" -gt 1 ] || { echo "hello wrote nothing"; exit 1; }

mkdir "$root/other"
cp examples/hello.c "$root/other"
cat >"$root/other/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(other C)
find_package(minnow 0.1 REQUIRED COMPONENTS static)
add_executable(hello hello.c)
target_link_libraries(hello PRIVATE minnow::minnow)
add_executable(hello_static hello.c)
target_link_libraries(hello_static PRIVATE minnow::static)
END
"$CMAKE" -S "$root/other" -B "$root/other/build" -DCMAKE_PREFIX_PATH="$root/usr" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$SANITIZE" >>"$root/log"
"$CMAKE" --build "$root/other/build" >>"$root/log"
for program in hello hello_static; do
    "$root/other/build/$program" $model "The child" >"$root/$program.txt"
    cmp "$root/pkg-config.txt" "$root/$program.txt"
done

# Nothing but what is public leaves the shared library.
if [ -f "$library/libminnow.so" ]; then
    extra=$(nm -D --defined-only "$library/libminnow.so" |
        awk '$2 ~ /[TDBR]/ && $3 !~ /^(mn_|__|_init|_fini)/ { print $3 }')
    [ -z "$extra" ] || { echo "exported without our prefix: $extra"; exit 1; }
fi

DESTDIR=$root/stage "$CMAKE" --install "$BUILD" --prefix /opt/place >>"$root/log"
[ -f "$root/stage/opt/place/include/minnow/minnow.h" ] || { echo "DESTDIR was not kept"; exit 1; }
if "$root/hello" /dev/null "x" 2>"$root/error"; then
    echo "hello took /dev/null for a model"
    exit 1
fi
grep -q '^hello: ' "$root/error"
