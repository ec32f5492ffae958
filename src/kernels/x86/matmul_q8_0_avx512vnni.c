/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q8_0_avx512vnni.c - Q8_0 times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 34 };

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    for (size_t b = 0, at = 0; b < w->n / 32; b++, at += BLOCK_BYTES) {
        for (int half = 0; half < 2; half++) {
            __m512i q[4];
            mn_transpose16(q, row, at + 2 + 16 * half);
            for (int i = 0; i < 4; i++) q[i] = _mm512_xor_si512(q[i], _mm512_set1_epi8(-128));
            mn_panel_store(out, b * 8 + 4 * half, q);
        }
        _mm512_store_ps(out->scale + b * 16, mn_panel_halves(row, at));
    }
}

MN_DEFINE_AVX512VNNI(q8_0)
