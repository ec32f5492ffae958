/* SPDX-License-Identifier: Apache-2.0 */
/* attention.c - speed of the attention kernels: GB/s of keys and values read and GFLOP/s, for each
 * level, number type and shape, on one thread.
 *
 *   attention [LEVEL [SHAPE]]     e.g. attention avx2 prompt
 *
 * A line is the fastest of several runs, in processor time. "decode": the heads of one token that
 * share a kv head, over separate heads that are larger than the caches together ("dram") or one
 * that fits ("cache"). "prompt": a tile of 64 tokens at the end of a context. 4 floating-point
 * operations for each query, key and dimension. */
#include "kernels/attention.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct shape {
    const char *name;
    uint32_t n_tokens, n_shared; /* queries = tokens * heads that share the kv head */
    uint32_t head_dim;
    uint32_t n_context;
    uint32_t n_heads; /* kv heads, computed one after the other */
} shape;

static const shape shapes[] = {
    { "decode dram  1 x 64", 1, 1, 64, 8192, 24 },  { "decode dram  3 x 64", 1, 3, 64, 8192, 24 },
    { "decode dram  7 x 64", 1, 7, 64, 8192, 24 },  { "decode dram  6 x 128", 1, 6, 128, 8192, 12 },
    { "decode dram  4 x 256", 1, 4, 256, 8192, 6 }, { "decode cache 1 x 64", 1, 1, 64, 1024, 1 },
    { "decode cache 3 x 64", 1, 3, 64, 1024, 1 },   { "decode cache 4 x 256", 1, 4, 256, 512, 1 },
    { "prompt 64*3 x 64", 64, 3, 64, 2048, 1 },     { "prompt 64*3 x 80", 64, 3, 80, 2048, 1 },
    { "prompt 64*6 x 128", 64, 6, 128, 2048, 1 },   { "prompt 64*4 x 256", 64, 4, 256, 2048, 1 },
    { "prompt 64*3 x 64 short", 64, 3, 64, 64, 1 },
};

static const char *const type_names[MN_KV_N_TYPES] = { "f32", "f16", "int8" };

/* Processor time, so that other work on the machine counts less. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct memory {
    uint8_t *pages;                 /* [n_heads, n_blocks, 2] pages */
    const uint8_t **keys, **values; /* [n_heads, n_blocks] */
    float *q, *out;
    int32_t *position, *first;
    void *scratch;
    uint32_t n_blocks, n_queries;
} memory;

static void memory_close(memory *m)
{
    mn_free_aligned(m->pages);
    mn_free_aligned(m->scratch);
    mn_free(m->keys);
    mn_free(m->values);
    mn_free(m->q);
    mn_free(m->out);
    mn_free(m->position);
    mn_free(m->first);
}

static void fill_head(uint8_t *keys, uint8_t *values, const shape *s, mn_kv_type type)
{
    const mn_attention_ops *plain = mn_attention_ops_at(0);
    float x[512];
    for (uint32_t slot = 0; slot < MN_KV_BLOCK; slot++) {
        for (uint32_t i = 0; i < s->head_dim; i++)
            x[i] = (float)mn_random_unit(slot, i) - 0.5f;
        plain->store_key(keys, slot, x, s->head_dim, type);
        plain->store_value(values, slot, x, s->head_dim, type);
    }
}

static bool memory_open(memory *m, const shape *s, mn_kv_type type)
{
    size_t page = mn_kv_head_bytes(type, s->head_dim);
    memset(m, 0, sizeof *m);
    m->n_blocks = s->n_context / MN_KV_BLOCK;
    m->n_queries = s->n_tokens * s->n_shared;
    size_t pages = (size_t)m->n_blocks * s->n_heads, numbers = (size_t)m->n_queries * s->head_dim;
    m->pages = mn_alloc_aligned(2 * pages * page);
    m->scratch = mn_alloc_aligned(mn_attention_scratch_bytes(s->head_dim, m->n_queries));
    m->keys = mn_alloc_array(pages, sizeof *m->keys);
    m->values = mn_alloc_array(pages, sizeof *m->values);
    m->q = mn_alloc_array(numbers, sizeof *m->q);
    m->out = mn_alloc_array(numbers, sizeof *m->out);
    m->position = mn_alloc_array(m->n_queries, sizeof *m->position);
    m->first = mn_alloc_array(m->n_queries, sizeof *m->first);
    if (!m->pages || !m->scratch || !m->keys || !m->values || !m->q || !m->out || !m->position ||
        !m->first)
        return false;
    fill_head(m->pages, m->pages + page, s, type);
    for (size_t i = 0; i < pages; i++) {
        uint8_t *at = m->pages + 2 * i * page;
        if (i > 0) memcpy(at, m->pages, 2 * page);
        m->keys[i] = at;
        m->values[i] = at + page;
    }
    for (size_t i = 0; i < numbers; i++)
        m->q[i] = (float)mn_random_unit(1, i) - 0.5f;
    for (uint32_t i = 0; i < m->n_queries; i++)
        m->position[i] = (int32_t)(s->n_context - s->n_tokens + i / s->n_shared);
    return true;
}

static void measure(const mn_attention_ops *ops, const shape *s, mn_kv_type type)
{
    memory m;
    if (!memory_open(&m, s, type)) {
        fprintf(stderr, "no memory for %s\n", s->name);
        memory_close(&m);
        return;
    }
    mn_attention_task task = {
        .q = m.q,
        .out = m.out,
        .q_stride = s->head_dim,
        .out_stride = s->head_dim,
        .position = m.position,
        .first = m.first,
        .n_queries = m.n_queries,
        .head_dim = s->head_dim,
        .scale = 1.0f / sqrtf((float)s->head_dim),
        .type = type,
    };
    double best = 1e30, start = seconds();
    for (int runs = 0; runs < 5 || seconds() - start < 0.4; runs++) {
        double before = seconds();
        for (uint32_t head = 0; head < s->n_heads; head++) {
            task.keys = m.keys + (size_t)head * m.n_blocks;
            task.values = m.values + (size_t)head * m.n_blocks;
            ops->attend(&task, m.scratch);
        }
        double took = seconds() - before;
        if (took < best) best = took;
    }
    double keys = 0; /* seen by all queries together */
    for (uint32_t i = 0; i < m.n_queries; i++)
        keys += (double)s->n_heads * (m.position[i] + 1);
    double bytes = 2.0 * (double)mn_kv_head_bytes(type, s->head_dim) * m.n_blocks * s->n_heads;
    printf("%-10s %-4s %-24s %9.1f us %7.2f GB/s %7.2f GFLOP/s\n", ops->name, type_names[type],
           s->name, best * 1e6, bytes / best * 1e-9, 4.0 * keys * s->head_dim / best * 1e-9);
    fflush(stdout);
    memory_close(&m);
}

int main(int argc, char **argv)
{
    mn_error error;
    mn_cpu_bits cpu = mn_cpu_detect();
    if (argc > 1 && mn_cpu_level(&cpu, argv[1], &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    const mn_attention_ops *ops;
    for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~cpu || (argc > 1 && strcmp(ops->name, argv[1]) != 0)) continue;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            if (argc > 2 && !strstr(shapes[i].name, argv[2])) continue;
            for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++)
                measure(ops, &shapes[i], type);
        }
    }
    return 0;
}
