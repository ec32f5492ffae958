#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help in all its forms, made from the same rows; mistyped words; where errors of writing end.
. tests/cli/transcript.inc
{
    t
    t --help
    t help --all
    t help rm
    t version
    t --version
    say mistyped words
    t rnu
    t hlep --all
    t zzzzzz
    t help rnu
    t ls --jsno
    t ls --frobnicate
    t ls -x
    t --quiet ls
    t rm
    t ls model
    t run
    say values
    t run "$model" x --temp
    t run "$model" x --temp hot
    t run "$model" x --temp=101
    t run "$model" x --tokens -1
    t run "$model" x -n many
    t run "$model" x --kv-type f8
    t run "$model" x --json=1
    t run "$model" x --no-ignore-eos=1
    t export "$model" -o "$work/x" --format tflite

    say 'every command: --help, -h and help are the same; the manual page is without fault'
    for name in $(minnow help --all | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
        minnow help "$name" >"$work/a" || echo "help $name failed"
        minnow "$name" --help >"$work/b" || echo "$name --help failed"
        minnow "$name" -h >"$work/c" || echo "$name -h failed"
        cmp "$work/a" "$work/b" && cmp "$work/a" "$work/c"
        grep -q '^Usage:' "$work/a" || echo "$name: no usage"
        awk -v name="$name" 'length > 130 { print name ": long line: " $0 }' "$work/a"
        minnow help --man "$name" >"$work/page" || echo "no page of $name"
        if command -v mandoc >/dev/null; then mandoc -Tlint "$work/page"; fi
        # Every flag of the help is in the page and in each completion.
        for flag in $(sed -n 's/^ *\(-[a-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p' "$work/a"); do
            tr -d '\\' <"$work/page" | grep -q -- "--$flag" || echo "page of $name: no --$flag"
            for shell in bash zsh fish; do
                [ -s "$work/$shell" ] || minnow completion $shell >"$work/$shell"
                grep -q -- "$flag" "$work/$shell" || echo "$shell: no --$flag"
            done
        done
    done
    minnow help --man >"$work/page"
    if command -v mandoc >/dev/null; then mandoc -Tlint "$work/page"; fi

    say 'a closed pipe is quiet, a full disk is not'
    { minnow help --man run; echo "code $?" >&2; } 2>"$work/err" | true
    cat "$work/err"
    if [ -w /dev/full ]; then
        minnow help run >/dev/full 2>"$work/err"
        echo "code $?"
        cat "$work/err"
    fi
    say 'without standard streams'
    minnow version <&- >"$work/out" 2>&-
    echo "code $?"
} >"$work/record" 2>&1
finish
