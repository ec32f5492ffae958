/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - a line on the terminal that tells how far a piece of work is. */
#ifndef MN_CLI_PROGRESS_H
#define MN_CLI_PROGRESS_H

#include "cli/command.h"

typedef struct mn_bar {
    bool shown;            /* a terminal watches */
    const char *doing;     /* "fetching" */
    double begin_ms, last_ms;
    uint64_t begin_bytes;
    bool drawn;
} mn_bar;

void mn_bar_init(mn_bar *bar, const mn_call *call);
/* Draws some times a second at most. total_bytes 0: unknown. */
void mn_bar_set(mn_bar *bar, const char *doing, const char *what, uint64_t done_bytes,
                uint64_t total_bytes);
/* Takes the line away. */
void mn_bar_end(mn_bar *bar);

#endif
