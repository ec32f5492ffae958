/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_float_avx2.c - F32, F16 and BF16 weights times floats with AVX2.
 *
 * DECODE keeps its 16 sums in two vectors; PROMPT turns 8 rows by 256 weights at a
 * time into floats side by side and keeps the sums so far in y. */
#include "kernels/x86/chunk.h"

enum { TOKENS = 4, ROWS = 8, DEPTH = 256 };

/* Eight weights as floats. */
typedef __m256 load_fn(const uint8_t *weights);

static inline __m256 load_f32(const uint8_t *weights) { return _mm256_loadu_ps((const void *)weights); }

static inline __m256 load_f16(const uint8_t *weights)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)weights));
}

static inline __m256 load_bf16(const uint8_t *weights)
{
    const __m128i halves = _mm_loadu_si128((const void *)weights);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

/* 16 lanes to one, s[i] += s[i + 8], then 4, 2, 1. */
MN_INLINE float total(const __m256 sum[2])
{
    const __m256 eight = _mm256_add_ps(sum[0], sum[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

MN_INLINE void add_16(__m256 sum[2 * TOKENS], const uint8_t *weights, const float *x, size_t x_stride,
                      uint32_t n_tokens, uint32_t weight_bytes, load_fn *load)
{
    const __m256 first = load(weights), second = load(weights + 8 * weight_bytes);
    MN_UNROLL
    for (uint32_t t = 0; t < n_tokens; t++, x += x_stride) {
        sum[2 * t] = _mm256_add_ps(sum[2 * t], _mm256_mul_ps(first, _mm256_loadu_ps(x)));
        sum[2 * t + 1] = _mm256_add_ps(sum[2 * t + 1], _mm256_mul_ps(second, _mm256_loadu_ps(x + 8)));
    }
}

MN_INLINE void decode_rows(float *y, size_t y_stride, const mn_linear *w, const float *x,
                           size_t x_stride, mn_range rows, uint32_t n_tokens, uint32_t weight_bytes,
                           load_fn *load)
{
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        const uint8_t *weights = mn_linear_data(w, row);
        __m256 sum[2 * TOKENS];
        MN_UNROLL
        for (uint32_t i = 0; i < 2 * n_tokens; i++) sum[i] = _mm256_setzero_ps();
        uint32_t i = 0;
        for (; i + 16 <= w->n; i += 16)
            add_16(sum, weights + (size_t)i * weight_bytes, x + i, x_stride, n_tokens, weight_bytes,
                   load);
        if (i < w->n) { /* x is padded with zeros */
            uint8_t last[16 * 4] = { 0 };
            memcpy(last, weights + (size_t)i * weight_bytes, (size_t)(w->n - i) * weight_bytes);
            add_16(sum, last, x + i, x_stride, n_tokens, weight_bytes, load);
        }
        MN_UNROLL
        for (uint32_t t = 0; t < n_tokens; t++) y[t * y_stride + row] = total(sum + 2 * t);
    }
}

MN_INLINE void decode(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                      mn_range tokens, mn_range rows, uint32_t weight_bytes, load_fn *load)
{
    const size_t x_stride = (size_t)x->n_blocks * 32;
    uint32_t n = 0;
    for (uint32_t token = tokens.begin; token < tokens.end; token += n) {
        const uint32_t left = tokens.end - token;
        const float *values = mn_activations_values(x, token);
        float *out = y + token * y_stride;
        n = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        switch (n) {
        case 4: decode_rows(out, y_stride, w, values, x_stride, rows, 4, weight_bytes, load); break;
        case 2: decode_rows(out, y_stride, w, values, x_stride, rows, 2, weight_bytes, load); break;
        default: decode_rows(out, y_stride, w, values, x_stride, rows, 1, weight_bytes, load);
        }
    }
}

/* --- MN_PROMPT --------------------------------------------------------------------------------- */

/* Weights [begin, begin + depth) of 8 rows as floats [depth, 8]. */
static void fill(float *panel, const uint8_t *const row[ROWS], const mn_linear *w, uint32_t begin,
                 uint32_t depth)
{
    const size_t at = (size_t)begin * w->format->block_bytes;
    float decoded[DEPTH];
    for (uint32_t r = 0; r < ROWS; r++) {
        w->format->decode(decoded, row[r] + at, depth);
        for (uint32_t k = 0; k < depth; k++) panel[(size_t)k * ROWS + r] = decoded[k];
    }
}

MN_INLINE __m256i lowest(uint32_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}

MN_INLINE void tile(float *y, size_t y_stride, __m256i mask, const float *panel, const float *x,
                    size_t x_stride, uint32_t depth, bool start, uint32_t n_tokens)
{
    __m256 sum[2 * TOKENS];
    MN_UNROLL
    for (uint32_t t = 0; t < n_tokens; t++)
        sum[t] = start ? _mm256_setzero_ps() : _mm256_maskload_ps(y + t * y_stride, mask);
    for (uint32_t k = 0; k < depth; k++) {
        const __m256 w = _mm256_load_ps(panel + (size_t)k * ROWS);
        MN_UNROLL
        for (uint32_t t = 0; t < n_tokens; t++)
            sum[t] = _mm256_add_ps(sum[t], _mm256_mul_ps(w, _mm256_set1_ps(x[t * x_stride + k])));
    }
    MN_UNROLL
    for (uint32_t t = 0; t < n_tokens; t++) _mm256_maskstore_ps(y + t * y_stride, mask, sum[t]);
}

static void prompt(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                   mn_range tokens, mn_range rows, float *panel)
{
    const size_t x_stride = (size_t)x->n_blocks * 32;
    for (uint32_t row = rows.begin; row < rows.end; row += ROWS) {
        const uint32_t n_rows = rows.end - row < ROWS ? rows.end - row : ROWS;
        const uint8_t *pointers[ROWS];
        for (uint32_t r = 0; r < ROWS; r++)
            pointers[r] = mn_linear_data(w, row + (r < n_rows ? r : n_rows - 1));
        for (uint32_t begin = 0; begin < w->n; begin += DEPTH) {
            const uint32_t depth = w->n - begin < DEPTH ? w->n - begin : DEPTH;
            fill(panel, pointers, w, begin, depth);
            uint32_t token = tokens.begin;
            for (; token + 2 * TOKENS <= tokens.end; token += 2 * TOKENS)
                tile(y + token * y_stride + row, y_stride, lowest(n_rows), panel,
                     mn_activations_values(x, token) + begin, x_stride, depth, begin == 0, 2 * TOKENS);
            for (; token < tokens.end; token++)
                tile(y + token * y_stride + row, y_stride, lowest(n_rows), panel,
                     mn_activations_values(x, token) + begin, x_stride, depth, begin == 0, 1);
        }
    }
}

#define DEFINE(format, weight_bytes)                                                                \
    void mn_matmul_##format##_avx2_decode(float *y, size_t y_stride, const mn_linear *w,            \
                                          const mn_activations *x, mn_range tokens, mn_range rows,  \
                                          void *scratch)                                            \
    {                                                                                               \
        (void)scratch;                                                                              \
        decode(y, y_stride, w, x, tokens, rows, weight_bytes, load_##format);                       \
    }                                                                                               \
    void mn_matmul_##format##_avx2_prompt(float *y, size_t y_stride, const mn_linear *w,            \
                                          const mn_activations *x, mn_range tokens, mn_range rows,  \
                                          void *scratch)                                            \
    {                                                                                               \
        prompt(y, y_stride, w, x, tokens, rows, scratch);                                           \
    }

DEFINE(f32, 4)
DEFINE(f16, 2)
DEFINE(bf16, 2)
