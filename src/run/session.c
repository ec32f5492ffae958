/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - one conversation: its tokens, pages, sampler and answer. */
#include "run/engine.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* --- open and close --- */

static uint32_t n_blocks(const mn_engine *e)
{
    return (e->n_context + MN_KV_BLOCK - 1) / MN_KV_BLOCK;
}

static mn_status choose_seed(mn_options *options, mn_error *error)
{
    uint64_t seed = 0;
    char text[24];
    if (mn_option_int(options, "seed") >= 0) return MN_OK;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = (uint64_t)(mn_clock_ms() * 1e6);
    snprintf(text, sizeof text, "%llu", (unsigned long long)(seed >> 11));
    return mn_options_set(options, "seed", text, error);
}

mn_status mn_session_configure(mn_session *s, const mn_options *options, mn_error *error)
{
    mn_options *copy = NULL;
    mn_sampler *sampler = NULL;
    mn_status status = mn_options_copy(&copy, options, error);
    if (!status) status = choose_seed(copy, error);
    if (!status) status = mn_sampler_open(&sampler, s->engine->model->config.n_vocab, copy, error);
    if (status) {
        mn_options_close(copy);
        return status;
    }
    mn_options_close(s->options);
    mn_sampler_close(s->sampler);
    s->options = copy;
    s->sampler = sampler;
    return MN_OK;
}

mn_status mn_session_open(mn_session **out, mn_engine *e, const mn_options *options,
                          mn_error *error)
{
    uint32_t place = 0;
    *out = NULL;
    while (place < e->n_sessions && e->sessions[place]) place++;
    if (place == e->n_sessions)
        return mn_fail(error, MN_NO_FIT,
                       "all %u sessions of the engine are in use; raise the option 'sessions'",
                       e->n_sessions);
    mn_session *s = mn_alloc_array(1, sizeof *s);
    if (!s) return mn_fail_memory(error, sizeof *s, "the session");
    s->engine = e;
    s->tokens = mn_alloc_array(e->n_context, sizeof *s->tokens);
    s->roles = mn_alloc_array(e->n_context, sizeof *s->roles);
    s->sequence.pages = mn_alloc_array(n_blocks(e), sizeof *s->sequence.pages);
    mn_status status = s->tokens && s->roles && s->sequence.pages
                           ? MN_OK
                           : mn_fail_memory(error, e->n_context * 5, "the session");
    if (!status) status = mn_session_configure(s, options, error);
    if (status) {
        mn_session_close(s);
        return status;
    }
    e->sessions[place] = s;
    *out = s;
    return MN_OK;
}

static void give_back_pages(mn_session *s, uint32_t from)
{
    while (s->sequence.n_pages > from)
        mn_pages_give_back(&s->engine->pages, s->sequence.pages[--s->sequence.n_pages]);
}

void mn_session_close(mn_session *s)
{
    if (!s) return;
    for (uint32_t i = 0; s->engine->sessions && i < s->engine->n_sessions; i++)
        if (s->engine->sessions[i] == s) s->engine->sessions[i] = NULL;
    if (s->sequence.pages) give_back_pages(s, 0);
    mn_sampler_close(s->sampler);
    mn_options_close(s->options);
    mn_text_free(&s->held);
    mn_free(s->logprobs);
    mn_free(s->sequence.pages);
    mn_free(s->tokens);
    mn_free(s->roles);
    mn_free(s);
}

/* --- tokens --- */

mn_status mn_session_reserve(mn_session *s, uint32_t n, mn_error *error)
{
    while (s->sequence.n_pages * MN_KV_BLOCK < n) {
        uint8_t *page = mn_pages_take(&s->engine->pages);
        if (!page) return mn_fail(error, MN_NO_FIT, "no key/value page is free");
        s->sequence.pages[s->sequence.n_pages++] = page;
    }
    return MN_OK;
}

static mn_status must_not_answer(const mn_session *s, mn_error *error)
{
    return s->answering
               ? mn_fail(error, MN_USAGE, "the session is answering; cancel or finish that first")
               : MN_OK;
}

static mn_status append(mn_session *s, const int32_t *ids, size_t n, mn_role role, mn_error *error)
{
    uint32_t n_vocab = s->engine->model->config.n_vocab;
    mn_status status = must_not_answer(s, error);
    if (status) return status;
    if (n > s->engine->n_context - s->n_tokens)
        return mn_fail(error, MN_NO_FIT,
                       "%zu tokens do not fit: the context holds %u and %u are in use; raise 'ctx'",
                       n, s->engine->n_context, s->n_tokens);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= n_vocab)
            return mn_fail(error, MN_USAGE, "token id %d is out of range: the vocabulary has %u",
                           (int)ids[i], n_vocab);
    if (!mn_session_n_waiting(s)) s->stats = (mn_session_stats){ .prompt_cached = s->n_computed };
    memcpy(s->tokens + s->n_tokens, ids, n * sizeof *ids);
    memset(s->roles + s->n_tokens, role, n);
    s->n_tokens += (uint32_t)n;
    s->stats.prompt_tokens += n;
    return MN_OK;
}

mn_status mn_session_append(mn_session *s, const int32_t *ids, size_t n, mn_error *error)
{
    return append(s, ids, n, MN_PROMPT, error);
}

mn_status mn_session_append_text(mn_session *s, const char *text, size_t length, mn_error *error)
{
    int32_t *ids;
    size_t n;
    mn_status status =
        mn_model_tokenize(s->engine->model, text, length, false, s->n_tokens == 0, &ids, &n, error);
    if (!status) status = mn_session_append(s, ids, n, error);
    mn_free_ids(ids);
    return status;
}

mn_status mn_session_truncate(mn_session *s, size_t n, mn_error *error)
{
    mn_status status = must_not_answer(s, error);
    if (status) return status;
    if (n < s->n_tokens) s->n_tokens = (uint32_t)n;
    if (n < s->n_computed) s->n_computed = (uint32_t)n;
    give_back_pages(s, (s->n_computed + MN_KV_BLOCK - 1) / MN_KV_BLOCK);
    s->finish = MN_FINISH_NONE;
    s->logits = NULL;
    return MN_OK;
}

/* Pages are kept only for tokens read in the same role: an answer of before is read again as a
 * prompt. */
mn_status mn_session_replace(mn_session *s, const int32_t *ids, size_t n, mn_error *error)
{
    size_t common = 0;
    mn_status status = must_not_answer(s, error);
    if (status) return status;
    if (n > s->engine->n_context)
        return mn_fail(error, MN_NO_FIT,
                       "a prompt of %zu tokens does not fit a context of %u; raise 'ctx'", n,
                       s->engine->n_context);
    while (common < n && common < s->n_computed && s->tokens[common] == ids[common]
           && s->roles[common] == MN_PROMPT)
        common++;
    if (common == n && n) common--; /* the last token gives the logits to go on from */
    status = mn_session_truncate(s, common, error);
    if (!status) status = mn_session_append(s, ids + common, n - common, error);
    if (!status) s->stats = (mn_session_stats){ .prompt_tokens = n, .prompt_cached = common };
    return status;
}

/* --- chat --- */

static mn_status set_json(json_t *object, const char *name, const char *text, mn_error *error)
{
    json_error_t at;
    if (!text) return MN_OK;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &at);
    if (!value)
        return mn_fail(error, MN_USAGE, "%s: %s (line %d, column %d)", name, at.text, at.line,
                       at.column);
    if (json_object_set_new(object, name, value)) return mn_fail_memory(error, 0, name);
    return MN_OK;
}

static mn_status chat_variables(json_t **out, const char *messages, const char *tools,
                                const char *variables, mn_error *error)
{
    json_t *all = json_object();
    json_t *given = NULL;
    mn_status status = all && !json_object_set_new(all, "add_generation_prompt", json_true())
                           ? MN_OK
                           : mn_fail_memory(error, 0, "the conversation");
    if (!status) status = set_json(all, "messages", messages, error);
    if (!status) status = set_json(all, "tools", tools, error);
    if (!status && variables) {
        json_error_t at;
        given = json_loads(variables, 0, &at);
        if (!json_is_object(given))
            status = mn_fail(error, MN_USAGE, "variables: expected a JSON object");
        else if (json_object_update(all, given))
            status = mn_fail_memory(error, 0, "the conversation");
    }
    json_decref(given);
    if (status) json_decref(all);
    *out = status ? NULL : all;
    return status;
}

mn_status mn_session_set_chat(mn_session *s, const char *messages_json, const char *tools_json,
                              const char *variables_json, int64_t now, mn_error *error)
{
    const mn_model *m = s->engine->model;
    json_t *variables;
    mn_prompt prompt = { 0 };
    mn_ids ids = { 0 };
    mn_status status = chat_variables(&variables, messages_json, tools_json, variables_json, error);
    if (!status) status = mn_model_render_chat(m, &prompt, variables, now, error);
    if (!status) status = mn_tokenizer_encode(m->tokenizer, &ids, &prompt, MN_ADD_BOS, error);
    if (!status) status = mn_session_replace(s, ids.data, ids.n, error);
    json_decref(variables);
    mn_prompt_free(&prompt);
    mn_ids_free(&ids);
    return status;
}

/* --- fork --- */

mn_status mn_session_fork(mn_session **out, const mn_session *s, mn_error *error)
{
    mn_session *copy;
    mn_status status = mn_session_open(&copy, s->engine, s->options, error);
    if (!status) status = mn_session_reserve(copy, s->n_computed, error);
    if (status) {
        mn_session_close(copy);
        return status;
    }
    memcpy(copy->tokens, s->tokens, s->n_tokens * sizeof *s->tokens);
    memcpy(copy->roles, s->roles, s->n_tokens);
    for (uint32_t i = 0; i < copy->sequence.n_pages; i++)
        memcpy(copy->sequence.pages[i], s->sequence.pages[i], s->engine->pages.page_bytes);
    copy->n_tokens = s->n_tokens;
    copy->n_computed = s->n_computed;
    *out = copy;
    return MN_OK;
}

/* --- looking --- */

mn_finish mn_session_finish_reason(const mn_session *s)
{
    return s->finish;
}

size_t mn_session_n_tokens(const mn_session *s)
{
    return s->n_tokens;
}

const int32_t *mn_session_tokens(const mn_session *s)
{
    return s->tokens;
}

const float *mn_session_logits(const mn_session *s)
{
    return s->logits;
}

void mn_session_stats_get(const mn_session *s, mn_session_stats *out)
{
    *out = s->stats;
}

size_t mn_session_logprobs(const mn_session *s, size_t index, const mn_token_logprob **out)
{
    int n = mn_sampler_n_logprobs(s->sampler);
    if (n < 0 || index < s->first_logprob || index - s->first_logprob >= s->n_logprobs) return 0;
    *out = s->logprobs + (index - s->first_logprob) * (size_t)(1 + n);
    return (size_t)(1 + n);
}
