/* SPDX-License-Identifier: Apache-2.0 */
/* float_math.h - exp and tanh of floats, one number at a time: the truth for the vector forms.
 *
 * Only multiplications, additions, one division and integer steps, each rounded by itself, so that
 * every instruction set can repeat them bit for bit (x86/float_math_*.h do). The coefficients come
 * from tools/math_coefficients.py. Which NaN comes out for a NaN is not defined, only that one
 * does. */
#ifndef MN_KERNELS_FLOAT_MATH_H
#define MN_KERNELS_FLOAT_MATH_H

#include <stdint.h>
#include <string.h>

/* exp(x) = 2^n exp(r), n = rint(x / ln 2), exp(r) = 1 + r + r^2 (c0 + c1 r + .. + c4 r^4). */
#define MN_EXP_LOW    (-104.0f) /* exp rounds to 0 from here down */
#define MN_EXP_HIGH   89.0f     /* exp is infinite from here up */
#define MN_EXP_LOG2E  0x1.715476p+0f
#define MN_EXP_LN2_HI 0x1.62ep-1f /* 12 bits: n times it is exact */
#define MN_EXP_LN2_LO 0x1.0bfbe8p-15f
#define MN_EXP_C0     0x1p-1f
#define MN_EXP_C1     0x1.5554dcp-3f
#define MN_EXP_C2     0x1.555518p-5f
#define MN_EXP_C3     0x1.120be2p-7f
#define MN_EXP_C4     0x1.6d117cp-10f
/* Adding 1.5 * 2^23 rounds to an integer (ties to even) and leaves it in the low bits. */
#define MN_ROUND_MAGIC 0x1.8p+23f

/* tanh(a) = a + a z (t0 + t1 z + .. + t4 z^4), z = a^2, below MN_TANH_SMALL; 1 - 2 / (exp(2a) + 1)
 * above. */
#define MN_TANH_SMALL 0.625f
#define MN_TANH_T0    (-0x1.555552p-2f)
#define MN_TANH_T1    0x1.110e1cp-3f
#define MN_TANH_T2    (-0x1.b9258ap-5f)
#define MN_TANH_T3    0x1.58048ep-6f
#define MN_TANH_T4    (-0x1.8f8de4p-8f)

/* gelu(x) = x / (1 + exp(x (g0 + g1 x^2))), the tanh form with tanh(u) = 2 / (1 + exp(-2u)) - 1. */
#define MN_GELU_G0 (-1.5957691216f)    /* -2 sqrt(2 / pi) */
#define MN_GELU_G1 (-0.0713548162726f) /* 0.044715 times that */

static inline uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float exp_float(float x)
{
    x = x < MN_EXP_LOW ? MN_EXP_LOW : x; /* written so that a NaN passes */
    x = x > MN_EXP_HIGH ? MN_EXP_HIGH : x;
    float t = x * MN_EXP_LOG2E + MN_ROUND_MAGIC;
    float n = t - MN_ROUND_MAGIC;
    float r = (x - n * MN_EXP_LN2_HI) - n * MN_EXP_LN2_LO;
    float q = (((MN_EXP_C4 * r + MN_EXP_C3) * r + MN_EXP_C2) * r + MN_EXP_C1) * r + MN_EXP_C0;
    float p = (q * (r * r) + r) + 1.0f;
    /* 2^n as two factors, each a normal number: only the last product rounds. */
    int32_t whole = (int32_t)(float_bits(t) - float_bits(MN_ROUND_MAGIC));
    int32_t half = whole >> 1;
    float first = float_from_bits(((uint32_t)half + 127u) << 23);
    float second = float_from_bits(((uint32_t)whole - (uint32_t)half + 127u) << 23);
    return (p * first) * second;
}

static inline float tanh_float(float x)
{
    float a = float_from_bits(float_bits(x) & 0x7fffffffu);
    float z = a * a;
    float t = (((MN_TANH_T4 * z + MN_TANH_T3) * z + MN_TANH_T2) * z + MN_TANH_T1) * z + MN_TANH_T0;
    float small = (t * z) * a + a;
    float large = 1.0f - 2.0f / (exp_float(a + a) + 1.0f);
    float y = a < MN_TANH_SMALL ? small : large;
    return float_from_bits((float_bits(y) & 0x7fffffffu) | (float_bits(x) & 0x80000000u));
}

static inline float silu_float(float x)
{
    return x / (1.0f + exp_float(-x));
}

static inline float gelu_tanh_float(float x)
{
    return x / (1.0f + exp_float(x * (MN_GELU_G1 * (x * x) + MN_GELU_G0)));
}

/* The larger of two; a NaN in `x` is ignored. */
static inline float max_float(float x, float most)
{
    return x > most ? x : most;
}

/* The fixed order of every sum in 16 lanes. Overwrites the lanes. */
static inline float sum_16_lanes(float lane[16])
{
    for (int width = 8; width >= 1; width /= 2)
        for (int i = 0; i < width; i++)
            lane[i] += lane[i + width];
    return lane[0];
}

static inline float max_16_lanes(float lane[16])
{
    for (int width = 8; width >= 1; width /= 2)
        for (int i = 0; i < width; i++)
            lane[i] = max_float(lane[i + width], lane[i]);
    return lane[0];
}

#endif
