#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run: the answer and nothing else; what is piped in; the same bytes however it is computed.
. tests/cli/transcript.inc
same() { # WHAT: the last two outputs
    cmp -s "$work/a" "$work/b" && echo "same: $1" || echo "DIFFERENT: $1"
}
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*$/\1/p"; }
{
    ask="run $model -n 24 --temp 0"
    # shellcheck disable=SC2086 # lists of words
    {
        minnow $ask 'The cat sat' >"$work/a" 2>"$work/err"
        echo "code $?, $(wc -c <"$work/err") bytes on the error output"
        minnow $ask The cat sat </dev/null >"$work/b"
        same 'words without quotes'
        echo 'The cat sat' | minnow $ask >"$work/b"
        same 'piped in'
        printf 'The cat sat' >"$work/prompt"
        minnow $ask -f "$work/prompt" >"$work/b"
        same 'from a file'
        minnow $ask -- 'The cat sat' >"$work/b"
        same 'after --'
        minnow run -n24 --temp=0 --threads 3 "$model" 'The cat sat' >"$work/b"
        same 'three threads, other spellings'
        minnow $ask --chunk 3 -t 1 -c 256 'The cat sat' >"$work/b"
        same 'prompt in pieces'
        MINNOW_THREADS=2 minnow $ask --seed 5 'The cat sat' >"$work/b"
        same 'a seed at temperature 0'
        minnow $ask --cpu plain 'The cat sat' >"$work/b"
        same 'without any vector instruction'
        minnow $ask 'The cat' >"$work/a"
        printf 'sat\n' | minnow $ask 'The cat' >"$work/b"
        cmp -s "$work/a" "$work/b" && echo 'what is piped in was lost'
        printf 'The cat\n\nsat\n' | minnow $ask >"$work/a"
        same 'what is piped in comes after the prompt'
        minnow $ask --system 'Be brief' 'The cat' >"$work/a"
        cmp -s "$work/a" "$work/b" && echo 'the system message was lost'
    }
    say raw text
    minnow run "$model" --raw -n 8 --temp 0 'The cat' >"$work/a"
    printf 'The cat' | minnow run "$model" --raw -n 8 --temp 0 >"$work/b"
    same 'raw, piped in'
    minnow run "$model" --raw -n 8 --temp 0 --json 'The cat' >"$work/json"
    field finish_reason <"$work/json"
    field answer_tokens <"$work/json"
    minnow tokenize "$model" --add-bos <<END >"$work/ids"
The cat
END
    echo "prompt tokens $(field prompt_tokens <"$work/json"), with a newline $(tr -cd , <"$work/ids" | wc -c)"

    say sampling
    sample="run $model --raw -n 30 --temp 1.5 --top-k 0 --top-p 1 --min-p 0 start"
    # shellcheck disable=SC2086
    {
        minnow $sample --seed 7 >"$work/a"
        minnow $sample --seed 7 -t 2 --chunk 1 >"$work/b"
        same 'one seed'
        minnow $sample --seed 8 >"$work/b"
        same 'another seed'
        minnow $sample --seed 7 --top-k 1 >"$work/a"
        minnow run "$model" --raw -n 30 --temp 0 start >"$work/b"
        same 'top-k 1 and temperature 0'
        minnow $sample --seed 7 --logit-bias 65:100 --json | field text
        minnow $sample --seed 7 --logit-bias 65:100 --stop bbb --stop bbbb --json | grep -E '"text|reason'
        minnow $sample --seed 7 --logprobs 3 -n 2 --json | grep -c logprob\"
    }
    say limits and mistakes
    t run "$model" ''  -n 1 >"$work/out" ; grep '\[' "$work/out"
    t run "$model" </dev/null
    printf '' | t run "$model"
    t run "$model" x -c 8
    t run "$model" x --memory-limit 1k | sed 's/[0-9.]* MB/N MB/g'
    t run "$model" x --cpu z80
    t run missing.gguf x
    t run "$0" x
    t run "$work/none" x
    t run smollm2:135m x --offline

    say a reader that leaves
    minnow run "$model" --ignore-eos -n 400 x 2>"$work/err" | head -c 1 >/dev/null
    cat "$work/err"
    say an interrupt
    $fixed "$MINNOW" run "$model" --ignore-eos -c 16384 --raw x >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    n=0
    while [ ! -s "$work/out" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
    kill -TERM $pid # the shell has made it ignore SIGINT
    wait $pid
    echo "code $?"
    cat "$work/err"
} >"$work/record" 2>&1
finish
