/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_float_avx512vnni.c - F32, F16 and BF16 weights times floats, 16 numbers at a time.
 *
 * DECODE reads rows as they lie; PROMPT turns 16 rows by 256 weights at a time
 * into floats side by side and keeps the sums so far in y. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { TOKENS = 8, ROWS = 16, DEPTH = 256 };

/* The lowest `count` of 16 weights as floats, zero behind them. */
typedef __m512 load_fn(const uint8_t *weights, uint32_t count);

MN_INLINE __mmask16 first(uint32_t count) { return (__mmask16)(count < 16 ? (1u << count) - 1 : 0xffffu); }

static inline __m512 load_f32(const uint8_t *weights, uint32_t count)
{
    return _mm512_maskz_loadu_ps(first(count), weights);
}

static inline __m512 load_f16(const uint8_t *weights, uint32_t count)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(count), weights));
}

static inline __m512 load_bf16(const uint8_t *weights, uint32_t count)
{
    const __m256i halves = _mm256_maskz_loadu_epi16(first(count), weights);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

/* 16 lanes to one, s[i] += s[i + 8], then 4, 2, 1. */
MN_INLINE float total(__m512 sum)
{
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sum), 1));
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sum), high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

MN_INLINE void decode_rows(float *y, size_t y_stride, const mn_linear *w, const float *x,
                           size_t x_stride, mn_range rows, uint32_t n_tokens, uint32_t weight_bytes,
                           load_fn *load)
{
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        const uint8_t *weights = mn_linear_data(w, row);
        __m512 sum[TOKENS];
        for (uint32_t t = 0; t < n_tokens; t++) sum[t] = _mm512_setzero_ps();
        uint32_t i = 0;
        for (; i + 16 <= w->n; i += 16) {
            const __m512 v = load(weights + (size_t)i * weight_bytes, 16);
            for (uint32_t t = 0; t < n_tokens; t++)
                sum[t] = _mm512_add_ps(sum[t],
                                       _mm512_mul_ps(v, _mm512_loadu_ps(x + t * x_stride + i)));
        }
        if (i < w->n) { /* x is padded with zeros */
            const __m512 v = load(weights + (size_t)i * weight_bytes, w->n - i);
            for (uint32_t t = 0; t < n_tokens; t++)
                sum[t] = _mm512_add_ps(sum[t],
                                       _mm512_mul_ps(v, _mm512_loadu_ps(x + t * x_stride + i)));
        }
        for (uint32_t t = 0; t < n_tokens; t++) y[t * y_stride + row] = total(sum[t]);
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
        n = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        switch (n) {
        case 8: decode_rows(out, y_stride, w, values, x_stride, rows, 8, weight_bytes, load); break;
        case 4: decode_rows(out, y_stride, w, values, x_stride, rows, 4, weight_bytes, load); break;
        case 2: decode_rows(out, y_stride, w, values, x_stride, rows, 2, weight_bytes, load); break;
        default: decode_rows(out, y_stride, w, values, x_stride, rows, 1, weight_bytes, load);
        }
    }
}

/* --- MN_PROMPT --------------------------------------------------------------------------------- */

/* 16 bytes of 16 rows as floats [weights, 16 rows]. */
typedef void spread_fn(float *out, const __m512i words[4]);

static inline void spread_f32(float *out, const __m512i words[4])
{
    for (int i = 0; i < 4; i++) _mm512_store_si512((void *)(out + i * ROWS), words[i]);
}

static inline void spread_f16(float *out, const __m512i words[4])
{
    for (int i = 0; i < 4; i++) {
        const __m256i low = _mm512_cvtepi32_epi16(words[i]);
        const __m256i high = _mm512_cvtepi32_epi16(_mm512_srli_epi32(words[i], 16));
        _mm512_store_ps(out + 2 * i * ROWS, _mm512_cvtph_ps(low));
        _mm512_store_ps(out + (2 * i + 1) * ROWS, _mm512_cvtph_ps(high));
    }
}

static inline void spread_bf16(float *out, const __m512i words[4])
{
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000u);
    for (int i = 0; i < 4; i++) {
        _mm512_store_si512((void *)(out + 2 * i * ROWS), _mm512_slli_epi32(words[i], 16));
        _mm512_store_si512((void *)(out + (2 * i + 1) * ROWS), _mm512_and_si512(words[i], upper));
    }
}

/* Weights [begin, begin + depth) of 16 rows as floats [depth, 16]. */
MN_INLINE void fill(float *panel, const uint8_t *const row[ROWS], const mn_linear *w, uint32_t begin,
                    uint32_t depth, uint32_t weight_bytes, spread_fn *spread)
{
    const uint32_t each = 16 / weight_bytes;
    uint32_t i = 0;
    for (; i + each <= depth; i += each) {
        __m512i words[4];
        mn_transpose16(words, row, (size_t)(begin + i) * weight_bytes);
        spread(panel + (size_t)i * ROWS, words);
    }
    for (uint32_t r = 0; r < ROWS && i < depth; r++) {
        float last[8];
        w->format->decode(last, row[r] + (size_t)(begin + i) * weight_bytes, depth - i);
        for (uint32_t k = i; k < depth; k++) panel[(size_t)k * ROWS + r] = last[k - i];
    }
}

MN_INLINE void tile(float *y, size_t y_stride, __mmask16 mask, const float *panel, const float *x,
                    size_t x_stride, uint32_t depth, bool start, uint32_t n_tokens)
{
    __m512 sum[TOKENS];
    for (uint32_t t = 0; t < n_tokens; t++)
        sum[t] = start ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, y + t * y_stride);
    for (uint32_t k = 0; k < depth; k++) {
        const __m512 w = _mm512_load_ps(panel + (size_t)k * ROWS);
        for (uint32_t t = 0; t < n_tokens; t++)
            sum[t] = _mm512_add_ps(sum[t], _mm512_mul_ps(w, _mm512_set1_ps(x[t * x_stride + k])));
    }
    for (uint32_t t = 0; t < n_tokens; t++) _mm512_mask_storeu_ps(y + t * y_stride, mask, sum[t]);
}

MN_INLINE void prompt(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                      mn_range tokens, mn_range rows, float *panel, uint32_t weight_bytes,
                      spread_fn *spread)
{
    const size_t x_stride = (size_t)x->n_blocks * 32;
    for (uint32_t row = rows.begin; row < rows.end; row += ROWS) {
        const uint32_t n_rows = rows.end - row < ROWS ? rows.end - row : ROWS;
        const uint8_t *pointers[ROWS];
        for (uint32_t r = 0; r < ROWS; r++)
            pointers[r] = mn_linear_data(w, row + (r < n_rows ? r : n_rows - 1));
        for (uint32_t begin = 0; begin < w->n; begin += DEPTH) {
            const uint32_t depth = w->n - begin < DEPTH ? w->n - begin : DEPTH;
            fill(panel, pointers, w, begin, depth, weight_bytes, spread);
            uint32_t token = tokens.begin;
            for (; token + TOKENS <= tokens.end; token += TOKENS)
                tile(y + token * y_stride + row, y_stride, first(n_rows), panel,
                     mn_activations_values(x, token) + begin, x_stride, depth, begin == 0, TOKENS);
            for (; token < tokens.end; token++)
                tile(y + token * y_stride + row, y_stride, first(n_rows), panel,
                     mn_activations_values(x, token) + begin, x_stride, depth, begin == 0, 1);
        }
    }
}

#define DEFINE(format, weight_bytes)                                                                \
    void mn_matmul_##format##_avx512vnni_decode(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        (void)scratch;                                                                              \
        decode(y, y_stride, w, x, tokens, rows, weight_bytes, load_##format);                       \
    }                                                                                               \
    void mn_matmul_##format##_avx512vnni_prompt(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        prompt(y, y_stride, w, x, tokens, rows, scratch, weight_bytes, spread_##format);            \
    }

DEFINE(f32, 4)
DEFINE(f16, 2)
DEFINE(bf16, 2)
