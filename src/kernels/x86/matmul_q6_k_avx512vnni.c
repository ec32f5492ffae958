/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q6_k_avx512vnni.c - Q6_K times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 210, BIAS = 32, HIGH = 128, SCALES = 192, D = 208 };

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

MN_DEFINE_AVX512VNNI(q6_k)
