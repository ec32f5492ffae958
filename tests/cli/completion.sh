#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The bash completion, asked as bash asks it.
. tests/cli/transcript.inc
command -v bash >/dev/null || exit 77
{
    minnow pull "$model" --as tiny:one --quiet
    minnow completion bash >"$work/minnow.bash"
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$fixed" "$MINNOW" >"$work/minnow"
    chmod +x "$work/minnow"
    cat >"$work/ask.bash" <<'END'
. "$1/minnow.bash"
PATH=$1:$PATH
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _minnow
    echo "$* -> $(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')"
}
cd "$1/empty" || exit 1
ask minnow ru
ask minnow t
ask minnow ls --
ask minnow ls --j
ask minnow run ti
ask minnow run tiny:one --kv-type ''
ask minnow run tiny:one --te
ask minnow help co
ask minnow completion ''
ask minnow nothing ''
END
    mkdir "$work/empty"
    bash "$work/ask.bash" "$work"
    t completion tcsh
    for shell in bash zsh fish; do minnow completion $shell >"$work/script" || echo "no $shell"; done
    if command -v zsh >/dev/null; then minnow completion zsh | zsh -n || echo "zsh: not accepted"; fi
    if command -v fish >/dev/null; then minnow completion fish | fish -n || echo "fish: not accepted"; fi
} >"$work/record" 2>&1
finish
