#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the polynomial coefficients and split constants of src/kernels/math.c and float_math.h.

Each polynomial interpolates its function at Chebyshev nodes in 80-digit arithmetic (mpmath), which
comes within a few percent of the minimax polynomial. Run: python3 tools/math_coefficients.py
"""
import struct

from mpmath import atanh, cos, exp, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 80


def interpolate(function, low, high, degree):
    n = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    rows = matrix(n, n)
    values = matrix(n, 1)
    for i, x in enumerate(nodes):
        values[i] = function(x)
        for j in range(n):
            rows[i, j] = x**j
    return list(lu_solve(rows, values))


def to_float(x):
    return struct.unpack("<f", struct.pack("<f", float(x)))[0]


def show(name, coefficients, single):
    print(f"{name} (lowest power first):")
    for c in coefficients:
        print("    " + (to_float(c).hex() + "f" if single else float(c).hex()))


def top_bits(x, bits):
    """x cut to its first `bits` significant bits."""
    exponent = 0
    while x >= 1:
        x, exponent = x / 2, exponent + 1
    while x < mpf(1) / 2:
        x, exponent = x * 2, exponent - 1
    return mpf(int(x * 2**bits)) / 2**bits * mpf(2) ** exponent


def split(name, x, widths):
    print(f"{name}:")
    for width in widths:
        part = top_bits(x, width)
        print("    " + float(part).hex())
        x -= part
    print("    " + float(x).hex() + "  (the rest)")


half_ln2 = log(2) / 2
tiny = mpf(10) ** -30
show("expf: (exp(r) - 1 - r) / r^2", interpolate(
    lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > tiny else mpf(1) / 2,
    -half_ln2 * mpf("1.001"), half_ln2 * mpf("1.001"), 4), True)
show("tanhf: (tanh(x) / x - 1) / z in z = x^2, |x| < 0.625", interpolate(
    lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, tiny, mpf("0.625") ** 2, 4), True)
show("exp: (exp(r) - 1 - r) / r^2", interpolate(
    lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > tiny else mpf(1) / 2,
    -half_ln2 * mpf("1.001"), half_ln2 * mpf("1.001"), 10), False)
quarter = (pi / 4 * mpf("1.001")) ** 2
show("sin: (sin(x) / x - 1) / z in z = x^2", interpolate(
    lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, tiny, quarter, 5), False)
show("cos: (cos(x) - 1 + z/2) / z^2 in z = x^2", interpolate(
    lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, tiny, quarter, 5), False)
limit = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.001")
show("log: (atanh(s) / s - 1 - z/3) / z^2 in z = s^2", interpolate(
    lambda z: (atanh(sqrt(z)) / sqrt(z) - 1 - z / 3) / z**2, tiny, limit, 7), False)
split("pi / 2", pi / 2, [30, 30, 30])
split("ln 2 (double)", log(2), [32])
split("ln 2 (float)", log(2), [12])
print("1 / ln 2:", float(1 / log(2)).hex(), " 2 / pi:", float(2 / pi).hex())
print("1/3 high, low:", float(mpf(1) / 3).hex(), float(mpf(1) / 3 - mpf(float(mpf(1) / 3))).hex())
