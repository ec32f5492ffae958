#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the model files that fuzzing of the GGUF reader starts from: tests/fuzz/seeds/gguf/.

Usage: tools/make_gguf_seeds.py [FOLDER]. Needs nothing but Python 3.
"""
import pathlib
import struct
import sys

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B",
         U64: "Q", I64: "q", F64: "d"}


def string(text):
    return struct.pack("<Q", len(text)) + text


def value(kind, content):
    return string(content) if kind == STRING else struct.pack("<" + CODES[kind], content)


def entry(key, kind, content):
    head = string(key) + struct.pack("<I", kind)
    if kind != ARRAY:
        return head + value(kind, content)
    element, items = content
    return head + struct.pack("<IQ", element, len(items)) + b"".join(value(element, i) for i in items)


def tensor(name, shape, kind, offset):
    dims = struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in shape)
    return string(name) + dims + struct.pack("<IQ", kind, offset)


def model(version, entries, tensors, data_bytes, alignment=32):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries))
    head += b"".join(entries) + b"".join(tensors)
    head += b"\0" * (-len(head) % alignment)
    return head + bytes(i * 7 % 251 for i in range(data_bytes))


def every_kind():
    entries = [entry(b"k%d" % kind, kind, 1) for kind in CODES]
    entries += [entry(b"a%d" % kind, ARRAY, (kind, [0, 1])) for kind in CODES]
    entries += [entry(b"s", STRING, b"text"), entry(b"list", ARRAY, (STRING, [b"a", b"", b"\0"]))]
    return model(3, entries, [], 0)


def every_format():
    formats = [(0, 1, 4), (1, 1, 2), (30, 1, 2), (2, 32, 18), (3, 32, 20), (6, 32, 22), (7, 32, 24),
               (8, 32, 34), (10, 256, 84), (11, 256, 110), (12, 256, 144), (13, 256, 176),
               (14, 256, 210), (20, 32, 18), (23, 256, 136), (34, 256, 54), (35, 256, 66), (39, 32, 17)]
    tensors, offset = [], 0
    for kind, block, size in formats:
        tensors.append(tensor(b"t%d" % kind, [block, 1], kind, offset))
        offset += size + -size % 32
    return model(3, [entry(b"general.alignment", U32, 32)], tensors, offset)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/fuzz/seeds/gguf")
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {
        "empty": model(2, [], [], 0),
        "kinds": every_kind(),
        "formats": every_format(),
        "shapes": model(3, [], [tensor(b"a", [2], 0, 0), tensor(b"b", [2, 1, 2, 1], 0, 32)], 64),
    }
    for name, content in seeds.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
