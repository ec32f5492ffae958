/* SPDX-License-Identifier: Apache-2.0 */
/* format_q4_1.c - blocks of 32: halves `d` and `m`, then 16 bytes of two 4-bit numbers (the low
 * halves are weights 0..15, the high halves 16..31). w = d * q + m. */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 20 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        int8_t *out = q + i;
        for (int k = 0; k < 16; k++) {
            out[k] = (int8_t)(block[4 + k] & 15);
            out[16 + k] = (int8_t)(block[4 + k] >> 4);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
        offset[i / MN_GROUP] = offset[i / MN_GROUP + 1] = mn_load_half(block + 2);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q4_1);
}

/* Without importance: as the reference. With it: a search. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        uint8_t code[BLOCK];
        mn_line line;
        if (importance) {
            mn_values values;
            mn_values_load(&values, in, importance, i, BLOCK);
            line = mn_search_offset(code, &values, 15);
        } else {
            line = mn_round_offset(code, in + i, 15);
        }
        mn_store_half(block, line.scale);
        mn_store_half(block + 2, line.offset);
        mn_store_fours(block + 4, code);
    }
}

const mn_format mn_format_q4_1 = {
    .name = "q4_1",
    .type = MN_Q4_1,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 5.0f,
    .file_type = 3,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = true,
};
