/* SPDX-License-Identifier: Apache-2.0 */
/* float_math_avx2.h - float_math.h for 8 numbers at a time, bit for bit; for *_avx2.c only. */
#ifndef MN_KERNELS_X86_FLOAT_MATH_AVX2_H
#define MN_KERNELS_X86_FLOAT_MATH_AVX2_H

#include "kernels/float_math.h"

#include <immintrin.h>

static inline __m256 exp_8(__m256 x)
{
    x = _mm256_max_ps(_mm256_set1_ps(MN_EXP_LOW),
                      x); /* the second operand passes if one is a NaN */
    x = _mm256_min_ps(_mm256_set1_ps(MN_EXP_HIGH), x);
    const __m256 magic = _mm256_set1_ps(MN_ROUND_MAGIC);
    __m256 t = _mm256_add_ps(_mm256_mul_ps(x, _mm256_set1_ps(MN_EXP_LOG2E)), magic);
    __m256 n = _mm256_sub_ps(t, magic);
    __m256 r = _mm256_sub_ps(x, _mm256_mul_ps(n, _mm256_set1_ps(MN_EXP_LN2_HI)));
    r = _mm256_sub_ps(r, _mm256_mul_ps(n, _mm256_set1_ps(MN_EXP_LN2_LO)));
    __m256 q = _mm256_set1_ps(MN_EXP_C4);
    q = _mm256_add_ps(_mm256_mul_ps(q, r), _mm256_set1_ps(MN_EXP_C3));
    q = _mm256_add_ps(_mm256_mul_ps(q, r), _mm256_set1_ps(MN_EXP_C2));
    q = _mm256_add_ps(_mm256_mul_ps(q, r), _mm256_set1_ps(MN_EXP_C1));
    q = _mm256_add_ps(_mm256_mul_ps(q, r), _mm256_set1_ps(MN_EXP_C0));
    __m256 p = _mm256_add_ps(_mm256_mul_ps(q, _mm256_mul_ps(r, r)), r);
    p = _mm256_add_ps(p, _mm256_set1_ps(1.0f));
    __m256i whole = _mm256_sub_epi32(_mm256_castps_si256(t), _mm256_castps_si256(magic));
    __m256i half = _mm256_srai_epi32(whole, 1);
    const __m256i bias = _mm256_set1_epi32(127);
    __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    __m256i second = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(first));
    return _mm256_mul_ps(p, _mm256_castsi256_ps(second));
}

static inline __m256 tanh_8(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 a = _mm256_andnot_ps(sign, x);
    __m256 z = _mm256_mul_ps(a, a);
    __m256 t = _mm256_set1_ps(MN_TANH_T4);
    t = _mm256_add_ps(_mm256_mul_ps(t, z), _mm256_set1_ps(MN_TANH_T3));
    t = _mm256_add_ps(_mm256_mul_ps(t, z), _mm256_set1_ps(MN_TANH_T2));
    t = _mm256_add_ps(_mm256_mul_ps(t, z), _mm256_set1_ps(MN_TANH_T1));
    t = _mm256_add_ps(_mm256_mul_ps(t, z), _mm256_set1_ps(MN_TANH_T0));
    __m256 small = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(t, z), a), a);
    __m256 one = _mm256_set1_ps(1.0f);
    __m256 large = _mm256_add_ps(exp_8(_mm256_add_ps(a, a)), one);
    large = _mm256_sub_ps(one, _mm256_div_ps(_mm256_set1_ps(2.0f), large));
    __m256 is_small = _mm256_cmp_ps(a, _mm256_set1_ps(MN_TANH_SMALL), _CMP_LT_OQ);
    __m256 y = _mm256_blendv_ps(large, small, is_small);
    return _mm256_or_ps(_mm256_andnot_ps(sign, y), _mm256_and_ps(sign, x));
}

/* Lanes 0-7 and 8-15, in the fixed order. */
static inline float sum_lanes(__m256 low, __m256 high)
{
    __m256 y = _mm256_add_ps(low, high);
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    z = _mm_add_ps(z, _mm_movehl_ps(z, z));
    return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}

/* max_float(x[i + width], x[i]): the instruction returns its second operand unless the first is
 * larger. */
static inline float max_lanes(__m256 low, __m256 high)
{
    __m256 y = _mm256_max_ps(high, low);
    __m128 z = _mm_max_ps(_mm256_extractf128_ps(y, 1), _mm256_castps256_ps128(y));
    z = _mm_max_ps(_mm_movehl_ps(z, z), z);
    return _mm_cvtss_f32(_mm_max_ss(_mm_movehdup_ps(z), z));
}

/* All bits set in the first `count` lanes (none if negative, all from 8 on). */
static inline __m256i lanes_below(int count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#endif
