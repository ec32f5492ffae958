/* SPDX-License-Identifier: Apache-2.0 */
/* score.h - how likely a model finds a text: negative log-likelihood and perplexity.
 *
 * Windows of n_context tokens, each read from an empty session; in each, the
 * second half is scored (tokens n_context/2 + 1 .. n_context - 1), as
 * llama-perplexity does. A model that wants a BOS gets one in place of each
 * window's first token. A text shorter than two windows is scored whole, from
 * its second token on. */
#ifndef MN_MEASURE_SCORE_H
#define MN_MEASURE_SCORE_H

#include "run/engine.h"

typedef struct mn_score_settings {
    uint32_t n_context; /* tokens in a window, >= 4 */
    uint32_t n_chunks;  /* windows, 0: all that are whole */
    bool stepwise;      /* the decode arithmetic instead of the prompt's */
    bool whole;         /* the text is one window, every token but the first is scored */
    uint32_t n_top;     /* likeliest tokens given to `token` beside the real one, up to 100 */
} mn_score_settings;

typedef struct mn_score {
    uint64_t n_tokens; /* scored */
    uint64_t n_chunks;
    uint64_t n_text;  /* tokens of the whole text */
    double nll;       /* mean, in nats */
    double nll_error; /* standard error of the mean */
    double perplexity;
} mn_score;

/* One scored token: the real one first, then the n_top likeliest. */
typedef struct mn_score_token {
    uint64_t index; /* in the text, counted in tokens */
    const mn_token_logprob *logprobs;
    uint32_t n_logprobs;
} mn_score_token;

typedef struct mn_score_watch { /* each may be NULL */
    void *user;
    void (*token)(void *user, const mn_score_token *token);
    bool (*chunk)(void *user, uint32_t done, uint32_t total,
                  const mn_score *so_far); /* false: stop */
} mn_score_watch;

/* Windows that settings ask for in a text of n_ids tokens; fails when there is not one. */
mn_status mn_score_count_windows(uint32_t *out, size_t n_ids, const mn_score_settings *settings,
                                 mn_error *error);
/* `session` is used and left empty; its engine's context must hold a window. */
mn_status mn_score_run(mn_score *out, mn_session *session, const int32_t *ids, size_t n_ids,
                       const mn_score_settings *settings, const mn_score_watch *watch,
                       mn_error *error);

#endif
