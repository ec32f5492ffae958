/* SPDX-License-Identifier: Apache-2.0 */
/* test_attention.c - attention: the plain table against a double reference, every other level against
 * the plain one bit for bit, and fixed bits for all compilers and machines. */
#include "kernels/attention.h"

#include "kernels/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* A task with its own memory; every array ends at a guard page. */
typedef struct scene {
    mn_attention_task task;
    uint32_t n_blocks;
    guarded q, out, scratch;
    guarded *keys, *values;  /* [n_blocks] */
    const uint8_t **key_list, **value_list;
    int32_t *position, *first;
    float *key_numbers, *value_numbers; /* [n_blocks * MN_KV_BLOCK, head_dim] as they were stored */
} scene;

typedef struct shape {
    uint32_t n_queries, head_dim;
    int32_t position, step; /* of the first query, and from each `group` of queries to the next */
    uint32_t group;
    int32_t window;         /* keys seen; 0: all */
    mn_kv_type type;
    float soft_cap;
    uint32_t gap;           /* floats between rows of q and out */
} shape;

static uint64_t counter; /* of random numbers; set at the start of each scene */

static float random_float(float size)
{
    return (float)(2 * mn_random_unit(77, counter++) - 1) * size;
}

static void fill(scene *s, const mn_attention_ops *ops)
{
    uint32_t n = s->task.head_dim;
    for (uint32_t b = 0; b < s->n_blocks; b++) {
        /* Slots that are never stored hold NaN in the floating types. */
        size_t size = mn_kv_head_bytes(s->task.type, n);
        memset(s->keys[b].start, 0xff, size);
        memset(s->values[b].start, 0xff, size);
    }
    int32_t last = 0;
    for (uint32_t i = 0; i < s->task.n_queries; i++)
        if (s->position[i] > last) last = s->position[i];
    for (int32_t j = 0; j <= last; j++) {
        float *key = s->key_numbers + (size_t)j * n, *value = s->value_numbers + (size_t)j * n;
        for (uint32_t i = 0; i < n; i++) {
            key[i] = random_float(2.0f);
            value[i] = random_float(1.0f);
        }
        ops->store_key(s->keys[j / MN_KV_BLOCK].start, (uint32_t)j % MN_KV_BLOCK, key, n, s->task.type);
        ops->store_value(s->values[j / MN_KV_BLOCK].start, (uint32_t)j % MN_KV_BLOCK, value, n,
                         s->task.type);
    }
}

static void scene_open(scene *s, const shape *p)
{
    counter = 0;
    memset(s, 0, sizeof *s);
    s->position = malloc(p->n_queries * sizeof(int32_t));
    s->first = malloc(p->n_queries * sizeof(int32_t));
    int32_t last = 0;
    for (uint32_t i = 0; i < p->n_queries; i++) {
        s->position[i] = p->position + (int32_t)(i / p->group) * p->step;
        s->first[i] = p->window && s->position[i] >= p->window ? s->position[i] - p->window + 1 : 0;
        if (s->position[i] > last) last = s->position[i];
    }
    s->n_blocks = (uint32_t)last / MN_KV_BLOCK + 1;
    size_t stride = p->head_dim + p->gap;
    size_t row_bytes = ((size_t)(p->n_queries - 1) * stride + p->head_dim) * sizeof(float);
    s->q = guarded_open(row_bytes);
    s->out = guarded_open(row_bytes);
    s->scratch = guarded_open(mn_attention_scratch_bytes(p->head_dim, p->n_queries));
    s->keys = malloc(s->n_blocks * sizeof(guarded));
    s->values = malloc(s->n_blocks * sizeof(guarded));
    s->key_list = malloc(s->n_blocks * sizeof(void *));
    s->value_list = malloc(s->n_blocks * sizeof(void *));
    for (uint32_t b = 0; b < s->n_blocks; b++) {
        s->keys[b] = guarded_open(mn_kv_head_bytes(p->type, p->head_dim));
        s->values[b] = guarded_open(mn_kv_head_bytes(p->type, p->head_dim));
        s->key_list[b] = s->keys[b].start;
        s->value_list[b] = s->values[b].start;
    }
    size_t numbers = (size_t)s->n_blocks * MN_KV_BLOCK * p->head_dim;
    s->key_numbers = calloc(numbers, sizeof(float));
    s->value_numbers = calloc(numbers, sizeof(float));
    s->task = (mn_attention_task){
        .q = (float *)(void *)s->q.start,
        .out = (float *)(void *)s->out.start,
        .q_stride = stride,
        .out_stride = stride,
        .position = s->position,
        .first = s->first,
        .n_queries = p->n_queries,
        .head_dim = p->head_dim,
        .scale = 1.0f / sqrtf((float)p->head_dim),
        .soft_cap = p->soft_cap,
        .type = p->type,
        .keys = s->key_list,
        .values = s->value_list,
    };
    float *q = (float *)(void *)s->q.start;
    for (size_t i = 0; i < row_bytes / sizeof(float); i++)
        q[i] = random_float(4.0f);
    fill(s, mn_attention_ops_at(0));
    /* Pages that nobody sees must not be touched. */
    for (uint32_t b = 0; b < s->n_blocks; b++) {
        bool seen = false;
        for (uint32_t i = 0; i < p->n_queries; i++)
            seen |= s->position[i] >= s->first[i] && s->position[i] / MN_KV_BLOCK >= (int32_t)b &&
                    s->first[i] / MN_KV_BLOCK <= (int32_t)b;
        if (!seen) s->key_list[b] = s->value_list[b] = NULL;
    }
}

static void scene_close(scene *s)
{
    for (uint32_t b = 0; b < s->n_blocks; b++) {
        guarded_close(&s->keys[b]);
        guarded_close(&s->values[b]);
    }
    guarded_close(&s->q);
    guarded_close(&s->out);
    guarded_close(&s->scratch);
    free(s->keys);
    free(s->values);
    free(s->key_list);
    free(s->value_list);
    free(s->position);
    free(s->first);
    free(s->key_numbers);
    free(s->value_numbers);
}

static void attend(scene *s, const mn_attention_ops *ops)
{
    size_t row_bytes = ((size_t)(s->task.n_queries - 1) * s->task.out_stride + s->task.head_dim) * sizeof(float);
    memset(s->out.start, 0x55, row_bytes);
    memset(s->scratch.start, 0xff, mn_attention_scratch_bytes(s->task.head_dim, s->task.n_queries));
    ops->attend(&s->task, s->scratch.start);
}

/* One query in doubles, from the numbers before they were stored. */
static void reference(double *out, const scene *s, uint32_t query)
{
    const mn_attention_task *t = &s->task;
    uint32_t n = t->head_dim;
    double sum = 0, most = -INFINITY;
    double *score = malloc((size_t)s->n_blocks * MN_KV_BLOCK * sizeof(double));
    for (int32_t j = s->first[query]; j <= s->position[query]; j++) {
        double dot = 0;
        for (uint32_t i = 0; i < n; i++)
            dot += (double)t->q[query * t->q_stride + i] * (double)s->key_numbers[(size_t)j * n + i];
        score[j] = dot * (double)t->scale;
        if (t->soft_cap != 0) score[j] = (double)t->soft_cap * tanh(score[j] / (double)t->soft_cap);
        most = fmax(most, score[j]);
    }
    memset(out, 0, n * sizeof(double));
    for (int32_t j = s->first[query]; j <= s->position[query]; j++) {
        double weight = exp(score[j] - most);
        sum += weight;
        for (uint32_t i = 0; i < n; i++)
            out[i] += weight * (double)s->value_numbers[(size_t)j * n + i];
    }
    for (uint32_t i = 0; i < n && sum > 0; i++)
        out[i] /= sum;
    free(score);
}

/* The largest difference from the reference, of values of size 1. */
static double worst_error(const scene *s)
{
    double worst = 0;
    double *want = malloc(s->task.head_dim * sizeof(double));
    for (uint32_t query = 0; query < s->task.n_queries; query++) {
        reference(want, s, query);
        for (uint32_t i = 0; i < s->task.head_dim; i++) {
            double error = fabs((double)s->task.out[query * s->task.out_stride + i] - want[i]);
            if (!(error <= worst)) worst = error;
        }
    }
    free(want);
    return worst;
}

static void test_reference(void **state)
{
    (void)state;
    const double limits[MN_KV_N_TYPES] = { 3e-6, 2e-3, 2e-2 };
    const shape shapes[] = {
        { .n_queries = 1, .head_dim = 64, .position = 0, .group = 1 },
        { .n_queries = 3, .head_dim = 64, .position = 700, .group = 3 },
        { .n_queries = 40, .head_dim = 96, .position = 0, .step = 3, .group = 1 },
        { .n_queries = 24, .head_dim = 80, .position = 190, .step = 1, .group = 3, .window = 64 },
        { .n_queries = 9, .head_dim = 256, .position = 500, .step = -30, .group = 1, .window = 17 },
        { .n_queries = 7, .head_dim = 20, .position = 130, .step = 5, .group = 2, .soft_cap = 3.0f },
        { .n_queries = 5, .head_dim = 4, .position = -3, .step = 1, .group = 1, .gap = 3 },
        { .n_queries = 2, .head_dim = 512, .position = 3000, .step = 1, .group = 1, .gap = 1 },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
            shape p = shapes[i];
            p.type = type;
            scene s;
            scene_open(&s, &p);
            attend(&s, mn_attention_ops_at(0));
            double worst = worst_error(&s);
            if (getenv("SHOW")) printf("shape %zu type %d: %g\n", i, (int)type, worst);
            if (!(worst <= limits[type])) fail_msg("shape %zu, type %d: error %g", i, (int)type, worst);
            scene_close(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
