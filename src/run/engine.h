/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - engine and sessions, as the library's own files see them. */
#ifndef MN_RUN_ENGINE_H
#define MN_RUN_ENGINE_H

#include "base/text.h"
#include "run/pages.h"
#include "run/runner.h"
#include "run/sampler.h"

#include <minnow/minnow.h>

#include <signal.h>

struct mn_session {
    mn_engine *engine;
    mn_sequence sequence;
    int32_t *tokens;     /* [n_context] */
    uint8_t *roles;      /* [n_context] mn_role of each token */
    uint32_t n_tokens;   /* known */
    uint32_t n_computed; /* of these, with keys and values */
    mn_sampler *sampler;
    mn_options *options; /* as given at open or configure */
    /* the answer in progress */
    bool answering;
    volatile sig_atomic_t cancelled;
    mn_finish finish;
    uint32_t limit; /* n_tokens at which it ends */
    mn_text_fn *text_function;
    void *text_user;
    mn_stream stream;
    mn_text held;               /* text that may still turn out to be the start of a stop text */
    uint32_t first_logprob;     /* token that logprobs[0] belongs to */
    mn_token_logprob *logprobs; /* [n_context - first_logprob, 1 + n], grown with use */
    size_t n_logprobs, logprobs_capacity;
    const float *logits; /* in the runner's memory; NULL if none */
    double started_ms, first_ms, prompt_end_ms, end_ms;
    mn_session_stats stats;
};

struct mn_engine {
    const mn_model *model;
    mn_pool *pool;
    mn_pages pages;
    mn_runner *runner;
    mn_cpu_bits cpu;
    uint32_t n_context, n_sessions, chunk, max_tokens, max_logits;
    uint64_t scratch_bytes;
    mn_session **sessions; /* [n_sessions], NULL where a place is free */
    uint32_t next;         /* the session whose prompt is served first, in turn */
    /* the pass in progress */
    mn_batch_token *tokens;  /* [max_tokens] */
    struct mn_share *shares; /* [n_sessions] */
    uint32_t *wanted;        /* [n_sessions] */
};

/* Tokens waiting to be computed. */
static inline uint32_t mn_session_n_waiting(const mn_session *s)
{
    return s->n_tokens - s->n_computed;
}

/* Makes sure that pages exist for the first n positions. */
mn_status mn_session_reserve(mn_session *session, uint32_t n, mn_error *error);
/* Called by the engine with the logits after the session's last token: picks and appends the next
 * one, or ends the answer. */
void mn_session_advance(mn_session *session, const float *logits);

/* Gets the logits [n_vocab] after token `index` of the session; false stops. */
typedef bool mn_logits_fn(void *user, size_t index, const float *logits);
/* Appends ids in the given role and computes them, giving the logits after each token from session
 * index `from` on. What `score` and `compare` are made of. */
mn_status mn_session_evaluate(mn_session *session, const int32_t *ids, size_t n, mn_role role,
                              size_t from, mn_logits_fn *function, void *user, mn_error *error);

#endif
