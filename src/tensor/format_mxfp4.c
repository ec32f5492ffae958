/* SPDX-License-Identifier: Apache-2.0 */
/* format_mxfp4.c - blocks of 32 as in the OCP microscaling specification: an exponent byte e, then
 * 16 bytes of two e2m1 numbers (the low halves are weights 0..15, the high halves 16..31).
 * w = 2^(e - 128) * q, where q is twice the e2m1 value, so that it is whole. e = 255 is no NaN
 * here. */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 17 };

/* 0 1 2 3 4 6 8 12 and the same negated; no table, so that the loop vectorises. */
static inline int8_t level(uint8_t index)
{
    const uint8_t m = index & 7;
    const uint8_t size = (uint8_t)(m + (m > 4 ? 1 : 0) + (m > 5 ? 1 : 0) + (m > 6 ? 3 : 0));
    const uint8_t sign = index > 7 ? 0xff : 0;
    return (int8_t)((size ^ sign) - sign);
}

/* 2^(e - 128); the first two are subnormal floats. */
static float exponent_scale(uint8_t e)
{
    return mn_bits_float(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23);
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        int8_t *out = q + i;
        for (int k = 0; k < 16; k++) {
            out[k] = level(block[1 + k] & 15);
            out[16 + k] = level(block[1 + k] >> 4);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = exponent_scale(block[0]);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_mxfp4);
}

/* Index of the level nearest to x, a tie to the smaller size. */
static uint8_t nearest_index(float x)
{
    static const float middles[7] = { 0.5f, 1.5f, 2.5f, 3.5f, 5.0f, 7.0f, 10.0f };
    uint8_t index = 0;
    for (int k = 0; k < 7; k++) index += fabsf(x) > middles[k];
    return index && x < 0 ? index + 8 : index;
}

static float error_at(const mn_values *values, int e)
{
    const float scale = exponent_scale((uint8_t)e), inverse = 1.0f / scale;
    float error = 0;
    for (int k = 0; k < BLOCK; k++) {
        const float value = scale * level(nearest_index(values->x[k] * inverse));
        const float miss = values->x[k] - value;
        error += values->w[k] * miss * miss;
    }
    return error;
}

/* The exponent that the specification gives, or the next one up or down if its error is smaller. */
static int best_exponent(const mn_values *values)
{
    float largest = 0;
    for (int k = 0; k < BLOCK; k++)
        largest = fabsf(values->x[k]) > largest ? fabsf(values->x[k]) : largest;
    if (largest < 1e-30f) return 0; /* its square would be no normal number */
    const int given = (int)(mn_float_bits(largest) >> 23) - 2;
    int best = given;
    float least = error_at(values, given);
    for (int e = given - 1; e <= given + 1; e += 2) {
        const float error = error_at(values, e);
        if (error >= least) continue;
        least = error;
        best = e;
    }
    return best;
}

/* Weights beyond 1e9 in size are stored as 1e9. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        uint8_t code[BLOCK];
        mn_values_load(&values, in, importance, i, BLOCK);
        const int e = best_exponent(&values);
        const float inverse = e ? 1.0f / exponent_scale((uint8_t)e) : 0.0f;
        for (int k = 0; k < BLOCK; k++) code[k] = nearest_index(values.x[k] * inverse);
        block[0] = (uint8_t)e;
        mn_store_fours(block + 1, code);
    }
}

const mn_format mn_format_mxfp4 = {
    .name = "mxfp4",
    .type = MN_MXFP4,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.25f,
    .file_type = 38,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
