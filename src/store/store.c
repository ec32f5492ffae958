/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the models that are here. */
#include "store/store.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "store/paths.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REF_LIMIT (64 * 1024)

struct mn_store {
    char *folder;
};

/* --- names ----------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* One half of a name, which also names a file. */
static bool copy_part(char *out, size_t *used, const char *text, size_t length)
{
    if (!length || length > 64 || text[0] == '.' || text[0] == '-') return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_name_char(lower(text[i]))) return false;
        out[(*used)++] = lower(text[i]);
    }
    return true;
}

bool mn_name_normalize(char out[MN_NAME_SIZE], const char *text)
{
    size_t used = 0, length = strcspn(text, ":");
    const char *tag = text[length] ? text + length + 1 : "latest";
    if (!copy_part(out, &used, text, length)) return false;
    out[used++] = ':';
    if (!copy_part(out, &used, tag, strlen(tag))) return false;
    out[used] = '\0';
    return true;
}

void mn_name_from_path(char out[MN_NAME_SIZE], const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t used = 0, length = strlen(base);
    if (length > 5 && !strcmp(base + length - 5, ".gguf")) length -= 5;
    for (size_t i = 0; i < length && used < 60; i++) {
        char c = lower(base[i]);
        if (!is_name_char(c)) c = '-';
        if (!used && (c == '.' || c == '-')) continue;
        out[used++] = c;
    }
    strcpy(out + used, used ? ":latest" : "model:latest");
}

/* --- opening --------------------------------------------------------------------------------- */

mn_status mn_store_open(mn_store **out, mn_error *error)
{
    mn_text path = { 0 };
    *out = NULL;
    mn_status status = mn_path_store(&path, error);
    mn_store *store = status ? NULL : mn_alloc_array(1, sizeof *store);
    if (!status && !store) status = mn_fail_memory(error, sizeof *store, "the store");
    if (status) {
        mn_text_free(&path);
        return status;
    }
    store->folder = path.data;
    *out = store;
    return MN_OK;
}

void mn_store_close(mn_store *store)
{
    if (store) mn_free(store->folder);
    mn_free(store);
}

const char *mn_store_folder(const mn_store *store)
{
    return store->folder;
}

char *mn_store_blob_path(const mn_store *store, const char *sha256)
{
    mn_text path = { 0 };
    mn_text_format(&path, "%s/blobs/sha256-%s", store->folder, sha256);
    if (!path.failed) return path.data;
    mn_text_free(&path);
    return NULL;
}

/* --- refs ------------------------------------------------------------------------------------ */

void mn_ref_free(mn_ref *ref)
{
    mn_free(ref->name);
    mn_free(ref->path);
    mn_free(ref->sha256);
    mn_free(ref->architecture);
    mn_free(ref->type);
    mn_free(ref->licence);
    mn_free(ref->source);
    *ref = (mn_ref){ 0 };
}

void mn_refs_free(mn_refs *refs)
{
    for (size_t i = 0; i < refs->n; i++) mn_ref_free(&refs->items[i]);
    mn_free(refs->items);
    *refs = (mn_refs){ 0 };
}

/* "FOLDER/refs/NAME/TAG.json" of a whole name. */
static mn_status ref_path(mn_text *out, const mn_store *store, const char *name, mn_error *error)
{
    const char *tag = strchr(name, ':');
    mn_text_format(out, "%s/refs/%.*s/%s.json", store->folder, (int)(tag - name), name, tag + 1);
    return out->failed ? mn_fail_memory(error, out->length, "a path") : MN_OK;
}

static bool is_sha256(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool copy_string(char **out, const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    *out = value ? mn_strdup(value) : NULL;
    return !value || *out;
}

static uint64_t get_count(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static mn_status ref_from_json(const mn_store *store, mn_ref *out, const json_t *json,
                               const char *name, mn_error *error)
{
    const char *link = json_string_value(json_object_get(json, "link"));
    *out = (mn_ref){ .name = mn_strdup(name), .linked = link,
                     .size_bytes = get_count(json, "size"),
                     .n_parameters = get_count(json, "parameters"),
                     .added = (int64_t)get_count(json, "added") };
    bool whole = out->name && copy_string(&out->sha256, json, "sha256")
                 && copy_string(&out->architecture, json, "architecture")
                 && copy_string(&out->type, json, "type")
                 && copy_string(&out->licence, json, "licence")
                 && copy_string(&out->source, json, "source");
    if (whole && !link && !is_sha256(out->sha256)) {
        mn_ref_free(out);
        return mn_fail(error, MN_BAD_FILE, "the store's entry for %s names no file", name);
    }
    if (whole) out->path = link ? mn_strdup(link) : mn_store_blob_path(store, out->sha256);
    if (out->path) {
        out->missing = access(out->path, F_OK) != 0;
        return MN_OK;
    }
    mn_ref_free(out);
    return mn_fail_memory(error, REF_LIMIT, "an entry of the store");
}

/* `name` is whole ("NAME:TAG"). */
static mn_status read_ref(const mn_store *store, mn_ref *out, const char *name, bool *found,
                          mn_error *error)
{
    mn_text path = { 0 };
    char *bytes = NULL;
    size_t length;
    json_error_t problem;
    *found = false;
    mn_status status = ref_path(&path, store, name, error);
    if (!status && access(path.data, F_OK)) {
        mn_text_free(&path);
        return mn_fail(error, MN_FAILED, "there is no model '%s' here", name);
    }
    if (!status) status = mn_file_read(&bytes, &length, path.data, REF_LIMIT, error);
    json_t *json = status ? NULL : json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);
    if (!status && !json_is_object(json))
        status = mn_fail(error, MN_BAD_FILE, "%s: the store's entry is damaged", path.data);
    if (!status) status = ref_from_json(store, out, json, name, error);
    *found = !status;
    json_decref(json);
    mn_free(bytes);
    mn_text_free(&path);
    return status;
}

static int compare_refs(const void *a, const void *b)
{
    return strcmp(((const mn_ref *)a)->name, ((const mn_ref *)b)->name);
}

/* NAME from the folder and TAG from "TAG.json"; false for a file that is no ref. */
static bool whole_name(char out[MN_NAME_SIZE], const char *folder, const char *file)
{
    size_t length = strlen(file);
    char joined[2 * MN_NAME_SIZE];
    if (length < 6 || strcmp(file + length - 5, ".json")) return false;
    int n = snprintf(joined, sizeof joined, "%s:%.*s", folder, (int)(length - 5), file);
    if (n < 0 || (size_t)n >= sizeof joined || !mn_name_normalize(out, joined)) return false;
    return !strcmp(out, joined);
}

static mn_status list_tags(const mn_store *store, mn_refs *out, const char *folder, DIR *tags,
                           mn_error *error)
{
    char name[MN_NAME_SIZE];
    for (struct dirent *entry; (entry = readdir(tags));) {
        void *items = out->items;
        bool found;
        if (!whole_name(name, folder, entry->d_name)) continue;
        if (!mn_grow(&items, &out->capacity, out->n + 1, sizeof *out->items))
            return mn_fail_memory(error, sizeof *out->items, "the list of models");
        out->items = items;
        mn_status status = read_ref(store, &out->items[out->n], name, &found, error);
        if (status == MN_NO_MEMORY) return status;
        out->n += found;
    }
    return MN_OK;
}

static mn_status list_folder(const mn_store *store, mn_refs *out, const char *folder,
                             mn_error *error)
{
    mn_text path = { 0 };
    mn_text_format(&path, "%s/refs/%s", store->folder, folder);
    DIR *tags = path.failed ? NULL : opendir(path.data);
    mn_status status = path.failed ? mn_fail_memory(error, path.length, "a path") : MN_OK;
    if (tags) {
        status = list_tags(store, out, folder, tags, error);
        closedir(tags);
    }
    mn_text_free(&path);
    return status;
}

mn_status mn_store_list(const mn_store *store, mn_refs *out, mn_error *error)
{
    mn_text path = { 0 };
    mn_status status = MN_OK;
    *out = (mn_refs){ 0 };
    mn_text_format(&path, "%s/refs", store->folder);
    if (path.failed) return mn_fail_memory(error, path.length, "a path");
    DIR *names = opendir(path.data);
    if (!names && errno != ENOENT)
        status = mn_fail(error, MN_IO, "%s: cannot list: %s", path.data, strerror(errno));
    for (struct dirent *entry; names && !status && (entry = readdir(names));)
        if (entry->d_name[0] != '.') status = list_folder(store, out, entry->d_name, error);
    if (names) closedir(names);
    mn_text_free(&path);
    if (status) mn_refs_free(out);
    else if (out->n) qsort(out->items, out->n, sizeof *out->items, compare_refs);
    return status;
}

/* --- finding --------------------------------------------------------------------------------- */

static mn_status fail_unknown(const mn_refs *refs, const char *name, mn_error *error)
{
    const char **names = mn_alloc_array(refs->n + 1, sizeof *names);
    const char *nearest = NULL;
    for (size_t i = 0; names && i < refs->n; i++) names[i] = refs->items[i].name;
    if (names) nearest = mn_nearest_name(name, names, refs->n);
    mn_status status =
        nearest ? mn_fail(error, MN_FAILED, "there is no model '%s' here; did you mean '%s'?", name,
                          nearest)
                : mn_fail(error, MN_FAILED,
                          "there is no model '%s' here; 'minnow ls' lists those that are", name);
    mn_free(names);
    return status;
}

/* The only tag of a name that was given without one. */
static mn_status find_only_tag(const mn_store *store, const mn_refs *refs, const char *name,
                               const char *normalized, mn_ref *out, bool *found, mn_error *error)
{
    size_t n = 0, length = strcspn(normalized, ":");
    const char *whole = NULL;
    for (size_t i = 0; i < refs->n; i++) {
        const char *other = refs->items[i].name;
        if (strncmp(other, normalized, length) || other[length] != ':') continue;
        whole = other;
        n++;
    }
    if (n == 1) return read_ref(store, out, whole, found, error);
    if (n) return mn_fail(error, MN_USAGE, "'%s' has %zu tags here; say which, as in '%s'", name,
                          n, whole);
    return fail_unknown(refs, name, error);
}

mn_status mn_store_find(const mn_store *store, const char *name, mn_ref *out, bool *found,
                        mn_error *error)
{
    char whole[MN_NAME_SIZE];
    mn_refs refs = { 0 };
    mn_error reason = { 0 };
    *found = false;
    bool possible = mn_name_normalize(whole, name);
    mn_status status = possible ? read_ref(store, out, whole, found, &reason) : MN_FAILED;
    if (status != MN_FAILED) {
        if (status && error) *error = reason;
        return status;
    }
    status = mn_store_list(store, &refs, error);
    if (!status && possible && !strchr(name, ':'))
        status = find_only_tag(store, &refs, name, whole, out, found, error);
    else if (!status) status = fail_unknown(&refs, name, error);
    mn_refs_free(&refs);
    return status;
}

/* --- changing -------------------------------------------------------------------------------- */

static void set_string(json_t *object, const char *key, const char *value)
{
    if (value) json_object_set_new(object, key, json_string(value));
}

static char *ref_to_json(const mn_ref *ref)
{
    json_t *json = json_object();
    if (!json) return NULL;
    if (ref->linked) set_string(json, "link", ref->path);
    set_string(json, "sha256", ref->sha256);
    json_object_set_new(json, "size", json_integer((json_int_t)ref->size_bytes));
    json_object_set_new(json, "parameters", json_integer((json_int_t)ref->n_parameters));
    json_object_set_new(json, "added", json_integer((json_int_t)ref->added));
    set_string(json, "architecture", ref->architecture);
    set_string(json, "type", ref->type);
    set_string(json, "licence", ref->licence);
    set_string(json, "source", ref->source);
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return text;
}

static mn_status make_folder_of(char *path, mn_error *error)
{
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mn_status status = mn_folder_make(path, 0755, error);
    *slash = '/';
    return status;
}

mn_status mn_store_put(const mn_store *store, const mn_ref *ref, mn_error *error)
{
    mn_text path = { 0 };
    mn_output *output = NULL;
    char *text = ref_to_json(ref);
    mn_status status = text ? ref_path(&path, store, ref->name, error)
                            : mn_fail_memory(error, REF_LIMIT, "an entry of the store");
    if (!status) status = make_folder_of(path.data, error);
    if (!status) status = mn_output_open(&output, path.data, true, error);
    if (!status) status = mn_output_write(output, text, strlen(text), error);
    if (!status) status = mn_output_write(output, "\n", 1, error);
    if (!status) status = mn_output_commit(output, error);
    mn_output_close(output);
    mn_text_free(&path);
    free(text); /* jansson's */
    return status;
}

static bool blob_is_shared(const mn_store *store, const mn_ref *ref)
{
    mn_refs refs;
    bool shared = false;
    if (mn_store_list(store, &refs, NULL)) return true; /* when in doubt, keep it */
    for (size_t i = 0; i < refs.n; i++)
        if (strcmp(refs.items[i].name, ref->name) && !strcmp(refs.items[i].path, ref->path))
            shared = true;
    mn_refs_free(&refs);
    return shared;
}

mn_status mn_store_remove(const mn_store *store, const mn_ref *ref, mn_error *error)
{
    mn_text path = { 0 };
    bool keeps_file = ref->linked || blob_is_shared(store, ref);
    mn_status status = ref_path(&path, store, ref->name, error);
    if (!status && mn_io_get()->unlink(path.data))
        status = mn_fail(error, MN_IO, "%s: cannot remove: %s", path.data, strerror(errno));
    if (!status) {
        *strrchr(path.data, '/') = '\0';
        rmdir(path.data); /* stays while it holds other tags */
    }
    if (!status && !keeps_file && mn_io_get()->unlink(ref->path) && errno != ENOENT)
        status = mn_fail(error, MN_IO, "%s: cannot remove: %s", ref->path, strerror(errno));
    mn_text_free(&path);
    return status;
}
