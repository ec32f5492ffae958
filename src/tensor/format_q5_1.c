/* SPDX-License-Identifier: Apache-2.0 */
/* format_q5_1.c - blocks of 32: halves `d` and `m`, 32 fifth bits, then 16 bytes of two 4-bit
 * numbers (the low halves are weights 0..15, the high halves 16..31). w = d * q + m. */
#include "tensor/format_block.h"

enum { BLOCK = 32, BLOCK_BYTES = 24 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        uint8_t fifth[32];
        int8_t *out = q + i;
        for (int k = 0; k < 4; k++) mn_spread_bits(fifth + 8 * k, block[4 + k], 16);
        for (int k = 0; k < 16; k++) {
            out[k] = (int8_t)((block[8 + k] & 15) + fifth[k]);
            out[16 + k] = (int8_t)((block[8 + k] >> 4) + fifth[16 + k]);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
        offset[i / MN_GROUP] = offset[i / MN_GROUP + 1] = mn_load_half(block + 2);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q5_1);
}

const mn_format mn_format_q5_1 = {
    .name = "q5_1",
    .type = MN_Q5_1,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 6.0f,
    .file_type = 9,
    .decode = decode,
    .encode = NULL,
    .unpack = unpack,
    .affine = true,
};
