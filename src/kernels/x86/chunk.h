/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.h - weights 128 at a time, as the AVX2 and AVX-512 VNNI rows of the kernel list read them.
 *
 * A chunk of 128 = 8 groups of 16 weights is four vectors of 32 bytes with
 * scales and offsets. Each format has a loader here; the MN_DECODE driver puts
 * loader and dot product together. Everything is inline and compiled for the
 * instruction set of the file that includes it (*_avx2.c, *_avx512vnni.c). */
#ifndef MN_KERNELS_X86_CHUNK_H
#define MN_KERNELS_X86_CHUNK_H

#include "kernels/matmul_rows.h"

#include <immintrin.h>
#include <string.h>

/* MN_INLINE makes arguments constants, one copy of the code for each format and number of tokens.
 * MN_UNROLL stands before a loop over an array of vectors, so that the array lives in registers. A build
 * with sanitizers does without both: checks in every copy would take minutes to compile. */
#if defined(__SANITIZE_ADDRESS__)
#define MN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MN_SANITIZED 1
#endif
#endif
#if defined(MN_SANITIZED)
#define MN_INLINE __attribute__((unused, noinline)) static
#define MN_UNROLL
#else
#define MN_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define MN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MN_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

enum { MN_CHUNK = 128, MN_DECODE_TOKENS = 8 };

/* 128 weights. Lanes of scale and offset: groups 0 2 4 6, then 1 3 5 7. */
typedef struct mn_chunk {
    __m256i q[4]; /* 32 weights each, in order */
    __m256 scale, offset;
} mn_chunk;

/* What the bytes of a chunk are. */
typedef enum mn_chunk_kind {
    MN_CHUNK_31, /* weight + bias, 0..31 */
    MN_CHUNK_63, /* weight + bias, 0..63 */
    MN_CHUNK_INT8, /* the weight, any of -128..127 */
} mn_chunk_kind;

/* Loads one chunk from four blocks of 32, or two from a block of 256. */
typedef void mn_chunk_fn(mn_chunk *out, const uint8_t *blocks, const mn_format *format);

typedef struct mn_chunk_format {
    mn_chunk_fn *load;
    uint32_t n_chunks; /* that one load gives: 1 or 2 */
    mn_chunk_kind kind;
    int bias;
    bool affine;
} mn_chunk_format;

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

/* 16 bytes of two 4-bit numbers: the low halves, then the high halves. */
MN_INLINE __m256i mn_load_fours(const uint8_t *bytes)
{
    const __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)bytes));
    const __m256i shifted = _mm256_srlv_epi64(twice, _mm256_setr_epi64x(0, 0, 4, 4));
    return _mm256_and_si256(shifted, _mm256_set1_epi8(15));
}

/* 32 bits spread to bytes of 0 or 16, plus v. */
MN_INLINE __m256i mn_add_sixteens(__m256i v, const uint8_t *bytes)
{
    uint32_t bits;
    memcpy(&bits, bytes, sizeof bits);
#if defined(__AVX512BW__)
    return _mm256_mask_add_epi8(v, bits, v, _mm256_set1_epi8(16));
#else
    const __m256i spread = _mm256_setr_epi64x(0x0000000000000000, 0x0101010101010101,
                                              0x0202020202020202, 0x0303030303030303);
    const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201u);
    const __m256i copies = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), spread);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(copies, each), each);
    return _mm256_add_epi8(v, _mm256_and_si256(set, _mm256_set1_epi8(16)));
#endif
}

/* The loaders. Where the parts of a block lie is told in tensor/format_<name>.c. */

static inline void mn_load_q4_0(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    for (int b = 0; b < 4; b++) out->q[b] = mn_load_fours(blocks + b * 18 + 2);
    out->scale = mn_four_halves(blocks, 18);
}

static inline void mn_load_q4_1(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    for (int b = 0; b < 4; b++) out->q[b] = mn_load_fours(blocks + b * 20 + 4);
    out->scale = mn_four_halves(blocks, 20);
    out->offset = mn_four_halves(blocks + 2, 20);
}

static inline void mn_load_q5_0(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    for (int b = 0; b < 4; b++)
        out->q[b] = mn_add_sixteens(mn_load_fours(blocks + b * 22 + 6), blocks + b * 22 + 2);
    out->scale = mn_four_halves(blocks, 22);
}

static inline void mn_load_q5_1(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    for (int b = 0; b < 4; b++)
        out->q[b] = mn_add_sixteens(mn_load_fours(blocks + b * 24 + 8), blocks + b * 24 + 4);
    out->scale = mn_four_halves(blocks, 24);
    out->offset = mn_four_halves(blocks + 2, 24);
}

static inline void mn_load_q8_0(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    for (int b = 0; b < 4; b++)
        out->q[b] = _mm256_loadu_si256((const void *)(blocks + b * 34 + 2));
    out->scale = mn_four_halves(blocks, 34);
}

/* The 16 levels of IQ4_NL. */
MN_INLINE __m128i mn_iq4_nl_table(void)
{
    return _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

static inline void mn_load_iq4_nl(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    (void)format;
    const __m256i table = _mm256_broadcastsi128_si256(mn_iq4_nl_table());
    for (int b = 0; b < 4; b++)
        out->q[b] = _mm256_shuffle_epi8(table, mn_load_fours(blocks + b * 18 + 2));
    out->scale = mn_four_halves(blocks, 18);
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

/* The same as the scales and offsets of two chunks. */
MN_INLINE void mn_load_k_chunk_scales(mn_chunk out[2], const uint8_t *block)
{
    __m256 scale, offset;
    mn_k_scales(&scale, &offset, block);
    out[0].scale = _mm256_permute2f128_ps(scale, scale, 0x00);
    out[1].scale = _mm256_permute2f128_ps(scale, scale, 0x11);
    out[0].offset = _mm256_permute2f128_ps(offset, offset, 0x00);
    out[1].offset = _mm256_permute2f128_ps(offset, offset, 0x11);
}

static inline void mn_load_q4_k(mn_chunk *out, const uint8_t *block, const mn_format *format)
{
    (void)format;
    const __m256i low = _mm256_set1_epi8(15);
    mn_load_k_chunk_scales(out, block);
    for (int i = 0; i < 4; i++) {
        const __m256i packed = _mm256_loadu_si256((const void *)(block + 16 + i * 32));
        __m256i *q = out[i / 2].q + i % 2 * 2;
        q[0] = _mm256_and_si256(packed, low);
        q[1] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low);
    }
}

/* Bit k of each byte moved to bit 4, alone. */
MN_INLINE __m256i mn_fifth_bit(__m256i bits, int k)
{
    const __m256i moved = k < 4 ? _mm256_slli_epi16(bits, 4 - k) : _mm256_srli_epi16(bits, k - 4);
    return _mm256_and_si256(moved, _mm256_set1_epi8(16));
}

static inline void mn_load_q5_k(mn_chunk *out, const uint8_t *block, const mn_format *format)
{
    (void)format;
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i fifth = _mm256_loadu_si256((const void *)(block + 16));
    mn_load_k_chunk_scales(out, block);
    for (int i = 0; i < 4; i++) {
        const __m256i packed = _mm256_loadu_si256((const void *)(block + 48 + i * 32));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low);
        __m256i *q = out[i / 2].q + i % 2 * 2;
        q[0] = _mm256_or_si256(_mm256_and_si256(packed, low), mn_fifth_bit(fifth, 2 * i));
        q[1] = _mm256_or_si256(high, mn_fifth_bit(fifth, 2 * i + 1));
    }
}

static inline void mn_load_q6_k(mn_chunk *out, const uint8_t *block, const mn_format *format)
{
    (void)format;
    const __m256i four = _mm256_set1_epi8(15), two = _mm256_set1_epi8(48);
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    const __m128i scales =
        _mm_shuffle_epi8(_mm_loadu_si128((const void *)(block + 192)), order);
    uint16_t half;
    memcpy(&half, block + 208, sizeof half);
    const __m256 d = _mm256_cvtph_ps(_mm_set1_epi16((short)half));
    for (int c = 0; c < 2; c++) {
        const __m128i eight = c ? _mm_unpackhi_epi64(scales, scales) : scales;
        const __m256i low0 = _mm256_loadu_si256((const void *)(block + c * 64));
        const __m256i low1 = _mm256_loadu_si256((const void *)(block + c * 64 + 32));
        const __m256i high = _mm256_loadu_si256((const void *)(block + 128 + c * 32));
        out[c].scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight)));
        out[c].q[0] = _mm256_or_si256(_mm256_and_si256(low0, four),
                                      _mm256_and_si256(_mm256_slli_epi16(high, 4), two));
        out[c].q[1] = _mm256_or_si256(_mm256_and_si256(low1, four),
                                      _mm256_and_si256(_mm256_slli_epi16(high, 2), two));
        out[c].q[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low0, 4), four),
                                      _mm256_and_si256(high, two));
        out[c].q[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low1, 4), four),
                                      _mm256_and_si256(_mm256_srli_epi16(high, 2), two));
    }
}

/* Any integer format, by way of its `unpack`. */
static inline void mn_load_integer(mn_chunk *out, const uint8_t *blocks, const mn_format *format)
{
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    const uint32_t n = format->block == 256 ? 256 : MN_CHUNK;
    int8_t q[256];
    float scale[16], offset[16] = { 0 };
    format->unpack(q, scale, offset, blocks, n);
    for (uint32_t c = 0; c < n / MN_CHUNK; c++) {
        for (uint32_t b = 0; b < 4; b++)
            out[c].q[b] = _mm256_loadu_si256((const void *)(q + c * MN_CHUNK + b * 32));
        out[c].scale = _mm256_permutevar8x32_ps(_mm256_loadu_ps(scale + 8 * c), order);
        out[c].offset = _mm256_permutevar8x32_ps(_mm256_loadu_ps(offset + 8 * c), order);
    }
}

static const mn_chunk_format mn_chunks_q4_0 = { mn_load_q4_0, 1, MN_CHUNK_31, 8, false };
static const mn_chunk_format mn_chunks_q4_1 = { mn_load_q4_1, 1, MN_CHUNK_31, 0, true };
static const mn_chunk_format mn_chunks_q5_0 = { mn_load_q5_0, 1, MN_CHUNK_31, 16, false };
static const mn_chunk_format mn_chunks_q5_1 = { mn_load_q5_1, 1, MN_CHUNK_31, 0, true };
static const mn_chunk_format mn_chunks_q8_0 = { mn_load_q8_0, 1, MN_CHUNK_INT8, 0, false };
static const mn_chunk_format mn_chunks_iq4_nl = { mn_load_iq4_nl, 1, MN_CHUNK_INT8, 0, false };
static const mn_chunk_format mn_chunks_q4_k = { mn_load_q4_k, 2, MN_CHUNK_31, 0, true };
static const mn_chunk_format mn_chunks_q5_k = { mn_load_q5_k, 2, MN_CHUNK_31, 0, true };
static const mn_chunk_format mn_chunks_q6_k = { mn_load_q6_k, 2, MN_CHUNK_63, 32, false };

MN_INLINE mn_chunk_format mn_chunks_integer(const mn_format *format)
{
    const mn_chunk_format chunks = { mn_load_integer, format->block == 256 ? 2 : 1, MN_CHUNK_INT8, 0,
                                     format->affine };
    return chunks;
}

/* One to three blocks of 32 at a row's end, with zeros behind them. */
MN_INLINE void mn_load_tail(mn_chunk *out, const uint8_t *blocks, size_t bytes, const mn_format *format,
                            const mn_chunk_format *chunks)
{
    uint8_t padded[4 * 64] = { 0 };
    memcpy(padded, blocks, bytes);
    chunks->load(out, padded, format);
}

/* --- MN_DECODE --------------------------------------------------------------------------------- */

/* 128 activations of one token, arranged for a chunk after mn_transpose4. */
typedef struct mn_decode_input {
    int8_t q[4][32];
    float scale[8], sum[8];
    int32_t start[8]; /* -bias * sum of q */
    int32_t unused[8];
} mn_decode_input;

/* start + the products of a chunk's groups, one in each lane. */
typedef __m256i mn_dot_fn(const __m256i q[4], const mn_decode_input *x, mn_chunk_kind kind);

/* Fills inputs[chunk][token] of n_tokens tokens; those behind n_real, and what lies behind the row's end,
 * are zero. */
MN_INLINE void mn_decode_inputs(mn_decode_input *inputs, const mn_activations *x, uint32_t token,
                                uint32_t n_real, uint32_t n_tokens, int bias)
{
    static const mn_activation_block zero = { .start = { 0 } };
    const uint32_t n_chunks = (x->n_blocks + 3) / 4;
    for (uint32_t i = 0; i < n_chunks * n_tokens; i++) {
        const uint32_t first = i / n_tokens * 4, t = i % n_tokens;
        mn_decode_input *out = &inputs[i];
        __m256i q[4];
        for (uint32_t b = 0; b < 4; b++) {
            const bool real = t < n_real && first + b < x->n_blocks;
            const mn_activation_block *in =
                real ? mn_activations_block(x, token + t, first + b) : &zero;
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
                               const mn_chunk_format *chunks, mn_dot_fn *dot)
{
    mn_transpose4(w->q);
    MN_UNROLL
    for (uint32_t t = 0; t < n_tokens; t++) {
        const __m256 product = _mm256_cvtepi32_ps(dot(w->q, &x[t], chunks->kind));
        const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x[t].scale), product);
        sum[t] = _mm256_add_ps(sum[t], _mm256_mul_ps(w->scale, scaled));
        if (chunks->affine)
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
                              uint32_t n_tokens, const mn_chunk_format *chunks, mn_dot_fn *dot)
{
    const uint32_t n_steps = w->n / (chunks->n_chunks * MN_CHUNK);
    const uint32_t step = chunks->n_chunks * MN_CHUNK / w->format->block * w->format->block_bytes;
    const size_t tail_bytes = (size_t)(w->row_bytes - (uint64_t)n_steps * step);
    for (uint32_t row = rows.begin; row < rows.end; row++) {
        const uint8_t *blocks = mn_linear_data(w, row);
        const mn_decode_input *x = inputs;
        __m256 sum[MN_DECODE_TOKENS];
        mn_chunk chunk[2];
        MN_UNROLL
        for (uint32_t t = 0; t < n_tokens; t++) sum[t] = _mm256_setzero_ps();
        for (uint32_t i = 0; i < n_steps; i++, blocks += step) {
            _mm_prefetch((const char *)blocks + 2048, _MM_HINT_T0);
            _mm_prefetch((const char *)blocks + 2112, _MM_HINT_T0);
            chunks->load(chunk, blocks, w->format);
            mn_decode_chunk(sum, &chunk[0], x, n_tokens, chunks, dot);
            x += n_tokens;
            if (chunks->n_chunks == 1) continue;
            mn_decode_chunk(sum, &chunk[1], x, n_tokens, chunks, dot);
            x += n_tokens;
        }
        if (tail_bytes) {
            mn_load_tail(chunk, blocks, tail_bytes, w->format, chunks);
            mn_decode_chunk(sum, &chunk[0], x, n_tokens, chunks, dot);
        }
        MN_UNROLL
        for (uint32_t t = 0; t < n_tokens; t++)
            if (t < n_real) y[t * y_stride + row] = mn_decode_total(sum[t]);
    }
}

/* All tokens, eight at a time; an odd number meets one of zeros too. */
MN_INLINE void mn_decode(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                         mn_range tokens, mn_range rows, void *scratch, const mn_chunk_format *chunks,
                         int bias, mn_dot_fn *dot)
{
    mn_decode_input *inputs = scratch;
    for (uint32_t token = tokens.begin; token < tokens.end; token += MN_DECODE_TOKENS) {
        const uint32_t left = tokens.end - token;
        const uint32_t n_real = left < MN_DECODE_TOKENS ? left : MN_DECODE_TOKENS;
        const uint32_t n_tokens = n_real == 1 ? 1 : (n_real + 1) / 2 * 2;
        float *out = y + token * y_stride;
        mn_decode_inputs(inputs, x, token, n_real, n_tokens, bias);
        switch (n_tokens) {
        case 1: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 1, chunks, dot); break;
        case 2: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 2, chunks, dot); break;
        case 4: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 4, chunks, dot); break;
        case 6: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 6, chunks, dot); break;
        default: mn_decode_rows(out, y_stride, w, inputs, n_real, rows, 8, chunks, dot); break;
        }
    }
}

#endif
