#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target for SECONDS each, two at a time: sh tests/fuzz/run.sh SECONDS
# BUILD is the build folder. Inputs that a target starts from lie in tests/fuzz/seeds/NAME; what it
# finds stays in BUILD/corpus/NAME; an input that breaks something in BUILD/broken. CALM may hold a
# command that runs sanitized programs (setarch -R).
set -u
seconds=${1:-20}
: "${BUILD:=build/fuzz}" "${CALM:=}"
mkdir -p "$BUILD/broken" "$BUILD/corpus"

run_one() { # PROGRAM
    name=$(basename "$1")
    name=${name#fuzz_}
    mkdir -p "$BUILD/corpus/$name"
    set -- "$1" "$BUILD/corpus/$name"
    if [ -d "tests/fuzz/seeds/$name" ]; then set -- "$@" "tests/fuzz/seeds/$name"; fi
    # shellcheck disable=SC2086 # a command and its arguments, or nothing
    if $CALM "$@" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -close_fd_mask=1 \
        -print_final_stats=1 -artifact_prefix="$BUILD/broken/$name-" 2>"$BUILD/$name.log"; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/$name.log")
        echo "fuzz $name: ok, ${runs:-?} inputs"
    else
        echo "fuzz $name: BROKEN"
        tail -n 40 "$BUILD/$name.log"
        touch "$BUILD/broken/failed"
    fi
}

rm -f "$BUILD/broken/failed"
count=0
for program in $(find "$BUILD" -name 'fuzz_*' -type f -perm -u+x | sort); do
    run_one "$program" &
    count=$((count + 1))
    if [ $((count % 2)) = 0 ]; then wait; fi
done
wait
if [ $count = 0 ]; then
    echo "no fuzz target was built"
    exit 1
fi
[ ! -e "$BUILD/broken/failed" ]
