/* SPDX-License-Identifier: Apache-2.0 */
/* score.c - how likely a model finds a text. */
#include "measure/score.h"

#include "base/error.h"
#include "kernels/vector.h"

#include <math.h>
#include <string.h>

#define MOST_TOP 100

typedef struct window {
    const mn_score_settings *settings;
    const mn_score_watch *watch;
    const int32_t *ids; /* of this window */
    size_t n;
    uint64_t offset; /* of the window in the text */
    uint32_t n_vocab;
    double sum, sum_of_squares;
    uint64_t n_scored;
} window;

/* ln of the sum of exp(logits), summed in double. */
static double log_sum(const float *logits, uint32_t n)
{
    float largest = logits[0];
    double sum = 0;
    for (uint32_t i = 1; i < n; i++) largest = logits[i] > largest ? logits[i] : largest;
    for (uint32_t i = 0; i < n; i++) sum += (double)mn_expf(logits[i] - largest);
    return (double)largest + mn_log(sum);
}

/* Inserts a token into the list of the likeliest, kept in order. */
static void keep_best(mn_token_logprob *best, uint32_t *n, uint32_t most,
                      mn_token_logprob candidate)
{
    if (*n == most && candidate.logprob <= best[most - 1].logprob) return;
    uint32_t at = *n < most ? (*n)++ : most - 1;
    while (at && best[at - 1].logprob < candidate.logprob) {
        best[at] = best[at - 1];
        at--;
    }
    best[at] = candidate;
}

static void report(const window *w, size_t index, const float *logits, double norm)
{
    mn_token_logprob list[1 + MOST_TOP];
    uint32_t n = 0;
    list[0] = (mn_token_logprob){ w->ids[index], (float)((double)logits[w->ids[index]] - norm) };
    for (uint32_t i = 0; i < w->n_vocab && w->settings->n_top; i++)
        keep_best(list + 1, &n, w->settings->n_top,
                  (mn_token_logprob){ (int32_t)i, (float)((double)logits[i] - norm) });
    w->watch->token(w->watch->user, &(mn_score_token){ w->offset + index, list, 1 + n });
}

/* The logits after token `index` tell about the token behind it. */
static bool score_next(void *user, size_t index, const float *logits)
{
    window *w = user;
    size_t next = index + 1;
    if (next >= w->n) return true;
    double norm = log_sum(logits, w->n_vocab), nll = norm - (double)logits[w->ids[next]];
    w->sum += nll;
    w->sum_of_squares += nll * nll;
    w->n_scored++;
    if (w->watch && w->watch->token) report(w, next, logits, norm);
    return true;
}

static void summarize(mn_score *out, const window *w)
{
    double n = (double)w->n_scored, mean = n > 0 ? w->sum / n : 0;
    double variance = n > 1 ? (w->sum_of_squares / n - mean * mean) * n / (n - 1) : 0;
    out->n_tokens = w->n_scored;
    out->nll = mean;
    out->nll_error = n > 1 && variance > 0 ? sqrt(variance / n) : 0;
    out->perplexity = mn_exp(mean);
}

mn_status mn_score_count_windows(uint32_t *out, size_t n_ids, const mn_score_settings *settings,
                                 mn_error *error)
{
    size_t whole = n_ids / settings->n_context;
    if (settings->whole) whole = n_ids >= 2 && n_ids <= settings->n_context;
    if (!whole && settings->whole)
        return mn_fail(error, MN_USAGE,
                       "a text of %zu tokens cannot be scored whole: expected 2 to %u", n_ids,
                       settings->n_context);
    if (!whole)
        return mn_fail(error, MN_USAGE,
                       "the text has %zu tokens, fewer than one window of %u; use a smaller ctx",
                       n_ids, settings->n_context);
    if (settings->n_chunks && settings->n_chunks < whole) whole = settings->n_chunks;
    *out = whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole;
    return MN_OK;
}

mn_status mn_score_run(mn_score *out, mn_session *session, const int32_t *ids, size_t n_ids,
                       const mn_score_settings *settings, const mn_score_watch *watch,
                       mn_error *error)
{
    const mn_model *model = session->engine->model;
    int32_t bos = mn_tokenizer_adds_bos(model->tokenizer) ? mn_tokenizer_bos(model->tokenizer) : -1;
    uint32_t n_windows = 0, n = settings->n_context;
    mn_role role = settings->stepwise ? MN_DECODE : MN_PROMPT;
    window w = { .settings = settings, .watch = watch, .n_vocab = model->config.n_vocab };
    *out = (mn_score){ .n_text = n_ids };
    if (settings->n_context < 4)
        return mn_fail(error, MN_USAGE, "a window of %u tokens is too small: at least 4", n);
    if (settings->n_top > MOST_TOP)
        return mn_fail(error, MN_USAGE, "top %u is more than %d", settings->n_top, MOST_TOP);
    mn_status status = mn_score_count_windows(&n_windows, n_ids, settings, error);
    for (uint32_t i = 0; !status && i < n_windows; i++) {
        w.offset = (uint64_t)i * n;
        w.ids = ids + w.offset;
        w.n = settings->whole ? n_ids : n;
        int32_t first = bos >= 0 && !settings->whole ? bos : w.ids[0];
        status = mn_session_truncate(session, 0, error);
        if (!status)
            status = mn_session_evaluate(session, &first, 1, role, settings->whole ? 0 : 1,
                                         score_next, &w, error);
        if (!status)
            status = mn_session_evaluate(session, w.ids + 1, w.n - 1, role,
                                         settings->whole ? 0 : n / 2, score_next, &w, error);
        summarize(out, &w);
        out->n_chunks = i + 1;
        if (!status && watch && watch->chunk && !watch->chunk(watch->user, i + 1, n_windows, out))
            status = mn_fail(error, MN_CANCELLED, "stopped");
    }
    if (!status) status = mn_session_truncate(session, 0, error);
    return status;
}
