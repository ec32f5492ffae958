/* SPDX-License-Identifier: Apache-2.0 */
/* sampler.h - picks the next token from logits.
 *
 * Order: logit bias, penalties (repetition, then frequency and presence),
 * top-k, typical-p, top-p, min-p, temperature, pick. Temperature 0 takes the
 * most likely token, the lowest id among equals, after bias and penalties. The
 * random number is a function of (seed, position of the token) alone. */
#ifndef MN_RUN_SAMPLER_H
#define MN_RUN_SAMPLER_H

#include <minnow/options.h>
#include <minnow/session.h>

#include <stddef.h>
#include <stdint.h>

typedef struct mn_sampler mn_sampler;

/* Reads the options of scope REQUEST that shape the choice. */
mn_status mn_sampler_open(mn_sampler **out, uint32_t n_vocab, const mn_options *options,
                          mn_error *error);
void mn_sampler_close(mn_sampler *sampler); /* NULL is fine */

/* `logits` [n_vocab] is not changed. `tokens` [n_tokens] are what the penalties look at (their last
 * repeat-last ones); n_tokens is also the position of the new token. Allocates nothing. */
int32_t mn_sampler_pick(mn_sampler *sampler, const float *logits, const int32_t *tokens,
                        size_t n_tokens);
/* Top logprobs asked for, -1: none. */
int mn_sampler_n_logprobs(const mn_sampler *sampler);
/* Writes 1 + n_logprobs entries: `picked`, then the most likely. Natural logarithms of
 * softmax(logits). */
void mn_sampler_logprobs(mn_sampler *sampler, const float *logits, int32_t picked,
                         mn_token_logprob *out);

#endif
