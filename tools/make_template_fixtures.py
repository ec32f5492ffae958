#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/templates/cases.json and published.json: what transformers makes of the cases in
template_cases.py, and of the templates in tests/data/templates with a selection of conversations.
Usage: tools/make_template_fixtures.py. Needs the packages of template_oracle.py.
"""
import json
import pathlib

import template_oracle
from template_cases import cases
from template_conversations import EXTRAS, MESSAGES, TOKENS

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/data/templates"
# What Python shows of an object has its address, so it cannot be compared.
WITHOUT_EXPECTATION = (" at 0x", " object at ", "built-in method", "bound method", "<class")
# Differences that are meant: integers have 64 bits, and chance is refused.
UNBOUNDED = ("9223372036854775807 + 1", "9223372036854775808", "2 ** 100", "'99999999999999999999'|int", "lipsum", "'\\N{", "(-8) ** 0.5")


def digest(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def make_cases():
    used, out = set(), []
    for template, variables in cases():
        if any(part in template for part in UNBOUNDED) or template in used:
            continue
        used.add(template)
        kind, text = template_oracle.render(template, variables)
        if kind == "text" and any(part in text for part in WITHOUT_EXPECTATION):
            continue
        out.append({"template": template, kind: text if kind != "error" else text.split(":")[0]})
    return out, variables


def make_published():
    """Results in the order of the messages, and for each in the order of the extras."""
    extras = [EXTRAS[i] for i in (0, 2, 3, 5)]
    base = {"tools": None, "documents": None, "add_generation_prompt": False, **TOKENS}
    results = {}
    for path in sorted(FOLDER.glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        results[path.name] = []
        for messages in MESSAGES.values():
            for extra in extras:
                kind, text = template_oracle.render(template, {**base, "messages": messages, **extra})
                results[path.name].append(digest(text) if kind == "text" else f"raise: {text}" if kind == "raise" else "error")
    return {"base": base, "extras": extras, "messages": list(MESSAGES.values()), "results": results}


def write(name, rows):
    (FOLDER / name).write_text(rows, encoding="utf-8")


def lines(rows):
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


def main():
    rows, variables = make_cases()
    now = json.dumps(template_oracle.now_fields())
    write("cases.json", f'{{"now": {now}, "variables": {json.dumps(variables)}, "cases": {lines(rows)}}}\n')
    published = make_published()
    results = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in published["results"].items())
    write("published.json", f'{{"now": {now}, "base": {json.dumps(published["base"])}, "extras": {lines(published["extras"])}, '
          f'"messages": {lines(published["messages"])}, "results": {{\n{results}\n}}}}\n')


if __name__ == "__main__":
    main()
