/* SPDX-License-Identifier: Apache-2.0 */
/* activations_avx2.c - activations as integers, 16 at a time; the numbers of activations.c. */
#include "kernels/matmul_rows.h"

#include <immintrin.h>
#include <string.h>

static inline float bits_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The largest of 16 non-negative words. */
static inline uint32_t largest_word(__m256i a, __m256i b)
{
    const __m256i eight = _mm256_max_epi32(a, b);
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
    return (uint32_t)_mm_cvtsi128_si32(four);
}

/* Stores 16 small integers as bytes and returns their sum. */
static inline int32_t store_bytes(int8_t *out, __m256i first, __m256i second)
{
    const __m256i mixed = _mm256_packs_epi32(first, second);
    const __m256i words = _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128((void *)out, _mm_packs_epi16(_mm256_castsi256_si128(words),
                                                  _mm256_extracti128_si256(words, 1)));
    const __m256i eight = _mm256_madd_epi16(words, _mm256_set1_epi16(1));
    __m128i four =
        _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(four);
}

/* What the rounding to q left, in steps of 1/256, kept within a byte. */
static inline __m256i low_part(__m256 scaled, __m256i q)
{
    const __m256i fine = _mm256_cvtps_epi32(_mm256_mul_ps(scaled, _mm256_set1_ps(256.0f)));
    const __m256i rest = _mm256_sub_epi32(fine, _mm256_slli_epi32(q, 8));
    return _mm256_max_epi32(_mm256_min_epi32(rest, _mm256_set1_epi32(127)), _mm256_set1_epi32(-127));
}

static inline void quantize_group(mn_activation_block *out, int group, const float *x)
{
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256 first = _mm256_loadu_ps(x), second = _mm256_loadu_ps(x + 8);
    const uint32_t largest =
        largest_word(_mm256_and_si256(_mm256_castps_si256(first), magnitude),
                     _mm256_and_si256(_mm256_castps_si256(second), magnitude));
    float scale = 0, inverse = 0;
    if (largest >= 0x7f800000u) { /* infinity or NaN */
        scale = bits_float(0x7fc00000u);
        first = second = _mm256_setzero_ps();
    } else if (bits_float(largest) >= 0x1p-100f) {
        scale = bits_float(largest) / 127.0f;
        inverse = 127.0f / bits_float(largest);
    }
    first = _mm256_mul_ps(first, _mm256_set1_ps(inverse));
    second = _mm256_mul_ps(second, _mm256_set1_ps(inverse));
    const __m256i q0 = _mm256_cvtps_epi32(first), q1 = _mm256_cvtps_epi32(second);
    const int32_t q_sum = store_bytes(out->q + 16 * group, q0, q1);
    const int32_t low_sum =
        store_bytes(out->low + 16 * group, low_part(first, q0), low_part(second, q1));
    out->scale[group] = scale;
    out->sum[group] = scale * (float)q_sum;
    out->start[group] = -128 * q_sum;
    out->fine_scale[group] = scale * 0x1p-8f;
    out->fine_sum[group] = out->fine_scale[group] * (float)(256 * q_sum + low_sum);
    out->fine_start[group] = -128 * (256 * q_sum + low_sum);
}

void mn_activations_quantize_avx2(mn_activation_block *out, size_t stride, const float *x,
                                  uint32_t n_blocks)
{
    for (uint32_t block = 0; block < n_blocks; block++, out += stride, x += 32) {
        quantize_group(out, 0, x);
        quantize_group(out, 1, x + 16);
        out->fine_pair_sum = out->fine_sum[0] + out->fine_sum[1];
        memset(out->unused, 0, sizeof out->unused);
    }
}
