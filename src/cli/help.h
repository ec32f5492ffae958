/* SPDX-License-Identifier: Apache-2.0 */
/* help.h - everything a person can read about the commands, made from their rows. */
#ifndef MN_CLI_HELP_H
#define MN_CLI_HELP_H

#include "base/text.h"
#include "cli/command.h"

/* On the standard output: the few commands that matter first, or all of them. */
void mn_help_short(void);
void mn_help_all(void);
void mn_help_welcome(void); /* what `minnow` alone says */
void mn_help_command(const mn_command *command);
/* "there is no command 'rnu'; did you mean 'run'?" */
mn_status mn_help_fail_unknown(const char *name, mn_error *error);

/* A manual page in the language of man(7): of one command, or of the program (NULL). */
void mn_man_write(mn_text *out, const mn_command *command);

/* A script for "bash", "zsh" or "fish". */
mn_status mn_completion_write(mn_text *out, const char *shell, mn_error *error);

/* Walks all flags of a command in the order of the help: own, common, then options of the table.
 * `group` is the heading under which the flag stands. False after the last. */
typedef struct mn_flag_view {
    const char *group, *name, *value, *help, *default_value;
    char letter;
    bool is_switch, is_file;
    const char *choices; /* "a|b"; NULL */
} mn_flag_view;
bool mn_flag_view_at(const mn_command *command, size_t index, mn_flag_view *out);

#endif
