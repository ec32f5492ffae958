/* SPDX-License-Identifier: Apache-2.0 */
/* runner.h - walks a model's list of operations on the CPU for a batch of tokens.
 *
 * At open the list is cut into steps: work that every token does alone, matrix
 * products split by rows, attention split by heads. Threads meet between steps
 * and nowhere else. What a token computes depends on its role, its position and
 * its sequence, not on the batch. */
#ifndef MN_RUN_RUNNER_H
#define MN_RUN_RUNNER_H

#include "base/pool.h"
#include "device/cpu.h"
#include "kernels/matmul.h"
#include "model/model.h"
#include "run/pages.h"

typedef struct mn_batch_token {
    int32_t id;
    int32_t position;
    const mn_sequence *sequence; /* must have a page for the position */
} mn_batch_token;

/* Tokens of one sequence stand together, in order of position, with nothing of it missing before.
 */
typedef struct mn_batch {
    const mn_batch_token
        *tokens; /* [n_tokens]: first those with the prompt role, then those that decode */
    uint32_t n_tokens;
    uint32_t n_prompt;
} mn_batch;

typedef struct mn_runner mn_runner;

typedef struct mn_runner_settings {
    uint32_t max_tokens; /* in a batch */
    uint32_t max_logits; /* tokens whose logits are computed at a time */
    uint32_t n_context;
    mn_cpu_bits cpu;
} mn_runner_settings;

/* Bytes the runner will reserve: an upper bound of what it touches. */
uint64_t mn_runner_bytes(const mn_model *model, const mn_runner_settings *settings,
                         uint32_t n_threads);
mn_status mn_runner_open(mn_runner **out, const mn_model *model, const mn_pages *pages,
                         mn_pool *pool, const mn_runner_settings *settings, mn_error *error);
void mn_runner_close(mn_runner *runner); /* NULL is fine */

/* Computes the batch; keys and values are stored in the sequences' pages. Cannot fail. */
void mn_runner_forward(mn_runner *runner, const mn_batch *batch);
/* Logits of some tokens of the last batch, given by their numbers in ascending order (at most
 * max_logits). Returns [n_wanted, n_vocab], valid until the next call. */
float *mn_runner_logits(mn_runner *runner, const uint32_t *wanted, uint32_t n_wanted);

#endif
