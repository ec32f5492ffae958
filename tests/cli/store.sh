#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Names: files that get one, ls, rm, and stores that are damaged, missing or read-only.
. tests/cli/transcript.inc
{
    say an empty store is not created by looking
    t ls
    t ls --json
    [ ! -e "$MINNOW_HOME" ] || echo 'the store was created'
    t run nothing x
    t run smollm2:153m x
    t run smollm2 x
    t pull smollm2:153m

    say files get names and stay where they are
    cp "$model" "$work/My Model.gguf"
    t pull "$work/My Model.gguf"
    t pull "$work/My Model.gguf" --as Other:V1
    t pull "$work/My Model.gguf" --as '../evil'
    t pull "$work/My Model.gguf" --as 'a:b:c'
    t pull "$work/My Model.gguf" "$model" --as one
    t pull "$work/missing.gguf"
    echo 'no model' >"$work/bad.gguf"
    t pull "$work/bad.gguf"
    t ls
    t ls -q
    t ls --json | sed 's/"added": [0-9]*/"added": TIME/'
    t show OTHER:v1 --json | grep '"type"'
    t show other | head -3
    t show othr

    say several tags
    t pull "$model" --as other:v2
    t show other
    t rm other:v2
    t rm other:v2

    say a file that went away
    rm "$work/My Model.gguf"
    t ls
    t show other:v1
    t rm other:v1 my-model
    t ls

    say damage
    mkdir -p "$MINNOW_HOME/refs/broken" "$MINNOW_HOME/refs/evil"
    echo '{' >"$MINNOW_HOME/refs/broken/latest.json"
    echo '{"sha256": "../../../etc/passwd"}' >"$MINNOW_HOME/refs/evil/latest.json"
    t show broken
    t show evil
    t ls

    say places
    unset MINNOW_HOME
    t pull "$model" --as here
    (cd "$HOME" && find . -type f | sort)
    XDG_DATA_HOME=$work/data t ls
    XDG_DATA_HOME=relative t ls -q
    HOME='' t ls -q >"$work/nohome"
    grep -c . "$work/nohome" >/dev/null || echo 'nothing said without a home'
    if [ "$(id -u)" != 0 ]; then
        mkdir "$work/locked"
        chmod a-w "$work/locked"
        MINNOW_HOME=$work/locked/store t pull "$model" --as x
    else # root may write anywhere but there
        MINNOW_HOME=/proc/minnow t pull "$model" --as x >"$work/locked.txt"
        grep -q '^! minnow: cannot make the folder' "$work/locked.txt" || cat "$work/locked.txt"
    fi
} >"$work/record" 2>&1
finish
