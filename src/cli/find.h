/* SPDX-License-Identifier: Apache-2.0 */
/* find.h - what MODEL on a command line stands for, and what is read from files and pipes. */
#ifndef MN_CLI_FIND_H
#define MN_CLI_FIND_H

#include "base/text.h"
#include "cli/command.h"

/* The path of the model file; the caller frees it with mn_free. A file that exists, or what
 * looks like a path, is used as it is; anything else is a name in the store. With `may_pull`, a
 * known model that is not here yet is fetched after asking on a terminal; else the message names
 * `minnow pull`. */
mn_status mn_find_model(char **path, const mn_call *call, const char *word, bool may_pull,
                        mn_error *error);

/* All of a file ("-": the standard input), at most `limit_bytes`. */
mn_status mn_read_all(mn_text *out, const char *path, size_t limit_bytes, mn_error *error);
/* True when something was piped or redirected into the standard input. */
bool mn_input_is_piped(void);
/* Asks on the terminal; only y, Y and yes mean yes. */
bool mn_ask(const char *question);

#endif
