/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - a row for each command, and what a command line said.
 *
 * The parser, `--help`, the manual pages and the shell completions all read
 * the rows, so that none of them can forget a flag. A new command is one file
 * cmd_NAME.c and one line in commands.c (docs/add-a-command.md). */
#ifndef MN_CLI_COMMAND_H
#define MN_CLI_COMMAND_H

#include "base/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mn_call mn_call;

typedef enum mn_flag_kind {
    MN_FLAG_SWITCH,
    MN_FLAG_TEXT,
    MN_FLAG_FILE,   /* a text; shells complete file names */
    MN_FLAG_INT,    /* in [low, high] */
    MN_FLAG_REAL,   /* in [low, high] */
    MN_FLAG_SIZE,   /* 350M, 2GiB */
    MN_FLAG_CHOICE, /* one of `value`, "a|b|c" */
} mn_flag_kind;

typedef struct mn_flag {
    const char *name;   /* "tokens"; NULL ends a list */
    char letter;        /* 'n'; 0: none */
    mn_flag_kind kind;
    const char *value;  /* what help calls the value: "N"; the choices; NULL for a switch */
    const char *help;   /* one line */
    double low, high;
} mn_flag;

#define MN_MAX_FLAGS 32
#define MN_SCOPE_BIT(scope) (1u << (scope))
#define MN_SCOPES_ALL                                                                             \
    (MN_SCOPE_BIT(MN_SCOPE_MODEL) | MN_SCOPE_BIT(MN_SCOPE_ENGINE)                                  \
     | MN_SCOPE_BIT(MN_SCOPE_SESSION) | MN_SCOPE_BIT(MN_SCOPE_REQUEST))

/* What shells offer for the arguments. */
typedef enum mn_argument_kind { MN_ARGUMENT_NONE, MN_ARGUMENT_MODEL, MN_ARGUMENT_FILE,
                                MN_ARGUMENT_COMMAND, MN_ARGUMENT_WORDS } mn_argument_kind;

typedef struct mn_command {
    const char *name;      /* "run" */
    const char *group;     /* "models"; see commands.c for their order */
    const char *arguments; /* "MODEL [PROMPT...]" */
    const char *help;      /* one line, no full stop */
    const char *text;      /* paragraphs between empty lines */
    const char *examples;  /* lines: a command, or "# what the next one does" */
    const mn_flag *flags;  /* up to MN_MAX_FLAGS; NULL: none */
    unsigned scopes;       /* MN_SCOPE_BIT of the options of the table that are flags here */
    size_t min_arguments, max_arguments; /* SIZE_MAX: any number */
    mn_argument_kind completes;
    const char *words;     /* for MN_ARGUMENT_WORDS: "list get set" */
    bool top;              /* among the few in the short help */
    mn_status (*run)(mn_call *call, mn_error *error);
} mn_command;

const mn_command *mn_command_at(size_t index); /* in order of groups; NULL after the last */
const mn_command *mn_command_find(const char *name);
const mn_flag *mn_common_flag_at(size_t index); /* flags of every command; NULL after the last */
/* The short form of an option of the table ("ctx" is -c); 0: none. */
char mn_option_letter(const char *name);

/* A parsed command line. Strings live in argv. */
struct mn_call {
    const mn_command *command;
    mn_options *options;              /* in force: settings, environment, flags */
    const char *values[MN_MAX_FLAGS]; /* of command->flags; NULL: not given; "" for a switch */
    char **arguments;
    size_t n_arguments;
    bool help, quiet, verbose;
};

/* Fills `call` from the words after the command's name, which it reorders; call->options is the
 * caller's and takes the options given as flags. */
mn_status mn_call_parse(mn_call *call, const mn_command *command, mn_options *options, char **words,
                        size_t n_words, mn_error *error);

/* A flag's value; the flag must be in command->flags. */
bool mn_call_knows(const mn_call *call, const char *flag); /* whether it is there at all */
bool mn_call_has(const mn_call *call, const char *flag);
const char *mn_call_text(const mn_call *call, const char *flag); /* NULL: not given */
int64_t mn_call_int(const mn_call *call, const char *flag, int64_t otherwise);
double mn_call_real(const mn_call *call, const char *flag, double otherwise);
uint64_t mn_call_size(const mn_call *call, const char *flag, uint64_t otherwise);

#endif
