/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rm.c - `minnow rm`: removes models from the store. */
#include "cli/commands.h"

#include "base/error.h"
#include "cli/find.h"
#include "cli/output.h"
#include "store/store.h"

static bool may_remove(const mn_call *call, const mn_ref *ref)
{
    char question[300];
    if (mn_call_has(call, "force") || !mn_in_is_terminal() || !mn_err_is_terminal()) return true;
    snprintf(question, sizeof question, "Remove %s (%s)%s?", ref->name,
             mn_size_show(ref->size_bytes).text, ref->linked ? "; its file stays" : "");
    return mn_ask(question);
}

static mn_status remove_one(const mn_call *call, const mn_store *store, const char *name,
                            mn_error *error)
{
    mn_ref ref = { 0 };
    bool found;
    mn_status status = mn_store_find(store, name, &ref, &found, error);
    if (status) return status;
    if (!may_remove(call, &ref)) mn_note(call, "%s stays\n", ref.name);
    else if (!(status = mn_store_remove(store, &ref, error)))
        mn_note(call, "removed %s%s\n", ref.name, ref.linked ? "; its file stays where it is" : "");
    mn_ref_free(&ref);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    mn_store *store;
    mn_status status = mn_store_open(&store, error);
    for (size_t i = 0; !status && i < call->n_arguments; i++)
        status = remove_one(call, store, call->arguments[i], error);
    mn_store_close(store);
    return status;
}

static const mn_flag flags[] = {
    { "force", 0, MN_FLAG_SWITCH, NULL, "do not ask", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_rm = {
    .name = "rm", .group = "models", .arguments = "NAME...", .help = "remove models from the store",
    .text = "A file that only got a name here (minnow pull FILE) is never deleted, only its\n"
            "name. On a terminal it asks first.",
    .examples = "minnow rm smollm2:135m", .flags = flags, .min_arguments = 1,
    .max_arguments = SIZE_MAX,
    .completes = MN_ARGUMENT_MODEL, .top = true, .run = run,
};
