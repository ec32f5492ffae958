/* SPDX-License-Identifier: Apache-2.0 */
/* format_f32.c - IEEE 754 single precision. */
#include "tensor/format_block.h"

static void decode(float *out, const void *blocks, size_t n)
{
    memcpy(out, blocks, n * sizeof *out);
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    (void)importance;
    memcpy(blocks, in, n * sizeof *in);
}

const mn_format mn_format_f32 = {
    .name = "f32",
    .type = MN_F32,
    .block = 1,
    .block_bytes = 4,
    .bits_per_weight = 32.0f,
    .file_type = 0,
    .decode = decode,
    .encode = encode,
    .unpack = NULL,
    .affine = false,
};
