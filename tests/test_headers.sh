#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C17 and as C++17, without a warning.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
CC=${CC:-cc}
CXX=${CXX:-c++}

for header in include/minnow/*.h; do
    name=minnow/$(basename "$header")
    echo "#include <$name>" >"$out/one.c"
    echo "#include <$name>" >>"$out/one.c" # twice: the guard
    cp "$out/one.c" "$out/one.cc"
    "$CC" -std=c17 -pedantic-errors -Wall -Wextra -Werror -Iinclude -fsyntax-only "$out/one.c"
    if command -v "$CXX" >/dev/null 2>&1; then
        "$CXX" -std=c++17 -pedantic-errors -Wall -Wextra -Werror -Iinclude -fsyntax-only "$out/one.cc"
    fi
done
command -v "$CXX" >/dev/null 2>&1 || echo "no C++ compiler: checked as C only"
