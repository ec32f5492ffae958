/* SPDX-License-Identifier: Apache-2.0 */
/* float_math_avx512.h - float_math.h for 16 numbers at a time, bit for bit; for *_avx512vnni.c
 * only. */
#ifndef MN_KERNELS_X86_FLOAT_MATH_AVX512_H
#define MN_KERNELS_X86_FLOAT_MATH_AVX512_H

#include "kernels/float_math.h"

#include <immintrin.h>

static inline __m512 exp_16(__m512 x)
{
    x = _mm512_max_ps(_mm512_set1_ps(MN_EXP_LOW),
                      x); /* the second operand passes if one is a NaN */
    x = _mm512_min_ps(_mm512_set1_ps(MN_EXP_HIGH), x);
    const __m512 magic = _mm512_set1_ps(MN_ROUND_MAGIC);
    __m512 t = _mm512_add_ps(_mm512_mul_ps(x, _mm512_set1_ps(MN_EXP_LOG2E)), magic);
    __m512 n = _mm512_sub_ps(t, magic);
    __m512 r = _mm512_sub_ps(x, _mm512_mul_ps(n, _mm512_set1_ps(MN_EXP_LN2_HI)));
    r = _mm512_sub_ps(r, _mm512_mul_ps(n, _mm512_set1_ps(MN_EXP_LN2_LO)));
    __m512 q = _mm512_set1_ps(MN_EXP_C4);
    q = _mm512_add_ps(_mm512_mul_ps(q, r), _mm512_set1_ps(MN_EXP_C3));
    q = _mm512_add_ps(_mm512_mul_ps(q, r), _mm512_set1_ps(MN_EXP_C2));
    q = _mm512_add_ps(_mm512_mul_ps(q, r), _mm512_set1_ps(MN_EXP_C1));
    q = _mm512_add_ps(_mm512_mul_ps(q, r), _mm512_set1_ps(MN_EXP_C0));
    __m512 p = _mm512_add_ps(_mm512_mul_ps(q, _mm512_mul_ps(r, r)), r);
    p = _mm512_add_ps(p, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n); /* rounds once, as the plain product by two factors does */
}

static inline __m512 tanh_16(__m512 x)
{
    const __m512i sign = _mm512_set1_epi32((int)0x80000000u);
    __m512 a = _mm512_castsi512_ps(_mm512_andnot_si512(sign, _mm512_castps_si512(x)));
    __m512 z = _mm512_mul_ps(a, a);
    __m512 t = _mm512_set1_ps(MN_TANH_T4);
    t = _mm512_add_ps(_mm512_mul_ps(t, z), _mm512_set1_ps(MN_TANH_T3));
    t = _mm512_add_ps(_mm512_mul_ps(t, z), _mm512_set1_ps(MN_TANH_T2));
    t = _mm512_add_ps(_mm512_mul_ps(t, z), _mm512_set1_ps(MN_TANH_T1));
    t = _mm512_add_ps(_mm512_mul_ps(t, z), _mm512_set1_ps(MN_TANH_T0));
    __m512 small = _mm512_add_ps(_mm512_mul_ps(_mm512_mul_ps(t, z), a), a);
    __m512 one = _mm512_set1_ps(1.0f);
    __m512 large = _mm512_add_ps(exp_16(_mm512_add_ps(a, a)), one);
    large = _mm512_sub_ps(one, _mm512_div_ps(_mm512_set1_ps(2.0f), large));
    __mmask16 is_small = _mm512_cmp_ps_mask(a, _mm512_set1_ps(MN_TANH_SMALL), _CMP_LT_OQ);
    __m512 y = _mm512_mask_blend_ps(is_small, large, small);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        sign, _mm512_castps_si512(x), _mm512_castps_si512(y), 0xca)); /* sign of x, rest of y */
}

/* Lanes in the fixed order. */
static inline float sum_lanes(__m512 x)
{
    __m256 y = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    z = _mm_add_ps(z, _mm_movehl_ps(z, z));
    return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}

/* max_float(x[i + width], x[i]): the instruction returns its second operand unless the first is
 * larger. */
static inline float max_lanes(__m512 x)
{
    __m256 y = _mm256_max_ps(_mm512_extractf32x8_ps(x, 1), _mm512_castps512_ps256(x));
    __m128 z = _mm_max_ps(_mm256_extractf128_ps(y, 1), _mm256_castps256_ps128(y));
    z = _mm_max_ps(_mm_movehl_ps(z, z), z);
    return _mm_cvtss_f32(_mm_max_ss(_mm_movehdup_ps(z), z));
}

/* The first `count` (at most 16) lanes. */
static inline __mmask16 lanes_below(size_t count)
{
    return (__mmask16)_bzhi_u32(0xffffu, (unsigned)count);
}

#endif
