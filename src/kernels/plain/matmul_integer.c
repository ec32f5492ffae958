/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_integer.c - the plain matrix product of every integer format: the truth about both arithmetics.
 *
 * A row is unpacked once and meets all tokens. */
#include "kernels/matmul_rows.h"

static float dot_group(const int8_t *w, const int8_t *x)
{
    int32_t sum = 0;
    for (int i = 0; i < MN_GROUP; i++) sum += w[i] * x[i];
    return (float)sum;
}

/* The dot product with 256 * q + low: below 2^27, so exact. */
static float fine_dot_group(const int8_t *w, const int8_t *q, const int8_t *low)
{
    int32_t sum = 0;
    for (int i = 0; i < MN_GROUP; i++) sum += w[i] * (256 * q[i] + low[i]);
    return (float)sum;
}

static float decode_row(const mn_unpacked_row *w, bool affine, const mn_activations *x, uint32_t token)
{
    float s[8] = { 0 };
    for (uint32_t g = 0; g < 2 * x->n_blocks; g++) {
        const mn_activation_block *block = mn_activations_block(x, token, g / 2);
        const uint32_t half = g % 2;
        const float dot = dot_group(w->q + (size_t)g * MN_GROUP, block->q + half * MN_GROUP);
        s[g % 8] += w->scale[g] * (block->scale[half] * dot);
        if (affine) s[g % 8] += w->offset[g] * block->sum[half];
    }
    return ((s[0] + s[1]) + (s[4] + s[5])) + ((s[2] + s[3]) + (s[6] + s[7]));
}

/* A scale for each group. */
static float prompt_row_16(const mn_unpacked_row *w, bool affine, const mn_activations *x,
                           uint32_t token)
{
    float sum = 0;
    for (uint32_t g = 0; g < 2 * x->n_blocks; g++) {
        const mn_activation_block *block = mn_activations_block(x, token, g / 2);
        const uint32_t half = g % 2;
        const float dot = fine_dot_group(w->q + (size_t)g * MN_GROUP, block->q + half * MN_GROUP,
                                         block->low + half * MN_GROUP);
        sum += w->scale[g] * (block->fine_scale[half] * dot);
        if (affine) sum += w->offset[g] * block->fine_sum[half];
    }
    return sum;
}

/* A scale for each two groups. */
static float prompt_row_32(const mn_unpacked_row *w, bool affine, const mn_activations *x,
                           uint32_t token)
{
    float sum = 0;
    for (uint32_t b = 0; b < x->n_blocks; b++) {
        const mn_activation_block *block = mn_activations_block(x, token, b);
        const int8_t *q = w->q + (size_t)b * 32;
        const float first = block->fine_scale[0] * fine_dot_group(q, block->q, block->low);
        const float second = block->fine_scale[1] * fine_dot_group(q + MN_GROUP, block->q + MN_GROUP, block->low + MN_GROUP);
        sum += w->scale[2 * b] * (first + second);
        if (affine) sum += w->offset[2 * b] * block->fine_pair_sum;
    }
    return sum;
}

void mn_matmul_integer_plain_decode(float *y, size_t y_stride, const mn_linear *w,
                                    const mn_activations *x, mn_range tokens, mn_range rows,
                                    void *scratch)
{
    const mn_unpacked_row unpacked = mn_unpacked_row_at(scratch, w->n);
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        w->format->unpack(unpacked.q, unpacked.scale, unpacked.offset, mn_linear_data(w, row), w->n);
        for (uint32_t token = tokens.begin; token < tokens.end; token++)
            y[token * y_stride + row] = decode_row(&unpacked, w->format->affine, x, token);
    }
}

void mn_matmul_integer_plain_prompt(float *y, size_t y_stride, const mn_linear *w,
                                    const mn_activations *x, mn_range tokens, mn_range rows,
                                    void *scratch)
{
    const mn_unpacked_row unpacked = mn_unpacked_row_at(scratch, w->n);
    float (*const row_fn)(const mn_unpacked_row *, bool, const mn_activations *, uint32_t) =
        mn_scale_weights(w->format) == 16 ? prompt_row_16 : prompt_row_32;
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        w->format->unpack(unpacked.q, unpacked.scale, unpacked.offset, mn_linear_data(w, row), w->n);
        for (uint32_t token = tokens.begin; token < tokens.end; token++)
            y[token * y_stride + row] = row_fn(&unpacked, w->format->affine, x, token);
    }
}
