/* SPDX-License-Identifier: Apache-2.0 */
/* test_vector.c - element-wise operations: the plain table against doubles, every other level
 * against the plain one bit for bit, and fixed bits for all compilers and machines. */
#include "kernels/vector.h"

#include "kernels/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 1100 };

/* Lengths around every step of 4, 8 and 16, and a few long ones. */
static const size_t lengths[] = { 0,  1,  2,  3,  4,  5,  7,  8,  9,  11, 12, 15,  16,  17,
                                  20, 23, 24, 25, 31, 32, 33, 40, 48, 63, 64, 100, 256, MOST };
enum { N_LENGTHS = sizeof lengths / sizeof *lengths };

/* What an operation reads and writes; each array ends at a guard page. */
typedef struct arrays {
    guarded memory[3];
    float *y, *a, *b; /* [n] */
    size_t n;
} arrays;

static void arrays_open(arrays *out, size_t n, unsigned kind)
{
    out->n = n;
    float **list[3] = { &out->y, &out->a, &out->b };
    for (unsigned k = 0; k < 3; k++) {
        out->memory[k] = guarded_open(n * sizeof(float));
        float *x = *list[k] = (float *)(void *)out->memory[k].start;
        for (size_t i = 0; i < n; i++) {
            uint64_t r = mn_random_u64(11 + k, i + 5000 * kind);
            x[i] = (float)(2 * mn_random_unit(21 + k, i + 5000 * kind) - 1) *
                   (kind % 2 ? 8.0f : 120.0f);
            const float special[8] = { 0.0f, -0.0f,   INFINITY,      -INFINITY,
                                       NAN,  FLT_MAX, -FLT_TRUE_MIN, 1e-40f };
            if ((kind == 2 || kind == 3) && r % 16 == 0) x[i] = special[r / 16 % 8];
            if (kind == 4 && r % 8 == 0) x[i] = NAN;
            if (kind == 5) x[i] = r % 2 ? 0.0f : -0.0f;
            if (kind == 3 && k == 0 && r % 16 == 1) { /* any bits at all */
                uint32_t bits = (uint32_t)(r >> 32);
                memcpy(&x[i], &bits, sizeof bits);
            }
        }
    }
}

static void arrays_close(arrays *x)
{
    for (int k = 0; k < 3; k++)
        guarded_close(&x->memory[k]);
}

typedef float operation(const mn_vector_ops *ops, arrays *x);

static float run_norm(const mn_vector_ops *ops, arrays *x)
{
    ops->rms_norm(x->y, x->a, x->b, 1e-6f, x->n);
    return 0;
}

static float run_norm_in_place(const mn_vector_ops *ops, arrays *x)
{
    ops->rms_norm(x->y, x->y, NULL, 1e-5f, x->n);
    return 0;
}

static float run_add(const mn_vector_ops *ops, arrays *x)
{
    ops->add(x->y, x->a, x->n);
    return 0;
}

static float run_scale(const mn_vector_ops *ops, arrays *x)
{
    ops->scale(x->y, 0.3f, x->n);
    return 0;
}

static float run_silu(const mn_vector_ops *ops, arrays *x)
{
    ops->silu_multiply(x->y, x->a, x->b, x->n);
    return 0;
}

static float run_silu_in_place(const mn_vector_ops *ops, arrays *x)
{
    ops->silu_multiply(x->y, x->y, x->b, x->n);
    return 0;
}

static float run_gelu(const mn_vector_ops *ops, arrays *x)
{
    ops->gelu_tanh_multiply(x->y, x->a, x->b, x->n);
    return 0;
}

static float run_soft_cap(const mn_vector_ops *ops, arrays *x)
{
    ops->soft_cap(x->y, 30.0f, x->n);
    return 0;
}

static float run_maximum(const mn_vector_ops *ops, arrays *x)
{
    return ops->maximum(x->a, x->n);
}

static float run_exp(const mn_vector_ops *ops, arrays *x)
{
    return ops->exp_shifted(x->y, x->a, 2.5f, x->n);
}

static float run_exp_in_place(const mn_vector_ops *ops, arrays *x)
{
    return ops->exp_shifted(x->y, x->y, -1.5f, x->n);
}

/* The last n/2 numbers of the other arrays, so that these end at the guard page too. */
static float run_rope_adjacent(const mn_vector_ops *ops, arrays *x)
{
    size_t half = x->n / 2;
    ops->rope_adjacent(x->y + x->n % 2, x->a + x->n - half, x->b + x->n - half, half * 2);
    return 0;
}

static float run_rope_halves(const mn_vector_ops *ops, arrays *x)
{
    size_t half = x->n / 2;
    ops->rope_halves(x->y + x->n % 2, x->a + x->n - half, x->b + x->n - half, half * 2);
    return 0;
}

static const struct {
    const char *name;
    operation *run;
} operations[] = {
    { "rms_norm", run_norm },
    { "rms_norm in place", run_norm_in_place },
    { "add", run_add },
    { "scale", run_scale },
    { "silu_multiply", run_silu },
    { "silu_multiply in place", run_silu_in_place },
    { "gelu_tanh_multiply", run_gelu },
    { "soft_cap", run_soft_cap },
    { "maximum", run_maximum },
    { "exp_shifted", run_exp },
    { "exp_shifted in place", run_exp_in_place },
    { "rope_adjacent", run_rope_adjacent },
    { "rope_halves", run_rope_halves },
};
enum { N_OPERATIONS = sizeof operations / sizeof *operations };

static void compare_operation(size_t which, const mn_vector_ops *ops, size_t n, unsigned kind)
{
    arrays x, plain;
    arrays_open(&x, n, kind);
    arrays_open(&plain, n, kind);
    float got = operations[which].run(ops, &x);
    float want = operations[which].run(mn_vector_ops_at(0), &plain);
    ptrdiff_t at = check_same(x.y, plain.y, n);
    if (at >= 0)
        fail_msg("%s %s, n %zu, kind %u: [%td] is %a, plain %a", ops->name, operations[which].name,
                 n, kind, at, (double)x.y[at], (double)plain.y[at]);
    if (check_same(&got, &want, 1) >= 0)
        fail_msg("%s %s, n %zu, kind %u: returns %a, plain %a", ops->name, operations[which].name,
                 n, kind, (double)got, (double)want);
    arrays_close(&x);
    arrays_close(&plain);
}

static void test_levels_equal_plain(void **state)
{
    (void)state;
    const mn_vector_ops *ops;
    for (size_t level = 1; (ops = mn_vector_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) {
            printf("this CPU lacks %s: not tested\n", ops->name);
            continue;
        }
        for (size_t which = 0; which < N_OPERATIONS; which++)
            for (size_t i = 0; i < N_LENGTHS; i++)
                for (unsigned kind = 0; kind < 6; kind++)
                    compare_operation(which, ops, lengths[i], kind);
    }
}

/* Every exponent and many mantissas through exp and tanh of each level. */
static void test_exp_of_many_floats(void **state)
{
    (void)state;
    enum { N = 1024 };
    float x[N], y[N];
    const mn_vector_ops *ops;
    for (size_t level = 0; (ops = mn_vector_ops_at(level)) != NULL; level++) {
        if (ops->needs & ~check_cpu()) continue;
        uint32_t bits = 0;
        for (uint32_t round = 0; round < 100; round++) {
            for (size_t i = 0; i < N; i++, bits += 41943)
                memcpy(&x[i], &bits, sizeof bits);
            ops->exp_shifted(y, x, 0.0f, N);
            for (size_t i = 0; i < N; i++) {
                float want = mn_expf(x[i] - 0.0f);
                if (check_same(&y[i], &want, 1) >= 0)
                    fail_msg("%s: exp(%a)", ops->name, (double)x[i]);
            }
            memcpy(y, x, sizeof y);
            ops->soft_cap(y, 1.0f, N);
            for (size_t i = 0; i < N; i++) {
                float want = mn_tanhf(x[i]);
                if (check_same(&y[i], &want, 1) >= 0)
                    fail_msg("%s: tanh(%a)", ops->name, (double)x[i]);
            }
        }
    }
}

static void close_to(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want) + 1e-30))
        fail_msg("%.9g, expected %.9g", got, want);
}

static void test_norm_against_doubles(void **state)
{
    (void)state;
    arrays x;
    arrays_open(&x, 577, 1);
    double sum = 0;
    for (size_t i = 0; i < x.n; i++)
        sum += (double)x.a[i] * (double)x.a[i];
    double factor = 1 / sqrt(sum / (double)x.n + 1e-6);
    mn_vector_ops_at(0)->rms_norm(x.y, x.a, x.b, 1e-6f, x.n);
    for (size_t i = 0; i < x.n; i++)
        close_to((double)x.y[i], (double)x.a[i] * factor * (double)x.b[i], 1e-6);
    arrays_close(&x);
}

static void test_activations_against_doubles(void **state)
{
    (void)state;
    const mn_vector_ops *ops = mn_vector_ops_at(0);
    arrays x;
    arrays_open(&x, 1000, 1);
    ops->silu_multiply(x.y, x.a, x.b, x.n);
    for (size_t i = 0; i < x.n; i++)
        close_to((double)x.y[i], (double)x.a[i] / (1 + exp(-(double)x.a[i])) * (double)x.b[i],
                 5e-7);
    ops->gelu_tanh_multiply(x.y, x.a, x.b, x.n);
    for (size_t i = 0; i < x.n; i++) {
        double a = (double)x.a[i];
        double u = sqrt(2 / 3.14159265358979323846) * (a + 0.044715 * a * a * a);
        /* 1 + tanh(u) = 2 / (1 + exp(-2u)); an error of u counts that often in the exponent */
        close_to((double)x.y[i], a / (1 + exp(-2 * u)) * (double)x.b[i], 6e-7 * (1 + fabs(u)));
    }
    memcpy(x.y, x.a, x.n * sizeof(float));
    ops->soft_cap(x.y, 5.0f, x.n);
    for (size_t i = 0; i < x.n; i++)
        close_to((double)x.y[i], 5 * tanh((double)x.a[i] / 5), 3e-7);
    arrays_close(&x);
}

static void test_sums_against_doubles(void **state)
{
    (void)state;
    const mn_vector_ops *ops = mn_vector_ops_at(0);
    arrays x;
    arrays_open(&x, 999, 1);
    double sum = 0, most = -INFINITY;
    for (size_t i = 0; i < x.n; i++) {
        sum += exp((double)x.a[i] - 2.5);
        most = fmax(most, (double)x.a[i]);
    }
    close_to((double)ops->exp_shifted(x.y, x.a, 2.5f, x.n), sum, 1e-6);
    for (size_t i = 0; i < x.n; i++)
        close_to((double)x.y[i], exp((double)(x.a[i] - 2.5f)), 2e-7);
    assert_true((double)ops->maximum(x.a, x.n) == most);
    assert_true(ops->maximum(x.a, 0) == -INFINITY);
    const float numbers[3] = { NAN, 2.0f, NAN };
    assert_true(ops->maximum(numbers, 3) == 2.0f);
    arrays_close(&x);
}

static void test_rope_against_doubles(void **state)
{
    (void)state;
    const mn_vector_ops *ops = mn_vector_ops_at(0);
    enum { N = 20, TAIL = 4 };
    float x[N + TAIL], cosine[N / 2], sine[N / 2];
    for (int adjacent = 0; adjacent < 2; adjacent++) {
        for (int i = 0; i < N + TAIL; i++)
            x[i] = (float)i - 7.25f;
        for (int i = 0; i < N / 2; i++) {
            cosine[i] = (float)mn_cos(0.3 * i + 1);
            sine[i] = (float)mn_sin(0.3 * i + 1);
        }
        (adjacent ? ops->rope_adjacent : ops->rope_halves)(x, cosine, sine, N);
        for (int i = 0; i < N / 2; i++) {
            int p = adjacent ? 2 * i : i, q = adjacent ? 2 * i + 1 : i + N / 2;
            double a = p - 7.25, b = q - 7.25, angle = 0.3 * i + 1;
            assert_true(fabs((double)x[p] - (a * cos(angle) - b * sin(angle))) < 2e-6);
            assert_true(fabs((double)x[q] - (a * sin(angle) + b * cos(angle))) < 2e-6);
        }
        for (int i = N; i < N + TAIL; i++)
            assert_true(x[i] == (float)i - 7.25f);
    }
}

/* The same numbers from every compiler and machine: the hashes were taken once. */
static void test_fixed_bits(void **state)
{
    (void)state;
    uint64_t hash = CHECK_HASH_START;
    for (size_t which = 0; which < N_OPERATIONS; which++)
        for (size_t n = 61; n < MOST; n += 331) {
            arrays x;
            arrays_open(&x, n,
                        (unsigned)(n % 2)); /* finite numbers: the bits of a NaN may differ */
            float value = operations[which].run(mn_vector_ops_at(0), &x);
            hash = check_hash(hash, &value, sizeof value);
            hash = check_hash(hash, x.y, n * sizeof(float));
            arrays_close(&x);
        }
    assert_hash(hash, UINT64_C(0x7f0e8204a7a8352d));
}

static void test_list(void **state)
{
    (void)state;
    assert_true(mn_vector_ops_for(0) == mn_vector_ops_at(0));
    assert_int_equal(mn_vector_ops_at(0)->needs, 0);
    const mn_vector_ops *best = mn_vector_ops_for(~(mn_cpu_bits)0);
    size_t count = 0;
    while (mn_vector_ops_at(count))
        count++;
    assert_true(best == mn_vector_ops_at(count - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_equal_plain),
        cmocka_unit_test(test_exp_of_many_floats),
        cmocka_unit_test(test_norm_against_doubles),
        cmocka_unit_test(test_activations_against_doubles),
        cmocka_unit_test(test_sums_against_doubles),
        cmocka_unit_test(test_rope_against_doubles),
        cmocka_unit_test(test_fixed_bits),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
