/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - a pull, with what the person watching wants to see. */
#include "cli/fetch.h"

#include "base/error.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>

typedef struct watcher {
    const char *name;
    mn_bar bar;
} watcher;

bool mn_fetch_is_offline(const mn_call *call)
{
    const char *variable = getenv("MINNOW_OFFLINE");
    if (mn_call_knows(call, "offline") && mn_call_has(call, "offline")) return true;
    return variable && *variable && strcmp(variable, "0");
}

static mn_status on_progress(void *user, const char *doing, uint64_t done, uint64_t total)
{
    watcher *w = user;
    if (mn_interrupted()) return MN_CANCELLED;
    mn_bar_set(&w->bar, doing, w->name, done, total);
    return MN_OK;
}

mn_status mn_fetch(const mn_call *call, const mn_store *store, const mn_catalogue_entry *entry,
                   mn_error *error)
{
    watcher w = { .name = entry->name };
    bool again = mn_call_knows(call, "force") && mn_call_has(call, "force");
    if (mn_fetch_is_offline(call))
        return mn_fail(error, MN_NETWORK,
                       "%s is not here, and downloads are switched off (--offline "
                       "or MINNOW_OFFLINE)",
                       entry->name);
    uint64_t bytes = entry->download_bytes ? entry->download_bytes : entry->size_bytes;
    mn_note(call, "%s: %s to fetch, licence %s%s%s\n", entry->name,
            bytes ? mn_size_show(bytes).text : "an unknown size",
            entry->licence ? entry->licence : "unknown", entry->source ? ", from " : "",
            entry->source ? entry->source : "");
    mn_bar_init(&w.bar, call);
    mn_status status = mn_pull(store, entry, again, on_progress, &w, error);
    mn_bar_end(&w.bar);
    if (!status) mn_note(call, "%s is here\n", entry->name);
    return status;
}
