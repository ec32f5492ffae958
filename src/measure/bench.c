/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - how fast a model runs here. */
#include "measure/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MOST_ROUNDS 1000

typedef struct bench {
    const mn_bench_settings *settings;
    mn_session **sessions; /* [n_batch] */
    int32_t *ids;          /* [longest] */
    size_t longest;
    double *prefill, *decode, *first, *cpu; /* [n_rounds] */
} bench;

static double processor_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec
           + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void fill(bench *b, uint32_t n_vocab, uint64_t seed)
{
    for (size_t i = 0; i < b->longest; i++) b->ids[i] = (int32_t)(mn_random_u64(seed, i) % n_vocab);
}

static mn_status read_tokens(mn_session *s, const int32_t *ids, size_t n, mn_error *error)
{
    mn_status status = mn_session_truncate(s, 0, error);
    if (!status) status = mn_session_append(s, ids, n, error);
    if (!status) status = mn_session_read(s, error);
    return status;
}

static mn_status measure_prefill(bench *b, uint32_t round, mn_error *error)
{
    uint32_t n = b->settings->n_prompt;
    if (!n) return MN_OK;
    double start = mn_clock_ms();
    mn_status status = read_tokens(b->sessions[0], b->ids, n, error);
    b->prefill[round] = n * 1e3 / (mn_clock_ms() - start);
    b->first[round] =
        mn_clock_ms() - start; /* the logits of the last token are there: the pick is negligible */
    return status;
}

/* All answers together; the first token comes with the prompt and is not counted. */
static mn_status measure_decode(bench *b, uint32_t round, mn_error *error)
{
    uint32_t n = b->settings->n_answer, n_batch = b->settings->n_batch;
    mn_status status = MN_OK;
    size_t waiting = 1;
    if (!n) return MN_OK;
    for (uint32_t i = 0; i < n_batch && !status; i++)
        status = read_tokens(b->sessions[i], b->ids, b->settings->depth + 1, error);
    for (uint32_t i = 0; i < n_batch && !status; i++)
        status = mn_session_begin(b->sessions[i], n + 1, NULL, NULL, error);
    if (!status) status = mn_engine_step(b->sessions[0]->engine, &waiting, error);
    double start = mn_clock_ms(), cpu = processor_seconds();
    while (!status && waiting) status = mn_engine_step(b->sessions[0]->engine, &waiting, error);
    b->decode[round] = (double)n * n_batch * 1e3 / (mn_clock_ms() - start);
    b->cpu[round] = (processor_seconds() - cpu) / ((double)n * n_batch);
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts; the middle value, and the ends. */
static double median(double *values, uint32_t n, bool measured, double *low, double *high)
{
    *low = *high = NAN;
    if (!measured) return NAN;
    qsort(values, n, sizeof *values, compare);
    *low = values[0];
    *high = values[n - 1];
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void summarize(mn_bench *out, bench *b)
{
    const mn_bench_settings *s = b->settings;
    double low, high;
    mn_engine_info info;
    mn_engine_info_get(b->sessions[0]->engine, &info);
    out->prefill_tps =
        median(b->prefill, s->n_rounds, s->n_prompt, &out->prefill_low, &out->prefill_high);
    out->decode_tps =
        median(b->decode, s->n_rounds, s->n_answer, &out->decode_low, &out->decode_high);
    out->ttft_ms = median(b->first, s->n_rounds, s->n_prompt, &low, &high);
    out->cpu_s_per_token = median(b->cpu, s->n_rounds, s->n_answer, &low, &high);
    out->bytes_per_token = info.weight_bytes;
    out->read_gbps = out->decode_tps / s->n_batch * (double)info.weight_bytes * 1e-9;
}

static mn_status prepare(bench *b, mn_engine *engine, mn_options *options, mn_error *error)
{
    const mn_bench_settings *s = b->settings;
    uint32_t n_context = engine->n_context;
    if (s->n_rounds < 1 || s->n_rounds > MOST_ROUNDS || s->n_batch < 1
        || s->n_batch > engine->n_sessions)
        return mn_fail(error, MN_USAGE,
                       "bench: rounds must be 1 to %d and the batch 1 to the engine's %u sessions",
                       MOST_ROUNDS, engine->n_sessions);
    b->longest = s->n_prompt > s->depth + 1 ? s->n_prompt : s->depth + 1;
    if (b->longest > n_context || (uint64_t)s->depth + 2 + s->n_answer > n_context)
        return mn_fail(error, MN_NO_FIT,
                       "bench: %u tokens of prompt, and %u of depth with %u of answer, do not fit "
                       "a context of %u",
                       s->n_prompt, s->depth, s->n_answer, n_context);
    b->sessions = mn_alloc_array(s->n_batch, sizeof *b->sessions);
    b->ids = mn_alloc_array(b->longest, sizeof *b->ids);
    double *rounds = mn_alloc_array((size_t)s->n_rounds * 4, sizeof *rounds);
    if (!b->sessions || !b->ids || !rounds) {
        mn_free(rounds);
        return mn_fail_memory(error, b->longest * sizeof *b->ids, "bench");
    }
    b->prefill = rounds;
    b->decode = rounds + s->n_rounds;
    b->first = rounds + 2 * s->n_rounds;
    b->cpu = rounds + 3 * s->n_rounds;
    mn_status status = mn_options_set(options, "temp", "0", error);
    if (!status) status = mn_options_set(options, "ignore-eos", "true", error);
    for (uint32_t i = 0; i < s->n_batch && !status; i++)
        status = mn_session_open(&b->sessions[i], engine, options, error);
    return status;
}

mn_status mn_bench_run(mn_bench *out, mn_engine *engine, const mn_bench_settings *settings,
                       mn_error *error)
{
    bench b = { .settings = settings };
    mn_options *options = NULL;
    *out = (mn_bench){ 0 };
    mn_status status = mn_options_open(&options, error);
    if (!status) status = prepare(&b, engine, options, error);
    if (!status) fill(&b, engine->model->config.n_vocab, 1);
    for (uint32_t i = 0; i <= settings->n_rounds && !status;
         i++) { /* round 0 warms up and is overwritten */
        uint32_t round = i ? i - 1 : 0;
        status = measure_prefill(&b, round, error);
        if (!status) status = measure_decode(&b, round, error);
    }
    if (!status) summarize(out, &b);
    for (uint32_t i = 0; b.sessions && i < settings->n_batch; i++) mn_session_close(b.sessions[i]);
    mn_options_close(options);
    mn_free(b.sessions);
    mn_free(b.ids);
    mn_free(b.prefill);
    return status;
}
