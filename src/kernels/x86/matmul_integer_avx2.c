/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_integer_avx2.c - the integer formats with AVX2: loaders of chunk.h meet dot products.
 *
 * Panels of 8 rows are filled from chunks too, so that a format needs nothing but its loader. */
#include "kernels/x86/matmul_avx2.h"

enum { ROWS = 8 };

MN_INLINE __m256i dot_chunk(const __m256i q[4], const mn_decode_input *x, mn_chunk_kind kind)
{
    const int n_sums = mn_sums_in_16_bits(kind);
    __m256i dot = _mm256_loadu_si256((const void *)x->start), sums = _mm256_setzero_si256();
    MN_UNROLL
    for (int j = 0; j < 4; j++) {
        const __m256i pairs =
            mn_pair_products(q[j], _mm256_loadu_si256((const void *)x->q[j]), kind);
        sums = j % n_sums ? _mm256_add_epi16(sums, pairs) : pairs;
        if (j % n_sums == n_sums - 1)
            dot = _mm256_add_epi32(dot, _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
    }
    return dot;
}

/* Eight vectors of eight words, transposed. */
MN_INLINE void transpose8(__m256i v[8])
{
    __m256i pairs[8], fours[8];
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            fours[i + 2 * j] = _mm256_unpacklo_epi64(pairs[i + j], pairs[i + j + 2]);
            fours[i + 2 * j + 1] = _mm256_unpackhi_epi64(pairs[i + j], pairs[i + j + 2]);
        }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20);
        v[i + 4] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31);
    }
}

/* Group `at` and the others of a chunk, eight rows: lane `i` of the rows' vectors is group 2i or 2i - 7. */
MN_INLINE void store_scales(float *out, const __m256 rows[ROWS], uint32_t n_groups, bool scale_16)
{
    __m256i v[ROWS];
    for (int r = 0; r < ROWS; r++) v[r] = _mm256_castps_si256(rows[r]);
    transpose8(v);
    for (uint32_t g = 0; g < n_groups; g += scale_16 ? 1 : 2, out += ROWS)
        _mm256_storeu_si256((void *)out, v[g / 2 + g % 2 * 4]);
}

/* The weights of a chunk, of which the first n_groups are there. */
MN_INLINE void store_chunk(const mn_panel8 *out, const mn_chunk *const rows[ROWS], size_t first_group,
                           uint32_t n_groups, bool scale_16, bool affine)
{
    __m256 numbers[ROWS];
    for (uint32_t b = 0; b < n_groups / 2; b++) {
        __m256i v[ROWS];
        for (int r = 0; r < ROWS; r++) v[r] = rows[r]->q[b];
        transpose8(v);
        uint8_t *to = out->q + (first_group + 2 * b) * 16 * ROWS;
        for (int i = 0; i < 8; i++) _mm256_storeu_si256((void *)(to + i * 32), v[i]);
    }
    const size_t at = first_group / (scale_16 ? 1 : 2) * ROWS;
    for (int r = 0; r < ROWS; r++) numbers[r] = rows[r]->scale;
    store_scales(out->scale + at, numbers, n_groups, scale_16);
    if (!affine) return;
    for (int r = 0; r < ROWS; r++) numbers[r] = rows[r]->offset;
    store_scales(out->offset + at, numbers, n_groups, scale_16);
}

MN_INLINE void fill(const mn_panel8 *out, const uint8_t *const row[ROWS], const mn_linear *w,
                    const mn_chunk_format *chunks)
{
    const uint32_t n_step = chunks->n_chunks * MN_CHUNK;
    const bool scale_16 = mn_scale_weights(w->format) == 16;
    mn_chunk loaded[ROWS][2];
    const mn_chunk *rows[ROWS];
    for (uint32_t i = 0; i < w->n; i += n_step) {
        const size_t at = (size_t)i / w->format->block * w->format->block_bytes;
        const uint32_t n = w->n - i < n_step ? w->n - i : n_step;
        for (int r = 0; r < ROWS; r++) {
            if (n == n_step) chunks->load(loaded[r], row[r] + at, w->format);
            else mn_load_tail(loaded[r], row[r] + at, (size_t)w->row_bytes - at, w->format, chunks);
        }
        for (uint32_t c = 0; c < chunks->n_chunks; c++) {
            const uint32_t left = n - c * MN_CHUNK;
            for (int r = 0; r < ROWS; r++) rows[r] = &loaded[r][c];
            store_chunk(out, rows, i / 16 + c * 8, (left < MN_CHUNK ? left : MN_CHUNK) / 16, scale_16,
                        chunks->affine);
        }
    }
}

#define DEFINE(format)                                                                              \
    static void fill_##format(const mn_panel8 *out, const uint8_t *const row[ROWS],                 \
                              const mn_linear *w)                                                   \
    {                                                                                               \
        fill(out, row, w, &mn_chunks_##format);                                                     \
    }                                                                                               \
    void mn_matmul_##format##_avx2_decode(float *y, size_t y_stride, const mn_linear *w,            \
                                          const mn_activations *x, mn_range tokens, mn_range rows,  \
                                          void *scratch)                                            \
    {                                                                                               \
        mn_decode(y, y_stride, w, x, tokens, rows, scratch, &mn_chunks_##format,                    \
                  mn_chunks_##format.bias, dot_chunk);                                              \
    }                                                                                               \
    void mn_matmul_##format##_avx2_prompt(float *y, size_t y_stride, const mn_linear *w,            \
                                          const mn_activations *x, mn_range tokens, mn_range rows,  \
                                          void *scratch)                                            \
    {                                                                                               \
        mn_prompt_avx2(y, y_stride, w, x, tokens, rows, scratch, &mn_chunks_##format,               \
                       fill_##format);                                                              \
    }

DEFINE(q4_0)
DEFINE(q4_1)
DEFINE(q5_0)
DEFINE(q5_1)
DEFINE(q8_0)
DEFINE(iq4_nl)
DEFINE(q4_k)
DEFINE(q5_k)
DEFINE(q6_k)

static void fill_integer(const mn_panel8 *out, const uint8_t *const row[ROWS], const mn_linear *w)
{
    const mn_chunk_format chunks = mn_chunks_integer(w->format);
    fill(out, row, w, &chunks);
}

void mn_matmul_integer_avx2_decode(float *y, size_t y_stride, const mn_linear *w,
                                   const mn_activations *x, mn_range tokens, mn_range rows,
                                   void *scratch)
{
    const mn_chunk_format chunks = mn_chunks_integer(w->format);
    mn_decode(y, y_stride, w, x, tokens, rows, scratch, &chunks, 0, dot_chunk);
}

void mn_matmul_integer_avx2_prompt(float *y, size_t y_stride, const mn_linear *w,
                                   const mn_activations *x, mn_range tokens, mn_range rows,
                                   void *scratch)
{
    const mn_chunk_format chunks = mn_chunks_integer(w->format);
    mn_prompt_avx2(y, y_stride, w, x, tokens, rows, scratch, &chunks, fill_integer);
}
