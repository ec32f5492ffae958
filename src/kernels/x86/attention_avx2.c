/* SPDX-License-Identifier: Apache-2.0 */
/* attention_avx2.c - the attention steps with two registers for 16 keys or 16 dimensions.
 *
 * Products run in tiles of up to 6 queries by 1 group of 16 columns, or fewer queries by more
 * groups, so that at most 12 sums are held in registers. */
#include "kernels/attention_levels.h"

#include "kernels/x86/float_math_avx2.h"

#include <math.h>

/* Loops over the tile must be unrolled for the sums to stay in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline))

enum { TILE_QUERIES = 6, TILE_HALVES = 8 }; /* a half is 8 columns */

INLINE __m256 load_8(const uint8_t *numbers, size_t index, const mn_kv_type type)
{
    switch (type) {
    case MN_KV_F32: return _mm256_loadu_ps((const float *)(const void *)numbers + index);
    case MN_KV_F16:
        return _mm256_cvtph_ps(
            _mm_loadu_si128((const __m128i *)(const void *)(numbers + 2 * index)));
    default:
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(
            _mm_loadl_epi64((const __m128i *)(const void *)(numbers + index))));
    }
}

/* n_queries, n_groups and type are constants wherever this is called. */
INLINE void multiply_tile(const mn_attention_product *p, uint32_t query, uint32_t group,
                          const uint32_t n_queries, const uint32_t n_groups, const mn_kv_type type)
{
    const uint8_t *b = p->b;
    const float *a = p->a + query * p->a_stride;
    const size_t a_stride = p->a_stride, row_stride = p->row_stride, group_stride = p->group_stride;
    const size_t end = p->end;
    /* Few queries wait for memory: as many bytes of the next page are fetched as are read of this
     * one. Floats are mostly pages that were widened, which are in the cache. */
    const size_t fetched = type == MN_KV_F32 ? 0 : n_groups * 16 * (type == MN_KV_F16 ? 2 : 1);
    const uint8_t *ahead = b;
    if (query == 0 && p->ahead)
        ahead = (const uint8_t *)p->ahead + (end - p->begin) * (group / n_groups) * fetched;
    __m256 sum[TILE_QUERIES][TILE_HALVES];
    UNROLL for (uint32_t q = 0; q < n_queries; q++)
        UNROLL for (uint32_t h = 0; h < 2 * n_groups; h++)
            sum[q][h] = _mm256_setzero_ps();
    for (size_t i = p->begin; i < end; i++) {
        __m256 column[TILE_HALVES];
        UNROLL for (size_t line = 0; line < fetched; line += 64)
            _mm_prefetch((const char *)ahead + line, _MM_HINT_T1);
        ahead += fetched;
        UNROLL for (uint32_t h = 0; h < 2 * n_groups; h++)
            column[h] =
                load_8(b, (group + h / 2) * group_stride + i * row_stride + h % 2 * 8, type);
        UNROLL for (uint32_t q = 0; q < n_queries; q++) {
            __m256 factor = _mm256_broadcast_ss(a + q * a_stride + i);
            UNROLL for (uint32_t h = 0; h < 2 * n_groups; h++)
                sum[q][h] = _mm256_add_ps(sum[q][h], _mm256_mul_ps(factor, column[h]));
        }
    }
    UNROLL for (uint32_t q = 0; q < n_queries; q++) {
        float *c = p->c + (query + q) * p->c_stride + group * 16;
        UNROLL for (uint32_t h = 0; h < 2 * n_groups; h++) {
            if (p->decay) {
                __m256 old =
                    _mm256_mul_ps(_mm256_loadu_ps(c + h * 8), _mm256_set1_ps(p->decay[query + q]));
                sum[q][h] = _mm256_add_ps(old, sum[q][h]);
            }
            _mm256_storeu_ps(c + h * 8, sum[q][h]);
        }
    }
}

/* All queries by one group. */
INLINE void multiply_group(const mn_attention_product *p, uint32_t group, const mn_kv_type type)
{
    uint32_t query = 0, left = p->n_queries;
    for (; left > 8 || left == 6; left -= 6, query += 6)
        multiply_tile(p, query, group, 6, 1, type);
    for (; left > 5; left -= 4, query += 4) /* 7 and 8 */
        multiply_tile(p, query, group, 4, 1, type);
    switch (left) {
    case 5: multiply_tile(p, query, group, 5, 1, type); break;
    case 4: multiply_tile(p, query, group, 4, 1, type); break;
    case 3: multiply_tile(p, query, group, 3, 1, type); break;
    case 2: multiply_tile(p, query, group, 2, 1, type); break;
    case 1: multiply_tile(p, query, group, 1, 1, type); break;
    default: break;
    }
}

INLINE void multiply(const mn_attention_product *p, const mn_kv_type type)
{
    uint32_t group = 0;
    /* Few queries: more groups at once keep enough sums going to hide the time of an addition. */
    if (p->n_queries == 1)
        for (; group + 4 <= p->n_groups; group += 4)
            multiply_tile(p, 0, group, 1, 4, type);
    if (p->n_queries == 2)
        for (; group + 2 <= p->n_groups; group += 2)
            multiply_tile(p, 0, group, 2, 2, type);
    if (p->n_queries == 3)
        for (; group + 2 <= p->n_groups; group += 2)
            multiply_tile(p, 0, group, 3, 2, type);
    for (; group < p->n_groups; group++)
        multiply_group(p, group, type);
}

static void product(const mn_attention_product *p)
{
    switch (p->type) {
    case MN_KV_F32: multiply(p, MN_KV_F32); break;
    case MN_KV_F16: multiply(p, MN_KV_F16); break;
    default: multiply(p, MN_KV_INT8); break;
    }
}

static void widen(float *out, const void *in, size_t n, mn_kv_type type)
{
    if (type == MN_KV_F16)
        for (size_t i = 0; i < n; i += 8)
            _mm256_storeu_ps(out + i, load_8(in, i, MN_KV_F16));
    else
        for (size_t i = 0; i < n; i += 8)
            _mm256_storeu_ps(out + i, load_8(in, i, MN_KV_INT8));
}

/* Which of 8 keys from number `start` lie in the span. */
INLINE __m256 keys_in_span(mn_key_span span, uint32_t start)
{
    __m256i before = lanes_below((int)span.begin - (int)start);
    return _mm256_castsi256_ps(
        _mm256_andnot_si256(before, lanes_below((int)span.end - (int)start)));
}

/* Finishes a query's scores; returns the new maximum. */
INLINE float scale_scores(const mn_attention_softmax *s, uint32_t query)
{
    const __m256 scale = _mm256_set1_ps(s->scale), cap = _mm256_set1_ps(s->soft_cap);
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    float *scores = s->score + (size_t)query * MN_KV_BLOCK;
    __m256 most[2] = { lowest, lowest };
    for (uint32_t h = 0; h < 8; h++) {
        __m256 x = _mm256_load_ps(scores + h * 8), keys = keys_in_span(s->spans[query], h * 8);
        if (s->key_scale) x = _mm256_mul_ps(x, _mm256_loadu_ps(s->key_scale + h * 8));
        x = _mm256_mul_ps(x, scale);
        if (s->soft_cap != 0.0f) x = _mm256_mul_ps(cap, tanh_8(_mm256_div_ps(x, cap)));
        most[h % 2] = _mm256_max_ps(_mm256_blendv_ps(lowest, x, keys), most[h % 2]);
        _mm256_store_ps(scores + h * 8, x);
    }
    return max_float(max_lanes(most[0], most[1]), s->most[query]);
}

INLINE float shift_of(float most)
{
    return most == -INFINITY ? 0.0f : most;
}

INLINE void weigh_scores(const mn_attention_softmax *s, uint32_t query)
{
    float *scores = s->score + (size_t)query * MN_KV_BLOCK, *sums = s->sums + (size_t)query * 16;
    const __m256 shift = _mm256_set1_ps(shift_of(s->most[query])),
                 decay = _mm256_set1_ps(s->decay[query]);
    __m256 sum[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    for (uint32_t h = 0; h < 8; h++) {
        __m256 keys = keys_in_span(s->spans[query], h * 8);
        __m256 weight = exp_8(_mm256_sub_ps(_mm256_load_ps(scores + h * 8), shift));
        sum[h % 2] =
            _mm256_add_ps(sum[h % 2], _mm256_and_ps(weight, keys)); /* + 0 changes no sum */
        if (s->value_scale) weight = _mm256_mul_ps(weight, _mm256_loadu_ps(s->value_scale + h * 8));
        _mm256_store_ps(scores + h * 8, weight);
    }
    for (uint32_t h = 0; h < 2; h++) {
        __m256 old = _mm256_mul_ps(_mm256_load_ps(sums + h * 8), decay);
        _mm256_store_ps(sums + h * 8, _mm256_add_ps(old, sum[h]));
    }
}

/* In passes over the queries, so that their chains of dependent steps overlap. */
static void softmax(const mn_attention_softmax *s)
{
    for (uint32_t query = 0; query < s->n_queries; query++) {
        s->decay[query] = 0.0f;
        if (s->spans[query].begin == s->spans[query].end) continue;
        float most = scale_scores(s, query);
        s->decay[query] = s->most[query] - shift_of(most);
        s->most[query] = most;
    }
    for (uint32_t query = 0; query < s->n_queries; query += 8)
        _mm256_store_ps(s->decay + query, exp_8(_mm256_load_ps(s->decay + query)));
    for (uint32_t query = 0; query < s->n_queries; query++)
        if (s->spans[query].begin < s->spans[query].end) weigh_scores(s, query);
}

static void finish(float *out, const float *x, const float sums[16], uint32_t n)
{
    const float total = sum_lanes(_mm256_load_ps(sums), _mm256_load_ps(sums + 8));
    const __m256 by = _mm256_set1_ps(total);
    for (uint32_t i = 0; i < n; i += 8) {
        __m256 y = total == 0.0f ? _mm256_setzero_ps() : _mm256_div_ps(_mm256_loadu_ps(x + i), by);
        _mm256_maskstore_ps(out + i, lanes_below((int)(n - i)), y);
    }
}

static const mn_attention_steps steps = {
    .direct_queries = 8,
    .widen = widen,
    .product = product,
    .softmax = softmax,
    .finish = finish,
};

static void attend(const mn_attention_task *task, void *scratch)
{
    mn_attention_walk(task, scratch, &steps);
}

/* n is a multiple of 4: the last step may be half a register. */
static void to_halves(uint16_t *out, const float *x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 8) {
        __m256 v = _mm256_maskload_ps(x + i, lanes_below((int)(n - i)));
        __m128i half = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
        if (n - i >= 8)
            _mm_storeu_si128((__m128i *)(void *)(out + i), half);
        else
            _mm_storel_epi64((__m128i *)(void *)(out + i), half);
    }
}

static float to_bytes(int8_t *out, const float *x, uint32_t n)
{
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256i most = _mm256_setzero_si256(); /* as bits, so that a NaN is the largest */
    for (uint32_t i = 0; i < n; i += 8) {
        __m256i bits = _mm256_castps_si256(_mm256_maskload_ps(x + i, lanes_below((int)(n - i))));
        most = _mm256_max_epi32(most, _mm256_and_si256(bits, magnitude));
    }
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    float inverse;
    float scale = mn_int8_scale(&inverse, (uint32_t)_mm_cvtsi128_si32(four));
    for (uint32_t i = 0; i < n; i += 8) {
        __m256 v = _mm256_maskload_ps(x + i, lanes_below((int)(n - i)));
        __m256i q = _mm256_cvtps_epi32(_mm256_mul_ps(v, _mm256_set1_ps(inverse)));
        if (inverse == 0.0f) q = _mm256_setzero_si256(); /* x may be infinite */
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
        __m128i bytes = _mm_packs_epi16(words, words);
        if (n - i >= 8)
            _mm_storel_epi64((__m128i *)(void *)(out + i), bytes);
        else
            memcpy(out + i, &(int32_t){ _mm_cvtsi128_si32(bytes) }, 4);
    }
    return scale;
}

static void store_key(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                      mn_kv_type type)
{
    mn_store_key(page, slot, x, head_dim, type, to_halves, to_bytes);
}

static void store_value(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                        mn_kv_type type)
{
    mn_store_value(page, slot, x, head_dim, type, to_halves, to_bytes);
}

const mn_attention_ops mn_attention_avx2 = {
    .name = "avx2",
    .needs = MN_CPU_AVX2,
    .attend = attend,
    .store_key = store_key,
    .store_value = store_value,
};
