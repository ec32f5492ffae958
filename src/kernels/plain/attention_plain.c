/* SPDX-License-Identifier: Apache-2.0 */
/* attention_plain.c - the plain table of attention.h: what the other levels must repeat bit for
 * bit. */
#include "kernels/attention_levels.h"

#include "kernels/float_math.h"

#include <math.h>

/* Exact. Multiplying by 2^112 moves the exponent, of subnormal numbers too. */
static float half_to_float(uint16_t half)
{
    uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
    float value = float_from_bits(magnitude) * 0x1p112f;
    uint32_t bits = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : float_bits(value);
    return float_from_bits(bits | (uint32_t)(half & 0x8000u) << 16);
}

/* To nearest even; a NaN stays one. */
static uint16_t float_to_half(float x)
{
    uint32_t bits = float_bits(x), sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x47800000u) return (uint16_t)(sign | 0x7c00u); /* 65536 and more */
    if (magnitude < 0x38800000u) /* below 2^-14: adding 0.5 leaves multiples of 2^-24 */
        return (uint16_t)(sign | (float_bits(float_from_bits(magnitude) + 0.5f) - 0x3f000000u));
    magnitude += 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u;
    return (uint16_t)(sign | magnitude >> 13);
}

static void widen(float *out, const void *in, size_t n, mn_kv_type type)
{
    const uint16_t *half = in;
    const int8_t *byte = in;
    if (type == MN_KV_F16)
        for (size_t i = 0; i < n; i++)
            out[i] = half_to_float(half[i]);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = (float)byte[i];
}

static void multiply_query(const mn_attention_product *p, uint32_t query)
{
    const float *a = p->a + query * p->a_stride;
    for (uint32_t group = 0; group < p->n_groups; group++) {
        const float *b = (const float *)p->b + group * p->group_stride;
        float *c = p->c + query * p->c_stride + group * 16;
        float sum[16] = { 0 };
        for (uint32_t i = p->begin; i < p->end; i++)
            for (uint32_t lane = 0; lane < 16; lane++)
                sum[lane] += a[i] * b[i * p->row_stride + lane];
        if (p->decay)
            for (uint32_t lane = 0; lane < 16; lane++)
                c[lane] = c[lane] * p->decay[query] + sum[lane];
        else
            for (uint32_t lane = 0; lane < 16; lane++)
                c[lane] = sum[lane];
    }
}

static void product(const mn_attention_product *p)
{
    for (uint32_t query = 0; query < p->n_queries; query++)
        multiply_query(p, query);
}

static void weigh_query(const mn_attention_softmax *s, uint32_t query)
{
    mn_key_span span = s->spans[query];
    float *scores = s->score + (size_t)query * MN_KV_BLOCK;
    float most = s->most[query];
    for (uint32_t j = span.begin; j < span.end; j++) {
        float score = scores[j];
        if (s->key_scale) score *= s->key_scale[j];
        score *= s->scale;
        if (s->soft_cap != 0.0f) score = s->soft_cap * tanh_float(score / s->soft_cap);
        scores[j] = score;
        most = max_float(score, most);
    }
    float shift = most == -INFINITY ? 0.0f : most;
    float decay = exp_float(s->most[query] - shift);
    float sums[16] = { 0 };
    for (uint32_t j = span.begin; j < span.end; j++) {
        float weight = exp_float(scores[j] - shift);
        sums[j % 16] += weight;
        scores[j] = s->value_scale ? weight * s->value_scale[j] : weight;
    }
    float *total = s->sums + (size_t)query * 16;
    for (int lane = 0; lane < 16; lane++)
        total[lane] = total[lane] * decay + sums[lane];
    s->most[query] = most;
    s->decay[query] = decay;
}

static void softmax(const mn_attention_softmax *s)
{
    for (uint32_t query = 0; query < s->n_queries; query++)
        if (s->spans[query].begin < s->spans[query].end) weigh_query(s, query);
}

static void finish(float *out, const float *x, const float sums[16], uint32_t n)
{
    float lane[16];
    for (int i = 0; i < 16; i++)
        lane[i] = sums[i];
    float total = sum_16_lanes(lane);
    for (uint32_t i = 0; i < n; i++)
        out[i] = total == 0.0f ? 0.0f : x[i] / total;
}

static const mn_attention_steps steps = {
    .direct_queries = 0,
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
    for (uint32_t i = 0; i < n; i++)
        out[i] = float_to_half(x[i]);
}

static float to_bytes(int8_t *out, const float *x, uint32_t n)
{
    uint32_t most = 0; /* as bits, so that a NaN is the largest */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t magnitude = float_bits(x[i]) & 0x7fffffffu;
        if (magnitude > most) most = magnitude;
    }
    float inverse;
    float scale = mn_int8_scale(&inverse, most);
    if (inverse == 0.0f)
        memset(out, 0, n);
    else
        for (uint32_t i = 0; i < n; i++)
            out[i] = (int8_t)((x[i] * inverse + MN_ROUND_MAGIC) - MN_ROUND_MAGIC);
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

const mn_attention_ops mn_attention_plain = {
    .name = "plain",
    .needs = 0,
    .attend = attend,
    .store_key = store_key,
    .store_value = store_value,
};
