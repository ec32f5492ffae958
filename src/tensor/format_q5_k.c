/* SPDX-License-Identifier: Apache-2.0 */
/* format_q5_k.c - blocks of 256 in 8 groups of 32: halves `d` and `dmin`, 12 bytes of 6-bit scales
 * and minimums, 32 bytes of fifth bits, 128 bytes of four low bits.
 * w = (d * scale) * q - (dmin * minimum). Low bits lie as in Q4_K; the fifth bit of weight 32 k + l
 * is bit k of byte l. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 176 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const uint8_t *fifth = block + 16;
        mn_load_k_scales(scale + i / MN_GROUP, offset + i / MN_GROUP, block);
        for (int k = 0; k < 4; k++) {
            const uint8_t *bytes = block + 48 + k * 32;
            int8_t *out = q + i + k * 64;
            for (int l = 0; l < 32; l++) {
                out[l] = (int8_t)((bytes[l] & 15) + (fifth[l] >> 2 * k & 1) * 16);
                out[32 + l] = (int8_t)((bytes[l] >> 4) + (fifth[l] >> (2 * k + 1) & 1) * 16);
            }
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q5_k);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_shifted found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_shifted(&found, &values, 32, 63, 31);
        mn_store_half(block, found.d);
        mn_store_half(block + 2, found.dmin);
        mn_store_k_scales(block, found.scale, found.minimum);
        memset(block + 16, 0, 32);
        for (int k = 0; k < 8; k++)
            for (int l = 0; l < 32; l++)
                block[16 + l] |= (uint8_t)(found.code[k * 32 + l] >> 4 << k);
        for (int k = 0; k < 4; k++)
            for (int l = 0; l < 32; l++)
                block[48 + k * 32 + l] =
                    (uint8_t)((found.code[k * 64 + l] & 15) | found.code[k * 64 + 32 + l] << 4);
    }
}

const mn_format mn_format_q5_k = {
    .name = "q5_k",
    .type = MN_Q5_K,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 5.5f,
    .file_type = 16,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = true,
};
