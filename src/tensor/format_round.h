/* SPDX-License-Identifier: Apache-2.0 */
/* format_round.h - encoding without a search: the scale follows from the largest weights alone.
 *
 * The bytes are those that the format's reference gives for finite input. */
#ifndef MN_TENSOR_FORMAT_ROUND_H
#define MN_TENSOR_FORMAT_ROUND_H

#include "tensor/format_block.h"

#include <float.h>
#include <math.h>

/* `x` within low..high; `low` if it is NaN. */
static inline float mn_clamp(float x, float low, float high)
{
    x = x > low ? x : low;
    return x < high ? x : high;
}

/* 0 where 1 / scale is not finite: such a scale is 0 once it is stored. */
static inline float mn_inverse(float scale)
{
    const float inverse = 1.0f / scale;
    return fabsf(inverse) <= FLT_MAX ? inverse : 0.0f;
}

/* To the nearest whole number, halves away from 0, for |x| < 2^31. */
static inline int mn_round_away(float x)
{
    const int whole = (int)x;
    const float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

/* NaN becomes 0 and an infinity the largest half of its sign. */
void mn_finite_load(float *out, const float *in, size_t n);

/* Q4_0, Q5_0: 32 weights as d * (code + low), codes from 0 to -2 low - 1. Returns d. */
float mn_round_scale(uint8_t code[32], const float *in, int low);

/* Q4_1, Q5_1: 32 weights as scale * code + offset, codes from 0 to `high`. */
typedef struct mn_line {
    float scale, offset;
} mn_line;
mn_line mn_round_offset(uint8_t code[32], const float *in, int high);

/* TQ1_0, TQ2_0: 256 weights as d * (code - 1), codes from 0 to 2. Returns d. */
float mn_round_ternary(uint8_t code[256], const float *in);

/* Low four bits of 32 codes: 0..15 in the low halves of 16 bytes, 16..31 in the high halves. */
void mn_store_fours(uint8_t bytes[16], const uint8_t code[32]);

/* Fifth bits of 32 codes. */
void mn_store_fifths(uint8_t bytes[4], const uint8_t code[32]);

#endif
