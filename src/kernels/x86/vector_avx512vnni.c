/* SPDX-License-Identifier: Apache-2.0 */
/* vector_avx512vnni.c - vector.h with one register for the 16 lanes. The last lanes are masked:
 * they read 0 and are not written. */
#include "kernels/vector_levels.h"

#include "kernels/x86/float_math_avx512.h"

#include <math.h>

static inline __m512 load(const float *x, __mmask16 lanes)
{
    return _mm512_maskz_loadu_ps(lanes, x);
}

static inline __mmask16 lanes_at(size_t i, size_t n)
{
    return n - i >= 16 ? (__mmask16)0xffff : lanes_below(n - i);
}

static void rms_norm(float *y, const float *x, const float *weight, float epsilon, size_t n)
{
    __m512 sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        __m512 v = load(x + i, lanes_at(i, n));
        sum = _mm512_add_ps(sum, _mm512_mul_ps(v, v));
    }
    const __m512 factor = _mm512_set1_ps(1.0f / sqrtf(sum_lanes(sum) / (float)n + epsilon));
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        __m512 v = _mm512_mul_ps(load(x + i, lanes), factor);
        if (weight) v = _mm512_mul_ps(v, load(weight + i, lanes));
        _mm512_mask_storeu_ps(y + i, lanes, v);
    }
}

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_add_ps(load(y + i, lanes), load(x + i, lanes)));
    }
}

static void scale(float *y, float factor, size_t n)
{
    const __m512 by = _mm512_set1_ps(factor);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(load(y + i, lanes), by));
    }
}

static void silu_multiply(float *y, const float *gate, const float *up, size_t n)
{
    const __m512 one = _mm512_set1_ps(1.0f), sign = _mm512_set1_ps(-0.0f);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        __m512 x = load(gate + i, lanes);
        __m512 e = exp_16(_mm512_xor_ps(x, sign));
        x = _mm512_div_ps(x, _mm512_add_ps(one, e));
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(x, load(up + i, lanes)));
    }
}

static void gelu_tanh_multiply(float *y, const float *gate, const float *up, size_t n)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    const __m512 g0 = _mm512_set1_ps(MN_GELU_G0), g1 = _mm512_set1_ps(MN_GELU_G1);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        __m512 x = load(gate + i, lanes);
        __m512 g = _mm512_add_ps(_mm512_mul_ps(g1, _mm512_mul_ps(x, x)), g0);
        __m512 e = exp_16(_mm512_mul_ps(x, g));
        x = _mm512_div_ps(x, _mm512_add_ps(one, e));
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(x, load(up + i, lanes)));
    }
}

static void soft_cap(float *y, float cap, size_t n)
{
    const __m512 by = _mm512_set1_ps(cap);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        __m512 t = tanh_16(_mm512_div_ps(load(y + i, lanes), by));
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(by, t));
    }
}

static float maximum(const float *x, size_t n)
{
    const __m512 lowest = _mm512_set1_ps(-INFINITY);
    __m512 most = lowest;
    for (size_t i = 0; i < n; i += 16)
        most = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, lanes_at(i, n), x + i), most);
    return max_lanes(most);
}

static float exp_shifted(float *y, const float *x, float shift, size_t n)
{
    const __m512 by = _mm512_set1_ps(shift);
    __m512 sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_at(i, n);
        __m512 e = exp_16(_mm512_sub_ps(load(x + i, lanes), by));
        sum = _mm512_mask_add_ps(sum, lanes, sum, e);
        _mm512_mask_storeu_ps(y + i, lanes, e);
    }
    return sum_lanes(sum);
}

static void rope_adjacent(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    for (size_t i = 0; i < n_rotated; i += 16) {
        __mmask16 lanes = lanes_at(i, n_rotated);
        __mmask16 pairs = lanes_below(n_rotated - i >= 16 ? 8 : (n_rotated - i) / 2);
        __m512 v = load(x + i, lanes);
        __m512 c = _mm512_permutexvar_ps(twice, load(cosine + i / 2, pairs));
        __m512 s = _mm512_permutexvar_ps(twice, load(sine + i / 2, pairs));
        /* Even lanes: v c - other s. Odd lanes: other s + v c. Subtracting in the even lanes only.
         */
        __m512 kept = _mm512_mul_ps(v, c);
        __m512 other = _mm512_mul_ps(_mm512_permute_ps(v, 0xb1), s);
        __m512 y = _mm512_mask_sub_ps(_mm512_add_ps(other, kept), 0x5555, kept, other);
        _mm512_mask_storeu_ps(x + i, lanes, y);
    }
}

static void rope_halves(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    size_t half = n_rotated / 2;
    for (size_t i = 0; i < half; i += 16) {
        __mmask16 lanes = lanes_at(i, half);
        __m512 a = load(x + i, lanes), b = load(x + half + i, lanes);
        __m512 c = load(cosine + i, lanes), s = load(sine + i, lanes);
        _mm512_mask_storeu_ps(x + i, lanes,
                              _mm512_sub_ps(_mm512_mul_ps(a, c), _mm512_mul_ps(b, s)));
        _mm512_mask_storeu_ps(x + half + i, lanes,
                              _mm512_add_ps(_mm512_mul_ps(a, s), _mm512_mul_ps(b, c)));
    }
}

const mn_vector_ops mn_vector_avx512vnni = {
    .name = "avx512vnni",
    .needs = MN_CPU_AVX2 | MN_CPU_AVX512_VNNI,
    .rms_norm = rms_norm,
    .add = add,
    .scale = scale,
    .silu_multiply = silu_multiply,
    .gelu_tanh_multiply = gelu_tanh_multiply,
    .soft_cap = soft_cap,
    .maximum = maximum,
    .exp_shifted = exp_shifted,
    .rope_adjacent = rope_adjacent,
    .rope_halves = rope_halves,
};
