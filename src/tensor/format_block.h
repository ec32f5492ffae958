/* SPDX-License-Identifier: Apache-2.0 */
/* format_block.h - what the files of the number formats share. Only they include it.
 *
 * A format of integers with scales writes `unpack`; its `decode` is one call of
 * mn_decode_unpacked, so that both give the same numbers. */
#ifndef MN_TENSOR_FORMAT_BLOCK_H
#define MN_TENSOR_FORMAT_BLOCK_H

#include "tensor/format.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "blocks are little-endian and are read as they lie"
#endif

#define MN_BLOCK_MAX 256 /* weights in the longest block */

extern const mn_format mn_format_f32, mn_format_f16, mn_format_bf16;
extern const mn_format mn_format_q4_0, mn_format_q4_1, mn_format_q5_0, mn_format_q5_1,
    mn_format_q8_0;
extern const mn_format mn_format_q2_k, mn_format_q3_k, mn_format_q4_k, mn_format_q5_k,
    mn_format_q6_k;
extern const mn_format mn_format_iq4_nl, mn_format_iq4_xs, mn_format_mxfp4, mn_format_tq1_0,
    mn_format_tq2_0;

/* decode for any format that has `unpack`: scale * q, then + offset when affine, each rounded once. */
void mn_decode_unpacked(float *out, const void *blocks, size_t n, const mn_format *format);

/* The 16 levels of IQ4_NL and IQ4_XS, ascending. */
extern const int8_t mn_iq4_levels[16];

/* Q4_K and Q5_K: the scales and offsets of the 16 groups from a block's first 16 bytes. */
void mn_load_k_scales(float scale[16], float offset[16], const uint8_t *block);

static inline uint32_t mn_float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float mn_bits_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Inline, so that loops over halves vectorise. No operand is ever a subnormal float: the result does
 * not depend on a caller's flush-to-zero mode. */
static inline float mn_half_float(uint16_t half)
{
    const uint32_t magnitude = half & 0x7fffu, rebias = 112u << 23;
    uint32_t bits = (magnitude << 13) + rebias;
    if (magnitude >= 0x7c00) bits += rebias; /* infinity and NaN */
    if (magnitude < 0x0400) bits = mn_float_bits((float)(int32_t)magnitude * 0x1p-24f);
    return mn_bits_float(bits | (uint32_t)(half & 0x8000u) << 16);
}

static inline float mn_load_half(const uint8_t *bytes)
{
    uint16_t half;
    memcpy(&half, bytes, sizeof half);
    return mn_half_float(half);
}

/* Stores `value` rounded to a half and returns what was stored. */
static inline float mn_store_half(uint8_t *bytes, float value)
{
    const uint16_t half = mn_f32_to_f16(value);
    memcpy(bytes, &half, sizeof half);
    return mn_half_float(half);
}

/* out[0..7] = `bit` where the bit of that index is set in `byte`, else 0; `bit` is 16 or 4. */
static inline void mn_spread_bits(uint8_t out[8], uint8_t byte, uint8_t bit)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t picked = (byte * ones) & 0x8040201008040201u; /* byte j keeps bit j */
    const uint64_t set = ((picked + 0x7f * ones) >> 7) & ones;   /* 1 where anything was kept */
    const uint64_t spread = set * bit;
    memcpy(out, &spread, sizeof spread);
}

#endif
