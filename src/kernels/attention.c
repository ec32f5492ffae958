/* SPDX-License-Identifier: Apache-2.0 */
/* attention.c - the walk over blocks of keys that every CPU level shares, its scratch, and the
 * list. */
#include "kernels/attention.h"

#include "kernels/attention_levels.h"

#include <math.h>
#include <string.h>

static const uint32_t number_bytes[MN_KV_N_TYPES] = {
    [MN_KV_F32] = 4, [MN_KV_F16] = 2, [MN_KV_INT8] = 1
};

enum { MOST_HEAD_DIM = 512 };

size_t mn_kv_head_bytes(mn_kv_type type, uint32_t head_dim)
{
    size_t scales = type == MN_KV_INT8 ? MN_KV_BLOCK * sizeof(float) : 0;
    return scales + (size_t)MN_KV_BLOCK * mn_pad_16(head_dim) * number_bytes[type];
}

typedef struct workspace {
    float *wide;        /* [MN_KV_BLOCK, padded] keys or values of a page as floats */
    float *out;         /* [n_queries, padded] */
    float *weight;      /* [n_queries, MN_KV_BLOCK] scores, then weights */
    float *sums;        /* [n_queries, 16] */
    float *most;        /* [n_queries] */
    float *decay;       /* [n_queries] */
    mn_key_span *spans; /* [n_queries] */
    size_t padded;      /* head_dim in whole vectors */
} workspace;

static size_t in_lines(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

enum { N_ARRAYS = 7 };

/* Where each array starts, and the size of all. */
static size_t workspace_offsets(size_t offset[N_ARRAYS], uint32_t head_dim, size_t n_queries)
{
    size_t padded = mn_pad_16(head_dim);
    const size_t sizes[N_ARRAYS] = {
        MN_KV_BLOCK * padded * sizeof(float),
        n_queries * padded * sizeof(float),
        n_queries * MN_KV_BLOCK * sizeof(float),
        n_queries * 16 * sizeof(float),
        n_queries * sizeof(float),
        n_queries * sizeof(float),
        n_queries * sizeof(mn_key_span),
    };
    size_t total = 0;
    for (int i = 0; i < N_ARRAYS; i++) {
        offset[i] = total;
        total += in_lines(sizes[i]);
    }
    return total;
}

static workspace workspace_in(void *memory, uint32_t head_dim, size_t n_queries)
{
    size_t offset[N_ARRAYS];
    workspace_offsets(offset, head_dim, n_queries);
    uint8_t *base = memory;
    return (workspace){
        .wide = (float *)(void *)(base + offset[0]),
        .out = (float *)(void *)(base + offset[1]),
        .weight = (float *)(void *)(base + offset[2]),
        .sums = (float *)(void *)(base + offset[3]),
        .most = (float *)(void *)(base + offset[4]),
        .decay = (float *)(void *)(base + offset[5]),
        .spans = (mn_key_span *)(void *)(base + offset[6]),
        .padded = mn_pad_16(head_dim),
    };
}

size_t mn_attention_scratch_bytes(uint32_t head_dim, uint32_t max_queries)
{
    size_t offset[N_ARRAYS];
    return workspace_offsets(offset, head_dim, max_queries);
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static mn_key_span span_in_block(const mn_attention_task *task, uint32_t query, int64_t block)
{
    int64_t start = block * MN_KV_BLOCK;
    int64_t begin = clamp((int64_t)task->first[query] - start, 0, MN_KV_BLOCK);
    int64_t end = clamp((int64_t)task->position[query] + 1 - start, 0, MN_KV_BLOCK);
    if (begin >= end) return (mn_key_span){ 0, 0 };
    return (mn_key_span){ (uint32_t)begin, (uint32_t)end };
}

/* What the queries from `first` to `last` see of a block, all together. */
typedef struct view {
    uint32_t first, last; /* queries */
    mn_key_span keys;     /* from the first to the last key that any of them sees */
} view;

static bool find_view(view *out, workspace *work, const mn_attention_task *task, int64_t block)
{
    view v = { .first = UINT32_MAX, .keys = { MN_KV_BLOCK, 0 } };
    for (uint32_t i = 0; i < task->n_queries; i++) {
        mn_key_span s = span_in_block(task, i, block);
        work->spans[i] = s;
        if (s.begin == s.end) continue;
        if (v.first == UINT32_MAX) v.first = i;
        v.last = i;
        if (s.begin < v.keys.begin) v.keys.begin = s.begin;
        if (s.end > v.keys.end) v.keys.end = s.end;
    }
    *out = v;
    return v.first != UINT32_MAX;
}

static bool same_groups(mn_key_span a, mn_key_span b)
{
    return a.begin / 16 == b.begin / 16 && (a.end + 15) / 16 == (b.end + 15) / 16;
}

/* Dot products with whole groups of 16 keys; queries side by side that need the same groups go
 * together. */
static void score_block(const mn_attention_task *task, workspace *work, const view *v,
                        const uint8_t *page, const uint8_t *next_page,
                        const mn_attention_steps *steps)
{
    size_t group = (size_t)task->head_dim * 16;
    const uint8_t *numbers = mn_page_numbers(page, task->type);
    mn_kv_type type = task->type;
    if (v->last + 1 - v->first > steps->direct_queries && type != MN_KV_F32) {
        size_t begin = v->keys.begin / 16 * group, end = (v->keys.end + 15) / 16 * group;
        steps->widen(work->wide + begin, numbers + begin * number_bytes[type], end - begin, type);
        numbers = (const uint8_t *)work->wide;
        type = MN_KV_F32;
        next_page = NULL;
    }
    for (uint32_t i = v->first, next; i <= v->last; i = next) {
        mn_key_span s = work->spans[i];
        for (next = i + 1; next <= v->last; next++)
            if (!same_groups(work->spans[next], s)) break;
        if (s.begin == s.end) continue;
        uint32_t first_group = s.begin / 16;
        mn_attention_product product = {
            .b = numbers + first_group * group * number_bytes[type],
            .row_stride = 16,
            .group_stride = group,
            .type = type,
            .begin = 0,
            .end = task->head_dim,
            .n_queries = next - i,
            .n_groups = (s.end + 15) / 16 - first_group,
            .a = task->q + i * task->q_stride,
            .a_stride = task->q_stride,
            .c = work->weight + (size_t)i * MN_KV_BLOCK + first_group * 16,
            .c_stride = MN_KV_BLOCK,
            .ahead = next_page ? mn_page_numbers(next_page, task->type) : NULL,
        };
        steps->product(&product);
    }
}

static void weigh_block(const mn_attention_task *task, workspace *work, const view *v,
                        const uint8_t *keys, const uint8_t *values, const mn_attention_steps *steps)
{
    /* From the first query: the rows before it are empty, and vectors of decay stay aligned. */
    mn_attention_softmax softmax = {
        .n_queries = v->last + 1,
        .spans = work->spans,
        .score = work->weight,
        .key_scale = mn_page_scales(keys, task->type),
        .value_scale = mn_page_scales(values, task->type),
        .scale = task->scale,
        .soft_cap = task->soft_cap,
        .most = work->most,
        .sums = work->sums,
        .decay = work->decay,
    };
    steps->softmax(&softmax);
}

/* Adds the values, weighed. Queries side by side that see the same keys go together; no query may
 * touch a value that it does not see, for 0 * infinity is no 0. */
static void add_block(const mn_attention_task *task, workspace *work, const view *v,
                      const uint8_t *page, const uint8_t *next_page,
                      const mn_attention_steps *steps)
{
    const uint8_t *numbers = mn_page_numbers(page, task->type);
    mn_attention_product product = {
        .b = numbers,
        .row_stride = work->padded,
        .group_stride = 16,
        .type = task->type,
        .n_groups = (uint32_t)(work->padded / 16),
        .a_stride = MN_KV_BLOCK,
        .c_stride = work->padded,
        .ahead = next_page ? mn_page_numbers(next_page, task->type) : NULL,
    };
    if (v->last + 1 - v->first > steps->direct_queries && task->type != MN_KV_F32) {
        size_t offset = v->keys.begin * work->padded;
        steps->widen(work->wide + offset, numbers + offset * number_bytes[task->type],
                     (v->keys.end - v->keys.begin) * work->padded, task->type);
        product.b = work->wide;
        product.type = MN_KV_F32;
        product.ahead = NULL;
    }
    for (uint32_t i = v->first, next; i <= v->last; i = next) {
        mn_key_span s = work->spans[i];
        for (next = i + 1; next <= v->last; next++)
            if (work->spans[next].begin != s.begin || work->spans[next].end != s.end) break;
        if (s.begin == s.end) continue;
        product.n_queries = next - i;
        product.begin = s.begin;
        product.end = s.end;
        product.a = work->weight + (size_t)i * MN_KV_BLOCK;
        product.c = work->out + i * work->padded;
        product.decay = work->decay + i;
        steps->product(&product);
    }
}

void mn_attention_walk(const mn_attention_task *task, void *scratch,
                       const mn_attention_steps *steps)
{
    workspace work = workspace_in(scratch, task->head_dim, task->n_queries);
    memset(work.out, 0, task->n_queries * work.padded * sizeof(float));
    memset(work.sums, 0, task->n_queries * 16 * sizeof(float));
    int64_t low = INT64_MAX, high = -1;
    for (uint32_t i = 0; i < task->n_queries; i++) {
        work.most[i] = -INFINITY;
        int64_t first = task->first[i] < 0 ? 0 : task->first[i];
        if (first > task->position[i]) continue;
        if (first < low) low = first;
        if (task->position[i] > high) high = task->position[i];
    }
    if (high >= 0)
        for (int64_t block = low / MN_KV_BLOCK; block <= high / MN_KV_BLOCK; block++) {
            view v;
            if (!find_view(&v, &work, task, block)) continue;
            bool more = block < high / MN_KV_BLOCK;
            const uint8_t *keys = task->keys[block],
                          *next_keys = more ? task->keys[block + 1] : NULL;
            const uint8_t *values = task->values[block];
            const uint8_t *next_values = more ? task->values[block + 1] : NULL;
            score_block(task, &work, &v, keys, next_keys, steps);
            weigh_block(task, &work, &v, keys, values, steps);
            add_block(task, &work, &v, values, next_values, steps);
        }
    for (uint32_t i = 0; i < task->n_queries; i++)
        steps->finish(task->out + i * task->out_stride, work.out + i * work.padded,
                      work.sums + (size_t)i * 16, task->head_dim);
}

float mn_int8_scale(float *inverse, uint32_t magnitude_bits)
{
    float most;
    memcpy(&most, &magnitude_bits, sizeof most);
    *inverse = 0.0f;
    if (!(most < INFINITY)) return NAN;
    if (most < 0x1p-100f) return 0.0f;
    *inverse = 127.0f / most;
    return most / 127.0f;
}

/* Neighbours in a key are 16 apart in the page. */
static size_t key_start(uint32_t slot, uint32_t head_dim)
{
    return (size_t)(slot / 16) * head_dim * 16 + slot % 16;
}

void mn_store_key(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim, mn_kv_type type,
                  mn_to_halves_fn *to_halves, mn_to_bytes_fn *to_bytes)
{
    size_t start = key_start(slot, head_dim);
    if (type == MN_KV_F32) {
        float *number = (float *)(void *)page + start;
        for (uint32_t i = 0; i < head_dim; i++)
            number[i * 16] = x[i];
    } else if (type == MN_KV_F16) {
        uint16_t row[MOST_HEAD_DIM], *number = (uint16_t *)(void *)page + start;
        to_halves(row, x, head_dim);
        for (uint32_t i = 0; i < head_dim; i++)
            number[i * 16] = row[i];
    } else {
        float *scales = (float *)(void *)page;
        int8_t row[MOST_HEAD_DIM], *number = (int8_t *)(scales + MN_KV_BLOCK) + start;
        scales[slot] = to_bytes(row, x, head_dim);
        for (uint32_t i = 0; i < head_dim; i++)
            number[i * 16] = row[i];
    }
}

void mn_store_value(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                    mn_kv_type type, mn_to_halves_fn *to_halves, mn_to_bytes_fn *to_bytes)
{
    size_t start = (size_t)slot * mn_pad_16(head_dim);
    if (type == MN_KV_F32) {
        memcpy((float *)(void *)page + start, x, head_dim * sizeof(float));
    } else if (type == MN_KV_F16) {
        to_halves((uint16_t *)(void *)page + start, x, head_dim);
    } else {
        float *scales = (float *)(void *)page;
        scales[slot] = to_bytes((int8_t *)(scales + MN_KV_BLOCK) + start, x, head_dim);
    }
}

static const mn_attention_ops *const levels[] = {
    &mn_attention_plain,
#if defined(__x86_64__)
    &mn_attention_avx2,
    &mn_attention_avx512vnni,
#endif
};

const mn_attention_ops *mn_attention_ops_at(size_t index)
{
    return index < sizeof levels / sizeof *levels ? levels[index] : NULL;
}

const mn_attention_ops *mn_attention_ops_for(mn_cpu_bits cpu)
{
    const mn_attention_ops *best = levels[0];
    for (size_t i = 1; i < sizeof levels / sizeof *levels; i++)
        if ((levels[i]->needs & ~cpu) == 0) best = levels[i];
    return best;
}
