/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - a model made ready to compute.
 *
 * It owns the threads, the scratch memory and the pages of key/value memory.
 * Its sessions' tokens run together, several prompts and answers in one pass.
 * The text of a session does not depend on what else runs in the pass, nor on
 * the number of threads or the size of prompt chunks. */
#ifndef MINNOW_ENGINE_H
#define MINNOW_ENGINE_H

#include <minnow/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_engine mn_engine;

/* Options of scope ENGINE: threads, ctx, sessions, chunk, kv-type, cpu, memory-limit, ... The model
 * is kept and must outlive the engine. MN_NO_FIT, before any weight is read, when the memory limit
 * cannot hold it: the message gives the sum. */
MN_API mn_status mn_engine_open(mn_engine **out, const mn_model *model, const mn_options *options,
                                mn_error *error);
MN_API void mn_engine_close(mn_engine *engine); /* after its sessions; NULL is fine */

/* One pass over the model with what is waiting in all sessions: chunks of prompts and the next
 * token of every answer. *n_waiting tells how many sessions still have work. One thread at a time
 * may call it. */
MN_API mn_status mn_engine_step(mn_engine *engine, size_t *n_waiting, mn_error *error);

typedef struct mn_engine_info {
    uint32_t n_threads, n_context, n_sessions, chunk;
    const char *cpu_level; /* "avx2" */
    const char *kv_type;   /* "f16" */
    uint64_t weight_bytes; /* mapped; read for every generated token, but for the embedding table */
    uint64_t kv_bytes_per_token, kv_bytes; /* of one token; of everything reserved */
    uint64_t scratch_bytes;
} mn_engine_info;
MN_API void mn_engine_info_get(const mn_engine *engine, mn_engine_info *out);

#ifdef __cplusplus
}
#endif
#endif
