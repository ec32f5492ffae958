/* SPDX-License-Identifier: Apache-2.0 */
/* format_q4_0.c - blocks of 32: a half `d`, then 16 bytes of two 4-bit numbers (the low halves are
 * weights 0..15, the high halves 16..31). w = d * (q - 8). */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 18 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        int8_t *out = q + i;
        for (int k = 0; k < 16; k++) {
            out[k] = (int8_t)((block[2 + k] & 15) - 8);
            out[16 + k] = (int8_t)((block[2 + k] >> 4) - 8);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q4_0);
}

/* Without importance: as the reference. With it: a search. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        uint8_t code[BLOCK];
        float d;
        if (importance) {
            mn_values values;
            mn_values_load(&values, in, importance, i, BLOCK);
            d = mn_search_scale(code, &values, (mn_grid){ -8, 7, false });
        } else {
            d = mn_round_scale(code, in + i, -8);
        }
        mn_store_half(block, d);
        mn_store_fours(block + 2, code);
    }
}

const mn_format mn_format_q4_0 = {
    .name = "q4_0",
    .type = MN_Q4_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.5f,
    .file_type = 2,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
