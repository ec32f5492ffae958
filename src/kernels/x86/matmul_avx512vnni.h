/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_avx512vnni.h - what the AVX-512 VNNI rows of the kernel list share.
 *
 * The unsigned-by-signed dot product adds four products to each 32-bit lane
 * without saturating. Weights are made unsigned by a bias, and bias * sum(x) is
 * taken off by starting at -bias * sum(x). So every byte a file may hold is exact.
 *
 * A format brings a loader of chunks (chunk.h, for MN_DECODE) and a function that
 * fills a panel of 16 rows (MN_PROMPT). Only files named *_avx512vnni.c may
 * include this. */
#ifndef MN_KERNELS_X86_MATMUL_AVX512VNNI_H
#define MN_KERNELS_X86_MATMUL_AVX512VNNI_H

#include "kernels/x86/chunk.h"

MN_INLINE __m256i mn_dot_avx512vnni(const __m256i q[4], const mn_decode_input *x, mn_chunk_kind kind)
{
    __m256i dot = _mm256_loadu_si256((const void *)x->start);
    for (int j = 0; j < 4; j++) {
        const __m256i w =
            kind == MN_CHUNK_INT8 ? _mm256_xor_si256(q[j], _mm256_set1_epi8(-128)) : q[j];
        dot = _mm256_dpbusd_epi32(dot, w, _mm256_loadu_si256((const void *)x->q[j]));
    }
    return dot;
}

MN_INLINE void mn_decode_avx512vnni(float *y, size_t y_stride, const mn_linear *w,
                                    const mn_activations *x, mn_range tokens, mn_range rows,
                                    void *scratch, const mn_chunk_format *chunks)
{
    const int bias = chunks->kind == MN_CHUNK_INT8 ? 128 : chunks->bias;
    mn_decode(y, y_stride, w, x, tokens, rows, scratch, chunks, bias, mn_dot_avx512vnni);
}

/* --- MN_PROMPT --------------------------------------------------------------------------------- */

/* 16 rows side by side, all of their length. */
typedef struct mn_panel {
    uint8_t *q;    /* [n / 4, 16 rows, 4] weight + 128 */
    float *scale;  /* [n / mn_scale_weights, 16 rows] */
    float *offset; /* as scale; affine formats only */
} mn_panel;

/* Fills a panel from 16 rows of w (some may be the same row). */
typedef void mn_panel_fn(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w);

void mn_prompt_avx512vnni(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                          mn_range tokens, mn_range rows, void *scratch, mn_panel_fn *fill);

/* 16 bytes of each of 16 rows become four vectors of [16 rows, 4 bytes]. */
MN_INLINE void mn_transpose16(__m512i out[4], const uint8_t *const row[16], size_t at)
{
    __m512i v[4];
    for (int i = 0; i < 4; i++) {
        __m512i rows = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(row[i] + at)));
        rows = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 4] + at)), 1);
        rows = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 8] + at)), 2);
        v[i] = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 12] + at)), 3);
    }
    const __m512i ab_low = _mm512_unpacklo_epi32(v[0], v[1]), ab_high = _mm512_unpackhi_epi32(v[0], v[1]);
    const __m512i cd_low = _mm512_unpacklo_epi32(v[2], v[3]), cd_high = _mm512_unpackhi_epi32(v[2], v[3]);
    out[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
    out[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
    out[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
    out[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

/* 16 bytes of weights + 128, transposed, to words at .. at+3 of the panel. */
MN_INLINE void mn_panel_store(const mn_panel *panel, size_t at, const __m512i v[4])
{
    for (int i = 0; i < 4; i++) _mm512_store_si512((void *)(panel->q + (at + i) * 64), v[i]);
}

/* The half float at byte `at` of each row. */
MN_INLINE __m512 mn_panel_halves(const uint8_t *const row[16], size_t at)
{
    uint16_t half[16];
    for (int r = 0; r < 16; r++) memcpy(&half[r], row[r] + at, sizeof half[r]);
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)half));
}

/* The same for 16 rows, into block b of a panel. */
MN_INLINE void mn_panel_k_scales(const mn_panel *out, size_t b, const uint8_t *const row[16], size_t at)
{
    float scale[16][8], offset[16][8];
    const uint8_t *scale_row[16], *offset_row[16];
    for (int r = 0; r < 16; r++) {
        __m256 s, o;
        mn_k_scales(&s, &o, row[r] + at);
        _mm256_storeu_ps(scale[r], s);
        _mm256_storeu_ps(offset[r], o);
        scale_row[r] = (const uint8_t *)scale[r];
        offset_row[r] = (const uint8_t *)offset[r];
    }
    for (size_t half = 0; half < 2; half++) {
        __m512i s[4], o[4];
        mn_transpose16(s, scale_row, 16 * half);
        mn_transpose16(o, offset_row, 16 * half);
        for (size_t i = 0; i < 4; i++) {
            const size_t to = (b * 8 + 4 * half + i) * 16;
            _mm512_store_si512((void *)(out->scale + to), s[i]);
            _mm512_store_si512((void *)(out->offset + to), o[i]);
        }
    }
}

/* Defines mn_matmul_<format>_avx512vnni_{decode,prompt} from mn_chunks_<format> and `fill_panel`. */
#define MN_DEFINE_AVX512VNNI(format)                                                                \
    void mn_matmul_##format##_avx512vnni_decode(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        mn_decode_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, &mn_chunks_##format);        \
    }                                                                                               \
    void mn_matmul_##format##_avx512vnni_prompt(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        mn_prompt_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, fill_panel);                 \
    }

#endif
