#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tokenize: bytes in, ids out, and back.
. tests/cli/transcript.inc
spm=tests/data/tiny/llama-spm.gguf
{
    printf 'hello world' | t tokenize "$model"
    printf 'hello world' | t tokenize "$model" --add-bos
    printf 'hello world' | t tokenize "$model" --json
    printf 'hello' | t tokenize "$model" --pieces
    printf '' | t tokenize "$model"
    printf '<|im_start|>user' | t tokenize "$model"
    printf '<|im_start|>user' | t tokenize "$model" --special
    printf '[318]' | t tokenize "$model" --decode
    printf '[318]' | t tokenize "$model" --decode --special
    printf 'hello' >"$work/text"
    t tokenize "$model" -f "$work/text"
    t tokenize "$model" -f "$work/none"

    say 'every text comes back, from both kinds of vocabulary'
    for file in "$model" "$spm"; do
        for text in 'The cat, 12 of them!' '  two spaces ' 'äöü 漢字 🐟' 'a
b	c'; do
            printf '%s' "$text" >"$work/text"
            minnow tokenize "$file" <"$work/text" >"$work/ids"
            minnow tokenize "$file" --decode <"$work/ids" >"$work/back"
            cmp "$work/text" "$work/back"
        done
    done
    head -c 20000 /dev/urandom >"$work/text"
    minnow tokenize "$model" <"$work/text" | minnow tokenize "$model" --decode >"$work/back"
    cmp "$work/text" "$work/back"

    say what is no list of ids
    echo '{}' | t tokenize "$model" --decode
    echo '[1, "2"]' | t tokenize "$model" --decode
    echo '[320]' | t tokenize "$model" --decode
    echo '[-1]' | t tokenize "$model" --decode
    echo '[1' | t tokenize "$model" --decode
} >"$work/record" 2>&1
finish
