/* SPDX-License-Identifier: Apache-2.0 */
/* test_sampler.c - every setting of the sampler does what it says, and the pick is a function of
 * the seed and the position. */
#include "test.h"

#include "run/sampler.h"

#include <math.h>
#include <string.h>

#define N 500

typedef struct setting {
    const char *name, *value;
} setting;

static mn_sampler *open_sampler(const setting *settings, size_t n)
{
    mn_error error = { 0 };
    mn_options *options;
    mn_sampler *sampler;
    assert_ok(mn_options_open(&options, &error), error);
    const setting neutral[] = {
        { "temp", "1" }, { "top-k", "0" }, { "top-p", "1" }, { "min-p", "0" }, { "seed", "1" }
    };
    for (size_t i = 0; i < 5; i++)
        assert_ok(mn_options_set(options, neutral[i].name, neutral[i].value, &error), error);
    for (size_t i = 0; i < n; i++)
        assert_ok(mn_options_set(options, settings[i].name, settings[i].value, &error), error);
    assert_ok(mn_sampler_open(&sampler, N, options, &error), error);
    mn_options_close(options);
    return sampler;
}

/* Logits whose softmax is known: the probability of token i is proportional to weight(i). */
static double weight(size_t i)
{
    return i < 10 ? (double)(10 - i) : 0.01;
}

static void fill(float *logits)
{
    for (size_t i = 0; i < N; i++)
        logits[(i * 7 + 3) % N] = (float)log(weight(i)); /* not in order of id */
}

static size_t rank_of(int32_t id)
{
    for (size_t i = 0; i < N; i++)
        if ((int32_t)((i * 7 + 3) % N) == id) return i;
    return N;
}

/* How often each rank is picked in 20,000 tries. */
static void count(size_t counts[N], const setting *settings, size_t n_settings)
{
    float logits[N];
    int32_t tokens[20000] = { 0 };
    mn_sampler *s = open_sampler(settings, n_settings);
    fill(logits);
    memset(counts, 0, N * sizeof *counts);
    for (size_t i = 0; i < 20000; i++) counts[rank_of(mn_sampler_pick(s, logits, tokens, i))]++;
    mn_sampler_close(s);
}

/* The picks follow the probabilities of the first n ranks, raised to `power`; nothing else is
 * picked. */
static void expect(const setting *settings, size_t n_settings, size_t n, double power)
{
    size_t counts[N], others = 0;
    double total = 0;
    count(counts, settings, n_settings);
    for (size_t i = 0; i < n; i++) total += pow(weight(i), power);
    for (size_t i = 0; i < N; i++) {
        double p = i < n ? pow(weight(i), power) / total : 0,
               error = 5 * sqrt(p * (1 - p) / 20000) + 1e-4;
        if (i < 10 && !(fabs((double)counts[i] / 20000 - p) <= error))
            fail_msg("rank %zu: picked %zu of 20000, expected %g", i, counts[i], p);
        others += i >= n ? counts[i] : 0;
    }
    assert_int_equal(others, 0);
}

static void test_distributions(void **state)
{
    (void)state;
    expect(NULL, 0, N, 1);
    expect((setting[]){ { "top-k", "4" } }, 1, 4, 1);
    expect((setting[]){ { "top-k", "1" } }, 1, 1, 1);
    expect((setting[]){ { "top-k", "6" }, { "temp", "0.5" } }, 2, 6, 2);
    /* total weight 55 + 4.9: 10 + 9 + 8 + 7 = 34 reaches 0.5 of it, 27 does not */
    expect((setting[]){ { "top-p", "0.5" } }, 1, 4, 1);
    /* among the best 6 (45): 10 + 9 + 8 reaches 0.5 */
    expect((setting[]){ { "top-k", "6" }, { "top-p", "0.5" } }, 2, 3, 1);
    expect((setting[]){ { "min-p", "0.55" } }, 1, 5, 1);
    expect((setting[]){ { "min-p", "0.55" }, { "temp", "2" } }, 2, 5, 0.5);
}

static void test_greedy(void **state)
{
    float logits[N];
    (void)state;
    mn_sampler *s = open_sampler((setting[]){ { "temp", "0" } }, 1);
    fill(logits);
    assert_int_equal(rank_of(mn_sampler_pick(s, logits, NULL, 0)), 0);
    for (size_t i = 0; i < N; i++) logits[i] = 1;
    assert_int_equal(mn_sampler_pick(s, logits, NULL, 0), 0); /* the lowest id among equals */
    for (size_t i = 0; i < N; i++) logits[i] = NAN;
    logits[77] = -5;
    assert_int_equal(mn_sampler_pick(s, logits, NULL, 0), 77);
    mn_sampler_close(s);
    s = open_sampler((setting[]){ { "temp", "1" } }, 1);
    logits[77] = NAN;
    int32_t id = mn_sampler_pick(s, logits, NULL, 0);
    assert_true(id >= 0 && id < N);
    mn_sampler_close(s);
}

static void test_seed_and_position(void **state)
{
    float logits[N];
    int32_t tokens[100] = { 0 }, first[100];
    (void)state;
    fill(logits);
    size_t same = 0;
    for (int seed = 1; seed <= 2; seed++) {
        mn_sampler *s = open_sampler((setting[]){ { "seed", seed == 1 ? "1" : "2" } }, 1);
        mn_sampler *again = open_sampler((setting[]){ { "seed", seed == 1 ? "1" : "2" } }, 1);
        for (size_t i = 100; i-- > 0;) { /* in any order */
            int32_t id = mn_sampler_pick(s, logits, tokens, i);
            assert_int_equal(id, mn_sampler_pick(again, logits, tokens, i));
            if (seed == 1)
                first[i] = id;
            else
                same += first[i] == id;
        }
        mn_sampler_close(s);
        mn_sampler_close(again);
    }
    assert_true(same < 60);
}

static void test_penalties_and_bias(void **state)
{
    float logits[N] = { 0 };
    (void)state;
    logits[5] = 2;
    logits[6] = 1.9f;
    logits[7] = -1;
    const int32_t tokens[4] = { 5, 5, 9, 5 };
    const struct {
        setting s;
        int32_t expected;
    } cases[] = {
        { { "repeat-penalty", "1" }, 5 },       { { "repeat-penalty", "1.2" }, 6 },
        { { "frequency-penalty", "0.02" }, 5 }, { { "frequency-penalty", "0.04" }, 6 },
        { { "presence-penalty", "0.05" }, 5 },  { { "presence-penalty", "0.2" }, 6 },
        { { "logit-bias", "5:-1" }, 6 },        { { "logit-bias", "7:4,5:-1" }, 7 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_sampler *s = open_sampler((setting[]){ { "temp", "0" }, cases[i].s }, 2);
        assert_int_equal(mn_sampler_pick(s, logits, tokens, 4), cases[i].expected);
        mn_sampler_close(s);
    }
    mn_sampler *s = open_sampler(
        (setting[]){ { "temp", "0" }, { "repeat-penalty", "2" }, { "repeat-last", "1" } }, 3);
    assert_int_equal(mn_sampler_pick(s, logits, (int32_t[]){ 5, 6 }, 2),
                     5); /* only the last token counts */
    mn_sampler_close(s);
    mn_options *options;
    mn_error error = { 0 };
    static const char *const bad[] = { "5", "5:", "-1:2", "500:1", "5:x", "5:1;6:1" };
    assert_ok(mn_options_open(&options, &error), error);
    for (size_t i = 0; i < 6; i++) {
        assert_ok(mn_options_set(options, "logit-bias", bad[i], &error), error);
        assert_int_equal(mn_sampler_open(&s, N, options, &error), MN_USAGE);
    }
    mn_options_close(options);
}

/* Typical sampling at a small p takes the tokens whose surprise is nearest to the entropy, which
 * here is not the likeliest one. */
static void test_typical(void **state)
{
    float logits[N];
    int32_t tokens[200] = { 0 };
    (void)state;
    for (size_t i = 0; i < N; i++) logits[i] = (float)log(i == 0 ? 0.4 : i <= 20 ? 0.03 : 1e-12);
    mn_sampler *s = open_sampler((setting[]){ { "typical-p", "0.02" } }, 1);
    for (size_t i = 0; i < 200; i++) {
        int32_t id = mn_sampler_pick(s, logits, tokens, i);
        assert_true(id >= 1 && id <= 20);
    }
    mn_sampler_close(s);
}

static void test_logprobs(void **state)
{
    float logits[N];
    double total = 0;
    mn_token_logprob out[6];
    (void)state;
    mn_sampler *s = open_sampler((setting[]){ { "logprobs", "5" } }, 1);
    fill(logits);
    for (size_t i = 0; i < N; i++) total += weight(i);
    mn_sampler_logprobs(s, logits, 8, out);
    assert_int_equal(out[0].id, 8);
    for (size_t i = 0; i < 6; i++) {
        size_t rank = i ? i - 1 : rank_of(8);
        assert_true(fabs((double)out[i].logprob - log(weight(rank) / total)) < 1e-5);
        if (i) assert_int_equal(rank_of(out[i].id), rank);
    }
    mn_sampler_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distributions),     cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_seed_and_position), cmocka_unit_test(test_penalties_and_bias),
        cmocka_unit_test(test_typical),           cmocka_unit_test(test_logprobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
