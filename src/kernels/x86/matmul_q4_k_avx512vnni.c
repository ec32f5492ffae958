/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_q4_k_avx512vnni.c - Q4_K times int8 activations. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { BLOCK_BYTES = 144 };

static inline void load(mn_chunk *out, const uint8_t *block)
{
    const __m256i low = _mm256_set1_epi8(15);
    __m256 scale, offset;
    mn_k_scales(&scale, &offset, block);
    for (int c = 0; c < 2; c++) {
        out[c].scale = c ? _mm256_permute2f128_ps(scale, scale, 0x11)
                         : _mm256_permute2f128_ps(scale, scale, 0x00);
        out[c].offset = c ? _mm256_permute2f128_ps(offset, offset, 0x11)
                          : _mm256_permute2f128_ps(offset, offset, 0x00);
        for (int k = 0; k < 2; k++) {
            const __m256i packed = _mm256_loadu_si256((const void *)(block + 16 + c * 64 + k * 32));
            out[c].q[2 * k] = _mm256_and_si256(packed, low);
            out[c].q[2 * k + 1] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low);
        }
    }
}

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

static const mn_chunk_format chunks = { load, 256, BLOCK_BYTES, 0, true };

MN_DEFINE_AVX512VNNI(q4_k)
