/* SPDX-License-Identifier: Apache-2.0 */
/* attention_avx512vnni.c - the attention steps with one register for 16 keys or 16 dimensions.
 *
 * Products run in tiles of up to 6 queries by 4 groups of 16 columns, 24 sums held in registers: a
 * step is 4 loads of columns (converted on the way for F16 and INT8), a broadcast for each query,
 * and 24 multiplications and additions. */
#include "kernels/attention_levels.h"

#include "kernels/x86/float_math_avx512.h"

#include <math.h>

/* Loops over the tile must be unrolled for the sums to stay in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline))

enum { TILE_QUERIES = 6, TILE_GROUPS = 8 };

INLINE __m512 load_16(const uint8_t *numbers, size_t index, const mn_kv_type type)
{
    switch (type) {
    case MN_KV_F32: return _mm512_loadu_ps((const float *)(const void *)numbers + index);
    case MN_KV_F16:
        return _mm512_cvtph_ps(
            _mm256_loadu_si256((const __m256i *)(const void *)(numbers + 2 * index)));
    default:
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
            _mm_loadu_si128((const __m128i *)(const void *)(numbers + index))));
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
    __m512 sum[TILE_QUERIES][TILE_GROUPS];
    UNROLL for (uint32_t q = 0; q < n_queries; q++)
        UNROLL for (uint32_t g = 0; g < n_groups; g++)
            sum[q][g] = _mm512_setzero_ps();
    for (size_t i = p->begin; i < end; i++) {
        __m512 column[TILE_GROUPS];
        UNROLL for (size_t line = 0; line < fetched; line += 64)
            _mm_prefetch((const char *)ahead + line, _MM_HINT_T1);
        ahead += fetched;
        UNROLL for (uint32_t g = 0; g < n_groups; g++)
            column[g] = load_16(b, (group + g) * group_stride + i * row_stride, type);
        UNROLL for (uint32_t q = 0; q < n_queries; q++) {
            __m512 factor = _mm512_set1_ps(a[q * a_stride + i]);
            UNROLL for (uint32_t g = 0; g < n_groups; g++)
                sum[q][g] = _mm512_add_ps(sum[q][g], _mm512_mul_ps(factor, column[g]));
        }
    }
    UNROLL for (uint32_t q = 0; q < n_queries; q++) {
        float *c = p->c + (query + q) * p->c_stride + group * 16;
        UNROLL for (uint32_t g = 0; g < n_groups; g++) {
            if (p->decay) {
                __m512 old =
                    _mm512_mul_ps(_mm512_loadu_ps(c + g * 16), _mm512_set1_ps(p->decay[query + q]));
                sum[q][g] = _mm512_add_ps(old, sum[q][g]);
            }
            _mm512_storeu_ps(c + g * 16, sum[q][g]);
        }
    }
}

/* All queries by `n_groups` groups. */
INLINE void multiply_groups(const mn_attention_product *p, uint32_t group, const uint32_t n_groups,
                            const mn_kv_type type)
{
    uint32_t query = 0, left = p->n_queries;
    for (; left > 8 || left == 6; left -= 6, query += 6)
        multiply_tile(p, query, group, 6, n_groups, type);
    for (; left > 5; left -= 4, query += 4) /* 7 and 8 */
        multiply_tile(p, query, group, 4, n_groups, type);
    switch (left) {
    case 5: multiply_tile(p, query, group, 5, n_groups, type); break;
    case 4: multiply_tile(p, query, group, 4, n_groups, type); break;
    case 3: multiply_tile(p, query, group, 3, n_groups, type); break;
    case 2: multiply_tile(p, query, group, 2, n_groups, type); break;
    case 1: multiply_tile(p, query, group, 1, n_groups, type); break;
    default: break;
    }
}

INLINE void multiply(const mn_attention_product *p, const mn_kv_type type)
{
    uint32_t group = 0;
    if (p->n_queries == 1)
        for (; group + 8 <= p->n_groups; group += 8)
            multiply_tile(p, 0, group, 1, 8, type);
    for (; group + 4 <= p->n_groups; group += 4)
        multiply_groups(p, group, 4, type);
    if (p->n_groups - group >= 2) {
        multiply_groups(p, group, 2, type);
        group += 2;
    }
    if (group < p->n_groups) multiply_groups(p, group, 1, type);
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
        for (size_t i = 0; i < n; i += 16)
            _mm512_storeu_ps(out + i, load_16(in, i, MN_KV_F16));
    else
        for (size_t i = 0; i < n; i += 16)
            _mm512_storeu_ps(out + i, load_16(in, i, MN_KV_INT8));
}

/* One bit for each key of the block. */
INLINE uint64_t keys_in_span(mn_key_span span)
{
    return _bzhi_u64(~UINT64_C(0), span.end) & ~_bzhi_u64(~UINT64_C(0), span.begin);
}

/* Finishes a query's scores; returns the new maximum. */
INLINE float scale_scores(const mn_attention_softmax *s, uint32_t query)
{
    const __m512 scale = _mm512_set1_ps(s->scale), cap = _mm512_set1_ps(s->soft_cap);
    float *scores = s->score + (size_t)query * MN_KV_BLOCK;
    uint64_t keys = keys_in_span(s->spans[query]);
    __m512 most = _mm512_set1_ps(-INFINITY);
    for (uint32_t g = 0; g < 4; g++) {
        __m512 x = _mm512_load_ps(scores + g * 16);
        if (s->key_scale) x = _mm512_mul_ps(x, _mm512_loadu_ps(s->key_scale + g * 16));
        x = _mm512_mul_ps(x, scale);
        if (s->soft_cap != 0.0f) x = _mm512_mul_ps(cap, tanh_16(_mm512_div_ps(x, cap)));
        most = _mm512_mask_max_ps(most, (__mmask16)(keys >> (g * 16)), x, most);
        _mm512_store_ps(scores + g * 16, x);
    }
    return max_float(max_lanes(most), s->most[query]);
}

INLINE float shift_of(float most)
{
    return most == -INFINITY ? 0.0f : most;
}

INLINE void weigh_scores(const mn_attention_softmax *s, uint32_t query)
{
    float *scores = s->score + (size_t)query * MN_KV_BLOCK, *sums = s->sums + (size_t)query * 16;
    uint64_t keys = keys_in_span(s->spans[query]);
    const __m512 shift = _mm512_set1_ps(shift_of(s->most[query]));
    __m512 sum = _mm512_setzero_ps();
    UNROLL for (uint32_t g = 0; g < 4; g++) {
        __mmask16 of_group = (__mmask16)(keys >> (g * 16));
        __m512 weight = exp_16(_mm512_sub_ps(_mm512_load_ps(scores + g * 16), shift));
        sum = _mm512_mask_add_ps(sum, of_group, sum, weight);
        if (s->value_scale)
            weight = _mm512_mul_ps(weight, _mm512_loadu_ps(s->value_scale + g * 16));
        _mm512_store_ps(scores + g * 16, weight);
    }
    __m512 old = _mm512_mul_ps(_mm512_load_ps(sums), _mm512_set1_ps(s->decay[query]));
    _mm512_store_ps(sums, _mm512_add_ps(old, sum));
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
    for (uint32_t query = 0; query < s->n_queries; query += 16)
        _mm512_store_ps(s->decay + query, exp_16(_mm512_load_ps(s->decay + query)));
    for (uint32_t query = 0; query < s->n_queries; query++)
        if (s->spans[query].begin < s->spans[query].end) weigh_scores(s, query);
}

static void finish(float *out, const float *x, const float sums[16], uint32_t n)
{
    const float total = sum_lanes(_mm512_load_ps(sums));
    const __m512 by = _mm512_set1_ps(total);
    for (uint32_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_below(n - i < 16 ? n - i : 16);
        __m512 y = total == 0.0f ? _mm512_setzero_ps() : _mm512_div_ps(_mm512_loadu_ps(x + i), by);
        _mm512_mask_storeu_ps(out + i, lanes, y);
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

static void to_halves(uint16_t *out, const float *x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_below(n - i < 16 ? n - i : 16);
        __m256i half =
            _mm512_cvtps_ph(_mm512_maskz_loadu_ps(lanes, x + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_mask_storeu_epi16(out + i, lanes, half);
    }
}

static float to_bytes(int8_t *out, const float *x, uint32_t n)
{
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    __m512i most = _mm512_setzero_si512(); /* as bits, so that a NaN is the largest */
    for (uint32_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_below(n - i < 16 ? n - i : 16);
        __m512i bits = _mm512_and_si512(_mm512_maskz_loadu_epi32(lanes, x + i), magnitude);
        most = _mm512_max_epi32(most, bits);
    }
    float inverse;
    float scale = mn_int8_scale(&inverse, (uint32_t)_mm512_reduce_max_epi32(most));
    const __m512 by = _mm512_set1_ps(inverse);
    for (uint32_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_below(n - i < 16 ? n - i : 16);
        __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), by));
        /* infinity * 0 converts to -2^31, whose low byte is 0 as well */
        _mm_mask_storeu_epi8(out + i, lanes, _mm512_cvtepi32_epi8(q));
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

const mn_attention_ops mn_attention_avx512vnni = {
    .name = "avx512vnni",
    .needs = MN_CPU_AVX2 | MN_CPU_AVX512_VNNI,
    .attend = attend,
    .store_key = store_key,
    .store_value = store_value,
};
