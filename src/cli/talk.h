/* SPDX-License-Identifier: Apache-2.0 */
/* talk.h - a model made ready to answer, and its answers as they come. */
#ifndef MN_CLI_TALK_H
#define MN_CLI_TALK_H

#include "base/text.h"
#include "cli/command.h"
#include "cli/json.h"

#include <minnow/minnow.h>

#include <jansson.h>

typedef struct mn_talk { /* zero-initialise */
    const mn_call *call;
    mn_model *model;
    mn_engine *engine;
    mn_session *session;
    mn_model_info info;
    double load_ms;
    bool silent;         /* keep the answer, print nothing */
    mn_text answer;      /* the last one */
    mn_finish finish;
} mn_talk;

/* Opens the model, an engine and a session with call->options. */
mn_status mn_talk_open(mn_talk *talk, const mn_call *call, const char *path, mn_error *error);
void mn_talk_close(mn_talk *talk);

/* Answers a conversation (an array of {role, content}) or continues plain text, and prints the
 * answer as it comes. max_tokens 0: until the context is full. Ctrl-C ends the answer:
 * talk->finish tells. */
mn_status mn_talk_chat(mn_talk *talk, const json_t *messages, size_t max_tokens, mn_error *error);
mn_status mn_talk_text(mn_talk *talk, const char *text, size_t length, size_t max_tokens,
                       mn_error *error);

/* A message of a conversation; ill-formed UTF-8 becomes U+FFFD. False: no memory. */
bool mn_talk_add_message(json_t *messages, const char *role, const char *content, size_t length);

/* One line about the last answer, on the error output. */
void mn_talk_print_stats(const mn_talk *talk);
void mn_talk_json_stats(const mn_talk *talk, mn_json *json);
const char *mn_talk_finish_name(mn_finish finish);
uint64_t mn_peak_memory_bytes(void);

#endif
