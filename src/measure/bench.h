/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - how fast a model runs here: reading a prompt, and answering.
 *
 * Prompts and answers are random ordinary tokens, as llama-bench's are. Answers
 * start from an empty context unless a depth is asked for. Each figure is the
 * median over the rounds. */
#ifndef MN_MEASURE_BENCH_H
#define MN_MEASURE_BENCH_H

#include "run/engine.h"

typedef struct mn_bench_settings {
    uint32_t n_prompt; /* tokens read at once; 0: not measured */
    uint32_t n_answer; /* tokens generated; 0: not measured */
    uint32_t depth;    /* tokens already in the context before an answer */
    uint32_t n_rounds; /* >= 1, after one round of warming up */
    uint32_t n_batch;  /* answers generated side by side, >= 1; the engine needs as many sessions */
} mn_bench_settings;

typedef struct mn_bench {           /* NAN: not measured */
    double prefill_tps, decode_tps; /* tokens a second; decode: of all n_batch answers together */
    double prefill_low, prefill_high, decode_low, decode_high;
    double ttft_ms;           /* the prompt and the first token of the answer */
    double cpu_s_per_token;   /* processor time of all threads, decoding */
    double read_gbps;         /* weights read a second, decoding */
    uint64_t bytes_per_token; /* weights read for one step of decoding */
} mn_bench;

mn_status mn_bench_run(mn_bench *out, mn_engine *engine, const mn_bench_settings *settings,
                       mn_error *error);

#endif
