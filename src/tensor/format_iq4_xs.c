/* SPDX-License-Identifier: Apache-2.0 */
/* format_iq4_xs.c - blocks of 256 in 8 groups of 32: a half `d`, 2 bytes of two high bits and 4
 * bytes of four low bits of the scales, then 16 bytes of indices for each group, as in IQ4_NL.
 * w = (d * (scale - 32)) * level. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 136 };

static int group_scale(const uint8_t *block, int g)
{
    const int low = block[4 + g / 2] >> (g % 2 * 4) & 15;
    const int high = block[2 + g / 4] >> (g % 4 * 2) & 3;
    return (low | high << 4) - 32;
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block);
        for (int g = 0; g < 8; g++) {
            const uint8_t *bytes = block + 8 + g * 16;
            int8_t *out = q + i + g * 32;
            float *pair = scale + i / MN_GROUP + g * 2;
            pair[0] = pair[1] = d * (float)group_scale(block, g);
            for (int k = 0; k < 16; k++) {
                out[k] = mn_iq4_levels[bytes[k] & 15];
                out[16 + k] = mn_iq4_levels[bytes[k] >> 4];
            }
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_iq4_xs);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_scaled found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_scaled(&found, &values, 32, -32, MN_GRID_IQ4);
        mn_store_half(block, found.d);
        memset(block + 2, 0, 6);
        for (int g = 0; g < 8; g++) {
            const int packed = found.scale[g] + 32;
            block[2 + g / 4] |= (uint8_t)(packed >> 4 << (g % 4 * 2));
            block[4 + g / 2] |= (uint8_t)((packed & 15) << (g % 2 * 4));
        }
        for (int g = 0; g < 8; g++) mn_store_fours(block + 8 + g * 16, found.code + g * 32);
    }
}

const mn_format mn_format_iq4_xs = {
    .name = "iq4_xs",
    .type = MN_IQ4_XS,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.25f,
    .file_type = 30,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
