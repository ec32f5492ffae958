#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders published chat templates with many conversations, here and with transformers, and compares.

    tools/check_templates.py PROGRAM SOURCE...

PROGRAM is the built test text/test_template_cases. Each SOURCE is a .jinja file, a .gguf file
(its tokenizer.chat_template), a JSON file with "chat_template" (tokenizer_config.json, or a npm
package's copy of it), or a folder, searched for such files. Texts must be equal byte for byte, messages of
raise_exception too, and an error must be one in both. Text of the caller must never come out as the
template's. Needs the packages of template_oracle.py, and gguf for .gguf files.
"""
import argparse
import json
import pathlib
import sys

import template_oracle
from template_conversations import TOKENS, conversations

SENTINELS = "\ue000\ue001"


def from_json(path):
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return
    if not isinstance(config, dict) or not config.get("chat_template"):
        return
    found = config["chat_template"]
    tokens = {key: value["content"] if isinstance(value, dict) else value for key, value in config.items()
              if key.endswith("_token") and isinstance(value, (str, dict))}
    if isinstance(found, str):
        found = [{"name": "default", "template": found}]
    for row in found:
        yield f"{path}:{row['name']}", row["template"], {**TOKENS, **tokens}


def from_gguf(path):
    import gguf
    reader = gguf.GGUFReader(path)
    for name, field in reader.fields.items():
        if name.startswith("tokenizer.chat_template") and isinstance(field.contents(), str):
            yield f"{path}:{name}", field.contents(), TOKENS


def templates(source):
    path = pathlib.Path(source)
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.suffix in (".jinja", ".gguf") or inner.name in ("tokenizer_config.json", "tokenizerConfig.json", "chat_template.json"):
                yield from templates(inner)
    elif path.suffix == ".gguf":
        yield from from_gguf(path)
    elif path.suffix == ".json":
        yield from from_json(path)
    else:
        yield str(path), path.read_text(encoding="utf-8"), TOKENS


def mark(value, key=None):
    """The same data with sentinels around each text that is content."""
    if isinstance(value, dict):
        return {k: mark(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [mark(v, key) for v in value]
    if isinstance(value, str) and key in ("content", "text", "description"):
        return SENTINELS[0] + value + SENTINELS[1]
    return value


def leaks(answer):
    """Whether a sentinel came out as a byte of the template."""
    data, start = answer.get("text", "").encode(), 0
    for end, origin in answer["runs"]:
        if origin == 1 and any(mark.encode() in data[start:end] for mark in SENTINELS):
            return True
        start = end
    return False


def report(name, conversation, expected, got):
    print(f"DIFFERENT {name} [{conversation}]")
    for label, (kind, text) in (("expected", expected), ("got", got)):
        print(f"  {label} {kind}: {text[:1500]!r}" if len(text) < 300 or kind != "text" else f"  {label} {kind} ({len(text)})")
    if expected[0] == got[0] == "text":
        at = next((i for i, (a, b) in enumerate(zip(expected[1], got[1])) if a != b), min(len(expected[1]), len(got[1])))
        print(f"  at {at}: {expected[1][max(0, at - 40):at + 60]!r}\n     got: {got[1][max(0, at - 40):at + 60]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--limit", type=int, default=3, help="differences shown for each template")
    arguments = parser.parse_args()
    minnow = template_oracle.Minnow(arguments.program.split())
    seen, n_texts, n_errors, n_bad, n_leaks, bad_templates = set(), 0, 0, 0, 0, []
    for source in arguments.sources:
        for name, template, tokens in templates(source):
            if template in seen:
                continue
            seen.add(template)
            shown = 0
            for conversation, variables in conversations(tokens):
                expected, got = template_oracle.render(template, variables), minnow.render(template, variables)
                same = expected[0] == got[0] and (expected[0] == "error" or expected[1] == got[1])
                n_texts += expected[0] == "text"
                n_errors += expected[0] != "text"
                n_bad += not same
                if not same and shown < arguments.limit:
                    report(name, conversation, expected, got)
                shown += not same
                if conversation.endswith(("/0", "/3")) and leaks(minnow.answer(template, mark(variables))):
                    n_leaks += 1
                    print(f"LEAK {name} [{conversation}]")
            if shown:
                bad_templates.append(f"{name} ({shown})")
    print(f"{len(seen)} templates, {n_texts} texts and {n_errors} errors compared, {n_bad} different, {n_leaks} leaks")
    for line in bad_templates:
        print("  differs:", line)
    return 1 if n_bad or n_leaks else 0


if __name__ == "__main__":
    sys.exit(main())
