/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q5_0_avx512vnni.c - Q5_0 times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 22, BIAS = 16 };

/* The fifth bits of a block: 32 for each row. */
static inline __m512i fifth_bits(const uint8_t *const row[16], size_t at)
{
    uint32_t fifth[16];
    for (int r = 0; r < 16; r++) memcpy(&fifth[r], row[r] + at, sizeof fifth[r]);
    return _mm512_loadu_si512(fifth);
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), up = _mm512_set1_epi8(128 - BIAS);
    const __m512i sixteen = _mm512_set1_epi8(16);
    const __m512i even = _mm512_set1_epi32(0x08040201), odd = _mm512_slli_epi16(even, 4);
    /* Byte i of each 32 bits, four times. */
    __m512i spread[4];
    for (int i = 0; i < 4; i++)
        spread[i] = _mm512_add_epi8(
            _mm512_broadcast_i32x4(_mm_setr_epi32(0x00000000, 0x04040404, 0x08080808, 0x0c0c0c0c)),
            _mm512_set1_epi8((char)i));
    for (size_t b = 0, at = 0; b < w->n / 32; b++, at += BLOCK_BYTES) {
        const __m512i fifth = fifth_bits(row, at + 2);
        __m512i packed[4], q[8];
        mn_transpose16(packed, row, at + 6);
        for (int i = 0; i < 4; i++) {
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed[i], 4), low);
            q[i] = _mm512_add_epi8(_mm512_and_si512(packed[i], low), up);
            q[i + 4] = _mm512_add_epi8(high, up);
        }
        for (int i = 0; i < 4; i++) { /* each byte of bits serves two words of weights */
            const __m512i bits = _mm512_shuffle_epi8(fifth, spread[i]);
            q[2 * i] = _mm512_mask_add_epi8(q[2 * i], _mm512_test_epi8_mask(bits, even), q[2 * i],
                                            sixteen);
            q[2 * i + 1] = _mm512_mask_add_epi8(q[2 * i + 1], _mm512_test_epi8_mask(bits, odd),
                                                q[2 * i + 1], sixteen);
        }
        mn_panel_store(out, b * 8, q);
        mn_panel_store(out, b * 8 + 4, q + 4);
        _mm512_store_ps(out->scale + b * 16, mn_panel_halves(row, at));
    }
}

MN_DEFINE_AVX512VNNI(q5_0)
