#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/formats: what the number formats must decode to and encode to.

    tools/make_format_fixtures.py GGML_BASE_LIBRARY [FOLDER]

Needs numpy and the `gguf` package, which is the oracle for decoded floats and for the bytes of the
formats it can encode. GGML_BASE_LIBRARY is llama.cpp's libggml-base.so; it gives the squared error
that the other encoders must not exceed. The same versions give the same files.

input.bin     little-endian floats: the numbers to encode
NAME.bin      for each format, little-endian:
    char[4] "MNF1", u32 type, u32 blocks, u32 encoded_bytes, u32 errors
    blocks          [blocks * block_bytes]  random ones, then ones with hostile scales
    decoded         [blocks * block] floats
    encoded         [encoded_bytes]         input.bin encoded, where the bytes must be equal
    errors          [errors] doubles        else: the squared error of each 256 numbers of input.bin
                                            encoded by llama.cpp without importance
"""
import ctypes
import struct
import sys
from pathlib import Path

import gguf
import numpy as np

TYPES = ("F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4 TQ1_0 "
         "TQ2_0").split()
# Where the halves of a block lie.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
          "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
          "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64], "F16": [0]}
# inf, -inf, NaN, largest, smallest subnormal, a middle subnormal, -0, two ordinary ones
HOSTILE = [0x7C00, 0xFC00, 0x7E01, 0x7BFF, 0x0001, 0x83FF, 0x8000, 0x2E66, 0xA8F5]
BYTES_EQUAL = set("F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 TQ1_0 TQ2_0".split())


def make_blocks(name, block, block_bytes, rng):
    """1536 weights or more: half of them random bytes, then every hostile scale in turn."""
    plain = max(3, 640 // block)
    hostile = len(HOSTILE) if name in HALVES else 3
    blocks = rng.integers(0, 256, (plain + hostile, block_bytes), dtype=np.uint8)
    for i in range(plain):  # random, but not all of them with absurd scales
        for k, at in enumerate(HALVES.get(name, [])):
            half = np.float16(rng.normal(0, 0.02) * (k + 1))
            blocks[i, at:at + 2] = np.frombuffer(half.tobytes(), np.uint8)
    for i in range(hostile):
        for k, at in enumerate(HALVES.get(name, [])):
            value = HOSTILE[(i + 3 * k) % len(HOSTILE)]
            blocks[plain + i, at:at + 2] = [value & 255, value >> 8]
    if name == "MXFP4":
        blocks[plain:, 0] = [0, 1, 255]
    if name == "BF16":
        blocks[-3:, :] = [[0x80, 0x7F], [0x80, 0xFF], [0x01, 0x7F]]
    return blocks


def make_input(rng):
    """2816 floats: 1536 as weights are, then blocks of 256 and of 32 that are special."""
    parts = [rng.normal(0, 0.02, 512), rng.laplace(0, 0.03, 512), rng.normal(0.05, 0.02, 256),
             rng.standard_t(2, 256) * 0.01]
    parts += [np.zeros(64), np.full(32, 0.75), np.full(32, -3.0), np.full(32, 1e-9),
              np.eye(1, 32, 5)[0] * -7.0, np.arange(32) / 32, (np.arange(32) - 16) / 8]
    parts += [rng.normal(0, 1e-3, 256), rng.normal(0, 3e4, 256), np.abs(rng.normal(0, 1, 128)),
              -np.abs(rng.normal(0, 1, 128))]
    ternary = np.arange(256) * 7 % 11 % 3 - 1.0  # and bytes of five equal digits
    for start, value in ((0, -1), (1, 1), (2, 0)):
        ternary[start:160:32] = value
    parts += [ternary / 2]
    x = np.concatenate(parts).astype(np.float32)
    return np.concatenate([x, np.zeros(-x.size % 256, np.float32)])


def llama_encode(library, kind, x, size):
    out = np.zeros(size, np.uint8)
    library.ggml_quantize_chunk(int(kind), x.ctypes.data, out.ctypes.data, 0, x.size // 256, 256,
                                None)
    return out


def main():
    library = ctypes.CDLL(sys.argv[1])
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + \
        [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "tests/data/formats")
    folder.mkdir(parents=True, exist_ok=True)
    np.seterr(all="ignore")
    rng = np.random.default_rng(20)
    x = make_input(rng)
    (folder / "input.bin").write_bytes(x.astype("<f4").tobytes())
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        blocks = make_blocks(name, block, block_bytes, rng)
        decoded = gguf.quants.dequantize(blocks, kind).astype("<f4").reshape(-1)
        encoded, errors = b"", np.zeros(0)
        if name in BYTES_EQUAL:
            encoded = gguf.quants.quantize(x.reshape(1, -1), kind).tobytes()
            if name != "BF16":
                other = llama_encode(library, kind, x, len(encoded)).tobytes()
                print(name, "bytes that differ in llama.cpp:",
                      sum(a != b for a, b in zip(encoded, other)))
        elif name != "F32":
            other = llama_encode(library, kind, x, x.size // block * block_bytes)
            back = gguf.quants.dequantize(other.reshape(1, -1), kind).reshape(-1)
            errors = np.sum((back.astype(np.float64) - x).reshape(-1, 256) ** 2, axis=1)
        head = struct.pack("<4sIIII", b"MNF1", int(kind), len(blocks), len(encoded), errors.size)
        (folder / f"{name.lower()}.bin").write_bytes(head + blocks.tobytes() + decoded.tobytes() +
                                                     encoded + errors.tobytes())


main()
