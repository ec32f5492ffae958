/* SPDX-License-Identifier: Apache-2.0 */
/* format_q4_k.c - blocks of 256 in 8 groups of 32: halves `d` and `dmin`, 12 bytes of 6-bit scales
 * and minimums, 128 bytes of 4-bit numbers. w = (d * scale) * q - (dmin * minimum).
 * Of each 32 bytes the low halves are one group, the high halves the next. */
#include "tensor/format_search.h"

enum { BLOCK = 256, BLOCK_BYTES = 144 };

/* Of the 12 bytes, the low six bits of 0..3 and 4..7 are the first four scales and minimums; the
 * others have their low four bits in the halves of 8..11 and their high two on top of 0..7. */
void mn_load_k_scales(float scale[16], float offset[16], const uint8_t *block)
{
    const float d = mn_load_half(block), dmin = mn_load_half(block + 2);
    const uint8_t *packed = block + 4;
    for (int g = 0; g < 4; g++) {
        const int last = packed[8 + g];
        const int first_scale = packed[g] & 63, first_minimum = packed[4 + g] & 63;
        const int second_scale = (last & 15) | packed[g] >> 6 << 4;
        const int second_minimum = last >> 4 | packed[4 + g] >> 6 << 4;
        scale[2 * g] = scale[2 * g + 1] = d * (float)first_scale;
        scale[2 * g + 8] = scale[2 * g + 9] = d * (float)second_scale;
        offset[2 * g] = offset[2 * g + 1] = -(dmin * (float)first_minimum);
        offset[2 * g + 8] = offset[2 * g + 9] = -(dmin * (float)second_minimum);
    }
}

static void unpack(int8_t *restrict q, float *restrict scale, float *restrict offset,
                   const void *restrict blocks, size_t n)
{
    const uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_load_k_scales(scale + i / MN_GROUP, offset + i / MN_GROUP, block);
        for (int k = 0; k < 4; k++) {
            const uint8_t *bytes = block + 16 + k * 32;
            int8_t *out = q + i + k * 64;
            for (int l = 0; l < 32; l++) {
                out[l] = (int8_t)(bytes[l] & 15);
                out[32 + l] = (int8_t)(bytes[l] >> 4);
            }
        }
    }
}

static void decode(float *out, const void *blocks, size_t n)
{
    mn_decode_unpacked(out, blocks, n, &mn_format_q4_k);
}

void mn_store_k_scales(uint8_t *block, const uint8_t scale[8], const uint8_t minimum[8])
{
    uint8_t *packed = block + 4;
    for (int g = 0; g < 4; g++) {
        packed[g] = (uint8_t)(scale[g] | scale[4 + g] >> 4 << 6);
        packed[4 + g] = (uint8_t)(minimum[g] | minimum[4 + g] >> 4 << 6);
        packed[8 + g] = (uint8_t)((scale[4 + g] & 15) | minimum[4 + g] << 4);
    }
}

static void encode(void *blocks, const float *in, size_t n, const float *importance)
{
    uint8_t *block = blocks;
    for (size_t i = 0; i < n; i += BLOCK, block += BLOCK_BYTES) {
        mn_values values;
        mn_shifted found;
        mn_values_load(&values, in, importance, i, BLOCK);
        mn_search_shifted(&found, &values, 32, 63, 15);
        mn_store_half(block, found.d);
        mn_store_half(block + 2, found.dmin);
        mn_store_k_scales(block, found.scale, found.minimum);
        for (int k = 0; k < 4; k++)
            for (int l = 0; l < 32; l++)
                block[16 + k * 32 + l] =
                    (uint8_t)(found.code[k * 64 + l] | found.code[k * 64 + 32 + l] << 4);
    }
}

const mn_format mn_format_q4_k = {
    .name = "q4_k",
    .type = MN_Q4_K,
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .bits_per_weight = 4.5f,
    .file_type = 14,
    .decode = decode,
    .encode = encode,
    .unpack = unpack,
    .affine = true,
};
