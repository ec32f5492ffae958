/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - a model made ready to answer, and its answers as they come. */
#include "cli/talk.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/interrupt.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* --- open and close -------------------------------------------------------------------------- */

mn_status mn_talk_open(mn_talk *talk, const mn_call *call, const char *path, mn_error *error)
{
    double begin_ms = mn_clock_ms();
    *talk = (mn_talk){ .call = call };
    mn_status status = mn_model_open(&talk->model, path, call->options, error);
    if (!status) status = mn_engine_open(&talk->engine, talk->model, call->options, error);
    if (!status) status = mn_session_open(&talk->session, talk->engine, call->options, error);
    if (status) {
        mn_talk_close(talk);
        return status;
    }
    mn_model_info_get(talk->model, &talk->info);
    talk->load_ms = mn_clock_ms() - begin_ms;
    return MN_OK;
}

void mn_talk_close(mn_talk *talk)
{
    mn_interrupt_session(NULL);
    mn_session_close(talk->session);
    mn_engine_close(talk->engine);
    mn_model_close(talk->model);
    mn_text_free(&talk->answer);
    *talk = (mn_talk){ 0 };
}

/* --- answering ------------------------------------------------------------------------------- */

static bool on_text(void *user, const char *text, size_t length)
{
    mn_talk *talk = user;
    mn_text_append(&talk->answer, text, length);
    if (!talk->silent) mn_out_foreign(text, length);
    return (talk->silent || mn_out_flush()) && !mn_interrupted();
}

static mn_status generate(mn_talk *talk, size_t max_tokens, mn_error *error)
{
    mn_text_clear(&talk->answer);
    mn_interrupt_session(talk->session);
    mn_status status = mn_session_generate(talk->session, max_tokens, on_text, talk, error);
    mn_interrupt_session(NULL);
    talk->finish = mn_session_finish_reason(talk->session);
    if (!status && talk->answer.failed)
        status = mn_fail_memory(error, talk->answer.length, "the answer");
    return status;
}

mn_status mn_talk_chat(mn_talk *talk, const json_t *messages, size_t max_tokens, mn_error *error)
{
    char *text = json_dumps(messages, JSON_COMPACT);
    if (!text) return mn_fail_memory(error, 0, "the conversation");
    mn_status status =
        mn_session_set_chat(talk->session, text, NULL, NULL, (int64_t)time(NULL), error);
    free(text); /* jansson's */
    return status ? status : generate(talk, max_tokens, error);
}

mn_status mn_talk_text(mn_talk *talk, const char *text, size_t length, size_t max_tokens,
                       mn_error *error)
{
    mn_status status = mn_session_append_text(talk->session, text, length, error);
    return status ? status : generate(talk, max_tokens, error);
}

static bool is_utf8(const char *bytes, size_t length)
{
    for (size_t i = 0, n; i < length; i += n)
        if (!(n = mn_utf8_length(bytes + i, length - i))) return false;
    return true;
}

static json_t *string_of(const char *bytes, size_t length)
{
    mn_text repaired = { 0 };
    if (is_utf8(bytes, length)) return json_stringn(bytes, length);
    for (size_t i = 0, n; i < length; i += n ? n : 1) {
        n = mn_utf8_length(bytes + i, length - i);
        if (n) mn_text_append(&repaired, bytes + i, n);
        else mn_text_add(&repaired, "\xEF\xBF\xBD");
    }
    json_t *string = repaired.failed ? NULL : json_stringn(repaired.data, repaired.length);
    mn_text_free(&repaired);
    return string;
}

bool mn_talk_add_message(json_t *messages, const char *role, const char *content, size_t length)
{
    json_t *message = json_object();
    bool whole = !json_object_set_new(message, "role", json_string(role))
                 && !json_object_set_new(message, "content", string_of(content, length));
    return !json_array_append_new(messages, message) && whole;
}

/* --- statistics ------------------------------------------------------------------------------ */

uint64_t mn_peak_memory_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (uint64_t)usage.ru_maxrss * 1024;
}

const char *mn_talk_finish_name(mn_finish finish)
{
    switch (finish) {
    case MN_FINISH_STOP: return "stop";
    case MN_FINISH_LENGTH: return "length";
    case MN_FINISH_CANCELLED: return "cancelled";
    default: return NULL;
    }
}

/* Tokens in a second; 0: nothing to measure. */
static double rate(uint64_t n_tokens, double ms)
{
    return n_tokens && ms > 0 ? 1000 * (double)n_tokens / ms : 0;
}

/* Tokens that were computed for the prompt; the rest was known from before. */
static uint64_t prompt_computed(const mn_session_stats *stats)
{
    return stats->prompt_tokens - stats->prompt_cached;
}

void mn_talk_print_stats(const mn_talk *talk)
{
    mn_session_stats stats;
    mn_session_stats_get(talk->session, &stats);
    fflush(stdout);
    fprintf(stderr, "%s[prompt %llu tokens", mn_faint(stderr),
            (unsigned long long)stats.prompt_tokens);
    if (stats.prompt_cached)
        fprintf(stderr, " (%llu kept)", (unsigned long long)stats.prompt_cached);
    if (prompt_computed(&stats))
        fprintf(stderr, ", %.1f/s", rate(prompt_computed(&stats), stats.prompt_ms));
    fprintf(stderr, "; answer %llu tokens", (unsigned long long)stats.answer_tokens);
    if (stats.answer_tokens > 1)
        fprintf(stderr, ", %.1f/s", rate(stats.answer_tokens, stats.answer_ms));
    fprintf(stderr, "; first after %.0f ms; peak memory %s]%s\n", stats.first_token_ms,
            mn_size_show(mn_peak_memory_bytes()).text, mn_plain(stderr));
}

static void json_rate(mn_json *json, const char *key, uint64_t n_tokens, double ms)
{
    if (rate(n_tokens, ms) > 0) mn_json_real(json, key, rate(n_tokens, ms));
    else mn_json_null(json, key);
}

void mn_talk_json_stats(const mn_talk *talk, mn_json *json)
{
    mn_session_stats stats;
    mn_engine_info engine;
    mn_session_stats_get(talk->session, &stats);
    mn_engine_info_get(talk->engine, &engine);
    mn_json_open(json, "statistics", '{');
    mn_json_u64(json, "prompt_tokens", stats.prompt_tokens);
    mn_json_u64(json, "prompt_cached", stats.prompt_cached);
    mn_json_u64(json, "answer_tokens", stats.answer_tokens);
    mn_json_real(json, "load_ms", talk->load_ms);
    mn_json_real(json, "prompt_ms", stats.prompt_ms);
    mn_json_real(json, "first_token_ms", stats.first_token_ms);
    mn_json_real(json, "answer_ms", stats.answer_ms);
    json_rate(json, "prompt_tps", prompt_computed(&stats), stats.prompt_ms);
    json_rate(json, "answer_tps", stats.answer_tokens, stats.answer_ms);
    mn_json_u64(json, "peak_memory_bytes", mn_peak_memory_bytes());
    mn_json_u64(json, "threads", engine.n_threads);
    mn_json_u64(json, "context", engine.n_context);
    mn_json_string(json, "cpu_level", engine.cpu_level);
    mn_json_string(json, "kv_type", engine.kv_type);
    mn_json_close(json, '}');
}
