#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quantize and export: new files, proven, and none that was there lost.
. tests/cli/transcript.inc
{
    t quantize "$model" "$work/q8.gguf" --type Q8_0
    t show "$work/q8.gguf" | grep -E 'type|bits'
    t quantize "$model" "$work/q8.gguf" --type q8_0
    t quantize "$model" "$work/q8.gguf" --type q4_0 --force --json
    t quantize "$work/q8.gguf" "$work/again.gguf" --type q8_0
    t quantize "$model" "$model" --type q8_0 --force
    t quantize "$model" "$work/x.gguf"
    t quantize "$model" "$work/x.gguf" --type q9_9
    t quantize "$model" "$work/no/such/x.gguf" --type q8_0 | sed 's/minnow-[0-9]*-[0-9a-f]*/minnow-N/'
    t quantize "$0" "$work/x.gguf" --type q8_0
    minnow quantize "$model" "$work/t1.gguf" --type q4_0 -t 1 -q && minnow quantize "$model" "$work/t3.gguf" --type q4_0 -t 3 -q
    cmp "$work/t1.gguf" "$work/t3.gguf"
    minnow run "$work/t1.gguf" hello -n 4 --temp 0 >/dev/null || echo 'it does not run'

    t export "$model" -o "$work/copy.gguf"
    cmp "$model" "$work/copy.gguf"
    t export "$model" -o "$work/copy.gguf"
    t export "$work/copy.gguf" -o "$work/copy.gguf" --force
    t export "$model"
    t export "$work/t1.gguf" -o "$work/f16.gguf" --type f16 --format gguf
    t export "$model" -o "$work/same.gguf" --json
    minnow show "$model" --tensors | sed 1,20d >"$work/a"
    minnow show "$work/same.gguf" --tensors | sed 1,20d >"$work/b"
    cmp "$work/a" "$work/b"
    (cd "$work" && ls -A ./*.gguf)
} >"$work/record" 2>&1
finish
