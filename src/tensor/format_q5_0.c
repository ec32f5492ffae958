/* SPDX-License-Identifier: Apache-2.0 */
/* format_q5_0.c - blocks of 32: a half `d`, 32 fifth bits, then 16 bytes of two 4-bit numbers (the
 * low halves are weights 0..15, the high halves 16..31). w = d * (q - 16). */
#include "tensor/format_search.h"

enum { BLOCK = 32, BLOCK_BYTES = 22 };

#define FOURS 0x0f0f0f0f0f0f0f0fu /* the low four bits of each byte */

/* Bytes 0..31 become -16..15; the top bit keeps a borrow from crossing into the next byte. */
static uint64_t minus_sixteen(uint64_t word)
{
    const uint64_t top = 0x8080808080808080u;
    return ((word | top) - 0x1010101010101010u) ^ top;
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const uint8_t *fifth = block + 2, *low = block + 6;
        for (int k = 0; k < 2; k++) {
            const uint64_t word = mn_load_word(low + 8 * k);
            const uint64_t first = (word & FOURS) + mn_spread_sixteens(fifth[k]);
            const uint64_t second = (word >> 4 & FOURS) + mn_spread_sixteens(fifth[2 + k]);
            const uint64_t centred[2] = { minus_sixteen(first), minus_sixteen(second) };
            memcpy(q + i + 8 * k, &centred[0], 8);
            memcpy(q + i + 16 + 8 * k, &centred[1], 8);
        }
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q5_0);
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
            d = mn_search_scale(code, &values, (mn_grid){ -16, 15, false });
        } else {
            d = mn_round_scale(code, in + i, -16);
        }
        mn_store_half(block, d);
        mn_store_fifths(block + 2, code);
        mn_store_fours(block + 6, code);
    }
}

const mn_format mn_format_q5_0 = {
    .name = "q5_0",
    .type = MN_Q5_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 5.5f,
    .file_type = 8,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
