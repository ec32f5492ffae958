/* SPDX-License-Identifier: Apache-2.0 */
/* format_q8_0.c - blocks of 32: a half `d`, then 32 signed bytes. w = d * q. An encoder never
 * writes -128, but a file may hold it. */
#include "tensor/format_round.h"

enum { BLOCK = 32, BLOCK_BYTES = 34 };

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    (void)offset;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        memcpy(q + i, block + 2, BLOCK);
        scale[i / MN_GROUP] = scale[i / MN_GROUP + 1] = mn_load_half(block);
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q8_0);
}

/* As the reference. Importance would change next to nothing at 8 bits and is not used. */
static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    (void)importance;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        float x[BLOCK], largest = 0;
        mn_finite_load(x, in + i, BLOCK);
        for (int k = 0; k < BLOCK; k++) largest = fabsf(x[k]) > largest ? fabsf(x[k]) : largest;
        const float d = largest / 127, inverse = mn_inverse(d);
        mn_store_half(block, d);
        for (int k = 0; k < BLOCK; k++)
            block[2 + k] = (uint8_t)mn_round_away(mn_clamp(x[k] * inverse, -127.0f, 127.0f));
    }
}

const mn_format mn_format_q8_0 = {
    .name = "q8_0",
    .type = MN_Q8_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 8.5f,
    .file_type = 7,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = false,
};
