/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_bench.c - `minnow bench`: how fast a model runs on this machine. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/json.h"
#include "cli/output.h"
#include "measure/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MOST_BATCHES 16

typedef struct plan {
    mn_bench_settings settings;
    uint32_t batches[MOST_BATCHES];
    size_t n_batches;
    uint32_t largest;
} plan;

static mn_status read_batches(plan *p, const char *text, mn_error *error)
{
    while (*text) {
        char *end;
        long n = strtol(text, &end, 10);
        if (end == text || (*end && *end != ',') || n < 1 || n > 256
            || p->n_batches == MOST_BATCHES)
            return mn_fail(
                error, MN_USAGE,
                "--batch: expected up to %d numbers from 1 to 256, such as 1,2,4,8; found '%.40s'",
                MOST_BATCHES, text);
        p->batches[p->n_batches++] = (uint32_t)n;
        if ((uint32_t)n > p->largest) p->largest = (uint32_t)n;
        text = *end ? end + 1 : end;
    }
    return p->n_batches ? MN_OK : mn_fail(error, MN_USAGE, "--batch is empty");
}

static mn_status read_plan(plan *p, const mn_call *call, mn_error *error)
{
    p->settings = (mn_bench_settings){
        .n_prompt = (uint32_t)mn_call_int(call, "prompt", 512),
        .n_answer = (uint32_t)mn_call_int(call, "tokens", 64),
        .depth = (uint32_t)mn_call_int(call, "depth", 0),
        .n_rounds = (uint32_t)mn_call_int(call, "rounds", 3),
        .n_batch = 1,
    };
    return read_batches(p, mn_call_text(call, "batch") ? mn_call_text(call, "batch") : "1", error);
}

/* The context holds the longest of what is measured unless --ctx says otherwise. */
static mn_status open_engine(mn_engine **engine, const mn_model *model, const plan *p,
                             mn_options *options, mn_error *error)
{
    char text[16];
    const mn_bench_settings *s = &p->settings;
    uint32_t longest =
        s->depth + s->n_answer + 2 > s->n_prompt ? s->depth + s->n_answer + 2 : s->n_prompt;
    mn_status status = MN_OK;
    snprintf(text, sizeof text, "%u", longest);
    if (!mn_option_int(options, "ctx")) status = mn_options_set(options, "ctx", text, error);
    snprintf(text, sizeof text, "%u", p->largest);
    if (!status) status = mn_options_set(options, "sessions", text, error);
    if (!status) status = mn_engine_open(engine, model, options, error);
    return status;
}

static uint64_t peak_bytes(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_maxrss * 1024;
}

static void add_batches(mn_json *out, const plan *p, const mn_bench *results)
{
    mn_json_open(out, "batch", '[');
    for (size_t i = 0; i < p->n_batches; i++) {
        mn_json_open(out, NULL, '{');
        mn_json_u64(out, "sessions", p->batches[i]);
        mn_json_real(out, "decode_tps", results[i].decode_tps);
        mn_json_real(out, "times_one",
                     results[i].decode_tps / results[0].decode_tps * p->batches[0]);
        mn_json_close(out, '}');
    }
    mn_json_close(out, ']');
}

static mn_status print_json(const plan *p, const mn_bench *results, const mn_engine_info *info,
                            double load_ms, mn_error *error)
{
    const mn_bench *b = &results[0];
    mn_json out = { 0 };
    mn_json_open(&out, NULL, '{');
    mn_json_real(&out, "prefill_tps", b->prefill_tps);
    mn_json_real(&out, "decode_tps", b->decode_tps);
    mn_json_real(&out, "ttft_ms", b->ttft_ms);
    mn_json_real(&out, "load_ms", load_ms);
    mn_json_u64(&out, "rss_bytes", peak_bytes());
    mn_json_u64(&out, "bytes_per_token", b->bytes_per_token);
    mn_json_real(&out, "read_gbps", b->read_gbps);
    mn_json_real(&out, "cpu_s_per_token", b->cpu_s_per_token);
    mn_json_null(&out, "joules_per_token");
    mn_json_null(&out, "joules_source");
    mn_json_string(&out, "joules_reason", "energy is not measured by this version");
    mn_json_u64(&out, "prompt_tokens", p->settings.n_prompt);
    mn_json_u64(&out, "answer_tokens", p->settings.n_answer);
    mn_json_u64(&out, "depth", p->settings.depth);
    mn_json_u64(&out, "rounds", p->settings.n_rounds);
    mn_json_real(&out, "prefill_tps_low", b->prefill_low);
    mn_json_real(&out, "prefill_tps_high", b->prefill_high);
    mn_json_real(&out, "decode_tps_low", b->decode_low);
    mn_json_real(&out, "decode_tps_high", b->decode_high);
    mn_json_u64(&out, "threads", info->n_threads);
    mn_json_string(&out, "cpu_level", info->cpu_level);
    mn_json_string(&out, "kv_type", info->kv_type);
    add_batches(&out, p, results);
    mn_json_close(&out, '}');
    return mn_json_print(&out, error);
}

static void print_text(const plan *p, const mn_bench *results, const mn_engine_info *info,
                       double load_ms)
{
    const mn_bench *b = &results[0];
    mn_out("threads %u, level %s, keys and values %s\n", info->n_threads, info->cpu_level,
           info->kv_type);
    if (p->settings.n_prompt)
        mn_out("prefill  %8.1f tokens/s  (%u tokens; %.1f to %.1f in %u rounds)\n", b->prefill_tps,
               p->settings.n_prompt, b->prefill_low, b->prefill_high, p->settings.n_rounds);
    if (p->settings.n_answer)
        mn_out("decode   %8.1f tokens/s  (%u tokens at depth %u; %.1f to %.1f)  %.1f GB/s of "
               "weights, %.1f ms of processor a token\n",
               b->decode_tps, p->settings.n_answer, p->settings.depth, b->decode_low,
               b->decode_high, b->read_gbps, b->cpu_s_per_token * 1e3);
    for (size_t i = 1; i < p->n_batches; i++)
        mn_out("batch %-3u%8.1f tokens/s  together, a step takes %.2f times that of %u\n",
               p->batches[i], results[i].decode_tps,
               results[0].decode_tps / p->batches[0] / results[i].decode_tps * p->batches[i],
               p->batches[0]);
    if (p->settings.n_prompt) mn_out("first    %8.1f ms to the first token\n", b->ttft_ms);
    mn_out("load     %8.1f ms;  peak memory %s\n", load_ms, mn_size_show(peak_bytes()).text);
}

static mn_status measure(mn_call *call, const mn_model *model, plan *p, double started_ms,
                         mn_error *error)
{
    mn_engine *engine = NULL;
    mn_engine_info info;
    mn_bench results[MOST_BATCHES];
    mn_status status = open_engine(&engine, model, p, call->options, error);
    double load_ms = mn_clock_ms() - started_ms;
    for (size_t i = 0; i < p->n_batches && !status; i++) {
        p->settings.n_batch = p->batches[i];
        mn_bench_settings s = p->settings;
        if (i) s.n_prompt = 0;
        status = mn_bench_run(&results[i], engine, &s, error);
    }
    if (!status) {
        mn_engine_info_get(engine, &info);
        if (mn_call_has(call, "json"))
            status = print_json(p, results, &info, load_ms, error);
        else
            print_text(p, results, &info, load_ms);
    }
    mn_engine_close(engine);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    mn_model *model = NULL;
    plan p = { .n_batches = 0 };
    mn_status status = read_plan(&p, call, error);
    if (!status) status = mn_find_model(&path, call, call->arguments[0], false, error);
    double started_ms = mn_clock_ms();
    if (!status) status = mn_model_open(&model, path, call->options, error);
    if (!status) status = measure(call, model, &p, started_ms, error);
    mn_model_close(model);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "prompt", 'p', MN_FLAG_INT, "N", "tokens of the prompt (512); 0 leaves it out", 0, 16777216 },
    { "tokens", 'n', MN_FLAG_INT, "N", "tokens of the answer (64); 0 leaves it out", 0, 16777216 },
    { "depth", 0, MN_FLAG_INT, "N", "tokens in the context before the answer (0)", 0, 16777216 },
    { "batch", 0, MN_FLAG_TEXT, "LIST", "answers side by side, such as 1,2,4,8", 0, 0 },
    { "rounds", 0, MN_FLAG_INT, "N", "rounds after one of warming up; the median counts (3)", 1,
      1000 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_bench = {
    .name = "bench",
    .group = "judge",
    .arguments = "MODEL",
    .help = "measure how fast a model runs here",
    .text =
        "Reads a prompt of random tokens, then generates from an empty context (or from --depth),\n"
        "some rounds of each, and prints the median. GB/s counts the weights that a generated\n"
        "token has to read.",
    .examples =
        "minnow bench smollm2:135m\nminnow bench smollm2:135m -p 128 -n 32 --batch 1,2,4 --json",
    .flags = flags,
    .scopes = MN_SCOPE_BIT(MN_SCOPE_ENGINE),
    .min_arguments = 1,
    .max_arguments = 1,
    .completes = MN_ARGUMENT_MODEL,
    .top = true,
    .run = run,
};
