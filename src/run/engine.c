/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - runs the tokens of all sessions together. */
#include "run/engine.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "device/cores.h"
#include "device/probe.h"

#include <string.h>

/* What one session has in the pass. */
struct mn_share {
    mn_session *session;
    uint32_t first, n; /* rows of the batch */
};

/* --- open --- */

static mn_status read_settings(mn_engine *e, const mn_options *o, uint32_t *n_threads,
                               mn_error *error)
{
    const mn_config *c = &e->model->config;
    int64_t threads = mn_option_int(o, "threads"), context = mn_option_int(o, "ctx");
    *n_threads = threads ? (uint32_t)threads : mn_cores_usable();
    e->n_context = context ? (uint32_t)context : c->n_context < 4096 ? c->n_context : 4096;
    e->n_sessions = (uint32_t)mn_option_int(o, "sessions");
    e->chunk = (uint32_t)mn_option_int(o, "chunk");
    if (e->chunk > e->n_context) e->chunk = e->n_context;
    e->max_tokens = e->chunk + e->n_sessions;
    e->max_logits = e->n_sessions > 8 ? e->n_sessions : 8;
    const char *type = mn_option_text(o, "kv-type");
    e->pages = (mn_pages){ .type = !strcmp(type, "f32")   ? MN_KV_F32
                                   : !strcmp(type, "f16") ? MN_KV_F16
                                                          : MN_KV_INT8,
                           .n_layers = c->n_layers,
                           .n_kv_heads = c->n_kv_heads,
                           .head_dim = c->head_dim };
    return mn_cpu_level(&e->cpu, mn_option_text(o, "cpu"), error);
}

static uint64_t blocks_per_session(const mn_engine *e)
{
    return (e->n_context + MN_KV_BLOCK - 1) / MN_KV_BLOCK;
}

/* The sum that must fit: known before a weight is read. Without a limit given, what the system
 * allows. */
static mn_status check_memory(const mn_engine *e, uint64_t limit, mn_error *error)
{
    const mn_pages *p = &e->pages;
    uint64_t file = mn_gguf_file_bytes(e->model->file);
    uint64_t page = mn_pages_bytes_per_page(p->type, p->n_layers, p->n_kv_heads, p->head_dim);
    uint64_t kv;
    if (__builtin_mul_overflow(page, blocks_per_session(e) * e->n_sessions, &kv)
        || kv > (uint64_t)PTRDIFF_MAX)
        return mn_fail(error, MN_NO_FIT,
                       "a context of %u for %u sessions needs more memory than can be addressed",
                       e->n_context, e->n_sessions);
    uint64_t total = file + kv + e->scratch_bytes;
    bool given = limit != 0;
    if (!given) limit = mn_device_memory_limit();
    if (total <= limit) return MN_OK;
    return mn_fail(error, MN_NO_FIT,
                   "does not fit: weights %.1f MB + key/value memory %.1f MB (ctx %u, %u sessions) "
                   "+ scratch %.1f MB "
                   "= %.1f MB, but %s %.1f MB",
                   (double)file / 1e6, (double)kv / 1e6, e->n_context, e->n_sessions,
                   (double)e->scratch_bytes / 1e6, (double)total / 1e6,
                   given ? "the memory limit is" : "this process may use", (double)limit / 1e6);
}

static mn_status take_memory(mn_engine *e, const mn_runner_settings *settings, mn_error *error)
{
    mn_status s =
        mn_pages_open(&e->pages, (uint32_t)(blocks_per_session(e) * e->n_sessions), error);
    if (!s) s = mn_runner_open(&e->runner, e->model, &e->pages, e->pool, settings, error);
    if (s) return s;
    e->sessions = mn_alloc_array(e->n_sessions, sizeof *e->sessions);
    e->shares = mn_alloc_array(e->n_sessions, sizeof *e->shares);
    e->wanted = mn_alloc_array(e->n_sessions, sizeof *e->wanted);
    e->tokens = mn_alloc_array(e->max_tokens, sizeof *e->tokens);
    if (!e->sessions || !e->shares || !e->wanted || !e->tokens)
        return mn_fail_memory(error, e->max_tokens * sizeof *e->tokens, "the batch");
    return MN_OK;
}

mn_status mn_engine_open(mn_engine **out, const mn_model *model, const mn_options *options,
                         mn_error *error)
{
    uint32_t n_threads = 1;
    *out = NULL;
    mn_engine *e = mn_alloc_array(1, sizeof *e);
    if (!e) return mn_fail_memory(error, sizeof *e, "the engine");
    e->model = model;
    mn_status s = read_settings(e, options, &n_threads, error);
    mn_runner_settings settings = { .max_tokens = e->max_tokens,
                                    .max_logits = e->max_logits,
                                    .n_context = e->n_context,
                                    .cpu = e->cpu };
    if (!s) e->scratch_bytes = mn_runner_bytes(model, &settings, n_threads);
    if (!s) s = check_memory(e, mn_option_size(options, "memory-limit"), error);
    if (!s) s = mn_pool_open(&e->pool, n_threads, error);
    if (!s) s = take_memory(e, &settings, error);
    if (s) {
        mn_engine_close(e);
        return s;
    }
    *out = e;
    return MN_OK;
}

void mn_engine_close(mn_engine *e)
{
    if (!e) return;
    mn_runner_close(e->runner);
    mn_pages_close(&e->pages);
    mn_pool_close(e->pool);
    mn_free(e->sessions);
    mn_free(e->shares);
    mn_free(e->wanted);
    mn_free(e->tokens);
    mn_free(e);
}

void mn_engine_info_get(const mn_engine *e, mn_engine_info *out)
{
    static const char *const kv_names[MN_KV_N_TYPES] = { "f32", "f16", "int8" };
    const mn_model *m = e->model;
    uint64_t weights = 0;
    for (size_t i = 0; i < m->graph.n_ops; i++) {
        const mn_op *o = &m->graph.ops[i];
        if (o->weight && o->kind != MN_OP_EMBED) weights += o->weight->size_bytes;
    }
    *out = (mn_engine_info){
        .n_threads = mn_pool_n_threads(e->pool),
        .n_context = e->n_context,
        .n_sessions = e->n_sessions,
        .chunk = e->chunk,
        .cpu_level = mn_cpu_best_level(e->cpu),
        .kv_type = kv_names[e->pages.type],
        .weight_bytes = weights,
        .kv_bytes_per_token = e->pages.page_bytes / MN_KV_BLOCK,
        .kv_bytes = (uint64_t)e->pages.page_bytes * e->pages.n_pages,
        .scratch_bytes = e->scratch_bytes,
    };
}

/* --- a pass --- */

/* Adds the next tokens of a session that have `role`, at most `room`. */
static uint32_t add_share(mn_engine *e, mn_session *s, mn_role role, uint32_t room,
                          uint32_t n_tokens, uint32_t *n_shares)
{
    uint32_t n = 0;
    while (n < room && s->n_computed + n < s->n_tokens && s->roles[s->n_computed + n] == role) {
        e->tokens[n_tokens + n] = (mn_batch_token){ s->tokens[s->n_computed + n],
                                                    (int32_t)(s->n_computed + n), &s->sequence };
        n++;
    }
    if (n) e->shares[(*n_shares)++] = (struct mn_share){ s, n_tokens, n };
    return n;
}

/* Prompts first, as the runner wants them; sessions take turns at being served first. */
static void collect(mn_engine *e, mn_batch *batch, uint32_t *n_shares)
{
    uint32_t n = 0, room = e->chunk;
    *n_shares = 0;
    for (uint32_t i = 0; i < e->n_sessions && n < room; i++) {
        mn_session *s = e->sessions[(e->next + i) % e->n_sessions];
        if (s && !s->cancelled) n += add_share(e, s, MN_PROMPT, room - n, n, n_shares);
    }
    batch->n_prompt = n;
    for (uint32_t i = 0; i < e->n_sessions && n < e->max_tokens; i++) {
        mn_session *s = e->sessions[i];
        if (s && !s->cancelled) n += add_share(e, s, MN_DECODE, 1, n, n_shares);
    }
    batch->tokens = e->tokens;
    batch->n_tokens = n;
    e->next = (e->next + 1) % e->n_sessions;
}

static mn_status reserve_pages(const mn_engine *e, uint32_t n_shares, mn_error *error)
{
    mn_status s = MN_OK;
    for (uint32_t i = 0; i < n_shares && !s; i++)
        s = mn_session_reserve(e->shares[i].session,
                               e->shares[i].session->n_computed + e->shares[i].n, error);
    return s;
}

static void end_cancelled(mn_engine *e)
{
    for (uint32_t i = 0; i < e->n_sessions; i++)
        if (e->sessions[i] && e->sessions[i]->cancelled && e->sessions[i]->answering)
            mn_session_advance(e->sessions[i], NULL);
}

mn_status mn_engine_step(mn_engine *e, size_t *n_waiting, mn_error *error)
{
    mn_batch batch;
    uint32_t n_shares, n_wanted = 0;
    end_cancelled(e);
    collect(e, &batch, &n_shares);
    mn_status status = reserve_pages(e, n_shares, error);
    if (status) return status;
    if (batch.n_tokens) mn_runner_forward(e->runner, &batch);
    for (uint32_t i = 0; i < e->n_sessions; i++)
        if (e->sessions[i] && batch.n_tokens) e->sessions[i]->logits = NULL;
    for (uint32_t i = 0; i < n_shares; i++) {
        mn_session *s = e->shares[i].session;
        s->n_computed += e->shares[i].n;
        if (!mn_session_n_waiting(s))
            e->wanted[n_wanted++] = e->shares[i].first + e->shares[i].n - 1;
    }
    const float *logits = n_wanted ? mn_runner_logits(e->runner, e->wanted, n_wanted) : NULL;
    for (uint32_t i = 0; i < n_shares; i++) {
        mn_session *s = e->shares[i].session;
        if (mn_session_n_waiting(s)) continue;
        s->logits = logits;
        if (s->answering) mn_session_advance(s, logits);
        logits += e->model->config.n_vocab;
    }
    size_t left = 0;
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        const mn_session *s = e->sessions[i];
        left += s && (s->answering || (mn_session_n_waiting(s) && !s->cancelled));
    }
    if (n_waiting) *n_waiting = left;
    return MN_OK;
}
