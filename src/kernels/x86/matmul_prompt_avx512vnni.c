/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_prompt_avx512vnni.c - the MN_PROMPT arithmetic: panels of 16 rows times up to 12 tokens.
 *
 * Rows are unpacked once into panels that stay in the second-level cache; three
 * fours of tokens meet them at a time, with one vector of sums for each token. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { ROWS = 16, FOURS = 3 };

/* sum += w (unsigned) times the four bytes at x, in each lane. Written out because compilers load the four
 * bytes into a register of their own first, which halves the speed of the loop below. */
MN_INLINE __m512i dot_four(__m512i sum, __m512i w, const int8_t x[4])
{
    struct four {
        int8_t bytes[4];
    };
    __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*(const struct four *)x));
    return sum;
}

/* fine_scale * (float)dot of both groups of a block, for four tokens. Eight dot products run side by side in
 * the order written: the instructions of one wait for each other longer than the processor looks ahead. */
MN_INLINE void four_products(__m512 product[8], const __m512i q[8], const mn_activation_block x[4])
{
    __m512i dot[8];
    MN_UNROLL
    for (int i = 0; i < 8; i++) dot[i] = _mm512_setzero_si512();
    MN_UNROLL
    for (int k = 0; k < 4; k++) {
        MN_UNROLL
        for (int i = 0; i < 8; i++) {
            const int at = 4 * (i % 2) + k;
            dot[i] = dot_four(dot[i], q[at], x[i / 2].q + 4 * at);
        }
    }
    MN_UNROLL
    for (int i = 0; i < 8; i++)
        dot[i] = _mm512_add_epi32(_mm512_slli_epi32(dot[i], 8), _mm512_set1_epi32(x[i / 2].fine_start[i % 2]));
    MN_UNROLL
    for (int k = 0; k < 4; k++) {
        MN_UNROLL
        for (int i = 0; i < 8; i++) {
            const int at = 4 * (i % 2) + k;
            dot[i] = dot_four(dot[i], q[at], x[i / 2].low + 4 * at);
        }
    }
    MN_UNROLL
    for (int i = 0; i < 8; i++)
        product[i] = _mm512_mul_ps(_mm512_set1_ps(x[i / 2].fine_scale[i % 2]), _mm512_cvtepi32_ps(dot[i]));
}

/* sum += w * x, rounded twice. */
MN_INLINE __m512 add_product(__m512 sum, __m512 w, __m512 x)
{
    return _mm512_add_ps(sum, _mm512_mul_ps(w, x));
}

/* 16 rows times n_fours * 4 tokens. */
MN_INLINE void tile(__m512 *out, const mn_panel *panel, const mn_activation_block *const x[FOURS],
                    uint32_t n_blocks, int n_fours, bool affine, bool scale_16)
{
    const uint8_t *panel_q = panel->q;
    const float *scale = panel->scale, *offset = panel->offset;
    const uint32_t step = scale_16 ? 2 * ROWS : ROWS;
    __m512 sum[4 * FOURS];
    MN_UNROLL
    for (int t = 0; t < 4 * n_fours; t++) sum[t] = _mm512_setzero_ps();
    for (uint32_t b = 0; b < n_blocks; b++, panel_q += 8 * 64, scale += step) {
        __m512i q[8];
        MN_UNROLL
        for (int i = 0; i < 8; i++) q[i] = _mm512_load_si512((const void *)(panel_q + 64 * i));
        MN_UNROLL
        for (int four = 0; four < n_fours; four++) {
            const mn_activation_block *in = x[four] + (size_t)b * 4;
            __m512 product[8];
            four_products(product, q, in);
            MN_UNROLL
            for (int t = 0; t < 4; t++) {
                __m512 *s = &sum[4 * four + t];
                const __m512 first = product[2 * t], second = product[2 * t + 1];
                if (scale_16) {
                    *s = add_product(*s, _mm512_load_ps(scale), first);
                    if (affine)
                        *s = add_product(*s, _mm512_load_ps(offset), _mm512_set1_ps(in[t].fine_sum[0]));
                    *s = add_product(*s, _mm512_load_ps(scale + ROWS), second);
                    if (affine)
                        *s = add_product(*s, _mm512_load_ps(offset + ROWS),
                                         _mm512_set1_ps(in[t].fine_sum[1]));
                } else {
                    *s = add_product(*s, _mm512_load_ps(scale), _mm512_add_ps(first, second));
                    if (affine)
                        *s = add_product(*s, _mm512_load_ps(offset), _mm512_set1_ps(in[t].fine_pair_sum));
                }
            }
        }
        if (affine) offset += step;
    }
    MN_UNROLL
    for (int t = 0; t < 4 * n_fours; t++) out[t] = sum[t];
}

/* Tokens [token, token + n_tokens) times 16 rows; n_tokens is at most 12 and token a multiple of 4. The
 * tokens that fill up the last four are computed and not stored. */
#define DEFINE_TILES(name, affine, scale_16)                                                        \
    static void name##_1(__m512 *sum, const mn_panel *panel, const mn_activation_block *const *x,   \
                         uint32_t n_blocks)                                                         \
    {                                                                                               \
        tile(sum, panel, x, n_blocks, 1, affine, scale_16);                                         \
    }                                                                                               \
    static void name##_2(__m512 *sum, const mn_panel *panel, const mn_activation_block *const *x,   \
                         uint32_t n_blocks)                                                         \
    {                                                                                               \
        tile(sum, panel, x, n_blocks, 2, affine, scale_16);                                         \
    }                                                                                               \
    static void name##_3(__m512 *sum, const mn_panel *panel, const mn_activation_block *const *x,   \
                         uint32_t n_blocks)                                                         \
    {                                                                                               \
        tile(sum, panel, x, n_blocks, 3, affine, scale_16);                                         \
    }

DEFINE_TILES(linear_32, false, false)
DEFINE_TILES(affine_32, true, false)
DEFINE_TILES(linear_16, false, true)
DEFINE_TILES(affine_16, true, true)

typedef void tile_fn(__m512 *sum, const mn_panel *panel, const mn_activation_block *const *x,
                     uint32_t n_blocks);

static tile_fn *const tiles[2][2][FOURS] = { /* [scale for each 16][affine][fours - 1] */
    { { linear_32_1, linear_32_2, linear_32_3 }, { affine_32_1, affine_32_2, affine_32_3 } },
    { { linear_16_1, linear_16_2, linear_16_3 }, { affine_16_1, affine_16_2, affine_16_3 } },
};

/* The rows of several panels, each of `panel_bytes` scratch, times all tokens. */
typedef struct strip {
    char *scratch;
    size_t q_bytes, scale_bytes, panel_bytes;
    mn_range rows;
} strip;

static mn_panel panel_at(const strip *s, uint32_t index)
{
    char *bytes = s->scratch + index * s->panel_bytes;
    mn_panel panel = { (uint8_t *)bytes, (float *)(void *)(bytes + s->q_bytes),
                       (float *)(void *)(bytes + s->q_bytes + s->scale_bytes) };
    return panel;
}

static void fill_strip(const strip *s, const mn_linear *w, mn_panel_fn *fill)
{
    uint32_t index = 0;
    for (uint32_t row = s->rows.begin; row < s->rows.end; row += ROWS, index++) {
        const uint8_t *pointers[ROWS];
        for (uint32_t i = 0; i < ROWS; i++)
            pointers[i] = mn_linear_data(w, row + i < s->rows.end ? row + i : s->rows.end - 1);
        const mn_panel panel = panel_at(s, index);
        fill(&panel, pointers, w);
    }
}

static void multiply_strip(float *y, size_t y_stride, const strip *s, const mn_activations *x,
                           mn_range tokens, tile_fn *const *tile_fns)
{
    uint32_t end;
    for (uint32_t token = tokens.begin / 4 * 4; token < tokens.end; token = end) {
        end = tokens.end - token < 4 * FOURS ? tokens.end : token + 4 * FOURS;
        const uint32_t n_fours = (end - token + 3) / 4;
        const mn_activation_block *fours[FOURS] = { NULL };
        for (uint32_t i = 0; i < n_fours; i++) fours[i] = mn_activations_block(x, token + 4 * i, 0);
        uint32_t index = 0;
        for (uint32_t row = s->rows.begin; row < s->rows.end; row += ROWS, index++) {
            const uint32_t left = s->rows.end - row;
            const __mmask16 mask = (__mmask16)(left < ROWS ? (1u << left) - 1 : 0xffffu);
            const mn_panel panel = panel_at(s, index);
            __m512 sum[4 * FOURS];
            tile_fns[n_fours - 1](sum, &panel, fours, x->n_blocks);
            for (uint32_t t = token < tokens.begin ? tokens.begin : token; t < end; t++)
                _mm512_mask_storeu_ps(y + t * y_stride + row, mask, sum[t - token]);
        }
    }
}

void mn_prompt_avx512vnni(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                          mn_range tokens, mn_range rows, void *scratch, mn_panel_fn *fill)
{
    const bool scale_16 = mn_scale_weights(w->format) == 16;
    const size_t n_scales = w->n / (scale_16 ? 16 : 32);
    const uint32_t strip_rows = mn_strip_rows(w->n);
    strip s = { .scratch = scratch, .q_bytes = (size_t)w->n * ROWS,
                .scale_bytes = n_scales * ROWS * sizeof(float) };
    s.panel_bytes = s.q_bytes + s.scale_bytes * (w->format->affine ? 2 : 1);
    for (uint32_t row = rows.begin; row < rows.end; row += strip_rows) {
        s.rows.begin = row;
        s.rows.end = rows.end - row < strip_rows ? rows.end : row + strip_rows;
        fill_strip(&s, w, fill);
        multiply_strip(y, y_stride, &s, x, tokens, tiles[scale_16][w->format->affine]);
    }
}
