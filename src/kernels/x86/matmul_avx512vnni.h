/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_avx512vnni.h - what the AVX-512 VNNI rows of the kernel list share.
 *
 * Weights come in chunks of 128 = 8 groups of 16, as four vectors of 32 bytes
 * that hold weight + bias, unsigned. The unsigned-by-signed dot product adds
 * four products to each 32-bit lane without saturating; bias * sum(x) is taken
 * off by starting at -bias * sum(x). So every byte a file may hold is exact.
 *
 * A format brings two functions: one that loads chunks (MN_DECODE), one that
 * fills a panel of 16 rows (MN_PROMPT). Only files named *_avx512vnni.c may
 * include this. */
#ifndef MN_KERNELS_X86_MATMUL_AVX512VNNI_H
#define MN_KERNELS_X86_MATMUL_AVX512VNNI_H

#include "kernels/matmul_rows.h"

#include <immintrin.h>
#include <string.h>

#define MN_INLINE static inline __attribute__((always_inline))

enum { MN_CHUNK = 128, MN_DECODE_TOKENS = 8 };

/* 128 weights. Lanes of scale and offset: groups 0 2 4 6, then 1 3 5 7. */
typedef struct mn_chunk {
    __m256i q[4]; /* 32 weights each, in order */
    __m256 scale, offset;
} mn_chunk;

/* Loads 128 weights from whole blocks; a block of 256 weights gives two chunks at once. */
typedef void mn_chunk_fn(mn_chunk *out, const uint8_t *blocks);

typedef struct mn_chunk_format {
    mn_chunk_fn *load;
    uint32_t block, block_bytes; /* as in mn_format: 32 or 256 weights */
    int bias;                    /* of q, 0..128 */
    bool affine;
} mn_chunk_format;

/* 128 activations of one token, arranged for mn_chunk after mn_transpose4. */
typedef struct mn_decode_input {
    int8_t q[4][32];
    float scale[8], sum[8];
    int32_t start[8]; /* -bias * sum of q */
    int32_t unused[8];
} mn_decode_input;

/* Lane i of each 128 bits becomes the i-th vector's, and vector j its j-th word: afterwards a lane of the
 * four vectors holds one group. (The order of the words within a group is free, so that three of the
 * four need a shuffle and the rest are blends, which run on any port.) */
MN_INLINE void mn_transpose4(__m256i v[4])
{
    const __m256i ab = _mm256_blend_epi32(v[0], v[1], 0xaa), ba = _mm256_blend_epi32(v[1], v[0], 0xaa);
    const __m256i cd = _mm256_blend_epi32(v[2], v[3], 0xaa), dc = _mm256_blend_epi32(v[3], v[2], 0xaa);
    v[0] = _mm256_blend_epi32(ab, cd, 0xcc);
    v[1] = _mm256_shuffle_epi32(_mm256_blend_epi32(ba, dc, 0xcc), _MM_SHUFFLE(2, 3, 0, 1));
    v[2] = _mm256_shuffle_epi32(_mm256_blend_epi32(cd, ab, 0xcc), _MM_SHUFFLE(1, 0, 3, 2));
    v[3] = _mm256_shuffle_epi32(_mm256_blend_epi32(dc, ba, 0xcc), _MM_SHUFFLE(0, 1, 2, 3));
}

/* Fills inputs[chunk][token] of n_tokens tokens; those behind n_real, and what lies behind the row's end,
 * are zero. */
MN_INLINE void mn_decode_inputs(mn_decode_input *inputs, const mn_activations *x, uint32_t token,
                                uint32_t n_real, uint32_t n_tokens, int bias)
{
    const uint32_t n_chunks = (x->n_blocks + 3) / 4;
    for (uint32_t c = 0; c < n_chunks; c++)
        for (uint32_t t = 0; t < n_tokens; t++) {
            mn_decode_input *out = &inputs[(size_t)c * n_tokens + t];
            __m256i q[4];
            for (uint32_t b = 0; b < 4; b++) {
                const bool real = t < n_real && c * 4 + b < x->n_blocks;
                static const mn_activation_block zero = { .unused = 0 };
                const mn_activation_block *in =
                    real ? mn_activations_block(x, token + t, c * 4 + b) : &zero;
                q[b] = _mm256_loadu_si256((const void *)in->q);
                for (int half = 0; half < 2; half++) {
                    out->scale[4 * half + b] = in->scale[half];
                    out->sum[4 * half + b] = in->sum[half];
                    out->start[4 * half + b] = in->start[half] / 128 * bias;
                }
            }
            mn_transpose4(q);
            for (int j = 0; j < 4; j++) _mm256_storeu_si256((void *)out->q[j], q[j]);
        }
}

MN_INLINE void mn_decode_chunk(__m256 *sum, mn_chunk *w, const mn_decode_input *x, uint32_t n_tokens,
                               bool affine)
{
    mn_transpose4(w->q);
    for (uint32_t t = 0; t < n_tokens; t++) {
        __m256i dot = _mm256_loadu_si256((const void *)x[t].start);
        for (int j = 0; j < 4; j++)
            dot = _mm256_dpbusd_epi32(dot, w->q[j], _mm256_loadu_si256((const void *)x[t].q[j]));
        const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x[t].scale), _mm256_cvtepi32_ps(dot));
        sum[t] = _mm256_add_ps(sum[t], _mm256_mul_ps(w->scale, scaled));
        if (affine)
            sum[t] = _mm256_add_ps(sum[t], _mm256_mul_ps(w->offset, _mm256_loadu_ps(x[t].sum)));
    }
}

/* ((s0+s1)+(s4+s5)) + ((s2+s3)+(s6+s7)) of lanes 0 2 4 6 1 3 5 7. */
MN_INLINE float mn_decode_total(__m256 sum)
{
    const __m128 pairs = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    const __m128 fours = _mm_add_ps(pairs, _mm_movehl_ps(pairs, pairs));
    return _mm_cvtss_f32(_mm_add_ss(fours, _mm_movehdup_ps(fours)));
}

/* The rows given times n_tokens (a constant after inlining) tokens. */
MN_INLINE void mn_decode_rows(float *y, size_t y_stride, const mn_linear *w,
                              const mn_decode_input *inputs, uint32_t n_real, mn_range rows,
                              uint32_t n_tokens, const mn_chunk_format *format)
{
    const uint32_t n_chunks_each = format->block == 256 ? 2 : 1;
    const uint32_t step = n_chunks_each * MN_CHUNK / format->block * format->block_bytes;
    const uint32_t n_steps = w->n / (n_chunks_each * MN_CHUNK);
    const uint32_t tail_bytes = (uint32_t)(w->row_bytes - (uint64_t)n_steps * step);
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        const uint8_t *blocks = mn_linear_data(w, row);
        const mn_decode_input *x = inputs;
        __m256 sum[MN_DECODE_TOKENS];
        mn_chunk chunk[2];
        for (uint32_t t = 0; t < n_tokens; t++) sum[t] = _mm256_setzero_ps();
        for (uint32_t i = 0; i < n_steps; i++, blocks += step) {
            _mm_prefetch((const char *)blocks + 2048, _MM_HINT_T0);
            if (step > 64) _mm_prefetch((const char *)blocks + 2112, _MM_HINT_T0);
            format->load(chunk, blocks);
            for (uint32_t c = 0; c < n_chunks_each; c++, x += n_tokens)
                mn_decode_chunk(sum, &chunk[c], x, n_tokens, format->affine);
        }
        if (tail_bytes) { /* one to three blocks of 32 */
            uint8_t padded[4 * 64] = { 0 };
            memcpy(padded, blocks, tail_bytes);
            format->load(chunk, padded);
            mn_decode_chunk(sum, &chunk[0], x, n_tokens, format->affine);
        }
        for (uint32_t t = 0; t < n_tokens; t++)
            if (t < n_real) y[t * y_stride + row] = mn_decode_total(sum[t]);
    }
}

MN_INLINE void mn_decode_avx512vnni(float *y, size_t y_stride, const mn_linear *w,
                                    const mn_activations *x, mn_range tokens, mn_range rows,
                                    void *scratch, const mn_chunk_format *format)
{
    mn_decode_input *inputs = scratch;
    for (uint32_t token = tokens.begin; token < tokens.end; token += MN_DECODE_TOKENS) {
        const uint32_t left = tokens.end - token;
        const uint32_t n_real = left < MN_DECODE_TOKENS ? left : MN_DECODE_TOKENS;
        const uint32_t n_tokens = n_real == 1 ? 1 : (n_real + 1) / 2 * 2;
        float *out = y + token * y_stride;
        mn_decode_inputs(inputs, x, token, n_real, n_tokens, format->bias);
        switch (n_tokens) {
        case 1: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 1, format); break;
        case 2: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 2, format); break;
        case 4: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 4, format); break;
        case 6: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 6, format); break;
        default: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 8, format); break;
        }
    }
}

/* --- MN_PROMPT --------------------------------------------------------------------------------- */

/* 16 rows side by side, all of their length. */
typedef struct mn_panel {
    uint8_t *q;    /* [n / 4, 16 rows, 4] weight + 128 */
    float *scale;  /* [n / mn_scale_weights, 16 rows] */
    float *offset; /* as scale; affine formats only */
} mn_panel;

/* Fills a panel from 16 rows of w (some may be the same row). */
typedef void mn_panel_fn(const mn_panel *out, const uint8_t *const row[16], const mn_linear *w);

void mn_prompt_avx512vnni(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                          mn_range tokens, mn_range rows, void *scratch, mn_panel_fn *fill);

/* 16 bytes of each of 16 rows become four vectors of [16 rows, 4 bytes]. */
MN_INLINE void mn_transpose16(__m512i out[4], const uint8_t *const row[16], size_t at)
{
    __m512i v[4];
    for (int i = 0; i < 4; i++) {
        __m512i rows = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(row[i] + at)));
        rows = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 4] + at)), 1);
        rows = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 8] + at)), 2);
        v[i] = _mm512_inserti32x4(rows, _mm_loadu_si128((const void *)(row[i + 12] + at)), 3);
    }
    const __m512i ab_low = _mm512_unpacklo_epi32(v[0], v[1]), ab_high = _mm512_unpackhi_epi32(v[0], v[1]);
    const __m512i cd_low = _mm512_unpacklo_epi32(v[2], v[3]), cd_high = _mm512_unpackhi_epi32(v[2], v[3]);
    out[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
    out[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
    out[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
    out[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

/* 16 bytes of weights + 128, transposed, to words at .. at+3 of the panel. */
MN_INLINE void mn_panel_store(const mn_panel *panel, size_t at, const __m512i v[4])
{
    for (int i = 0; i < 4; i++) _mm512_store_si512((void *)(panel->q + (at + i) * 64), v[i]);
}

/* The half float at byte `at` of each row. */
MN_INLINE __m512 mn_panel_halves(const uint8_t *const row[16], size_t at)
{
    uint16_t half[16];
    for (int r = 0; r < 16; r++) memcpy(&half[r], row[r] + at, sizeof half[r]);
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)half));
}

/* The half floats that start four blocks, in both halves of a vector. */
MN_INLINE __m256 mn_four_halves(const uint8_t *blocks, size_t block_bytes)
{
    uint64_t all = 0;
    for (int b = 3; b >= 0; b--) {
        uint16_t half;
        memcpy(&half, blocks + b * block_bytes, sizeof half);
        all = all << 16 | half;
    }
    return _mm256_cvtph_ps(_mm_set1_epi64x((long long)all));
}

/* The eight scales and offsets of a block of Q4_K or Q5_K: halves d and dmin, then 12 bytes of 6-bit
 * numbers. Bytes 0-3 and 4-7 hold the first four of both and, in their upper two bits, the upper bits of
 * the others, whose low four bits are the halves of bytes 8-11. */
MN_INLINE void mn_k_scales(__m256 *scale, __m256 *offset, const uint8_t *block)
{
    uint32_t both, packed[3];
    memcpy(&both, block, sizeof both);
    memcpy(packed, block + 4, sizeof packed);
    const uint32_t low = 0x3f3f3f3fu, four = 0x0f0f0f0fu, two = 0x30303030u;
    const uint32_t last_scale = (packed[2] & four) | (packed[0] >> 2 & two);
    const uint32_t last_minimum = (packed[2] >> 4 & four) | (packed[1] >> 2 & two);
    const uint64_t scales = (uint64_t)last_scale << 32 | (packed[0] & low);
    const uint64_t minimums = (uint64_t)last_minimum << 32 | (packed[1] & low);
    const __m256i scale_words = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)scales));
    const __m256i minimum_words = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)minimums));
    const __m128 d = _mm_cvtph_ps(_mm_cvtsi32_si128((int)(both ^ 0x80000000u))); /* d, -dmin */
    *scale = _mm256_mul_ps(_mm256_broadcastss_ps(d), _mm256_cvtepi32_ps(scale_words));
    *offset = _mm256_mul_ps(_mm256_broadcastss_ps(_mm_movehdup_ps(d)),
                            _mm256_cvtepi32_ps(minimum_words));
}

/* The same for 16 rows, into block b of a panel. */
MN_INLINE void mn_panel_k_scales(const mn_panel *out, size_t b, const uint8_t *const row[16], size_t at)
{
    float scale[16][8], offset[16][8];
    const uint8_t *scale_row[16], *offset_row[16];
    for (int r = 0; r < 16; r++) {
        __m256 s, o;
        mn_k_scales(&s, &o, row[r] + at);
        _mm256_storeu_ps(scale[r], s);
        _mm256_storeu_ps(offset[r], o);
        scale_row[r] = (const uint8_t *)scale[r];
        offset_row[r] = (const uint8_t *)offset[r];
    }
    for (size_t half = 0; half < 2; half++) {
        __m512i s[4], o[4];
        mn_transpose16(s, scale_row, 16 * half);
        mn_transpose16(o, offset_row, 16 * half);
        for (size_t i = 0; i < 4; i++) {
            const size_t to = (b * 8 + 4 * half + i) * 16;
            _mm512_store_si512((void *)(out->scale + to), s[i]);
            _mm512_store_si512((void *)(out->offset + to), o[i]);
        }
    }
}

/* Defines mn_matmul_<format>_avx512vnni_{decode,prompt} from `chunks` and `fill_panel`. */
#define MN_DEFINE_AVX512VNNI(format)                                                                \
    void mn_matmul_##format##_avx512vnni_decode(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        mn_decode_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, &chunks);                    \
    }                                                                                               \
    void mn_matmul_##format##_avx512vnni_prompt(float *y, size_t y_stride, const mn_linear *w,      \
                                                const mn_activations *x, mn_range tokens,           \
                                                mn_range rows, void *scratch)                       \
    {                                                                                               \
        mn_prompt_avx512vnni(y, y_stride, w, x, tokens, rows, scratch, fill_panel);                 \
    }

#endif
