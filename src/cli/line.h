/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - lines typed by a person: edited and remembered when libedit is there. */
#ifndef MN_CLI_LINE_H
#define MN_CLI_LINE_H

#include "base/text.h"

#include <minnow/status.h>

typedef struct mn_lines mn_lines;

/* `history_path` NULL: nothing is remembered after the end. */
mn_status mn_lines_open(mn_lines **out, const char *history_path, mn_error *error);
void mn_lines_close(mn_lines *lines); /* writes the history; NULL is fine */

typedef enum mn_line_end { MN_LINE_READ, MN_LINE_LEAVE, MN_LINE_INTERRUPT } mn_line_end;
/* Reads a line without its newline. Ctrl-D in an empty line is MN_LINE_LEAVE, Ctrl-C
 * MN_LINE_INTERRUPT. */
mn_line_end mn_lines_read(mn_lines *lines, const char *prompt, mn_text *out);
/* Remembers a message for the arrow keys. */
void mn_lines_remember(mn_lines *lines, const char *text);

#endif
