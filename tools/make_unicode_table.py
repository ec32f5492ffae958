#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/unicode_table.c: the general category of every code point, and which
code points normal form C can change.

The categories are asked of the regular expression engine inside the Hugging Face
`tokenizers` package, so that \\p{L} means here exactly what it means to the
tokenizers whose ids we must reproduce, whatever Unicode version this system's
libraries follow. Run: python3 tools/make_unicode_table.py > src/text/unicode_table.c
"""
import unicodedata

from tokenizers import Regex
from tokenizers.normalizers import NFC as Normalizer
from tokenizers.pre_tokenizers import Split

CATEGORIES = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
              "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
              "Cn"]
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, CODE_POINTS))
NFC = Normalizer()


def members(pattern):
    """The code points that the engine's `pattern` matches."""
    left = set(CODE_POINTS)
    for _, (start, end) in Split(Regex(pattern), "removed").pre_tokenize_str(EVERYTHING):
        left.difference_update(CODE_POINTS[start:end])
    return left


def moves(c):
    """Does the normalizer know c as a combining mark: does it move marks around it?"""
    return any(NFC.normalize_str(text) != text for text in
               ("\u0345" + chr(c), chr(c) + "\u0334"))


def unstable():
    """Code points that form C changes, moves or joins to what stands before them, as far as the
    normalizer of `tokenizers` knows them: its tables are older than those of its patterns."""
    seconds = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in CODE_POINTS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    return [c for c in CODE_POINTS if c in seconds or NFC.normalize_str(chr(c)) != chr(c)
            or moves(c)]


def ranges(code_points):
    found = []
    for c in code_points:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def main():
    category = {0xD800: "Cn"}
    for name in CATEGORIES:
        for c in members(r"\p{%s}" % name):
            category[c] = name
    assert len(category) == len(CODE_POINTS) + 1
    starts = []
    previous = None
    for c in range(0x110000):
        name = category.get(c, "Cn")
        if name != previous:
            starts.append(c << 5 | CATEGORIES.index(name))
            previous = name
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* unicode_table.c - the general category of every code point (Unicode 16), and which code points")
    print(" * normal form C can change.")
    print(" *")
    print(" * Made by tools/make_unicode_table.py. Each entry starts a range: code point << 5 | category. */")
    print('#include "text/unicode.h"\n')
    print("const unsigned mn_unicode_n_ranges = %d;" % len(starts))
    print("const uint32_t mn_unicode_ranges[] = {")
    for i in range(0, len(starts), 9):
        print("    " + " ".join("0x%X," % s for s in starts[i:i + 9]))
    print("};\n")
    pairs = ranges(unstable())
    print("const unsigned mn_unicode_n_unstable = %d;" % len(pairs))
    print("const uint32_t mn_unicode_unstable[][2] = {")
    for i in range(0, len(pairs), 5):
        print("    " + " ".join("{ 0x%X, 0x%X }," % tuple(p) for p in pairs[i:i + 5]))
    print("};")


main()
