/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_integer_avx512vnni.c - any integer format, by way of its `unpack`. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { PIECE = 256 }; /* weights unpacked at a time; a whole number of blocks */

/* `n` weights of 16 rows, from `begin` on. */
static void fill_piece(const mn_panel *out, const uint8_t *const row[16], const mn_format *format,
                       uint32_t begin, uint32_t n)
{
    const uint32_t scale_step = mn_scale_weights(format) / 16;
    int8_t q[16][PIECE];
    float scale[16][PIECE / 16], offset[16][PIECE / 16];
    const uint8_t *q_row[16];
    for (int r = 0; r < 16; r++) {
        const uint8_t *blocks = row[r] + (size_t)begin / format->block * format->block_bytes;
        format->unpack(q[r], scale[r], offset[r], blocks, n);
        q_row[r] = (const uint8_t *)q[r];
    }
    for (uint32_t at = 0; at < n; at += 16) {
        __m512i v[4];
        mn_transpose16(v, q_row, at);
        for (int i = 0; i < 4; i++) v[i] = _mm512_xor_si512(v[i], _mm512_set1_epi8(-128));
        mn_panel_store(out, (begin + at) / 4, v);
    }
    for (uint32_t g = 0; g < n / 16; g += scale_step)
        for (uint32_t r = 0; r < 16; r++) {
            const size_t to = (size_t)(begin / 16 + g) / scale_step * 16 + r;
            out->scale[to] = scale[r][g];
            if (format->affine) out->offset[to] = offset[r][g];
        }
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    for (uint32_t begin = 0; begin < w->n; begin += PIECE)
        fill_piece(out, row, w->format, begin, w->n - begin < PIECE ? w->n - begin : PIECE);
}

void mn_matmul_integer_avx512vnni_decode(float *y, size_t y_stride, const mn_linear *w,
                                         const mn_activations *x, mn_range tokens, mn_range rows,
                                         void *scratch)
{
    const mn_chunk_format chunks = mn_chunks_integer(w->format);
    mn_decode_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, &chunks);
}

void mn_matmul_integer_avx512vnni_prompt(float *y, size_t y_stride, const mn_linear *w,
                                         const mn_activations *x, mn_range tokens, mn_range rows,
                                         void *scratch)
{
    mn_prompt_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, fill_panel);
}
