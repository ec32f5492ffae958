/* SPDX-License-Identifier: Apache-2.0 */
/* format_iq4_nl.c - blocks of 32: a half `d`, then 16 bytes of two 4-bit indices (the low halves
 * are weights 0..15, the high halves 16..31) into 16 unevenly spaced levels. w = d * level. */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 18 };

const int8_t mn_iq4_levels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
};

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        int8_t *out = q + i;
        for (int k = 0; k < 16; k++) {
            out[k] = mn_iq4_levels[block[2 + k] & 15];
            out[16 + k] = mn_iq4_levels[block[2 + k] >> 4];
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_iq4_nl);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        uint8_t code[BLOCK];
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_store_half(block, mn_search_scale(code, &values, MN_GRID_IQ4));
        mn_store_fours(block + 2, code);
    }
}

const mn_format mn_format_iq4_nl = {
    .name = "iq4_nl",
    .type = MN_IQ4_NL,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.5f,
    .file_type = 25,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
