/* SPDX-License-Identifier: Apache-2.0 */
/* format_q8_0.c - blocks of 32: a half `d`, then 32 signed bytes. w = d * q. An encoder never writes
 * -128, but a file may hold it. */
#include "tensor/format_block.h"

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

const mn_format mn_format_q8_0 = {
    .name = "q8_0",
    .type = MN_Q8_0,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 8.5f,
    .file_type = 7,
    .decode = decode,
    .encode = NULL,
    .unpack = unpack,
    .affine = false,
};
