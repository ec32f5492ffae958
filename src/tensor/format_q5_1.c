/* SPDX-License-Identifier: Apache-2.0 */
/* format_q5_1.c - blocks of 32: halves `d` and `m`, 32 fifth bits, then 16 bytes of two 4-bit
 * numbers (the low halves are weights 0..15, the high halves 16..31). w = d * q + m. */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 24 };

#define FOURS 0x0f0f0f0f0f0f0f0fu /* the low four bits of each byte */

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const uint8_t *fifth = block + 4, *low = block + 8;
        for (int k = 0; k < 2; k++) {
            const uint64_t word = mn_load_word(low + 8 * k);
            const uint64_t first = (word & FOURS) + mn_spread_sixteens(fifth[k]);
            const uint64_t second = (word >> 4 & FOURS) + mn_spread_sixteens(fifth[2 + k]);
            memcpy(q + i + 8 * k, &first, 8);
            memcpy(q + i + 16 + 8 * k, &second, 8);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
        offset[i / MN_GROUP] = offset[i / MN_GROUP + 1] = mn_load_half(block + 2);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q5_1);
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
            line = mn_search_offset(code, &values, 31);
        } else {
            line = mn_round_offset(code, in + i, 31);
        }
        mn_store_half(block, line.scale);
        mn_store_half(block + 2, line.offset);
        mn_store_fifths(block + 4, code);
        mn_store_fours(block + 8, code);
    }
}

const mn_format mn_format_q5_1 = {
    .name = "q5_1",
    .type = MN_Q5_1,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 6.0f,
    .file_type = 9,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = true,
};
