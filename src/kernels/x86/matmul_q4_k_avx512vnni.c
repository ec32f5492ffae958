/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q4_k_avx512vnni.c - Q4_K times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 144 };

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), up = _mm512_set1_epi8(-128);
    for (size_t b = 0, at = 0; b < w->n / 256; b++, at += BLOCK_BYTES) {
        mn_panel_k_scales(out, b, row, at);
        for (size_t k = 0; k < 8; k++) { /* 16 bytes: weights of two groups */
            __m512i packed[4], first[4], second[4];
            mn_transpose16(packed, row, at + 16 + k * 16);
            for (int i = 0; i < 4; i++) {
                const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed[i], 4), low);
                first[i] = _mm512_or_si512(_mm512_and_si512(packed[i], low), up);
                second[i] = _mm512_or_si512(high, up);
            }
            const size_t word = b * 64 + k / 2 * 16 + k % 2 * 4;
            mn_panel_store(out, word, first);
            mn_panel_store(out, word + 8, second);
        }
    }
}

MN_DEFINE_AVX512VNNI(q4_k)
