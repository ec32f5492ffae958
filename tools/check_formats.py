#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the number formats against real models and, on request, against llama.cpp's encoders.

    tools/check_formats.py MODEL.gguf ...
        decodes and unpacks every tensor and compares bit for bit with the `gguf` package
    tools/check_formats.py --encode GGML_BASE_LIBRARY MODEL.gguf ...
        encodes samples of the models' tensors (decoded, with dither) and of random numbers in every
        format; prints the ratio of the root mean squared errors (below 1: ours is smaller) without
        importance, and the speed of both on this machine

Run from the repository root; needs a C compiler (CC), numpy and the `gguf` package. Exit code 1 on
any difference in decoding, or if an encoder is worse in the mean than llama.cpp's.
"""
import argparse
import ctypes
import glob
import os
import subprocess
import sys
import tempfile
import time

import gguf
import numpy as np

FLAGS = "-std=c17 -O3 -D_GNU_SOURCE -Iinclude -Isrc -ffp-contract=off -fno-math-errno -fPIC -shared"
POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t


class Format(ctypes.Structure):  # as mn_format in src/tensor/format.h
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_uint32), ("block", ctypes.c_uint32),
                ("block_bytes", ctypes.c_uint32), ("bits_per_weight", ctypes.c_float),
                ("file_type", ctypes.c_uint32),
                ("decode", ctypes.CFUNCTYPE(None, POINTER, POINTER, SIZE)),
                ("encode", ctypes.CFUNCTYPE(None, POINTER, POINTER, SIZE, POINTER)),
                ("unpack", ctypes.CFUNCTYPE(None, POINTER, POINTER, POINTER, POINTER, SIZE)),
                ("affine", ctypes.c_bool)]


def load_formats(folder):
    library = os.path.join(folder, "formats.so")
    subprocess.run([os.environ.get("CC", "cc"), *FLAGS.split(), "-o", library,
                    *glob.glob("src/tensor/*.c"), "-lm"], check=True)
    loaded = ctypes.CDLL(library)
    loaded.mn_format_at.restype = ctypes.POINTER(Format)
    loaded.mn_format_at.argtypes = [SIZE]
    formats = []
    while row := loaded.mn_format_at(len(formats)):
        formats.append(row.contents)
    return {f.type: f for f in formats}


def decode(f, blocks, n):
    out = np.empty(n, np.float32)
    f.decode(out.ctypes.data, blocks.ctypes.data, n)
    return out


def unpack(f, blocks, n):
    q, scale = np.empty(n, np.int8), np.empty(n // 16, np.float32)
    offset = np.empty(n // 16, np.float32)
    f.unpack(q.ctypes.data, scale.ctypes.data, offset.ctypes.data, blocks.ctypes.data, n)
    out = q.reshape(-1, 16).astype(np.float32) * scale[:, None]
    return (out + offset[:, None] if f.affine else out).reshape(-1)


def same(a, b):
    return bool(((a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))).all())


def check_model(formats, path):
    wrong, count, kinds = 0, 0, {}
    for tensor in gguf.GGUFReader(path).tensors:
        f = formats[int(tensor.tensor_type)]
        rows = tensor.data.reshape(-1, tensor.data.shape[-1])
        step = max(1, (1 << 24) // rows.shape[-1])
        for start in range(0, len(rows), step):  # in parts: a vocabulary is large
            part = np.ascontiguousarray(rows[start:start + step])
            expected = gguf.quants.dequantize(part, tensor.tensor_type).reshape(-1)
            good = same(decode(f, part, expected.size), expected)
            if f.unpack:
                good = good and same(unpack(f, part, expected.size), expected)
            if not good:
                print(f"{path}: {tensor.name} ({f.name.decode()}) differs")
                wrong += 1
            count += expected.size
            kinds[f.name.decode()] = kinds.get(f.name.decode(), 0) + expected.size
    print(f"{path}: {count} weights, {'differs' if wrong else 'equal'}, {kinds}")
    return wrong


def samples(models, n=1 << 18):
    rng = np.random.default_rng(1)
    yield "gauss", rng.normal(0, 0.02, n)
    yield "laplace", rng.laplace(0, 0.02, n)
    yield "student", rng.standard_t(3, n) * 0.02
    for path in models:
        wanted = ("token_embd.", ".3.attn_q.w", ".5.ffn_down.", ".7.attn_v.w", ".9.ffn_up.")
        for tensor in gguf.GGUFReader(path).tensors:
            if not any(w in tensor.name for w in wanted) or tensor.n_elements < n:
                continue
            part = tensor.data.reshape(-1, tensor.data.shape[-1])
            row = int(tensor.n_elements) // len(part)
            part = part[:max(1, n // row)]
            x = gguf.quants.dequantize(part, tensor.tensor_type).astype(np.float64).reshape(-1)
            x = x[:x.size // 256 * 256]
            name = f"{os.path.basename(path)[:12]} {tensor.name}"
            yield name, x + rng.uniform(-0.15, 0.15, x.size) * np.std(x)


def check_encoders(formats, library, models):
    ggml = ctypes.CDLL(library)
    ggml.ggml_quantize_chunk.restype = SIZE
    ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, POINTER, POINTER] + [ctypes.c_int64] * 3 + \
        [POINTER]
    data = [(name, np.ascontiguousarray(x, np.float32)) for name, x in samples(models)]
    worse = 0
    for f in formats.values():
        if f.block == 1:
            continue
        ratios, ours_s, theirs_s = {}, 0.0, 0.0
        for name, x in data:
            ours = np.empty(x.size // f.block * f.block_bytes, np.uint8)
            theirs = np.empty_like(ours)
            start = time.process_time()
            f.encode(ours.ctypes.data, x.ctypes.data, x.size, None)
            middle = time.process_time()
            ggml.ggml_quantize_chunk(f.type, x.ctypes.data, theirs.ctypes.data, 0, x.size // 256,
                                     256, None)
            theirs_s += time.process_time() - middle
            ours_s += middle - start
            errors = [np.mean((decode(f, b, x.size).astype(np.float64) - x) ** 2)
                      for b in (ours, theirs)]
            ratios[name] = np.sqrt(errors[0] / errors[1])
        values = list(ratios.values())
        worst = max(ratios, key=ratios.get)
        total = sum(x.size for _, x in data) / 1e6
        print(f"{f.name.decode():7} rmse ratio: mean {np.mean(values):.4f} best {min(values):.4f} "
              f"worst {max(values):.4f} ({worst}); million weights a second: ours "
              f"{total / ours_s:.1f}, theirs {total / theirs_s:.1f}")
        worse += np.mean(values) > 1.00001
    return worse


def main():
    parser = argparse.ArgumentParser(description="Checks the number formats against real models.")
    parser.add_argument("--encode", metavar="GGML_BASE_LIBRARY")
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as folder:
        formats = load_formats(folder)
        if arguments.encode:
            sys.exit(int(check_encoders(formats, arguments.encode, arguments.models) > 0))
        sys.exit(int(sum(check_model(formats, path) for path in arguments.models) > 0))


main()
