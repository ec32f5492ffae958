/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_iq4_nl_avx512vnni.c - IQ4_NL times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 18, BIAS = 128 };

/* The 16 levels of the format + 128. */
static inline __m128i levels(void)
{
    return _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15);
}

static inline void load(mn_chunk *out, const uint8_t *blocks)
{
    const __m256i shift = _mm256_setr_epi64x(0, 0, 4, 4), low = _mm256_set1_epi8(15);
    const __m256i table = _mm256_broadcastsi128_si256(levels());
    for (int b = 0; b < 4; b++) {
        const __m128i packed = _mm_loadu_si128((const void *)(blocks + b * BLOCK_BYTES + 2));
        const __m256i twice = _mm256_broadcastsi128_si256(packed);
        const __m256i index = _mm256_and_si256(_mm256_srlv_epi64(twice, shift), low);
        out->q[b] = _mm256_shuffle_epi8(table, index);
    }
    out->scale = mn_four_halves(blocks, BLOCK_BYTES);
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const __m512i low = _mm512_set1_epi8(15), table = _mm512_broadcast_i32x4(levels());
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

static const mn_chunk_format chunks = { load, 32, BLOCK_BYTES, BIAS, false };

MN_DEFINE_AVX512VNNI(iq4_nl)
