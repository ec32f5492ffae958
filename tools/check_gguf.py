#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what libminnow reads in model files with what the `gguf` package reads.

Usage: tools/check_gguf.py BUILD MODEL.gguf...   where BUILD holds libminnow.a (not sanitized).
Every key, type and value, and every tensor's name, type, shape, offset and size must be equal.
Needs Python 3 with the `gguf` package, and a C compiler.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from gguf import GGUFReader

STRING, ARRAY = 8, 9
FLOATS = (6, 12)


def build_dump(build, folder):
    root = pathlib.Path(__file__).resolve().parent.parent
    program = os.path.join(folder, "gguf_dump")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O1",
                    f"-I{root}/include", f"-I{root}/src", f"{root}/tools/gguf_dump.c",
                    f"{build}/libminnow.a", "-lm", "-lpthread", "-o", program], check=True)
    return program


def expected_entry(field):
    kind = field.types[0].value
    element = field.types[1].value if kind == ARRAY and len(field.types) > 1 else kind
    if element == STRING:
        values = [bytes(field.parts[i]).hex() for i in field.data]
    elif element in FLOATS:
        values = ["%.17g" % field.parts[i][0].item() for i in field.data]
    else:
        values = [int(field.parts[i][0].item()) for i in field.data]
    return [field.name, kind, element, values]


def compare(program, model):
    lines = subprocess.run([program, model], check=True, stdout=subprocess.PIPE).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    reader = GGUFReader(model)
    fields = [f for f in reader.fields.values() if not f.name.startswith("GGUF.")]
    first = reader.tensors[0].data_offset if reader.tensors else 0
    expected = [[int(reader.fields["GGUF.version"].parts[-1][0]), os.path.getsize(model), len(fields),
                 len(reader.tensors)]]
    expected += [expected_entry(f) for f in fields]
    expected += [[t.name, t.tensor_type.value, [int(d) for d in t.shape], t.data_offset - first,
                  int(t.n_bytes)] for t in reader.tensors]
    wrong = [e[0] for e, f in zip(expected, found) if e != f]
    if len(found) != len(expected):
        wrong.append("%d lines, expected %d" % (len(found), len(expected)))
    print("%s: %d keys, %d tensors: %s" % (model, len(fields), len(reader.tensors),
                                           "differ: %s" % wrong if wrong else "equal"))
    return not wrong


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        program = build_dump(sys.argv[1], folder)
        if not all([compare(program, model) for model in sys.argv[2:]]):
            sys.exit(1)


if __name__ == "__main__":
    main()
