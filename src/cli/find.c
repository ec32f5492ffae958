/* SPDX-License-Identifier: Apache-2.0 */
/* find.c - what MODEL on a command line stands for, and what is read from files and pipes. */
#include "cli/find.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "cli/fetch.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "store/catalogue.h"
#include "store/store.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool looks_like_path(const char *word)
{
    size_t length = strlen(word);
    struct stat found;
    if (strchr(word, '/') || (length > 5 && !strcasecmp(word + length - 5, ".gguf"))) return true;
    return !stat(word, &found) && S_ISREG(found.st_mode);
}

bool mn_ask(const char *question)
{
    char answer[16];
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin)) return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

/* A model that the catalogue knows and the store has not. */
static mn_status offer_to_pull(mn_ref *ref, const mn_call *call, const mn_store *store,
                               const mn_catalogue_entry *entry, bool may_pull, mn_error *error)
{
    char question[300];
    bool found;
    bool can_ask =
        may_pull && mn_in_is_terminal() && mn_err_is_terminal() && !mn_fetch_is_offline(call);
    if (!can_ask)
        return mn_fail(error, MN_FAILED, "%s is not here yet; fetch it with: minnow pull %s",
                       entry->name, entry->name);
    snprintf(question, sizeof question, "%s is not here yet. Fetch %s (licence %s)?", entry->name,
             mn_size_show(entry->download_bytes).text, entry->licence);
    if (!mn_ask(question)) return mn_fail(error, MN_FAILED, "%s is not here", entry->name);
    mn_status status = mn_fetch(call, store, entry, error);
    return status ? status : mn_store_find(store, entry->name, ref, &found, error);
}

/* The nearest among the names that are here and those that could be. */
static mn_status fail_unknown(const mn_store *store, const mn_catalogue *catalogue,
                              const char *word, mn_error *error)
{
    mn_refs refs = { 0 };
    const char *nearest = NULL;
    mn_status status = mn_store_list(store, &refs, error);
    if (status) return status;
    const char **names = mn_alloc_array(refs.n + catalogue->n + 1, sizeof *names);
    for (size_t i = 0; names && i < refs.n; i++) names[i] = refs.items[i].name;
    for (size_t i = 0; names && i < catalogue->n; i++)
        names[refs.n + i] = catalogue->entries[i].name;
    if (names) nearest = mn_nearest_name(word, names, refs.n + catalogue->n);
    status = nearest ? mn_fail(error, MN_FAILED, "there is no model '%s' here; did you mean '%s'?",
                               word, nearest)
                     : mn_fail(error, MN_FAILED,
                               "there is no model '%s' here; 'minnow ls' lists those "
                               "that are",
                               word);
    mn_free(names);
    mn_refs_free(&refs);
    return status;
}

static mn_status find_name(mn_ref *ref, const mn_call *call, const char *word, bool may_pull,
                           mn_error *error)
{
    mn_store *store;
    mn_catalogue catalogue = { 0 };
    bool found = false;
    mn_error reason = { 0 };
    mn_status status = mn_store_open(&store, error);
    if (status) return status;
    status = mn_store_find(store, word, ref, &found, &reason);
    if (status == MN_FAILED) {
        mn_status opened = mn_catalogue_open(&catalogue, NULL, &reason);
        const mn_catalogue_entry *entry = opened ? NULL : mn_catalogue_find(&catalogue, word);
        status = opened  ? opened
                 : entry ? offer_to_pull(ref, call, store, entry, may_pull, &reason)
                         : fail_unknown(store, &catalogue, word, &reason);
        mn_catalogue_close(&catalogue);
    }
    if (status && error) *error = reason;
    mn_store_close(store);
    return status;
}

mn_status mn_find_model(char **path, const mn_call *call, const char *word, bool may_pull,
                        mn_error *error)
{
    mn_ref ref = { 0 };
    *path = NULL;
    if (looks_like_path(word)) {
        *path = mn_strdup(word);
        return *path ? MN_OK : mn_fail_memory(error, strlen(word), "a path");
    }
    mn_status status = find_name(&ref, call, word, may_pull, error);
    if (!status && ref.missing)
        status = mn_fail(error, MN_IO,
                         "%s stands for %s, which is not there any more; forget it with: "
                         "minnow rm %s",
                         ref.name, ref.path, ref.name);
    if (!status) {
        *path = ref.path;
        ref.path = NULL;
    }
    mn_ref_free(&ref);
    return status;
}

/* --- input ----------------------------------------------------------------------------------- */

bool mn_input_is_piped(void)
{
    struct stat found;
    if (fstat(STDIN_FILENO, &found)) return false;
    return S_ISREG(found.st_mode) || S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode);
}

static mn_status read_standard_input(mn_text *out, size_t limit_bytes, mn_error *error)
{
    char buffer[65536];
    for (;;) {
        ssize_t n = mn_io_get()->read(STDIN_FILENO, buffer, sizeof buffer);
        if (mn_interrupted()) return MN_CANCELLED;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return mn_fail(error, MN_IO, "cannot read the standard input: %s", strerror(errno));
        if (!n) break;
        if ((size_t)n > limit_bytes - out->length)
            return mn_fail(error, MN_USAGE, "the standard input is larger than %s",
                           mn_size_show(limit_bytes).text);
        mn_text_append(out, buffer, (size_t)n);
    }
    mn_text_add(out, "");
    return out->failed ? mn_fail_memory(error, out->length, "the standard input") : MN_OK;
}

mn_status mn_read_all(mn_text *out, const char *path, size_t limit_bytes, mn_error *error)
{
    char *bytes;
    size_t length;
    *out = (mn_text){ 0 };
    mn_status status;
    if (!strcmp(path, "-")) {
        status = read_standard_input(out, limit_bytes, error);
        if (status) mn_text_free(out);
        return status;
    }
    status = mn_file_read(&bytes, &length, path, limit_bytes, error);
    if (!status) *out = (mn_text){ .data = bytes, .length = length, .capacity = length + 1 };
    return status;
}
