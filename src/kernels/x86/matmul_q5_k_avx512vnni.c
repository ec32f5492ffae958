/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q5_k_avx512vnni.c - Q5_K times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 176 };

/* Bit k of each byte moved to bit 4, alone. */
static inline __m512i fifth_bit(__m512i bits, unsigned k)
{
    const __m512i moved = k < 4 ? _mm512_slli_epi16(bits, 4 - k) : _mm512_srli_epi16(bits, k - 4);
    return _mm512_and_si512(moved, _mm512_set1_epi8(16));
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), up = _mm512_set1_epi8(-128);
    for (size_t b = 0, at = 0; b < w->n / 256; b++, at += BLOCK_BYTES) {
        __m512i fifth[8];
        mn_transpose16(fifth, row, at + 16);
        mn_transpose16(fifth + 4, row, at + 32);
        mn_panel_k_scales(out, b, row, at);
        for (unsigned k = 0; k < 8; k++) { /* 16 bytes: weights of two groups */
            __m512i packed[4], first[4], second[4];
            mn_transpose16(packed, row, at + 48 + k * 16);
            for (int i = 0; i < 4; i++) {
                const __m512i bits = fifth[k % 2 * 4 + i];
                const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed[i], 4), low);
                first[i] = _mm512_or_si512(_mm512_and_si512(packed[i], low), up);
                first[i] = _mm512_or_si512(first[i], fifth_bit(bits, k / 2 * 2));
                second[i] = _mm512_or_si512(high, up);
                second[i] = _mm512_or_si512(second[i], fifth_bit(bits, k / 2 * 2 + 1));
            }
            const size_t word = b * 64 + k / 2 * 16 + k % 2 * 4;
            mn_panel_store(out, word, first);
            mn_panel_store(out, word + 8, second);
        }
    }
}

MN_DEFINE_AVX512VNNI(q5_k)
