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

/* decode for any format that has `unpack`: scale * q, then + offset when affine. */
void mn_decode_unpacked(float *out, const void *blocks, size_t n, const mn_format *format);

/* The 16 levels of IQ4_NL and IQ4_XS, ascending. */
extern const int8_t mn_iq4_levels[16];

/* Q4_K and Q5_K: the scales and offsets of the 16 groups from a block's first 16 bytes. */
void mn_load_k_scales(float scale[16], float offset[16], const uint8_t *block);
/* Packs their 6-bit scales and minimums into bytes 4..15. */
void mn_store_k_scales(uint8_t *block, const uint8_t scale[8], const uint8_t minimum[8]);

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

/* Inline and with masks instead of branches, so that loops over halves vectorise. No operand is
 * ever a subnormal float: the result does not depend on a caller's flush-to-zero mode. */
static inline float mn_half_float(uint16_t half)
{
    const uint32_t magnitude = half & 0x7fffu, rebias = 112u << 23;
    const uint32_t is_subnormal = 0u - ((magnitude - 0x0400u) >> 31);
    const uint32_t is_special = 0u - ((0x7bffu - magnitude) >> 31); /* infinity and NaN */
    const uint32_t subnormal = mn_float_bits((float)(int32_t)magnitude * 0x1p-24f);
    const uint32_t normal = (magnitude << 13) + rebias + (rebias & is_special);
    const uint32_t bits = (subnormal & is_subnormal) | (normal & ~is_subnormal);
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

/* Eight small numbers in the bytes of a word. */
static inline uint64_t mn_load_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Byte j is 16 where bit j is set, else 0. */
static inline uint64_t mn_spread_sixteens(uint8_t bits)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t picked = (bits * ones) & 0x8040201008040201u; /* byte j keeps bit j */
    return ((picked + 0x7f * ones) & 0x80 * ones) >> 3;
}

#endif
