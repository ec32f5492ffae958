/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.c - models that can be pulled by name. */
#include "store/catalogue.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/options.h"
#include "store/store.h"

#include <string.h>

#define FILE_LIMIT (1024 * 1024)

extern const char mn_catalogue_data[]; /* catalogue.toml, embedded by the build */
extern const size_t mn_catalogue_data_size;

static const char *text_of(const mn_toml *toml, const char *section, const char *key)
{
    const mn_toml_entry *entry = mn_toml_find(toml, section, key);
    return entry && entry->kind == MN_TOML_STRING ? entry->text : NULL;
}

static uint64_t size_of(const mn_toml *toml, const char *section, const char *key)
{
    const mn_toml_entry *entry = mn_toml_find(toml, section, key);
    uint64_t size = 0;
    if (entry && entry->text) mn_size_parse(&size, entry->text);
    return size;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static mn_status fill(mn_catalogue_entry *out, const mn_toml *toml, const char *section,
                      const char *file, unsigned line, mn_error *error)
{
    char name[MN_NAME_SIZE];
    const mn_toml_entry *from = mn_toml_find(toml, section, "from");
    if (!mn_name_normalize(name, section))
        return mn_fail(error, MN_BAD_FILE, "%s:%u: '%s' cannot be the name of a model", file, line,
                       section);
    if (!from || from->kind != MN_TOML_LIST || !from->n_items)
        return mn_fail(error, MN_BAD_FILE, "%s:%u: [%s] has no list 'from'", file, line, section);
    *out = (mn_catalogue_entry){
        .name = section, .from = from->items, .n_from = from->n_items,
        .size_bytes = size_of(toml, section, "size"),
        .download_bytes = size_of(toml, section, "download"),
        .sha256 = text_of(toml, section, "sha256"), .licence = text_of(toml, section, "licence"),
        .source = text_of(toml, section, "source"),
    };
    if (!out->size_bytes || !out->sha256 || !is_sha256(out->sha256))
        return mn_fail(error, MN_BAD_FILE, "%s:%u: [%s] needs a size and a sha256", file, line,
                       section);
    return MN_OK;
}

/* Keys of one section follow one another, so that a new section shows by its first key. */
static mn_status fill_all(mn_catalogue *out, const char *file, mn_error *error)
{
    mn_status status = MN_OK;
    out->entries = mn_alloc_array(out->toml.n + 1, sizeof *out->entries);
    if (!out->entries) return mn_fail_memory(error, out->toml.n, "the catalogue");
    for (size_t i = 0; i < out->toml.n && !status; i++) {
        const mn_toml_entry *entry = &out->toml.entries[i];
        if (i && !strcmp(entry->section, out->toml.entries[i - 1].section)) continue;
        status = fill(&out->entries[out->n], &out->toml, entry->section, file, entry->line, error);
        out->n += !status;
    }
    return status;
}

mn_status mn_catalogue_open(mn_catalogue *out, const char *path, mn_error *error)
{
    char *bytes = NULL;
    size_t length = mn_catalogue_data_size;
    *out = (mn_catalogue){ 0 };
    mn_status status = path ? mn_file_read(&bytes, &length, path, FILE_LIMIT, error) : MN_OK;
    if (!status)
        status = mn_toml_parse(&out->toml, path ? bytes : mn_catalogue_data, length,
                               path ? path : "catalogue.toml", error);
    mn_free(bytes);
    if (!status) status = fill_all(out, path ? path : "catalogue.toml", error);
    if (status) mn_catalogue_close(out);
    return status;
}

void mn_catalogue_close(mn_catalogue *catalogue)
{
    mn_free(catalogue->entries);
    mn_toml_free(&catalogue->toml);
    *catalogue = (mn_catalogue){ 0 };
}

const mn_catalogue_entry *mn_catalogue_find(const mn_catalogue *catalogue, const char *name)
{
    char wanted[MN_NAME_SIZE], entry_name[MN_NAME_SIZE];
    const mn_catalogue_entry *same_family = NULL;
    size_t n_family = 0;
    if (!mn_name_normalize(wanted, name)) return NULL;
    size_t family = strcspn(wanted, ":");
    for (size_t i = 0; i < catalogue->n; i++) {
        if (!mn_name_normalize(entry_name, catalogue->entries[i].name)) continue;
        if (!strcmp(entry_name, wanted)) return &catalogue->entries[i];
        if (strncmp(entry_name, wanted, family) || entry_name[family] != ':') continue;
        same_family = &catalogue->entries[i];
        n_family++;
    }
    return n_family == 1 && !strchr(name, ':') ? same_family : NULL;
}
