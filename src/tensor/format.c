/* SPDX-License-Identifier: Apache-2.0 */
/* format.c - the table of number formats, their sizes, and the 16-bit floats. */
#include "tensor/format.h"

#include "base/size.h"
#include "tensor/format_block.h"

#include <strings.h>

static const mn_format *const table[] = {
    &mn_format_f32,   &mn_format_f16,   &mn_format_bf16,  &mn_format_q8_0,   &mn_format_q5_1,
    &mn_format_q5_0,  &mn_format_q4_1,  &mn_format_q4_0,  &mn_format_q6_k,   &mn_format_q5_k,
    &mn_format_q4_k,  &mn_format_q3_k,  &mn_format_q2_k,  &mn_format_iq4_nl, &mn_format_iq4_xs,
    &mn_format_mxfp4, &mn_format_tq2_0, &mn_format_tq1_0,
};

const mn_format *mn_format_at(size_t index)
{
    return index < sizeof table / sizeof *table ? table[index] : NULL;
}

const mn_format *mn_format_by_type(uint32_t type)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i]->type == type) return table[i];
    return NULL;
}

const mn_format *mn_format_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcasecmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

bool mn_format_row_bytes(uint64_t *out, const mn_format *format, uint64_t n)
{
    return n % format->block == 0 && mn_u64_mul(out, n / format->block, format->block_bytes);
}

bool mn_format_tensor_bytes(uint64_t *out, const mn_format *format, const uint64_t shape[4])
{
    uint64_t size;
    if (!mn_format_row_bytes(&size, format, shape[0])) return false;
    for (int i = 1; i < 4; i++)
        if (!mn_u64_mul(&size, size, shape[i])) return false;
    *out = size;
    return true;
}

void mn_decode_unpacked(float *restrict out, const void *restrict blocks, size_t n,
                        const mn_format *format)
{
    const uint8_t *block = blocks;
    int8_t q[MN_BLOCK_MAX];
    float scale[MN_BLOCK_MAX / MN_GROUP], offset[MN_BLOCK_MAX / MN_GROUP];
    for (size_t i = 0; i < n; i += format->block, block += format->block_bytes) {
        format->unpack(q, scale, offset, block, format->block);
        for (size_t g = 0; g < format->block / MN_GROUP; g++) {
            float *group = out + i + g * MN_GROUP;
            for (size_t k = 0; k < MN_GROUP; k++) group[k] = scale[g] * q[g * MN_GROUP + k];
            if (!format->affine) continue; /* adding 0 would turn -0 into 0 */
            for (size_t k = 0; k < MN_GROUP; k++) group[k] += offset[g];
        }
    }
}

float mn_f16_to_f32(uint16_t half)
{
    return mn_half_float(half);
}

uint16_t mn_f32_to_f16(float value)
{
    const uint32_t bits = mn_float_bits(value), magnitude = bits & 0x7fffffffu;
    const uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t half;
    if (magnitude > 0x7f800000u) /* NaN: quiet, with what fits of its payload */
        half = 0x7e00u | (magnitude >> 13 & 0x3ffu);
    else if (magnitude >= 0x47800000u) /* 65536 and more */
        half = 0x7c00u;
    else if (magnitude < 0x38800000u) /* below 2^-14: the last bit of 0.5 is a subnormal half's */
        half = mn_float_bits(mn_bits_float(magnitude) + 0.5f) - 0x3f000000u;
    else /* a carry out of the mantissa goes into the exponent, up to infinity, as it should */
        half = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    return (uint16_t)(sign | half);
}

float mn_bf16_to_f32(uint16_t value)
{
    return mn_bits_float((uint32_t)value << 16);
}

uint16_t mn_f32_to_bf16(float value)
{
    const uint32_t bits = mn_float_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u); /* quiet NaN */
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
