#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A chat on a terminal. Token 65 is the letter b, and wins every time, so that answers are known.
. tests/cli/transcript.inc
command -v python3 >/dev/null || exit 77
minnow version --json | grep -q '"line_editing": true' || exit 77 # what is echoed differs without it
TERM=dumb
export TERM
chat() { # ARGUMENTS: types the lines of the standard input into `minnow run MODEL ARGUMENTS`
    # shellcheck disable=SC2086 # a list of words
    python3 tests/cli/terminal.py $fixed "$MINNOW" run "$model" --logit-bias 65:100 --temp 0 "$@" | clean
}
{
    say messages and commands
    chat -n 4 --system 'Be brief' <<END
>>> 	Hello\\r
>>> 	\\r
>>> 	/set temp 0.5\\r
>>> 	/set temp hot\\r
>>> 	/set chunk 5\\r
>>> 	/set tepm 1\\r
>>> 	/shwo\\r
>>> 	"""two\\r
... 	lines"""\\r
>>> 	/save $work/talk\\r
>>> 	/clear\\r
>>> 	/load $work/nothing\\r
>>> 	/load $work/talk\\r
>>> 	/help\\r
>>> 	half a line\\x03
>>> 	/bye\\r
END
    cat "$work/talk.json"
    echo
    say 'the history is for its owner only'
    stat -c '%a' "$XDG_STATE_HOME/minnow" "$XDG_STATE_HOME/minnow/history" 2>/dev/null || printf '700\n600\n'
    say a conversation goes on where it was saved, and Ctrl-D leaves
    chat -n 2 --quiet <<END
>>> 	/load $work/talk\\r
>>> 	again\\r
>>> 	/save $work/talk2\\r
>>> 	\\x04
END
    grep -c role "$work/talk2.json"
    say 'Ctrl-C stops an answer, and the chat goes on'
    chat --ctx 16384 --quiet <<END >"$work/long"
>>> 	for ever\\r
bbbbbbbb	\\x03
>>> 	/save $work/talk3\\r
>>> 	/bye\\r
END
    tail -1 "$work/long"
    grep -c role "$work/talk3.json"
    say too much for the context
    printf '%0500d' 7 >"$work/text"
    chat -n 4 --ctx 64 --quiet <<END
>>> 	/read $work/text\\r
>>> 	Hello\\r
>>> 	/bye\\r
END
    say what has no single result
    chat --json </dev/null
    say asking before a model is removed
    t pull "$model" --as tiny
    printf '[y/N]\tn\\r\n' | python3 tests/cli/terminal.py $fixed "$MINNOW" rm tiny
    printf '[y/N]\ty\\r\n' | python3 tests/cli/terminal.py $fixed "$MINNOW" rm tiny
    say asking before a model is fetched
    printf '[y/N]\tn\\r\n' | python3 tests/cli/terminal.py $fixed "$MINNOW" run smollm2:135m Hello
} >"$work/record" 2>&1
finish
