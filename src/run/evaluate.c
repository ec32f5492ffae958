/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate.c - logits at every position of a given text. */
#include "run/engine.h"

#include "base/error.h"

/* Gives the logits of batch rows [begin, n) in groups that fit the runner. */
static bool give_logits(mn_session *s, uint32_t begin, uint32_t n, mn_logits_fn *function,
                        void *user)
{
    mn_engine *e = s->engine;
    uint32_t wanted[8];
    for (uint32_t i = begin; i < n;) {
        uint32_t count = 0;
        while (count < 8 && i + count < n) {
            wanted[count] = i + count;
            count++;
        }
        const float *logits = mn_runner_logits(e->runner, wanted, count);
        for (uint32_t j = 0; j < count; j++)
            if (!function(user, s->n_computed + i + j,
                          logits + (size_t)j * e->model->config.n_vocab))
                return false;
        i += count;
    }
    return true;
}

mn_status mn_session_evaluate(mn_session *s, const int32_t *ids, size_t n_ids, mn_role role,
                              size_t from, mn_logits_fn *function, void *user, mn_error *error)
{
    mn_engine *e = s->engine;
    uint32_t before = s->n_tokens;
    mn_status status = mn_session_read(s, error);
    if (!status) status = mn_session_append(s, ids, n_ids, error);
    for (uint32_t i = before; !status && i < s->n_tokens; i++) s->roles[i] = (uint8_t)role;
    while (!status && mn_session_n_waiting(s)) {
        uint32_t n = mn_session_n_waiting(s) < e->chunk ? mn_session_n_waiting(s) : e->chunk;
        for (uint32_t i = 0; i < n; i++)
            e->tokens[i] = (mn_batch_token){ s->tokens[s->n_computed + i],
                                             (int32_t)(s->n_computed + i), &s->sequence };
        status = mn_session_reserve(s, s->n_computed + n, error);
        if (status) break;
        mn_runner_forward(e->runner, &(mn_batch){ .tokens = e->tokens,
                                                  .n_tokens = n,
                                                  .n_prompt = role == MN_PROMPT ? n : 0 });
        uint32_t begin = from > s->n_computed
                             ? (from - s->n_computed < n ? (uint32_t)(from - s->n_computed) : n)
                             : 0;
        if (!give_logits(s, begin, n, function, user))
            status = mn_fail(error, MN_CANCELLED, "stopped");
        s->n_computed += n;
        s->logits = NULL;
    }
    return status;
}
