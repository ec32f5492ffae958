/* SPDX-License-Identifier: Apache-2.0 */
/* gguf.c - a model file, or all parts of a split one, seen as one list of entries and tensors. */
#include "file/gguf.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "file/gguf_part.h"
#include "file/names.h"

#include <stdio.h>
#include <string.h>

struct mn_gguf {
    mn_gguf_part *parts; /* [n_parts]; the first holds the metadata */
    uint32_t n_parts;
    mn_tensor *joined; /* [n_tensors] of a split model, else NULL */
    const mn_tensor *tensors;
    size_t n_tensors;
    mn_names keys, names;
    uint64_t file_bytes;
};

typedef unsigned long long ull;

/* --- typed reading ---------------------------------------------------------------------------- */

static bool signed_element(const mn_gguf_entry *entry, uint64_t index, int64_t *out)
{
    const uint8_t *b = entry->raw + index * mn_gguf_type_bytes(entry->element_type);
    switch (entry->element_type) {
    case MN_GGUF_I8:
        *out = (int8_t)b[0];
        return true;
    case MN_GGUF_I16:
        *out = (int16_t)(b[0] | b[1] << 8);
        return true;
    case MN_GGUF_I32:
        *out = (int32_t)mn_read_u32(b);
        return true;
    case MN_GGUF_I64:
        *out = (int64_t)mn_read_u64(b);
        return true;
    default:
        return false;
    }
}

static bool unsigned_element(const mn_gguf_entry *entry, uint64_t index, uint64_t *out)
{
    const uint8_t *b = entry->raw + index * mn_gguf_type_bytes(entry->element_type);
    switch (entry->element_type) {
    case MN_GGUF_U8:
        *out = b[0];
        return true;
    case MN_GGUF_U16:
        *out = (uint64_t)(b[0] | b[1] << 8);
        return true;
    case MN_GGUF_U32:
        *out = mn_read_u32(b);
        return true;
    case MN_GGUF_U64:
        *out = mn_read_u64(b);
        return true;
    default:
        return false;
    }
}

bool mn_gguf_entry_u64(const mn_gguf_entry *entry, uint64_t index, uint64_t *out)
{
    int64_t value;
    if (index >= entry->n) return false;
    if (unsigned_element(entry, index, out)) return true;
    if (!signed_element(entry, index, &value) || value < 0) return false;
    *out = (uint64_t)value;
    return true;
}

bool mn_gguf_entry_i64(const mn_gguf_entry *entry, uint64_t index, int64_t *out)
{
    uint64_t value;
    if (index >= entry->n) return false;
    if (signed_element(entry, index, out)) return true;
    if (!unsigned_element(entry, index, &value) || value > INT64_MAX) return false;
    *out = (int64_t)value;
    return true;
}

bool mn_gguf_entry_f64(const mn_gguf_entry *entry, uint64_t index, double *out)
{
    if (index >= entry->n) return false;
    if (entry->element_type == MN_GGUF_F32) {
        uint32_t bits = mn_read_u32(entry->raw + index * 4);
        float value;
        memcpy(&value, &bits, sizeof value);
        *out = value;
        return true;
    }
    if (entry->element_type == MN_GGUF_F64) {
        uint64_t bits = mn_read_u64(entry->raw + index * 8);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    uint64_t large;
    int64_t small;
    if (unsigned_element(entry, index, &large))
        *out = (double)large;
    else if (signed_element(entry, index, &small))
        *out = (double)small;
    else
        return false;
    return true;
}

/* The entry of a key that holds one value, no array; NULL if there is none. */
static const mn_gguf_entry *find_single(const mn_gguf *file, const char *key)
{
    const mn_gguf_entry *entry = mn_gguf_find(file, key);
    return entry && entry->type != MN_GGUF_ARRAY ? entry : NULL;
}

bool mn_gguf_u64(const mn_gguf *file, const char *key, uint64_t *out)
{
    const mn_gguf_entry *entry = find_single(file, key);
    return entry && mn_gguf_entry_u64(entry, 0, out);
}

bool mn_gguf_i64(const mn_gguf *file, const char *key, int64_t *out)
{
    const mn_gguf_entry *entry = find_single(file, key);
    return entry && mn_gguf_entry_i64(entry, 0, out);
}

bool mn_gguf_f64(const mn_gguf *file, const char *key, double *out)
{
    const mn_gguf_entry *entry = find_single(file, key);
    return entry && mn_gguf_entry_f64(entry, 0, out);
}

bool mn_gguf_bool(const mn_gguf *file, const char *key, bool *out)
{
    const mn_gguf_entry *entry = find_single(file, key);
    if (!entry || entry->type != MN_GGUF_BOOL) return false;
    *out = entry->raw[0];
    return true;
}

bool mn_gguf_string(const mn_gguf *file, const char *key, mn_string *out)
{
    const mn_gguf_entry *entry = find_single(file, key);
    if (!entry || entry->type != MN_GGUF_STRING) return false;
    *out = entry->strings[0];
    return true;
}

/* --- indexes ---------------------------------------------------------------------------------- */

static mn_status fail_name(mn_names_result result, const char *path, const char *kind,
                           const char *name, mn_error *error)
{
    if (result == MN_NAMES_TWICE)
        return mn_fail(error, MN_BAD_FILE, "%s: %s '%s' is there twice", path, kind, name);
    return mn_fail(error, MN_BAD_FILE,
                   "%s: %s '%s' and many others were chosen to slow down lookups", path, kind,
                   name);
}

static mn_status index_keys(mn_gguf *file, const char *path, mn_error *error)
{
    const mn_gguf_part *first = &file->parts[0];
    if (!mn_names_open(&file->keys, first->n_entries))
        return mn_fail_memory(error, first->n_entries * sizeof(mn_name_slot), "the key index");
    for (size_t i = 0; i < first->n_entries; i++) {
        mn_names_result result = mn_names_add(&file->keys, first->entries[i].key, (uint32_t)i);
        if (result) return fail_name(result, path, "the key", first->entries[i].key, error);
    }
    return MN_OK;
}

static mn_status index_tensors(mn_gguf *file, const char *path, mn_error *error)
{
    if (!mn_names_open(&file->names, file->n_tensors))
        return mn_fail_memory(error, file->n_tensors * sizeof(mn_name_slot), "the tensor index");
    for (size_t i = 0; i < file->n_tensors; i++) {
        mn_names_result result = mn_names_add(&file->names, file->tensors[i].name, (uint32_t)i);
        if (result) return fail_name(result, path, "the tensor", file->tensors[i].name, error);
    }
    return MN_OK;
}

/* --- split models ----------------------------------------------------------------------------- */

/* A small unsigned value of a part, 0 if absent or of another kind. */
static uint64_t part_number(const mn_gguf_part *part, const char *key)
{
    uint64_t value = 0;
    const mn_gguf_entry *entry = mn_gguf_part_find(part, key);
    if (!entry || entry->type == MN_GGUF_ARRAY || !mn_gguf_entry_u64(entry, 0, &value)) return 0;
    return value;
}

/* The end of the published name of part `number`, counted from 1. */
static int part_suffix(char out[64], uint32_t number, uint32_t count)
{
    return snprintf(out, 64, "-%05u-of-%05u.gguf", number, count);
}

/* Length of `path` without its suffix; 0 if it is not named as this part must be. */
static size_t stem_length(const char *path, uint32_t number, uint32_t count)
{
    char suffix[64];
    size_t length = strlen(path), cut = (size_t)part_suffix(suffix, number, count);
    return length > cut && !strcmp(path + length - cut, suffix) ? length - cut : 0;
}

static mn_status check_part(const mn_gguf_part *part, const char *path, uint32_t index,
                            uint32_t count, mn_error *error)
{
    uint64_t found_count = part_number(part, "split.count"), no = part_number(part, "split.no");
    if (found_count == count && no == index) return MN_OK;
    return mn_fail(error, MN_BAD_FILE, "%s: says it is part %llu of %llu, expected part %u of %u",
                   path, (ull)no + 1, (ull)found_count, index + 1, count);
}

/* Opens part `index` of the model whose names start with `stem`, unless it is already open. */
static mn_status open_part(mn_gguf *file, const char *stem, size_t stem_bytes, uint32_t index,
                           mn_error *error)
{
    char suffix[64];
    size_t suffix_bytes = (size_t)part_suffix(suffix, index + 1, file->n_parts), size;
    char *path = mn_size_add(&size, stem_bytes, suffix_bytes + 1) ? mn_alloc(size) : NULL;
    if (!path) return mn_fail_memory(error, stem_bytes, "a file name");
    memcpy(path, stem, stem_bytes);
    memcpy(path + stem_bytes, suffix, suffix_bytes + 1);

    mn_status status = mn_gguf_part_open(&file->parts[index], path, error);
    if (!status) status = check_part(&file->parts[index], path, index, file->n_parts, error);
    mn_free(path);
    return status;
}

/* `opened` is one part of several; takes it over and opens the others. */
static mn_status open_split(mn_gguf *file, mn_gguf_part *opened, const char *path, mn_error *error)
{
    uint64_t count = part_number(opened, "split.count"), no = part_number(opened, "split.no");
    if (count > MN_GGUF_MAX_PARTS || no >= count)
        return mn_fail(error, MN_BAD_FILE,
                       "%s: says it is part %llu of %llu, at most %u are possible", path,
                       (ull)no + 1, (ull)count, MN_GGUF_MAX_PARTS);
    size_t stem_bytes = stem_length(path, (uint32_t)no + 1, (uint32_t)count);
    if (!stem_bytes)
        return mn_fail(error, MN_BAD_FILE,
                       "%s: is part %u of %u, so its name must end with"
                       " -%05u-of-%05u.gguf for the other parts to be found",
                       path, (unsigned)no + 1, (unsigned)count, (unsigned)no + 1, (unsigned)count);

    mn_gguf_part *parts = mn_alloc_array((size_t)count, sizeof *parts);
    if (!parts) return mn_fail_memory(error, count * sizeof *parts, "the parts of a split model");
    mn_free(file->parts);
    file->parts = parts;
    file->n_parts = (uint32_t)count;
    parts[no] = *opened;
    *opened = (mn_gguf_part){ 0 };
    for (uint32_t i = 0; i < count; i++) {
        mn_status status = i == no ? MN_OK : open_part(file, path, stem_bytes, i, error);
        if (status) return status;
    }
    return MN_OK;
}

/* One list of the tensors of all parts. */
static mn_status join_tensors(mn_gguf *file, const char *path, mn_error *error)
{
    size_t n = 0;
    for (uint32_t p = 0; p < file->n_parts; p++) n += file->parts[p].n_tensors;
    const mn_gguf_entry *entry = mn_gguf_part_find(&file->parts[0], "split.tensors.count");
    uint64_t promised = part_number(&file->parts[0], "split.tensors.count");
    if (entry && promised != n)
        return mn_fail(error, MN_BAD_FILE,
                       "%s: the parts hold %zu tensors together, but the first says"
                       " %llu",
                       path, n, (ull)promised);

    file->joined = mn_alloc_array(n, sizeof *file->joined);
    if (!file->joined) return mn_fail_memory(error, n * sizeof *file->joined, "the tensor list");
    for (uint32_t p = 0; p < file->n_parts; p++) {
        const mn_gguf_part *part = &file->parts[p];
        if (!part->n_tensors) continue;
        memcpy(file->joined + file->n_tensors, part->tensors,
               part->n_tensors * sizeof *part->tensors);
        file->n_tensors += part->n_tensors;
    }
    file->tensors = file->joined;
    return MN_OK;
}

/* --- open, use, close ------------------------------------------------------------------------- */

static mn_status open_all(mn_gguf *file, const char *path, mn_error *error)
{
    file->parts = mn_alloc_array(1, sizeof *file->parts);
    if (!file->parts) return mn_fail_memory(error, sizeof *file->parts, "a model file");
    file->n_parts = 1;
    mn_gguf_part opened;
    mn_status status = mn_gguf_part_open(&opened, path, error);
    if (status) return status;

    if (part_number(&opened, "split.count") > 1) {
        status = open_split(file, &opened, path, error);
        mn_gguf_part_close(&opened); /* already zero if it was taken over */
        return status ? status : join_tensors(file, path, error);
    }
    file->parts[0] = opened;
    file->tensors = opened.tensors;
    file->n_tensors = opened.n_tensors;
    return MN_OK;
}

mn_status mn_gguf_open(mn_gguf **out, const char *path, mn_error *error)
{
    *out = NULL;
    mn_gguf *file = mn_alloc_array(1, sizeof *file);
    if (!file) return mn_fail_memory(error, sizeof *file, "a model file");
    mn_status status = open_all(file, path, error);
    if (!status) status = index_keys(file, path, error);
    if (!status) status = index_tensors(file, path, error);
    if (status) {
        mn_gguf_close(file);
        return status;
    }
    for (uint32_t i = 0; i < file->n_parts; i++) file->file_bytes += file->parts[i].map.size;
    *out = file;
    return MN_OK;
}

uint32_t mn_gguf_version(const mn_gguf *file)
{
    return file->parts[0].version;
}

uint64_t mn_gguf_file_bytes(const mn_gguf *file)
{
    return file->file_bytes;
}

uint32_t mn_gguf_n_parts(const mn_gguf *file)
{
    return file->n_parts;
}

const char *mn_gguf_part_path(const mn_gguf *file, uint32_t index)
{
    return index < file->n_parts ? file->parts[index].path : NULL;
}

uint64_t mn_gguf_n_entries(const mn_gguf *file)
{
    return file->parts[0].n_entries;
}

const mn_gguf_entry *mn_gguf_entry_at(const mn_gguf *file, uint64_t index)
{
    return index < file->parts[0].n_entries ? &file->parts[0].entries[index] : NULL;
}

const mn_gguf_entry *mn_gguf_find(const mn_gguf *file, const char *key)
{
    uint32_t index;
    return mn_names_find(&file->keys, key, &index) ? &file->parts[0].entries[index] : NULL;
}

uint64_t mn_gguf_n_tensors(const mn_gguf *file)
{
    return file->n_tensors;
}

const mn_tensor *mn_gguf_tensor_at(const mn_gguf *file, uint64_t index)
{
    return index < file->n_tensors ? &file->tensors[index] : NULL;
}

const mn_tensor *mn_gguf_tensor(const mn_gguf *file, const char *name)
{
    uint32_t index;
    return mn_names_find(&file->names, name, &index) ? &file->tensors[index] : NULL;
}

void mn_gguf_close(mn_gguf *file)
{
    if (!file) return;
    mn_names_close(&file->keys);
    mn_names_close(&file->names);
    mn_free(file->joined);
    for (uint32_t i = 0; file->parts && i < file->n_parts; i++) mn_gguf_part_close(&file->parts[i]);
    mn_free(file->parts);
    mn_free(file);
}
