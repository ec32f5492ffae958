/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - a pull, with what the person watching wants to see. */
#include "cli/fetch.h"

#include "base/clock.h"
#include "base/error.h"
#include "cli/interrupt.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

typedef struct watcher {
    const mn_call *call;
    const char *name, *doing;
    double last_s, begin_s; /* when the bar was drawn last; when this phase began */
    uint64_t begin_bytes;
    bool drawn;
} watcher;

bool mn_fetch_is_offline(const mn_call *call)
{
    const char *variable = getenv("MINNOW_OFFLINE");
    if (mn_call_knows(call, "offline") && mn_call_has(call, "offline")) return true;
    return variable && *variable && strcmp(variable, "0");
}

static void draw(watcher *w, uint64_t done, uint64_t total, double now_s)
{
    double seconds = now_s - w->begin_s;
    double rate = seconds > 0.5 ? (double)(done - w->begin_bytes) / seconds : 0;
    unsigned percent = total ? (unsigned)(100.0 * (double)(done < total ? done : total) / (double)total) : 0;
    char bar[21];
    for (unsigned i = 0; i < 20; i++) bar[i] = i < percent / 5 ? '#' : '.';
    bar[20] = '\0';
    fprintf(stderr, "\r%s %s [%s] %3u%%  %s", w->doing, w->name, bar, percent, mn_size_show(done).text);
    if (total) fprintf(stderr, " of %s", mn_size_show(total).text);
    if (rate > 0) fprintf(stderr, "  %s/s", mn_size_show((uint64_t)rate).text);
    fprintf(stderr, "\033[K");
    fflush(stderr);
    w->drawn = true;
}

static void end_line(watcher *w)
{
    if (w->drawn) fprintf(stderr, "\r\033[K");
    w->drawn = false;
}

static mn_status on_progress(void *user, const char *doing, uint64_t done, uint64_t total)
{
    watcher *w = user;
    if (mn_interrupted()) return MN_CANCELLED;
    if (w->call->quiet || !mn_err_is_terminal()) return MN_OK;
    double now_s = mn_clock_ms() / 1000;
    if (doing != w->doing) {
        w->doing = doing;
        w->begin_s = now_s;
        w->begin_bytes = done;
    } else if (now_s - w->last_s < 0.1) {
        return MN_OK;
    }
    w->last_s = now_s;
    draw(w, done, total, now_s);
    return MN_OK;
}

mn_status mn_fetch(const mn_call *call, const mn_store *store, const mn_catalogue_entry *entry,
                   mn_error *error)
{
    watcher w = { .call = call, .name = entry->name };
    bool again = mn_call_knows(call, "force") && mn_call_has(call, "force");
    if (mn_fetch_is_offline(call))
        return mn_fail(error, MN_NETWORK, "%s is not here, and downloads are switched off (--offline "
                       "or MINNOW_OFFLINE)", entry->name);
    mn_note(call, "%s: %s to fetch, licence %s%s%s\n", entry->name,
            entry->download_bytes ? mn_size_show(entry->download_bytes).text : "an unknown size",
            entry->licence ? entry->licence : "unknown", entry->source ? ", from " : "",
            entry->source ? entry->source : "");
    mn_status status = mn_pull(store, entry, again, on_progress, &w, error);
    end_line(&w);
    if (!status) mn_note(call, "%s is here\n", entry->name);
    return status;
}
