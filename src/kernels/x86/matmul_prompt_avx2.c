/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_prompt_avx2.c - the MN_PROMPT arithmetic with AVX2: panels of 8 rows times four tokens. */
#include "kernels/x86/matmul_avx2.h"

enum { ROWS = 8, TOKENS = 4 };

/* The dot products of one group with four bytes of activations at a time, for 8 rows and four tokens.
 * `offset` is where q or low lies in an activation block. */
MN_INLINE void four_dots(__m256i dot[TOKENS], const uint8_t *q, const mn_activation_block *x, size_t offset,
                         mn_chunk_kind kind)
{
    const int n_sums = mn_sums_in_16_bits(kind);
    __m256i sums[TOKENS];
    MN_UNROLL
    for (int i = 0; i < 4; i++) {
        const __m256i w = _mm256_load_si256((const void *)(q + 32 * i));
        MN_UNROLL
        for (int t = 0; t < TOKENS; t++) {
            int32_t four;
            memcpy(&four, (const char *)&x[t] + offset + 4 * i, sizeof four);
            const __m256i pairs = mn_pair_products(w, _mm256_set1_epi32(four), kind);
            sums[t] = i % n_sums ? _mm256_add_epi16(sums[t], pairs) : pairs;
            if (i % n_sums == n_sums - 1) {
                const __m256i wide = _mm256_madd_epi16(sums[t], _mm256_set1_epi16(1));
                dot[t] = i < n_sums ? wide : _mm256_add_epi32(dot[t], wide);
            }
        }
    }
}

/* fine_scale * (float)dot of one group, for 8 rows and four tokens. `shift` turns -128 * sum(x) into
 * -bias * sum(x); 0 where the bias is none. */
MN_INLINE void four_products(__m256 product[TOKENS], const uint8_t *q, const mn_activation_block *x,
                             int half, mn_chunk_kind kind, bool biased, __m256i shift)
{
    __m256i dot[TOKENS], low[TOKENS];
    four_dots(dot, q, x, offsetof(mn_activation_block, q) + 16 * (size_t)half, kind);
    four_dots(low, q, x, offsetof(mn_activation_block, low) + 16 * (size_t)half, kind);
    MN_UNROLL
    for (int t = 0; t < TOKENS; t++) {
        dot[t] = _mm256_add_epi32(_mm256_slli_epi32(dot[t], 8), low[t]);
        if (biased) {
            const __m256i start = _mm256_set1_epi32(x[t].fine_start[half]);
            dot[t] = _mm256_add_epi32(dot[t], _mm256_srav_epi32(start, shift));
        }
        product[t] = _mm256_mul_ps(_mm256_set1_ps(x[t].fine_scale[half]), _mm256_cvtepi32_ps(dot[t]));
    }
}

/* sum += w * x, rounded twice. */
MN_INLINE __m256 add_product(__m256 sum, __m256 w, __m256 x)
{
    return _mm256_add_ps(sum, _mm256_mul_ps(w, x));
}

/* 8 rows times four tokens. */
MN_INLINE void tile(__m256 *out, const mn_panel8 *panel, const mn_activation_block *x, uint32_t n_blocks,
                    int shift, mn_chunk_kind kind, bool affine, bool scale_16)
{
    const bool biased = kind != MN_CHUNK_INT8 && !affine;
    const __m256i shifts = _mm256_set1_epi32(shift);
    const float *scale = panel->scale, *offset = panel->offset;
    __m256 sum[TOKENS];
    MN_UNROLL
    for (int t = 0; t < TOKENS; t++) sum[t] = _mm256_setzero_ps();
    for (uint32_t b = 0; b < n_blocks; b++, x += 4) {
        const uint8_t *q = panel->q + (size_t)b * 32 * ROWS;
        __m256 first[TOKENS], second[TOKENS];
        four_products(first, q, x, 0, kind, biased, shifts);
        if (scale_16) {
            MN_UNROLL
            for (int t = 0; t < TOKENS; t++) {
                sum[t] = add_product(sum[t], _mm256_load_ps(scale), first[t]);
                if (affine)
                    sum[t] = add_product(sum[t], _mm256_load_ps(offset), _mm256_set1_ps(x[t].fine_sum[0]));
            }
        }
        four_products(second, q + 16 * ROWS, x, 1, kind, biased, shifts);
        MN_UNROLL
        for (int t = 0; t < TOKENS; t++) {
            if (scale_16) {
                sum[t] = add_product(sum[t], _mm256_load_ps(scale + ROWS), second[t]);
                if (affine)
                    sum[t] = add_product(sum[t], _mm256_load_ps(offset + ROWS),
                                         _mm256_set1_ps(x[t].fine_sum[1]));
            } else {
                sum[t] = add_product(sum[t], _mm256_load_ps(scale), _mm256_add_ps(first[t], second[t]));
                if (affine)
                    sum[t] = add_product(sum[t], _mm256_load_ps(offset), _mm256_set1_ps(x[t].fine_pair_sum));
            }
        }
        scale += scale_16 ? 2 * ROWS : ROWS;
        if (affine) offset += scale_16 ? 2 * ROWS : ROWS;
    }
    MN_UNROLL
    for (int t = 0; t < TOKENS; t++) out[t] = sum[t];
}

typedef void tile_fn(__m256 *out, const mn_panel8 *panel, const mn_activation_block *x,
                     uint32_t n_blocks, int shift);

#define DEFINE_TILE(name, kind, affine, scale_16)                                                   \
    static void name(__m256 *out, const mn_panel8 *panel, const mn_activation_block *x,             \
                     uint32_t n_blocks, int shift)                                                  \
    {                                                                                               \
        tile(out, panel, x, n_blocks, shift, kind, affine, scale_16);                               \
    }

DEFINE_TILE(linear_31, MN_CHUNK_31, false, false)
DEFINE_TILE(affine_31, MN_CHUNK_31, true, false)
DEFINE_TILE(linear_63_16, MN_CHUNK_63, false, true)
DEFINE_TILE(linear_int8, MN_CHUNK_INT8, false, false)
DEFINE_TILE(affine_int8, MN_CHUNK_INT8, true, false)
DEFINE_TILE(linear_int8_16, MN_CHUNK_INT8, false, true)
DEFINE_TILE(affine_int8_16, MN_CHUNK_INT8, true, true)

static tile_fn *choose_tile(const mn_chunk_format *chunks, bool scale_16)
{
    if (chunks->kind == MN_CHUNK_31) return chunks->affine ? affine_31 : linear_31;
    if (chunks->kind == MN_CHUNK_63) return linear_63_16;
    if (scale_16) return chunks->affine ? affine_int8_16 : linear_int8_16;
    return chunks->affine ? affine_int8 : linear_int8;
}

/* The rows of several panels times all tokens. */
typedef struct strip {
    char *scratch;
    size_t q_bytes, scale_bytes, panel_bytes;
    mn_range rows;
} strip;

static mn_panel8 panel_at(const strip *s, uint32_t index)
{
    char *bytes = s->scratch + index * s->panel_bytes;
    mn_panel8 panel = { (uint8_t *)bytes, (float *)(void *)(bytes + s->q_bytes),
                        (float *)(void *)(bytes + s->q_bytes + s->scale_bytes) };
    return panel;
}

static void fill_strip(const strip *s, const mn_linear *w, mn_panel8_fn *fill)
{
    uint32_t index = 0;
    for (uint32_t row = s->rows.begin; row < s->rows.end; row += ROWS, index++) {
        const uint8_t *pointers[ROWS];
        for (uint32_t i = 0; i < ROWS; i++)
            pointers[i] = mn_linear_data(w, row + i < s->rows.end ? row + i : s->rows.end - 1);
        const mn_panel8 panel = panel_at(s, index);
        fill(&panel, pointers, w);
    }
}

static __m256i lowest(uint32_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < ROWS ? (int)count : ROWS), lane);
}

/* Four tokens at a time, the first a multiple of 4; those not asked for are computed and not stored. */
static void multiply_strip(float *y, size_t y_stride, const strip *s, const mn_activations *x,
                           mn_range tokens, tile_fn *tile_function, int shift)
{
    for (uint32_t first = tokens.begin / 4; first * 4 < tokens.end; first++) {
        uint32_t index = 0;
        for (uint32_t row = s->rows.begin; row < s->rows.end; row += ROWS, index++) {
            const mn_panel8 panel = panel_at(s, index);
            __m256 sum[TOKENS];
            tile_function(sum, &panel, mn_activations_block(x, first * 4, 0), x->n_blocks, shift);
            for (uint32_t t = 0; t < TOKENS; t++)
                if (first * 4 + t >= tokens.begin && first * 4 + t < tokens.end)
                    _mm256_maskstore_ps(y + (first * 4 + t) * y_stride + row,
                                        lowest(s->rows.end - row), sum[t]);
        }
    }
}

void mn_prompt_avx2(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                    mn_range tokens, mn_range rows, void *scratch, const mn_chunk_format *chunks,
                    mn_panel8_fn *fill)
{
    const bool scale_16 = mn_scale_weights(w->format) == 16;
    const size_t n_scales = w->n / (scale_16 ? 16 : 32);
    const uint32_t strip_rows = mn_strip_rows(w->n);
    const int shift = chunks->bias == 32 ? 2 : chunks->bias == 16 ? 3 : 4; /* 128 / bias = 2^shift */
    strip s = { .scratch = scratch, .q_bytes = (size_t)w->n * ROWS,
                .scale_bytes = n_scales * ROWS * sizeof(float) };
    s.panel_bytes = s.q_bytes + s.scale_bytes * (chunks->affine ? 2 : 1);
    for (uint32_t row = rows.begin; row < rows.end; row += strip_rows) {
        s.rows.begin = row;
        s.rows.end = rows.end - row < strip_rows ? rows.end : row + strip_rows;
        fill_strip(&s, w, fill);
        multiply_strip(y, y_stride, &s, x, tokens, choose_tile(chunks, scale_16), shift);
    }
}
