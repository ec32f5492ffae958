/* SPDX-License-Identifier: Apache-2.0 */
/* format_tq1_0.c - ternary, blocks of 256: 48 bytes of five numbers, 4 bytes of four, a half `d`.
 * w = d * (q - 1). A byte holds its numbers as the digits of a fraction in base 3, scaled to 0..255
 * and rounded up: digit n is byte * 3^n modulo 256, times 3, divided by 256. */
#include "tensor/format_round.h"

enum { BLOCK = 256, BLOCK_BYTES = 54 };

static const uint8_t powers[5] = { 1, 3, 9, 27, 81 };

/* Digits of `width` bytes: digit n of byte k is out[n * width + k]. */
static void unpack_digits(int8_t *restrict out, const uint8_t *restrict bytes, int width,
                          int digits)
{
    for (int n = 0; n < digits; n++)
        for (int k = 0; k < width; k++) {
            const uint8_t rest = (uint8_t)(bytes[k] * powers[n]);
            out[n * width + k] = (int8_t)((rest * 3 >> 8) - 1);
        }
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        const float d = mn_load_half(block + 52);
        unpack_digits(q + i, block, 32, 5);
        unpack_digits(q + i + 160, block + 32, 16, 5);
        unpack_digits(q + i + 240, block + 48, 4, 4);
        for (int g = 0; g < 16; g++) scale[i / MN_GROUP + g] = d;
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_tq1_0);
}

/* Number k of byte l is code[k * width + l]; fewer than five leave the last digits 0. */
static void pack_digits(uint8_t *bytes, const uint8_t *code, int width, int digits)
{
    for (int l = 0; l < width; l++) {
        int value = 0;
        for (int k = 0; k < 5; k++) value = value * 3 + (k < digits ? code[k * width + l] : 0);
        bytes[l] = (uint8_t)((value * 256 + 242) / 243);
    }
}

/* As the reference: made for weights that are ternary already. Importance is not used. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    (void)importance;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        uint8_t code[BLOCK];
        mn_store_half(block + 52, mn_round_ternary(code, in + i));
        pack_digits(block, code, 32, 5);
        pack_digits(block + 32, code + 160, 16, 5);
        pack_digits(block + 48, code + 240, 4, 4);
    }
}

const mn_format mn_format_tq1_0 = {
    .name = "tq1_0",
    .type = MN_TQ1_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 1.6875f,
    .file_type = 36,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
