/* SPDX-License-Identifier: Apache-2.0 */
/* test_attention.c - attention: the plain table against a double reference, every other level
 * against the plain one bit for bit, and fixed bits for all compilers and machines. */
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
    guarded *keys, *values; /* [n_blocks] */
    const uint8_t **key_list, **value_list;
    int32_t *position, *first;
    float *key_numbers, *value_numbers; /* [n_blocks * MN_KV_BLOCK, head_dim] as they were stored */
} scene;

typedef struct shape {
    uint32_t n_queries, head_dim;
    int32_t position, step; /* of the first query, and from each `group` of queries to the next */
    uint32_t group;
    int32_t window; /* keys seen; 0: all */
    mn_kv_type type;
    float soft_cap;
    uint32_t gap; /* floats between rows of q and out */
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
        ops->store_key(s->keys[j / MN_KV_BLOCK].start, (uint32_t)j % MN_KV_BLOCK, key, n,
                       s->task.type);
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
    size_t row_bytes =
        ((size_t)(s->task.n_queries - 1) * s->task.out_stride + s->task.head_dim) * sizeof(float);
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
            dot +=
                (double)t->q[query * t->q_stride + i] * (double)s->key_numbers[(size_t)j * n + i];
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
        { .n_queries = 50, .head_dim = 32, .position = 230, .step = -3, .group = 1, .window = 70 },
        { .n_queries = 7,
          .head_dim = 20,
          .position = 130,
          .step = 5,
          .group = 2,
          .soft_cap = 3.0f },
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
            if (!(worst <= limits[type]))
                fail_msg("shape %zu, type %d: error %g", i, (int)type, worst);
            scene_close(&s);
        }
}

static void compare_levels(const shape *p)
{
    scene s;
    scene_open(&s, p);
    size_t n = (size_t)(p->n_queries - 1) * s.task.out_stride + p->head_dim;
    float *want = malloc(n * sizeof(float));
    attend(&s, mn_attention_ops_at(0));
    memcpy(want, s.task.out, n * sizeof(float));
    const mn_attention_ops *ops;
    for (size_t level = 1; (ops = mn_attention_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) continue;
        attend(&s, ops);
        ptrdiff_t at = check_same(s.task.out, want, n);
        if (at >= 0)
            fail_msg("%s: %u queries of %u from %d step %d in groups of %u, window %d, type %d: "
                     "[%td] is %a, "
                     "plain %a",
                     ops->name, p->n_queries, p->head_dim, p->position, p->step, p->group,
                     p->window, (int)p->type, at, (double)s.task.out[at], (double)want[at]);
    }
    free(want);
    scene_close(&s);
}

/* Every head_dim, a few queries across the end of the first block. */
static void test_levels_every_head_dim(void **state)
{
    (void)state;
    for (uint32_t n = 4; n <= 512; n += n < 136 ? 4 : 12)
        for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
            shape p = { .head_dim = n,
                        .type = type,
                        .n_queries = 1 + n / 4 % 13,
                        .position = 60,
                        .step = 1,
                        .group = 1 + n / 4 % 3,
                        .gap = n / 4 % 2 };
            compare_levels(&p);
        }
}

static void test_levels_every_number_of_queries(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 70; n++)
        for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
            shape p = { .head_dim = n % 3 ? 32 : 48,
                        .type = type,
                        .n_queries = n,
                        .position = (int32_t)(n * 37 % 190),
                        .step = (int32_t)(n % 4),
                        .group = 1 + n % 5,
                        .window = n % 2 ? (int32_t)(n * 5 % 90) : 0,
                        .gap = 4,
                        .soft_cap = n % 7 == 0 ? 2.0f : 0.0f };
            compare_levels(&p);
        }
}

/* One query at every position of three blocks, with the end of its window everywhere too. */
static void test_levels_every_position(void **state)
{
    (void)state;
    for (int32_t position = -1; position < 3 * MN_KV_BLOCK; position++)
        for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
            shape p = { .head_dim = 20,
                        .type = type,
                        .n_queries = 1 + (uint32_t)position % 3,
                        .position = position,
                        .group = 8,
                        .window = position * 29 % 150 };
            compare_levels(&p);
        }
}

/* Queries that see nothing get zeros; pages that nobody sees are not read (scene_open makes them
 * NULL). */
static void test_no_keys(void **state)
{
    (void)state;
    const shape p = {
        .n_queries = 5, .head_dim = 16, .position = 150, .step = 20, .group = 1, .window = 10
    };
    const mn_attention_ops *ops;
    for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) continue;
        scene s;
        scene_open(&s, &p);
        s.first[1] = 171;
        s.position[3] = -1;
        attend(&s, ops);
        for (uint32_t i = 0; i < 5; i++)
            for (uint32_t k = 0; k < 16; k++)
                assert_true((s.task.out[i * 16 + k] == 0.0f) == (i == 1 || i == 3));
        scene_close(&s);
    }
}

/* Scores of -infinity, +infinity and NaN, and values of infinity that only some queries see. */
static void test_infinities(void **state)
{
    (void)state;
    const shape p = { .n_queries = 9, .head_dim = 64, .position = 100, .step = 1, .group = 1 };
    const mn_attention_ops *ops;
    for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) continue;
        scene s;
        scene_open(&s, &p);
        float *q = (float *)(void *)s.q.start;
        for (uint32_t i = 0; i < 9 * 64; i++)
            q[i] = fabsf(q[i]) + 0.1f;
        float row[64];
        for (int k = 0; k < 64; k++)
            row[k] = -INFINITY;
        for (uint32_t slot = 0; slot < MN_KV_BLOCK; slot++) /* the whole first block is -infinity */
            ops->store_key(s.keys[0].start, slot, row, 64, MN_KV_F32);
        for (int k = 0; k < 64; k++)
            row[k] = INFINITY;
        ops->store_value(s.values[1].start, 105 - 64, row, 64, MN_KV_F32);
        ops->store_key(s.keys[1].start, 107 - 64, row, 64, MN_KV_F32);
        attend(&s, ops);
        for (uint32_t i = 0; i < 9; i++) {
            float first = s.task.out[i * 64];
            assert_true(i < 5   ? isfinite(first) && first != 0.0f
                        : i < 7 ? isinf(first)
                                : isnan(first));
        }
        s.first[2] = 3; /* sees keys of -infinity only: no weight at all */
        s.position[2] = 50;
        attend(&s, ops);
        assert_true(s.task.out[2 * 64 + 5] == 0.0f);
        scene_close(&s);
    }
}

/* A query's numbers do not depend on those computed beside it. */
static void test_alone_or_together(void **state)
{
    (void)state;
    const mn_attention_ops *ops;
    for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++)
        for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
            if (ops->needs & ~check_cpu()) continue;
            const shape p = { .n_queries = 29,
                              .head_dim = 96,
                              .position = 90,
                              .step = 3,
                              .group = 2,
                              .window = 70,
                              .type = type,
                              .gap = 8 };
            scene s;
            scene_open(&s, &p);
            attend(&s, ops);
            float *together = malloc(29 * s.task.out_stride * sizeof(float));
            memcpy(together, s.task.out, (28 * s.task.out_stride + 96) * sizeof(float));
            for (uint32_t i = 0; i < 29; i++) {
                mn_attention_task one = s.task;
                float out[96];
                one.q += i * one.q_stride;
                one.position += i;
                one.first += i;
                one.n_queries = 1;
                one.out = out;
                ops->attend(&one, s.scratch.start);
                assert_int_equal(check_same(out, together + i * s.task.out_stride, 96), -1);
            }
            free(together);
            scene_close(&s);
        }
}

/* Rows whose numbers are hard to store. */
static void hard_row(float *x, uint32_t n, unsigned kind)
{
    for (uint32_t i = 0; i < n; i++) {
        x[i] = random_float(kind % 3 == 0 ? 1.0f : kind % 3 == 1 ? 1e5f : 1e-6f);
        uint64_t r = mn_random_u64(99, counter++);
        uint32_t bits = (uint32_t)r;
        if (kind == 3) memcpy(&x[i], &bits, sizeof bits);
        if (kind == 4) x[i] *= 0x1p-130f;
        if (kind == 5) x[i] = (float)((int)(r % 255) - 127) * 0.5f; /* halves to round for INT8 */
        if (kind == 6) x[i] = ldexpf((float)(r % 4096), (int)(r >> 40 & 31) - 36); /* ties of F16 */
    }
    if (kind == 7) x[n / 2] = INFINITY;
    if (kind == 8) x[n - 1] = -NAN;
}

static void test_store(void **state)
{
    (void)state;
    counter = 0;
    uint64_t hash = CHECK_HASH_START;
    for (unsigned round = 0; round < 270; round++) {
        mn_kv_type type = round % MN_KV_N_TYPES;
        unsigned kind = round / 3 % 9;
        uint32_t n = 4 * (1 + (uint32_t)(mn_random_u64(98, round) % 70)),
                 slot = round * 7 % MN_KV_BLOCK;
        size_t size = mn_kv_head_bytes(type, n);
        guarded x = guarded_open(n * sizeof(float)), plain = guarded_open(size),
                page = guarded_open(size);
        hard_row((float *)(void *)x.start, n, kind);
        const mn_attention_ops *ops;
        for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++) {
            if (ops->needs & ~check_cpu()) continue;
            guarded *to = level ? &page : &plain;
            for (int value = 0; value < 2; value++) {
                memset(to->start, 0x11, size);
                (value ? ops->store_value : ops->store_key)(to->start, slot,
                                                            (float *)(void *)x.start, n, type);
                if (level) { /* the plain page of the same kind, made again */
                    const mn_attention_ops *truth = mn_attention_ops_at(0);
                    memset(plain.start, 0x11, size);
                    (value ? truth->store_value : truth->store_key)(
                        plain.start, slot, (float *)(void *)x.start, n, type);
                    if (memcmp(plain.start, page.start, size) != 0)
                        fail_msg("%s: store %d of %u numbers of kind %u, type %d", ops->name, value,
                                 n, kind, (int)type);
                } else if (kind != 3 && kind != 8) { /* no NaN, whose bits may differ */
                    hash = check_hash(hash, plain.start, size);
                }
            }
        }
        guarded_close(&x);
        guarded_close(&plain);
        guarded_close(&page);
    }
    assert_hash(hash, UINT64_C(0xdecd217f47bd63b9));
}

/* Reading back: one key that takes all the weight gives its value as stored. */
static void test_stored_precision(void **state)
{
    (void)state;
    const double limits[MN_KV_N_TYPES] = { 0, 0x1p-11, 0.5 / 127 };
    for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
        const shape p = {
            .n_queries = 1, .head_dim = 132, .position = 0, .group = 1, .type = type
        };
        scene s;
        scene_open(&s, &p);
        attend(&s, mn_attention_ops_at(0));
        for (uint32_t i = 0; i < 132; i++)
            assert_true(fabs((double)s.task.out[i] - (double)s.value_numbers[i]) <=
                        limits[type] * 1.000001);
        scene_close(&s);
    }
}

/* Positions at the end of the range of int32 must not overflow. */
static void test_far_positions(void **state)
{
    (void)state;
    enum { LAST_BLOCK = INT32_MAX / MN_KV_BLOCK };
    const uint8_t **keys = calloc((size_t)LAST_BLOCK + 1, sizeof *keys);
    float page[MN_KV_BLOCK * 16], q[4] = { 1, 2, 3, 4 }, out[4];
    for (int i = 0; i < MN_KV_BLOCK * 16; i++)
        page[i] = 0.25f;
    if (!keys) skip();
    keys[LAST_BLOCK] = (const uint8_t *)page;
    const int32_t position = INT32_MAX, first = INT32_MAX - 5, before = INT32_MIN;
    guarded scratch = guarded_open(mn_attention_scratch_bytes(4, 1));
    mn_attention_task task = { .q = q,
                               .out = out,
                               .q_stride = 4,
                               .out_stride = 4,
                               .position = &position,
                               .first = &first,
                               .n_queries = 1,
                               .head_dim = 4,
                               .scale = 1,
                               .keys = keys,
                               .values = keys };
    const mn_attention_ops *ops;
    for (size_t level = 0; (ops = mn_attention_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) continue;
        task.position = &position;
        ops->attend(&task, scratch.start);
        assert_true(out[0] == 0.25f && out[3] == 0.25f);
        task.position = &before;
        ops->attend(&task, scratch.start);
        assert_true(out[0] == 0.0f && out[3] == 0.0f);
    }
    guarded_close(&scratch);
    free(keys);
}

/* The same numbers from every compiler and machine: the hash was taken once. */
static void test_fixed_bits(void **state)
{
    (void)state;
    uint64_t hash = CHECK_HASH_START;
    for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++) {
        const shape p = { .n_queries = 14,
                          .head_dim = 72,
                          .position = 120,
                          .step = 9,
                          .group = 2,
                          .window = 100,
                          .type = type,
                          .soft_cap = 8.0f };
        scene s;
        scene_open(&s, &p);
        attend(&s, mn_attention_ops_at(0));
        hash = check_hash(hash, s.task.out, 14 * 72 * sizeof(float));
        scene_close(&s);
    }
    assert_hash(hash, UINT64_C(0x120bd8f3b85d5771));
}

static void test_list(void **state)
{
    (void)state;
    assert_true(mn_attention_ops_for(0) == mn_attention_ops_at(0));
    assert_int_equal(mn_attention_ops_at(0)->needs, 0);
    const mn_attention_ops *best = mn_attention_ops_for(~(mn_cpu_bits)0);
    size_t count = 0;
    while (mn_attention_ops_at(count))
        count++;
    assert_true(best == mn_attention_ops_at(count - 1));
    for (mn_kv_type type = 0; type < MN_KV_N_TYPES; type++)
        assert_int_equal(mn_kv_head_bytes(type, 68) % 64, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_levels_every_head_dim),
        cmocka_unit_test(test_levels_every_number_of_queries),
        cmocka_unit_test(test_levels_every_position),
        cmocka_unit_test(test_no_keys),
        cmocka_unit_test(test_infinities),
        cmocka_unit_test(test_alone_or_together),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_stored_precision),
        cmocka_unit_test(test_far_positions),
        cmocka_unit_test(test_fixed_bits),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
