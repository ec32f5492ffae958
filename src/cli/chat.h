/* SPDX-License-Identifier: Apache-2.0 */
/* chat.h - a conversation on a terminal. */
#ifndef MN_CLI_CHAT_H
#define MN_CLI_CHAT_H

#include "cli/talk.h"

/* Runs until the person leaves. `name` is what the model was called. */
mn_status mn_chat(mn_talk *talk, const char *name, mn_error *error);

#endif
