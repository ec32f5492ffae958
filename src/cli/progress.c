/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - a line on the terminal that tells how far a piece of work is. */
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/output.h"

#include <string.h>

#define DRAW_EVERY_MS 100
#define N_CELLS 20

void mn_bar_init(mn_bar *bar, const mn_call *call)
{
    *bar = (mn_bar){ .shown = !call->quiet && mn_err_is_terminal() };
}

static void draw(const mn_bar *bar, const char *what, uint64_t done, uint64_t total, double now_ms)
{
    char cells[N_CELLS + 1];
    double share = total ? (double)(done < total ? done : total) / (double)total : 0;
    double seconds = (now_ms - bar->begin_ms) / 1000;
    for (unsigned i = 0; i < N_CELLS; i++) cells[i] = i < share * N_CELLS ? '#' : '.';
    cells[N_CELLS] = '\0';
    fprintf(stderr, "\r%s %.40s [%s]", bar->doing, what, cells);
    if (total) fprintf(stderr, " %3.0f%% of %s", 100 * share, mn_size_show(total).text);
    else fprintf(stderr, " %s", mn_size_show(done).text);
    if (seconds > 0.5 && done > bar->begin_bytes)
        fprintf(stderr, ", %s/s",
                mn_size_show((uint64_t)((double)(done - bar->begin_bytes) / seconds)).text);
    fprintf(stderr, "\033[K");
    fflush(stderr);
}

void mn_bar_set(mn_bar *bar, const char *doing, const char *what, uint64_t done_bytes,
                uint64_t total_bytes)
{
    double now_ms = mn_clock_ms();
    if (!bar->shown) return;
    if (!bar->doing || strcmp(bar->doing, doing)) {
        bar->doing = doing;
        bar->begin_ms = now_ms;
        bar->begin_bytes = done_bytes;
    } else if (now_ms - bar->last_ms < DRAW_EVERY_MS) {
        return;
    }
    bar->last_ms = now_ms;
    bar->drawn = true;
    draw(bar, what, done_bytes, total_bytes, now_ms);
}

void mn_bar_end(mn_bar *bar)
{
    if (bar->drawn) fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}
