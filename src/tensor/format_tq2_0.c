/* SPDX-License-Identifier: Apache-2.0 */
/* format_tq2_0.c - ternary, blocks of 256: 64 bytes of 2-bit numbers, a half `d`. w = d * (q - 1).
 * Bits 2s and 2s+1 of byte l of the first 32 bytes are weight 32 s + l, of the others 128 more. An
 * encoder never writes 3, but a file may hold it: it is 2 * d. */
#include "tensor/format_round.h"

enum { BLOCK = 256, BLOCK_BYTES = 66 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block + 64);
        for (int g = 0; g < 16; g++) scale[i / MN_GROUP + g] = d;
        for (int k = 0; k < 8; k++) {
            const uint8_t *bytes = block + k / 4 * 32;
            const int shift = k % 4 * 2;
            int8_t *out = q + i + k * 32;
            for (int l = 0; l < 32; l++) out[l] = (int8_t)((bytes[l] >> shift & 3) - 1);
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_tq2_0);
}

/* As the reference: made for weights that are ternary already. Importance is not used. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    (void)importance;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        uint8_t code[BLOCK];
        mn_store_half(block + 64, mn_round_ternary(code, in + i));
        memset(block, 0, 64);
        for (int k = 0; k < 8; k++)
            for (int l = 0; l < 32; l++)
                block[k / 4 * 32 + l] |= (uint8_t)(code[k * 32 + l] << (k % 4 * 2));
    }
}

const mn_format mn_format_tq2_0 = {
    .name = "tq2_0",
    .type = MN_TQ2_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 2.0625f,
    .file_type = 37,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
