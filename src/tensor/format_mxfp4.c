/* SPDX-License-Identifier: Apache-2.0 */
/* format_mxfp4.c - blocks of 32 as in the OCP microscaling specification: an exponent byte e, then
 * 16 bytes of two e2m1 numbers (the low halves are weights 0..15, the high halves 16..31).
 * w = 2^(e - 128) * q, where q is twice the e2m1 value, so that it is whole. e = 255 is no NaN here. */
#include "tensor/format_block.h"

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

const mn_format mn_format_mxfp4 = {
    .name = "mxfp4",
    .type = MN_MXFP4,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.25f,
    .file_type = 38,
    .decode = decode,
    .encode = NULL,
    .unpack = unpack,
    .affine = false,
};
