/* SPDX-License-Identifier: Apache-2.0 */
/* test_score.c - scores are those of the logits: windows, halves, BOS, whole texts, both roles. */
#include "test.h"

#include "measure/bench.h"
#include "measure/score.h"

#include <math.h>
#include <string.h>

#define MODEL "tests/data/tiny/llama-spm.gguf" /* adds a BOS */

typedef struct world {
    mn_model *model;
    mn_engine *engine;
    mn_session *session;
} world;

static world open_world(const char *context)
{
    mn_error error = { 0 };
    mn_options *options;
    world w;
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "ctx", context, &error), error);
    assert_ok(mn_model_open(&w.model, MODEL, NULL, &error), error);
    assert_ok(mn_engine_open(&w.engine, w.model, options, &error), error);
    assert_ok(mn_session_open(&w.session, w.engine, options, &error), error);
    mn_options_close(options);
    return w;
}

static void close_world(world *w)
{
    mn_session_close(w->session);
    mn_engine_close(w->engine);
    mn_model_close(w->model);
}

/* Negative log-likelihood of ids[i] after ids[0..i-1], from the logits of the public calls. */
static double nll_of(world *w, const int32_t *ids, size_t i)
{
    mn_error error = { 0 };
    assert_ok(mn_session_replace(w->session, ids, i, &error), error);
    assert_ok(mn_session_read(w->session, &error), error);
    const float *logits = mn_session_logits(w->session);
    double sum = 0;
    for (uint32_t j = 0; j < w->model->config.n_vocab; j++) sum += exp((double)logits[j]);
    return log(sum) - (double)logits[ids[i]];
}

static void make_ids(int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(3 + (i * i * 13 + i * 7) % 300);
}

static void test_windows(void **state)
{
    enum { N = 70, WINDOW = 32 };
    mn_error error = { 0 };
    int32_t ids[N], window[WINDOW];
    mn_score score;
    double expected = 0;
    (void)state;
    world w = open_world("32");
    make_ids(ids, N);
    mn_score_settings settings = { .n_context = WINDOW };
    assert_ok(mn_score_run(&score, w.session, ids, N, &settings, NULL, &error), error);
    for (size_t c = 0; c < 2; c++) {
        memcpy(window, ids + c * WINDOW, sizeof window);
        window[0] = mn_tokenizer_bos(w.model->tokenizer);
        for (size_t i = WINDOW / 2 + 1; i < WINDOW; i++) expected += nll_of(&w, window, i);
    }
    assert_int_equal(score.n_chunks, 2);
    assert_int_equal(score.n_tokens, 2 * (WINDOW / 2 - 1));
    assert_true(fabs(score.nll - expected / (double)score.n_tokens) < 1e-4);
    assert_true(fabs(score.perplexity - exp(score.nll)) < 1e-6 * score.perplexity);
    settings.stepwise = true; /* float weights: the other order of sums gives nearly the same */
    mn_score stepwise;
    assert_ok(mn_score_run(&stepwise, w.session, ids, N, &settings, NULL, &error), error);
    assert_true(fabs(stepwise.nll - score.nll) < 1e-3);
    settings.n_chunks = 1;
    assert_ok(mn_score_run(&stepwise, w.session, ids, N, &settings, NULL, &error), error);
    assert_int_equal(stepwise.n_chunks, 1);
    assert_int_equal(mn_score_run(&score, w.session, ids, WINDOW - 1, &settings, NULL, &error),
                     MN_USAGE);
    close_world(&w);
}

typedef struct listed {
    size_t n;
    double sum;
    bool ordered;
} listed;

static void list(void *user, const mn_score_token *token)
{
    listed *l = user;
    l->ordered = l->ordered && token->index == l->n + 1 && token->n_logprobs == 4;
    for (uint32_t i = 2; i < token->n_logprobs; i++)
        l->ordered = l->ordered && token->logprobs[i - 1].logprob >= token->logprobs[i].logprob;
    l->ordered = l->ordered && token->logprobs[0].logprob <= token->logprobs[1].logprob;
    l->sum -= (double)token->logprobs[0].logprob;
    l->n++;
}

static void test_whole_text(void **state)
{
    enum { N = 20 };
    mn_error error = { 0 };
    int32_t ids[N];
    mn_score score;
    listed l = { .ordered = true };
    double expected = 0;
    (void)state;
    world w = open_world("64");
    make_ids(ids, N);
    mn_score_settings settings = { .n_context = 64, .whole = true, .n_top = 3 };
    assert_ok(mn_score_run(&score, w.session, ids, N, &settings,
                           &(mn_score_watch){ .user = &l, .token = list }, &error),
              error);
    for (size_t i = 1; i < N; i++) expected += nll_of(&w, ids, i);
    assert_int_equal(score.n_tokens, N - 1);
    assert_int_equal(l.n, N - 1);
    assert_true(l.ordered);
    assert_true(fabs(score.nll - expected / (N - 1)) < 1e-4);
    assert_true(fabs(l.sum / (N - 1) - score.nll) < 1e-4);
    close_world(&w);
}

static void test_bench(void **state)
{
    mn_error error = { 0 };
    mn_bench b;
    (void)state;
    world w = open_world("64");
    mn_session_close(w.session);
    w.session = NULL;
    assert_ok(mn_bench_run(&b, w.engine,
                           &(mn_bench_settings){
                               .n_prompt = 16, .n_answer = 4, .n_rounds = 2, .n_batch = 1 },
                           &error),
              error);
    assert_true(b.prefill_tps > 0 && b.decode_tps > 0 && b.prefill_low <= b.prefill_tps
                && b.prefill_tps <= b.prefill_high);
    assert_true(b.bytes_per_token > 0 && b.bytes_per_token < mn_gguf_file_bytes(w.model->file));
    assert_ok(mn_bench_run(&b, w.engine,
                           &(mn_bench_settings){ .n_answer = 4, .n_rounds = 1, .n_batch = 1 },
                           &error),
              error);
    assert_true(isnan(b.prefill_tps));
    assert_int_equal(
        mn_bench_run(&b, w.engine,
                     &(mn_bench_settings){ .n_prompt = 65, .n_rounds = 1, .n_batch = 1 }, &error),
        MN_NO_FIT);
    assert_int_equal(
        mn_bench_run(&b, w.engine,
                     &(mn_bench_settings){ .n_prompt = 1, .n_rounds = 1, .n_batch = 2 }, &error),
        MN_USAGE);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_windows),
                                        cmocka_unit_test(test_whole_text),
                                        cmocka_unit_test(test_bench) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
