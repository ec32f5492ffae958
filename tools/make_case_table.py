#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/template_case_table.h: what Python knows of characters beyond their category and
their simple other case. Usage: tools/make_case_table.py > src/text/template_case_table.h

The facts are those of the Unicode Character Database, as Python's unicodedata has them.
"""
import sys
import unicodedata

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(test):
    out = []
    for c in CODE_POINTS:
        if not test(chr(c)):
            continue
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def write_ranges(name, comment, rows):
    print(f"/* {comment} */\nstatic const uint32_t {name}[][2] = {{")
    for i in range(0, len(rows), 5):
        print("    " + " ".join(f"{{ 0x{a:X}, 0x{b:X} }}," for a, b in rows[i:i + 5]))
    print("};\n")


def write_case(name, comment, mapping):
    rows = [(c, mapping(chr(c))) for c in CODE_POINTS]
    rows = [(c, to) for c, to in rows if to is not None]
    print(f"/* {comment} */\nstatic const case_row {name}[] = {{")
    for i in range(0, len(rows), 3):
        print("    " + " ".join(
            "{ 0x%X, { %s } }," % (c, ", ".join(f"0x{ord(x):X}" for x in to)) for c, to in rows[i:i + 3]))
    print("};\n")


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* template_case_table.h - written by tools/make_case_table.py from the facts of Unicode "
          f"{unicodedata.unidata_version}. */")
    print("#ifndef MN_TEXT_TEMPLATE_CASE_TABLE_H\n#define MN_TEXT_TEMPLATE_CASE_TABLE_H\n\n#include <stdint.h>\n")
    print("typedef struct case_row {\n    uint32_t from, to[3];\n} case_row;\n")
    write_ranges("digit_ranges", "digits that are not decimal", ranges(lambda c: c.isdigit() and not c.isdecimal()))
    write_ranges("numeric_ranges", "numerals that are not digits", ranges(lambda c: c.isnumeric() and not c.isdigit()))
    write_ranges("other_upper_ranges", "upper case that is not of category Lu",
                 ranges(lambda c: c.isupper() and unicodedata.category(c) != "Lu"))
    write_ranges("other_lower_ranges", "lower case that is not of category Ll",
                 ranges(lambda c: c.islower() and unicodedata.category(c) != "Ll"))
    zeros = [c for c in CODE_POINTS if unicodedata.decimal(chr(c), None) == 0]
    print("/* the zeros of all decimal digits */\nstatic const uint32_t zero_digits[] = {")
    for i in range(0, len(zeros), 10):
        print("    " + " ".join(f"0x{c:X}," for c in zeros[i:i + 10]))
    print("};\n")
    write_case("upper_rows", "upper case of several characters",
               lambda c: c.upper() if len(c.upper()) > 1 else None)
    write_case("title_rows", "title case of several characters",
               lambda c: c.title() if len(c.title()) > 1 else None)
    write_case("fold_rows", "case folding that is not lower case",
               lambda c: c.casefold() if c.casefold() != c.lower() else None)
    print("#endif")


if __name__ == "__main__":
    sys.exit(main())
