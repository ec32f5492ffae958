/* SPDX-License-Identifier: Apache-2.0 */
/* format_q3_k.c - blocks of 256 in 16 groups: 32 bytes of third bits, 64 bytes of two low bits, 12
 * bytes of 6-bit scales, a half `d`. w = (d * (scale - 32)) * (q - 4).
 * Low bits lie as in Q2_K; the third bit of weight 32 k + l is bit k of byte l. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 110 };

/* The four low bits of scale g lie in byte g % 8, its two high bits in byte 8 + g % 4. */
static int group_scale(const uint8_t packed[12], int g)
{
    const int low = packed[g % 8] >> (g / 8 * 4) & 15, high = packed[8 + g % 4] >> (g / 4 * 2) & 3;
    return (low | high << 4) - 32;
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block + 108);
        for (int g = 0; g < 16; g++)
            scale[i / MN_GROUP + g] = d * (float)group_scale(block + 96, g);
        for (int k = 0; k < 8; k++) {
            const uint8_t *low = block + 32 + k / 4 * 32;
            const int shift = k % 4 * 2;
            int8_t *out = q + i + k * 32;
            for (int l = 0; l < 32; l++) {
                const int third = block[l] >> k & 1;
                out[l] = (int8_t)((low[l] >> shift & 3) + third * 4 - 4);
            }
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q3_k);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_scaled found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_scaled(&found, &values, 16, -32, (mn_grid){ -4, 3, false });
        mn_store_half(block + 108, found.d);
        memset(block, 0, 108);
        for (int g = 0; g < 16; g++) {
            const int packed = found.scale[g] + 32;
            block[96 + g % 8] |= (uint8_t)((packed & 15) << (g / 8 * 4));
            block[104 + g % 4] |= (uint8_t)(packed >> 4 << (g / 4 * 2));
        }
        for (int k = 0; k < 8; k++) {
            uint8_t *low = block + 32 + k / 4 * 32;
            for (int l = 0; l < 32; l++) {
                const int code = found.code[k * 32 + l];
                low[l] |= (uint8_t)((code & 3) << (k % 4 * 2));
                block[l] |= (uint8_t)(code >> 2 << k);
            }
        }
    }
}

const mn_format mn_format_q3_k = {
    .name = "q3_k",
    .type = MN_Q3_K,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 3.4375f,
    .file_type = 11,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
