/* SPDX-License-Identifier: Apache-2.0 */
/* format_bf16.c - the upper half of a single. Infinities and NaN stay what they are. */
#include "tensor/format_block.h"

static float load_bf16(const uint8_t *bytes)
{
    uint16_t upper;
    memcpy(&upper, bytes, sizeof upper);
    return mn_bits_float((uint32_t)upper << 16);
}

static void decode(float *restrict out, const void *restrict blocks, size_t n)
{
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < n; i++) out[i] = load_bf16(bytes + 2 * i);
}

static void encode(void *restrict blocks, const float *restrict in, size_t n,
                   const float *importance)
{
    uint8_t *bytes = blocks;
    (void)importance;
    for (size_t i = 0; i < n; i++) {
        const uint16_t value = mn_f32_to_bf16(in[i]);
        memcpy(bytes + 2 * i, &value, sizeof value);
    }
}

const mn_format mn_format_bf16 = {
    .name = "bf16",
    .type = MN_BF16,
    .block = 1,
    .block_bytes = 2,
    .bits_per_weight = 16.0f,
    .file_type = 32,
    .decode = decode,
    .encode = encode,
    .unpack = NULL,
    .affine = false,
};
