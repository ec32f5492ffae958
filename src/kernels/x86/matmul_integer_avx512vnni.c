/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_integer_avx512vnni.c - any integer format, by way of its `unpack`. */
#include "kernels/x86/matmul_avx512vnni.h"

enum { PIECE = 256 }; /* weights unpacked at a time; a whole number of blocks */

/* A row unpacked into whole chunks: q, scales and offsets follow each other. */
typedef struct row_chunk {
    int8_t q[MN_CHUNK];
    float scale[8], offset[8];
} row_chunk;

static inline void load(mn_chunk *out, const uint8_t *blocks)
{
    const row_chunk *in = (const void *)blocks;
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    for (int b = 0; b < 4; b++)
        out->q[b] = _mm256_xor_si256(_mm256_loadu_si256((const void *)(in->q + 32 * b)),
                                     _mm256_set1_epi8(-128));
    out->scale = _mm256_permutevar8x32_ps(_mm256_loadu_ps(in->scale), order);
    out->offset = _mm256_permutevar8x32_ps(_mm256_loadu_ps(in->offset), order);
}

/* Weights [begin, begin + n) of a row; n is at most PIECE. */
static void unpack_piece(int8_t *q, float *scale, float *offset, const uint8_t *row, size_t begin,
                         uint32_t n, const mn_format *format)
{
    format->unpack(q, scale, offset, row + begin / format->block * format->block_bytes, n);
}

static uint32_t piece_length(uint32_t n, uint32_t begin) { return n - begin < PIECE ? n - begin : PIECE; }

static void unpack_row(row_chunk *out, const uint8_t *row, const mn_linear *w)
{
    for (uint32_t begin = 0; begin < w->n; begin += PIECE) {
        int8_t q[PIECE] = { 0 };
        float scale[PIECE / 16] = { 0 }, offset[PIECE / 16] = { 0 };
        unpack_piece(q, scale, offset, row, begin, piece_length(w->n, begin), w->format);
        for (uint32_t c = 0; c < 2 && begin + c * MN_CHUNK < w->n; c++, out++) {
            memcpy(out->q, q + c * MN_CHUNK, sizeof out->q);
            memcpy(out->scale, scale + 8 * c, sizeof out->scale);
            memcpy(out->offset, offset + 8 * c, sizeof out->offset);
        }
    }
}

static void fill_panel(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w)
{
    const uint32_t scale_step = mn_scale_weights(w->format) / 16;
    for (uint32_t begin = 0; begin < w->n; begin += PIECE) {
        const uint32_t n = piece_length(w->n, begin);
        int8_t q[16][PIECE];
        float scale[16][PIECE / 16], offset[16][PIECE / 16];
        const uint8_t *q_row[16];
        for (int r = 0; r < 16; r++) {
            unpack_piece(q[r], scale[r], offset[r], row[r], begin, n, w->format);
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
                if (w->format->affine) out->offset[to] = offset[r][g];
            }
    }
}

/* One row at a time, unpacked behind the activations. */
static void decode(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                   mn_range tokens, mn_range rows, void *scratch, const mn_chunk_format *chunks)
{
    const size_t n_chunks = ((size_t)w->n + MN_CHUNK - 1) / MN_CHUNK;
    row_chunk *unpacked = (void *)((mn_decode_input *)scratch + n_chunks * MN_DECODE_TOKENS);
    mn_linear one = *w;
    one.n = (uint32_t)(n_chunks * MN_CHUNK);
    one.row_bytes = n_chunks * sizeof *unpacked;
    for (uint32_t token = tokens.begin; token < tokens.end; token += MN_DECODE_TOKENS) {
        const uint32_t left = tokens.end - token;
        const uint32_t n_real = left < MN_DECODE_TOKENS ? left : MN_DECODE_TOKENS;
        mn_decode_inputs(scratch, x, token, n_real, MN_DECODE_TOKENS, chunks->bias);
        for (uint32_t row = rows.begin; row < rows.end; row++) {
            unpack_row(unpacked, mn_linear_data(w, row), w);
            one.data = (const uint8_t *)unpacked;
            mn_decode_rows(y + token * y_stride + row, y_stride, &one, scratch, n_real,
                           (mn_range){ 0, 1 }, MN_DECODE_TOKENS, chunks);
        }
    }
}

/* Four "blocks" of 32 make a row_chunk. */
static const mn_chunk_format linear = { load, 32, sizeof(row_chunk) / 4, 128, false };
static const mn_chunk_format affine = { load, 32, sizeof(row_chunk) / 4, 128, true };

void mn_matmul_integer_avx512vnni_decode(float *y, size_t y_stride, const mn_linear *w,
                                         const mn_activations *x, mn_range tokens, mn_range rows,
                                         void *scratch)
{
    decode(y, y_stride, w, x, tokens, rows, scratch, w->format->affine ? &affine : &linear);
}

void mn_matmul_integer_avx512vnni_prompt(float *y, size_t y_stride, const mn_linear *w,
                                         const mn_activations *x, mn_range tokens, mn_range rows,
                                         void *scratch)
{
    mn_prompt_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, fill_panel);
}
