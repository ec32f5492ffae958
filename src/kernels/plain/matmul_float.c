/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_float.c - the plain matrix product of F32, F16 and BF16 weights with floats.
 *
 * A row is decoded once and meets all tokens. */
#include "kernels/matmul_rows.h"

static float decode_row(const float *w, const float *x, uint32_t n)
{
    float s[16] = { 0 };
    for (uint32_t i = 0; i < n; i++) s[i % 16] += w[i] * x[i];
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) s[i] += s[i + half];
    return s[0];
}

static float prompt_row(const float *w, const float *x, uint32_t n)
{
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += w[i] * x[i];
    return sum;
}

static void each_row(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                     mn_range tokens, mn_range rows, float *decoded,
                     float (*row_fn)(const float *, const float *, uint32_t))
{
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        w->format->decode(decoded, mn_linear_data(w, row), w->n);
        for (uint32_t token = tokens.begin; token < tokens.end; token++)
            y[token * y_stride + row] = row_fn(decoded, mn_activations_values(x, token), w->n);
    }
}

void mn_matmul_float_plain_decode(float *y, size_t y_stride, const mn_linear *w,
                                  const mn_activations *x, mn_range tokens, mn_range rows,
                                  void *scratch)
{
    each_row(y, y_stride, w, x, tokens, rows, scratch, decode_row);
}

void mn_matmul_float_plain_prompt(float *y, size_t y_stride, const mn_linear *w,
                                  const mn_activations *x, mn_range tokens, mn_range rows,
                                  void *scratch)
{
    each_row(y, y_stride, w, x, tokens, rows, scratch, prompt_row);
}
