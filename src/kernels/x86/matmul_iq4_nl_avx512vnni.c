/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_iq4_nl_avx512vnni.c - IQ4_NL times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 18 };

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), up = _mm512_set1_epi8(-128);
    const __m512i table = _mm512_add_epi8(_mm512_broadcast_i32x4(mn_iq4_nl_table()), up);
    for (size_t b = 0, at = 0; b < w->n / 32; b++, at += BLOCK_BYTES) {
        __m512i packed[4], first[4], second[4];
        mn_transpose16(packed, row, at + 2);
        for (int i = 0; i < 4; i++) {
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed[i], 4), low);
            first[i] = _mm512_shuffle_epi8(table, _mm512_and_si512(packed[i], low));
            second[i] = _mm512_shuffle_epi8(table, high);
        }
        mn_panel_store(out, b * 8, first);
        mn_panel_store(out, b * 8 + 4, second);
        _mm512_store_ps(out->scale + b * 16, mn_panel_halves(row, at));
    }
}

MN_DEFINE_AVX512VNNI(iq4_nl)
