/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_avx2.h - what the AVX2 rows of the kernel list share.
 *
 * AVX2 multiplies unsigned by signed bytes and adds two products into 16 bits,
 * saturating. With |x| <= 127 nothing saturates here:
 * - weights 0..31: four such sums fit, 8 * 31 * 127 = 31496;
 * - weights 0..63: two fit, 4 * 63 * 127 = 32004;
 * - any int8: |w| times x with the sign of w; one fits, 2 * 128 * 127 = 32512.
 * Only files named *_avx2.c may include this. */
#ifndef MN_KERNELS_X86_MATMUL_AVX2_H
#define MN_KERNELS_X86_MATMUL_AVX2_H

#include "kernels/x86/chunk.h"

/* Of `kind`, how many 16-bit sums may be added up before they are widened. */
MN_INLINE int mn_sums_in_16_bits(mn_chunk_kind kind)
{
    return kind == MN_CHUNK_31 ? 4 : kind == MN_CHUNK_63 ? 2 : 1;
}

/* Pairs of products of 32 weights as 16 bits. */
MN_INLINE __m256i mn_pair_products(__m256i w, __m256i x, mn_chunk_kind kind)
{
    if (kind == MN_CHUNK_INT8)
        return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_maddubs_epi16(w, x);
}

/* 8 rows side by side, all of their length. */
typedef struct mn_panel8 {
    uint8_t *q;    /* [n / 4, 8 rows, 4], as the format's chunks hold them */
    float *scale;  /* [n / mn_scale_weights, 8 rows] */
    float *offset; /* as scale; affine formats only */
} mn_panel8;

/* Fills a panel from 8 rows of w (some may be the same row). */
typedef void mn_panel8_fn(const mn_panel8 *out, const uint8_t *const row[8], const mn_linear *w);

void mn_prompt_avx2(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                    mn_range tokens, mn_range rows, void *scratch, const mn_chunk_format *chunks,
                    mn_panel8_fn *fill);

#endif
