/* SPDX-License-Identifier: Apache-2.0 */
/* format_q2_k.c - blocks of 256 in 16 groups: 16 bytes of a 4-bit scale (low) and a 4-bit minimum
 * (high), 64 bytes of 2-bit numbers, halves `d` and `dmin`. w = (d * scale) * q - (dmin * minimum).
 * Bits 2s and 2s+1 of byte l of the first 32 bytes are weight 32 s + l, of the others 128 more. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 84 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block + 80), dmin = mn_load_half(block + 82);
        for (int g = 0; g < 16; g++) {
            scale[i / MN_GROUP + g] = d * (float)(block[g] & 15);
            offset[i / MN_GROUP + g] = -(dmin * (float)(block[g] >> 4));
        }
        for (int k = 0; k < 8; k++) {
            const uint8_t *bytes = block + 16 + k / 4 * 32;
            const int shift = k % 4 * 2;
            int8_t *out = q + i + k * 32;
            for (int l = 0; l < 32; l++) out[l] = (int8_t)(bytes[l] >> shift & 3);
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q2_k);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_shifted found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_shifted(&found, &values, 16, 15, 3);
        mn_store_half(block + 80, found.d);
        mn_store_half(block + 82, found.dmin);
        for (int g = 0; g < 16; g++) block[g] = (uint8_t)(found.scale[g] | found.minimum[g] << 4);
        memset(block + 16, 0, 64);
        for (int k = 0; k < 8; k++)
            for (int l = 0; l < 32; l++)
                block[16 + k / 4 * 32 + l] |= (uint8_t)(found.code[k * 32 + l] << (k % 4 * 2));
    }
}

const mn_format mn_format_q2_k = {
    .name = "q2_k",
    .type = MN_Q2_K,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 2.625f,
    .file_type = 10,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = true,
};
