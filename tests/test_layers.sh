#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A folder of src/ includes only itself and folders above it, in the order of docs/architecture.md;
# public headers include only public headers and the C library.
set -u
order='base device tensor kernels file text model run measure train shrink store pipeline server cli'

violations() { # FOLDER-OF-TREE: one line for each include that goes down
    above=' '
    for folder in $order; do
        above="$above$folder "
        [ -d "$1/$folder" ] || continue
        find "$1/$folder" -name '*.[ch]' -exec grep -Hn '^ *# *include *"' {} + |
            sed -n 's/^\(.*:[0-9]*\):[^"]*"\([a-z]*\)\/.*$/\1 \2/p' |
            while read -r place target; do
                case "$above" in
                *" $target "*) ;;
                *) echo "$place: $folder/ must not use $target/" ;;
                esac
            done
        find "$1/$folder" -name '*.[ch]' -exec grep -Hn '^ *# *include *"[^/]*"' {} + |
            sed 's/$/ (name the folder)/'
    done
    for folder in "$1"/*/; do
        name=$(basename "$folder")
        case " $order " in
        *" $name "*) ;;
        *) echo "$folder: not one of the layers" ;;
        esac
    done
}

# The check must see a fault: a copy with one include that goes down, one folder nobody knows.
trial=$(mktemp -d) || exit 1
trap 'rm -rf "$trial"' EXIT
mkdir "$trial/base" "$trial/run" "$trial/extra"
echo '#include "run/engine.h"' >"$trial/base/wrong.c"
echo '#include "base/text.h"' >"$trial/run/right.c"
if [ "$(violations "$trial" | wc -l)" != 2 ]; then
    echo "the check itself is broken:"
    violations "$trial"
    exit 1
fi

failed=0
found=$(violations src)
if [ -n "$found" ]; then
    echo "$found"
    failed=1
fi
if grep -Hn '^ *# *include *"' include/minnow/*.h; then
    echo "public headers include <minnow/...> only"
    failed=1
fi
exit $failed
