/* SPDX-License-Identifier: Apache-2.0 */
/* format_f16.c - IEEE 754 half precision. Infinities and NaN stay what they are. */
#include "tensor/format_block.h"

static void decode(float *restrict out, const void *restrict blocks, size_t n)
{
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < n; i++) out[i] = mn_load_half(bytes + 2 * i);
}

static void encode(void *restrict blocks, const float *restrict in, size_t n,
                   const float *importance)
{
    uint8_t *bytes = blocks;
    (void)importance;
    for (size_t i = 0; i < n; i++) {
        const uint16_t value = mn_f32_to_f16(in[i]);
        memcpy(bytes + 2 * i, &value, sizeof value);
    }
}

const mn_format mn_format_f16 = {
    .name = "f16",
    .type = MN_F16,
    .block = 1,
    .block_bytes = 2,
    .bits_per_weight = 16.0f,
    .file_type = 1,
    .decode = decode,
    .encode = encode,
    .unpack = NULL,
    .affine = false,
};
