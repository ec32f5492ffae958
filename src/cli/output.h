/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - results on the standard output, words on the error output.
 *
 * Text that came from a file or a model is escaped where a terminal would act
 * on it. A closed pipe ends the program quietly (mn_out_end). */
#ifndef MN_CLI_OUTPUT_H
#define MN_CLI_OUTPUT_H

#include "base/text.h"
#include "cli/command.h"

#include <stdio.h>

bool mn_out_is_terminal(void);
bool mn_err_is_terminal(void);
bool mn_in_is_terminal(void);
/* "\033[1m" and the like when `stream` is a terminal that shows colours, else "". */
const char *mn_bold(FILE *stream);
const char *mn_faint(FILE *stream);
const char *mn_plain(FILE *stream);
/* Columns of the terminal, 80 if unknown. */
unsigned mn_terminal_columns(void);

void mn_out(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mn_out_bytes(const char *bytes, size_t length);
/* As it is into a pipe or file; what a terminal would act on becomes \xNN on a terminal. */
void mn_out_foreign(const char *bytes, size_t length);
/* Appends `bytes` so that they are one harmless line: controls and ill-formed bytes become \n,
 * \xNN. */
void mn_text_add_escaped(mn_text *text, const char *bytes, size_t length);
/* Flushes; false when nobody reads any more. */
bool mn_out_flush(void);
/* Flushes and tells whether everything arrived: MN_OK also for a closed pipe, which is no
 * mistake. */
mn_status mn_out_end(mn_error *error);

/* Words for the person watching, on the error output; nothing with --quiet. */
void mn_note(const mn_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The message of a failure. */
void mn_print_error(const mn_error *error);

/* "98.4 MB" (powers of 1000). */
typedef struct mn_size_text { char text[24]; } mn_size_text;
mn_size_text mn_size_show(uint64_t size_bytes);
/* "134.5M" parameters. */
mn_size_text mn_count_show(uint64_t count);

/* Lines of columns, as wide as they need to be. Cells are escaped. */
typedef struct mn_table {
    mn_text cells;      /* every cell followed by '\0' */
    size_t n_columns, n_cells; /* at most 16 columns */
    const char *right;  /* "lrrl": how each column is aligned */
} mn_table; /* n_columns and right are set by the caller, the rest zero */
void mn_table_add(mn_table *table, const char *cell);
void mn_table_print(mn_table *table); /* and frees it; the first line is the heading */

#endif
