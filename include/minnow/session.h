/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - one conversation with an open model.
 *
 * A session is state only: its tokens, its pages of key/value memory, its
 * sampler. The engine computes; many sessions may share one, and it runs
 * their tokens together. Generating a token allocates nothing. */
#ifndef MINNOW_SESSION_H
#define MINNOW_SESSION_H

#include <minnow/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_session mn_session;

/* Opens a session; options of scope SESSION and REQUEST (seed, temp, top-k, ...) are copied. Close
 * it before its engine. MN_NO_FIT when the engine's sessions are all in use. */
MN_API mn_status mn_session_open(mn_session **out, mn_engine *engine, const mn_options *options,
                                 mn_error *error);
MN_API void mn_session_close(mn_session *session); /* NULL is fine */
/* Takes new REQUEST options (sampling) for what follows. */
MN_API mn_status mn_session_configure(mn_session *session, const mn_options *options,
                                      mn_error *error);

/* Adds tokens to read. MN_NO_FIT when the context would overflow; nothing is added then. */
MN_API mn_status mn_session_append(mn_session *session, const int32_t *ids, size_t n,
                                   mn_error *error);
/* Adds plain text of a user (control tokens in it stay text); a BOS goes first in an empty session.
 */
MN_API mn_status mn_session_append_text(mn_session *session, const char *text, size_t length,
                                        mn_error *error);
/* Makes the whole session read `ids`, keeping what is already computed of a common beginning. */
MN_API mn_status mn_session_replace(mn_session *session, const int32_t *ids, size_t n,
                                    mn_error *error);
/* Renders `messages` (a JSON array of {role, content, ...}; `tools` a JSON array or NULL;
 * `variables` an object or NULL) with the model's chat template, then as mn_session_replace. `now`:
 * seconds since 1970. */
MN_API mn_status mn_session_set_chat(mn_session *session, const char *messages_json,
                                     const char *tools_json, const char *variables_json,
                                     int64_t now, mn_error *error);
/* Forgets all but the first n tokens (read and waiting). */
MN_API mn_status mn_session_truncate(mn_session *session, size_t n, mn_error *error);
/* A copy with the same tokens, in a free place of the same engine. */
MN_API mn_status mn_session_fork(mn_session **out, const mn_session *session, mn_error *error);
/* The whole state in a file with the model's hash and a checksum. Restoring into an engine whose
 * model or key/value type differs, or a damaged file, is MN_BAD_FILE. The continuation has the same
 * bytes. */
MN_API mn_status mn_session_save(const mn_session *session, const char *path, mn_error *error);
MN_API mn_status mn_session_restore(mn_session *session, const char *path, mn_error *error);

typedef enum mn_finish {
    MN_FINISH_NONE,      /* not ended */
    MN_FINISH_STOP,      /* the model ended its answer, or a stop text came */
    MN_FINISH_LENGTH,    /* the limit of tokens or the context is reached */
    MN_FINISH_CANCELLED, /* mn_session_cancel, or the text function returned false */
} mn_finish;

/* Gets each piece of UTF-8 text as soon as it is whole; false stops. */
typedef bool mn_text_fn(void *user, const char *text, size_t length);

/* Begins an answer of at most max_tokens (0: until the context is full). Stop texts, limits and
 * sampling come from the options. mn_engine_step then does the work and calls `text` (may be NULL).
 */
MN_API mn_status mn_session_begin(mn_session *session, size_t max_tokens, mn_text_fn *text,
                                  void *user, mn_error *error);
/* Stops the answer before its next token; may be called from the text function or a signal handler.
 */
MN_API void mn_session_cancel(mn_session *session);
/* mn_session_begin, then mn_engine_step until this session has ended. */
MN_API mn_status mn_session_generate(mn_session *session, size_t max_tokens, mn_text_fn *text,
                                     void *user, mn_error *error);
/* Reads what is waiting without answering (mn_engine_step until nothing waits here); MN_CANCELLED
 * if mn_session_cancel stops it, the rest stays waiting. */
MN_API mn_status mn_session_read(mn_session *session, mn_error *error);

MN_API mn_finish mn_session_finish_reason(const mn_session *session);
MN_API size_t mn_session_n_tokens(const mn_session *session); /* read, waiting and answered */
MN_API const int32_t *mn_session_tokens(const mn_session *session);
/* Logits [n_vocab] after the last token that was computed; NULL if none. Valid until the next step.
 */
MN_API const float *mn_session_logits(const mn_session *session);

/* What the sampler saw when it picked token number `index` of the session (needs the option
 * logprobs). */
typedef struct mn_token_logprob {
    int32_t id;
    float logprob; /* natural logarithm, of the model's own distribution before sampling settings */
} mn_token_logprob;
/* The picked token first, then the most likely ones. Returns how many, 0 if not recorded. */
MN_API size_t mn_session_logprobs(const mn_session *session, size_t index,
                                  const mn_token_logprob **out);

typedef struct mn_session_stats {
    uint64_t prompt_tokens, prompt_cached, answer_tokens; /* of the last request */
    double prompt_ms, answer_ms, first_token_ms;
} mn_session_stats;
MN_API void mn_session_stats_get(const mn_session *session, mn_session_stats *out);

#ifdef __cplusplus
}
#endif
#endif
