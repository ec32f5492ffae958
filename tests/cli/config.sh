#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config: where settings come from, and how the file is changed without losing what is in it.
. tests/cli/transcript.inc
file=$XDG_CONFIG_HOME/minnow/config.toml
{
    t config path
    t config list
    t config get temp
    t config set temp 0.25
    t config set seed -1
    t config set stop 'say "no"'
    t config set ignore-eos yes
    cat "$file"
    echo '# my own words' >>"$file"
    echo "top-k = 5 # five" >>"$file"
    t config set temp 1
    t config set top-k 6
    t config unset stop
    cat "$file"
    t config list | grep -v built-in
    MINNOW_TEMP=0.5 t config list | grep temp
    MINNOW_TEMP=0.5 t config get temp
    t config list --json | head -8

    say settings hold, flags win
    minnow run "$model" hi -n 1 --json --seed 1 >"$work/a" || echo failed
    t config set kv-type f32
    t config set threads 1
    minnow run "$model" hi -n 1 --json | grep -E 'kv_type|threads'
    MINNOW_KV_TYPE=int8 minnow run "$model" hi -n 1 --json | grep kv_type
    MINNOW_KV_TYPE=int8 minnow run "$model" hi -n 1 --json --kv-type f16 | grep kv_type

    say mistakes
    t config set tmep 1
    t config set temp hot
    t config get tmep
    t config unset tmep
    t config set temp
    t config frob
    MINNOW_TOP_P=2 t run "$model" hi
    echo 'tpo-k = 1' >"$file"
    t run "$model" hi
    t run --help | head -1
    t config get temp
    printf 'temp = 1\ntemp = 2\n' >"$file"
    t config list
    t config set temp 1
    printf '[section]\ntemp = 1\n' >"$file"
    t config list
    printf 'stop = ["a",\n  "b"]\n' >"$file"
    t config get stop
    t config set stop c
    rm "$file"
    mkdir "$file"
    t config list
} >"$work/record" 2>&1
finish
