/* SPDX-License-Identifier: Apache-2.0 */
/* format_q6_k.c - blocks of 256 in 16 groups: 128 bytes of four low bits, 64 bytes of two high
 * bits, 16 signed scales, a half `d`. w = (d * scale) * (q - 32).
 * Each half of a block: 64 bytes whose low halves are weights 0..63 and high halves 64..127, and 32
 * bytes whose bits 2s and 2s+1 belong to weight 32 s + l. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 210 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block + 208);
        for (int g = 0; g < 16; g++) scale[i / MN_GROUP + g] = d * (float)(int8_t)block[192 + g];
        for (int k = 0; k < 2; k++) {
            const uint8_t *low = block + k * 64, *high = block + 128 + k * 32;
            int8_t *out = q + i + k * 128;
            for (int l = 0; l < 32; l++) {
                out[l] = (int8_t)((low[l] & 15) + (high[l] & 3) * 16 - 32);
                out[32 + l] = (int8_t)((low[32 + l] & 15) + (high[l] >> 2 & 3) * 16 - 32);
                out[64 + l] = (int8_t)((low[l] >> 4) + (high[l] >> 4 & 3) * 16 - 32);
                out[96 + l] = (int8_t)((low[32 + l] >> 4) + (high[l] >> 6) * 16 - 32);
            }
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q6_k);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_scaled found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_scaled(&found, &values, 16, -128, (mn_grid){ -32, 31, false });
        mn_store_half(block + 208, found.d);
        memcpy(block + 192, found.scale, 16);
        for (int k = 0; k < 2; k++) {
            const uint8_t *c = found.code + k * 128;
            uint8_t *low = block + k * 64, *high = block + 128 + k * 32;
            for (int l = 0; l < 64; l++) low[l] = (uint8_t)((c[l] & 15) | c[64 + l] << 4);
            for (int l = 0; l < 32; l++)
                high[l] = (uint8_t)(c[l] >> 4 | c[32 + l] >> 4 << 2 | c[64 + l] >> 4 << 4 |
                                    c[96 + l] >> 4 << 6);
        }
    }
}

const mn_format mn_format_q6_k = {
    .name = "q6_k",
    .type = MN_Q6_K,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 6.5625f,
    .file_type = 18,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
