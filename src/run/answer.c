/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - the answer of a session: token after token, text as it becomes whole, and its end. */
#include "run/engine.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

#include <string.h>

/* --- text --- */

static bool deliver(mn_session *s, size_t length)
{
    bool go_on =
        !length || !s->text_function || s->text_function(s->text_user, s->held.data, length);
    if (length) {
        memmove(s->held.data, s->held.data + length, s->held.length - length + 1);
        s->held.length -= length;
    }
    return go_on;
}

/* Where a stop text (lines of the option `stop`) begins in the held text; *partial is where one may
 * have begun without being whole yet. */
static size_t find_stop(const mn_session *s, size_t *partial)
{
    const char *stops = mn_option_text(s->options, "stop");
    size_t found = SIZE_MAX;
    *partial = s->held.length;
    while (stops && *stops) {
        size_t length = strcspn(stops, "\n");
        for (size_t at = 0; length && at < s->held.length; at++) {
            size_t rest = s->held.length - at, compared = rest < length ? rest : length;
            if (memcmp(s->held.data + at, stops, compared)) continue;
            if (compared == length && at < found) found = at;
            if (compared < length && at < *partial) *partial = at;
            break;
        }
        stops += length + (stops[length] == '\n');
    }
    return found;
}

/* --- the end --- */

static void end(mn_session *s, mn_finish finish)
{
    size_t partial;
    s->answering = false;
    s->finish = finish;
    mn_stream_end(&s->stream, &s->held);
    size_t stop = find_stop(s, &partial);
    if (finish != MN_FINISH_CANCELLED) deliver(s, stop < s->held.length ? stop : s->held.length);
    mn_text_clear(&s->held);
    s->stats.answer_ms = mn_clock_ms() - s->prompt_end_ms;
}

static void record_logprobs(mn_session *s, const float *logits, int32_t id)
{
    int n = mn_sampler_n_logprobs(s->sampler);
    void *list = s->logprobs;
    size_t each = (size_t)(1 + n);
    if (n < 0
        || !mn_grow(&list, &s->logprobs_capacity, (s->n_logprobs + 1) * each, sizeof *s->logprobs))
        return;
    s->logprobs = list;
    mn_sampler_logprobs(s->sampler, logits, id, s->logprobs + s->n_logprobs++ * each);
}

static void note_times(mn_session *s)
{
    double now = mn_clock_ms();
    if (s->stats.answer_tokens) return;
    s->prompt_end_ms = now;
    s->stats.prompt_ms = s->stats.first_token_ms = now - s->started_ms;
}

static bool ends_answer(const mn_session *s, int32_t id)
{
    return mn_model_ends_generation(s->engine->model, id)
           && !mn_option_bool(s->options, "ignore-eos");
}

void mn_session_advance(mn_session *s, const float *logits)
{
    size_t partial;
    if (s->cancelled) {
        end(s, MN_FINISH_CANCELLED);
        return;
    }
    int32_t id = mn_sampler_pick(s->sampler, logits, s->tokens, s->n_tokens);
    note_times(s);
    if (ends_answer(s, id)) {
        end(s, MN_FINISH_STOP);
        return;
    }
    record_logprobs(s, logits, id);
    s->tokens[s->n_tokens] = id;
    s->roles[s->n_tokens++] = MN_DECODE;
    s->stats.answer_tokens++;
    if (s->engine->model->tokenizer) mn_stream_feed(&s->stream, &s->held, id);
    if (find_stop(s, &partial) != SIZE_MAX) {
        end(s, MN_FINISH_STOP);
        return;
    }
    if (!deliver(s, partial))
        end(s, MN_FINISH_CANCELLED);
    else if (s->n_tokens >= s->limit)
        end(s, MN_FINISH_LENGTH);
}

/* --- begin, cancel, run --- */

mn_status mn_session_begin(mn_session *s, size_t max_tokens, mn_text_fn *text, void *user,
                           mn_error *error)
{
    uint32_t n_context = s->engine->n_context;
    if (s->answering) return mn_fail(error, MN_USAGE, "the session is answering already");
    if (!s->n_tokens)
        return mn_fail(error, MN_USAGE, "the session is empty: give it a prompt first");
    if (s->n_tokens >= n_context)
        return mn_fail(error, MN_NO_FIT, "the context of %u tokens is full", n_context);
    if (!mn_session_n_waiting(s)) s->n_computed--; /* the last token again, for its logits */
    s->answering = true;
    s->cancelled = 0;
    s->finish = MN_FINISH_NONE;
    s->limit = max_tokens && max_tokens < n_context - s->n_tokens
                   ? s->n_tokens + (uint32_t)max_tokens
                   : n_context;
    s->text_function = text;
    s->text_user = user;
    s->n_logprobs = 0;
    s->first_logprob = s->n_tokens;
    s->started_ms = s->prompt_end_ms = mn_clock_ms();
    s->stats.answer_tokens = 0;
    mn_text_clear(&s->held);
    if (s->engine->model->tokenizer) mn_stream_init(&s->stream, s->engine->model->tokenizer, false);
    return MN_OK;
}

void mn_session_cancel(mn_session *s)
{
    s->cancelled = 1;
}

mn_status mn_session_generate(mn_session *s, size_t max_tokens, mn_text_fn *text, void *user,
                              mn_error *error)
{
    mn_status status = mn_session_begin(s, max_tokens, text, user, error);
    while (!status && s->answering) status = mn_engine_step(s->engine, NULL, error);
    if (status) s->answering = false;
    return status;
}

mn_status mn_session_read(mn_session *s, mn_error *error)
{
    mn_status status = MN_OK;
    s->cancelled = 0;
    while (!status && mn_session_n_waiting(s))
        status = s->cancelled ? mn_fail(error, MN_CANCELLED, "stopped")
                              : mn_engine_step(s->engine, NULL, error);
    return status;
}
