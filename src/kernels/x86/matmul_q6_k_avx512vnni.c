/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q6_k_avx512vnni.c - Q6_K times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 210, BIAS = 32, HIGH = 128, SCALES = 192, D = 208 };

static inline void load(mn_chunk *out, const uint8_t *block)
{
    const __m256i four = _mm256_set1_epi8(15), two = _mm256_set1_epi8(48);
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    __m128i scales = _mm_loadu_si128((const void *)(block + SCALES));
    scales = _mm_shuffle_epi8(scales, order);
    uint16_t half;
    memcpy(&half, block + D, sizeof half);
    const __m256 d = _mm256_cvtph_ps(_mm_set1_epi16((short)half));
    for (int c = 0; c < 2; c++) {
        const __m128i eight = c ? _mm_unpackhi_epi64(scales, scales) : scales;
        out[c].scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight)));
        const __m256i low0 = _mm256_loadu_si256((const void *)(block + c * 64));
        const __m256i low1 = _mm256_loadu_si256((const void *)(block + c * 64 + 32));
        const __m256i high = _mm256_loadu_si256((const void *)(block + HIGH + c * 32));
        out[c].q[0] = _mm256_or_si256(_mm256_and_si256(low0, four),
                                      _mm256_and_si256(_mm256_slli_epi16(high, 4), two));
        out[c].q[1] = _mm256_or_si256(_mm256_and_si256(low1, four),
                                      _mm256_and_si256(_mm256_slli_epi16(high, 2), two));
        out[c].q[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low0, 4), four),
                                      _mm256_and_si256(high, two));
        out[c].q[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low1, 4), four),
                                      _mm256_and_si256(_mm256_srli_epi16(high, 2), two));
    }
}

static inline void fill_scales(const mn_panel *out, size_t b, const uint8_t *const row[16], size_t at)
{
    const __m512 d = mn_panel_halves(row, at + D);
    __m512i bytes[4];
    mn_transpose16(bytes, row, at + SCALES);
    for (size_t g = 0; g < 16; g++) {
        const __m512i moved = _mm512_slli_epi32(bytes[g / 4], (unsigned)(24 - 8 * (g % 4)));
        const __m512 scale = _mm512_cvtepi32_ps(_mm512_srai_epi32(moved, 24));
        _mm512_store_ps(out->scale + (b * 16 + g) * 16, _mm512_mul_ps(d, scale));
    }
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i four = _mm512_set1_epi8(15), two = _mm512_set1_epi8(48);
    const __m512i up = _mm512_set1_epi8(128 - BIAS);
    for (size_t b = 0, at = 0; b < w->n / 256; b++, at += BLOCK_BYTES) {
        fill_scales(out, b, row, at);
        for (size_t k = 0; k < 4; k++) { /* 16 bytes of high bits: weights of four groups */
            const size_t c = k / 2, s = k % 2 * 16;
            __m512i low0[4], low1[4], high[4], q[4][4];
            mn_transpose16(low0, row, at + c * 64 + s);
            mn_transpose16(low1, row, at + c * 64 + 32 + s);
            mn_transpose16(high, row, at + HIGH + c * 32 + s);
            for (int i = 0; i < 4; i++) {
                q[0][i] = _mm512_and_si512(_mm512_slli_epi16(high[i], 4), two);
                q[1][i] = _mm512_and_si512(_mm512_slli_epi16(high[i], 2), two);
                q[2][i] = _mm512_and_si512(high[i], two);
                q[3][i] = _mm512_and_si512(_mm512_srli_epi16(high[i], 2), two);
                q[0][i] = _mm512_or_si512(q[0][i], _mm512_and_si512(low0[i], four));
                q[1][i] = _mm512_or_si512(q[1][i], _mm512_and_si512(low1[i], four));
                q[2][i] = _mm512_or_si512(
                    q[2][i], _mm512_and_si512(_mm512_srli_epi16(low0[i], 4), four));
                q[3][i] = _mm512_or_si512(
                    q[3][i], _mm512_and_si512(_mm512_srli_epi16(low1[i], 4), four));
                for (int j = 0; j < 4; j++) q[j][i] = _mm512_add_epi8(q[j][i], up);
            }
            for (size_t j = 0; j < 4; j++)
                mn_panel_store(out, b * 64 + c * 32 + j * 8 + s / 4, q[j]);
        }
    }
}

static const mn_chunk_format chunks = { load, 256, BLOCK_BYTES, BIAS, false };

MN_DEFINE_AVX512VNNI(q6_k)
