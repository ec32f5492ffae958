/* SPDX-License-Identifier: Apache-2.0 */
/* vector_avx2.c - vector.h with two registers for the 16 lanes. The last lanes are masked: they
 * read 0 and are not written. */
#include "kernels/vector_levels.h"

#include "kernels/x86/float_math_avx2.h"

#include <math.h>

/* Whole steps of 16 (or 8) first; then one step of 8 at a time, masked. */
static inline __m256i lanes_at(size_t i, size_t n)
{
    return lanes_below((int)(n - i >= 8 ? 8 : n - i));
}

static float sum_of_squares(const float *x, size_t n)
{
    __m256 low = _mm256_setzero_ps(), high = low;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
        low = _mm256_add_ps(low, _mm256_mul_ps(a, a));
        high = _mm256_add_ps(high, _mm256_mul_ps(b, b));
    }
    if (i < n) {
        __m256 a = _mm256_maskload_ps(x + i, lanes_at(i, n));
        low = _mm256_add_ps(low, _mm256_mul_ps(a, a));
    }
    if (i + 8 < n) {
        __m256 b = _mm256_maskload_ps(x + i + 8, lanes_at(i + 8, n));
        high = _mm256_add_ps(high, _mm256_mul_ps(b, b));
    }
    return sum_lanes(low, high);
}

static void rms_norm(float *y, const float *x, const float *weight, float epsilon, size_t n)
{
    const __m256 factor = _mm256_set1_ps(1.0f / sqrtf(sum_of_squares(x, n) / (float)n + epsilon));
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x + i), factor);
        if (weight) v = _mm256_mul_ps(v, _mm256_loadu_ps(weight + i));
        _mm256_storeu_ps(y + i, v);
    }
    if (i < n) {
        __m256i lanes = lanes_at(i, n);
        __m256 v = _mm256_mul_ps(_mm256_maskload_ps(x + i, lanes), factor);
        if (weight) v = _mm256_mul_ps(v, _mm256_maskload_ps(weight + i, lanes));
        _mm256_maskstore_ps(y + i, lanes, v);
    }
}

static void add(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), _mm256_loadu_ps(x + i)));
    for (; i < n; i++)
        y[i] += x[i];
}

static void scale(float *y, float factor, size_t n)
{
    const __m256 by = _mm256_set1_ps(factor);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_loadu_ps(y + i), by));
    for (; i < n; i++)
        y[i] *= factor;
}

static inline __m256 silu_8(__m256 x)
{
    __m256 e = exp_8(_mm256_xor_ps(x, _mm256_set1_ps(-0.0f)));
    return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

static void silu_multiply(float *y, const float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i,
                         _mm256_mul_ps(silu_8(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
    for (; i < n; i++)
        y[i] = silu_float(gate[i]) * up[i];
}

static inline __m256 gelu_tanh_8(__m256 x)
{
    __m256 g = _mm256_mul_ps(_mm256_set1_ps(MN_GELU_G1), _mm256_mul_ps(x, x));
    g = _mm256_add_ps(g, _mm256_set1_ps(MN_GELU_G0));
    return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), exp_8(_mm256_mul_ps(x, g))));
}

static void gelu_tanh_multiply(float *y, const float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(
            y + i, _mm256_mul_ps(gelu_tanh_8(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i)));
    for (; i < n; i++)
        y[i] = gelu_tanh_float(gate[i]) * up[i];
}

static void soft_cap(float *y, float cap, size_t n)
{
    const __m256 by = _mm256_set1_ps(cap);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i,
                         _mm256_mul_ps(by, tanh_8(_mm256_div_ps(_mm256_loadu_ps(y + i), by))));
    for (; i < n; i++)
        y[i] = cap * tanh_float(y[i] / cap);
}

static inline __m256 load_or_lowest(const float *x, size_t i, size_t n)
{
    __m256i lanes = lanes_at(i, n);
    return _mm256_blendv_ps(_mm256_set1_ps(-INFINITY), _mm256_maskload_ps(x + i, lanes),
                            _mm256_castsi256_ps(lanes));
}

static float maximum(const float *x, size_t n)
{
    __m256 low = _mm256_set1_ps(-INFINITY), high = low;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        low = _mm256_max_ps(_mm256_loadu_ps(x + i), low);
        high = _mm256_max_ps(_mm256_loadu_ps(x + i + 8), high);
    }
    if (i < n) low = _mm256_max_ps(load_or_lowest(x, i, n), low);
    if (i + 8 < n) high = _mm256_max_ps(load_or_lowest(x, i + 8, n), high);
    return max_lanes(low, high);
}

/* The last step of 8, or less, of exp_shifted. */
static inline __m256 exp_tail(float *y, const float *x, __m256 shift, size_t i, size_t n)
{
    __m256i lanes = lanes_at(i, n);
    __m256 e = exp_8(_mm256_sub_ps(_mm256_maskload_ps(x + i, lanes), shift));
    _mm256_maskstore_ps(y + i, lanes, e);
    return _mm256_and_ps(e, _mm256_castsi256_ps(lanes)); /* zeros change no sum */
}

static float exp_shifted(float *y, const float *x, float shift, size_t n)
{
    const __m256 by = _mm256_set1_ps(shift);
    __m256 low = _mm256_setzero_ps(), high = low;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 a = exp_8(_mm256_sub_ps(_mm256_loadu_ps(x + i), by));
        __m256 b = exp_8(_mm256_sub_ps(_mm256_loadu_ps(x + i + 8), by));
        low = _mm256_add_ps(low, a);
        high = _mm256_add_ps(high, b);
        _mm256_storeu_ps(y + i, a);
        _mm256_storeu_ps(y + i + 8, b);
    }
    if (i < n) low = _mm256_add_ps(low, exp_tail(y, x, by, i, n));
    if (i + 8 < n) high = _mm256_add_ps(high, exp_tail(y, x, by, i + 8, n));
    return sum_lanes(low, high);
}

static void rope_adjacent(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    size_t i = 0;
    for (; i + 8 <= n_rotated; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i);
        __m128 c4 = _mm_loadu_ps(cosine + i / 2), s4 = _mm_loadu_ps(sine + i / 2);
        __m256 c = _mm256_permutevar8x32_ps(_mm256_castps128_ps256(c4), twice);
        __m256 s = _mm256_permutevar8x32_ps(_mm256_castps128_ps256(s4), twice);
        __m256 other = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), s);
        _mm256_storeu_ps(x + i, _mm256_addsub_ps(_mm256_mul_ps(v, c), other));
    }
    for (; i < n_rotated; i += 2) {
        float a = x[i], b = x[i + 1];
        x[i] = a * cosine[i / 2] - b * sine[i / 2];
        x[i + 1] = a * sine[i / 2] + b * cosine[i / 2];
    }
}

static void rope_halves(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    size_t half = n_rotated / 2, i = 0;
    for (; i + 8 <= half; i += 8) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + half + i);
        __m256 c = _mm256_loadu_ps(cosine + i), s = _mm256_loadu_ps(sine + i);
        _mm256_storeu_ps(x + i, _mm256_sub_ps(_mm256_mul_ps(a, c), _mm256_mul_ps(b, s)));
        _mm256_storeu_ps(x + half + i, _mm256_add_ps(_mm256_mul_ps(a, s), _mm256_mul_ps(b, c)));
    }
    for (; i < half; i++) {
        float a = x[i], b = x[i + half];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + half] = a * sine[i] + b * cosine[i];
    }
}

const mn_vector_ops mn_vector_avx2 = {
    .name = "avx2",
    .needs = MN_CPU_AVX2,
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
