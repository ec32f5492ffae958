/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q4_1_avx512vnni.c - Q4_1 times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 20, BIAS = 0 };

static inline void load(mn_chunk *out, const uint8_t *blocks)
{
    const __m256i shift = _mm256_setr_epi64x(0, 0, 4, 4), low = _mm256_set1_epi8(15);
    for (int b = 0; b < 4; b++) {
        const __m128i packed = _mm_loadu_si128((const void *)(blocks + b * BLOCK_BYTES + 4));
        const __m256i twice = _mm256_broadcastsi128_si256(packed);
        out->q[b] = _mm256_and_si256(_mm256_srlv_epi64(twice, shift), low);
    }
    out->scale = mn_four_halves(blocks, BLOCK_BYTES);
    out->offset = mn_four_halves(blocks + 2, BLOCK_BYTES);
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), up = _mm512_set1_epi8(128 - BIAS);
    for (size_t b = 0, at = 0; b < w->n / 32; b++, at += BLOCK_BYTES) {
        __m512i packed[4], first[4], second[4];
        mn_transpose16(packed, row, at + 4);
        for (int i = 0; i < 4; i++) {
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed[i], 4), low);
            first[i] = _mm512_add_epi8(_mm512_and_si512(packed[i], low), up);
            second[i] = _mm512_add_epi8(high, up);
        }
        mn_panel_store(out, b * 8, first);
        mn_panel_store(out, b * 8 + 4, second);
        _mm512_store_ps(out->scale + b * 16, mn_panel_halves(row, at));
        _mm512_store_ps(out->offset + b * 16, mn_panel_halves(row, at + 2));
    }
}

static const mn_chunk_format chunks = { load, 32, BLOCK_BYTES, BIAS, true };

MN_DEFINE_AVX512VNNI(q4_1)
