#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# template: a conversation as the model reads it, byte for byte.
. tests/cli/transcript.inc
{
    cat >"$work/m.json" <<'END'
[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi <|im_end|>"}]
END
    t template "$model" --messages "$work/m.json"
    t template "$model" --messages "$work/m.json" --no-generation-prompt
    t template "$model" --messages - <"$work/m.json"

    say a template of its own
    cat >"$work/t.jinja" <<'END'
{{ bos_token }}|{{ eos_token }}|{{ who }}|{{ strftime_now("%A %d %B %Y, day %j, %H:%M") }}
{%- for m in messages %}
{{ m.role }}: {{ m.content | tojson }}
{%- endfor %}
{%- if tools %}
{{ tools | length }} tools
{%- endif %}
{%- if add_generation_prompt %}>{% endif %}
END
    echo '{"who": "me", "bos_token": "<bos>"}' >"$work/v.json"
    echo '[{"type": "function"}]' >"$work/tools.json"
    t template --file "$work/t.jinja" --messages "$work/m.json" --now 2024-07-26T12:30:15
    t template "$model" --file "$work/t.jinja" --messages "$work/m.json" --now 2024-02-29
    t template "$model" --file "$work/t.jinja" --messages "$work/m.json" --vars "$work/v.json" \
        --tools "$work/tools.json" --now '2024-07-26 12:30:15' --no-generation-prompt

    say what cannot be rendered
    t template "$model"
    t template --messages "$work/m.json"
    t template "$model" --messages "$work/none.json"
    t template "$model" --messages "$work/v.json"
    t template "$model" --messages "$work/m.json" --vars "$work/m.json"
    t template "$model" --messages "$work/m.json" --now noon
    echo '[' >"$work/cut.json"
    t template "$model" --messages "$work/cut.json"
    echo '{% for %}' >"$work/bad.jinja"
    t template --file "$work/bad.jinja" --messages "$work/m.json"
    echo '{{ raise_exception("roles must alternate") }}' >"$work/raise.jinja"
    t template --file "$work/raise.jinja" --messages "$work/m.json"
} >"$work/record" 2>&1
finish
