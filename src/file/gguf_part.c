/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_part.c - reads the head of one GGUF file and checks every number in it.
 *
 * Layout: "GGUF", version, counts; entries (key, type, value); tensors (name,
 * shape, type, offset); padding; tensor data. Memory grows with what was read,
 * never with what a count promises. */
#include "file/gguf_part.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"

#include <string.h>

struct mn_chunk {
    mn_chunk *next;
    size_t used, size;
    _Alignas(16) uint8_t bytes[];
};

typedef struct reader {
    mn_gguf_part *part;
    const uint8_t *data;
    uint64_t size, at;
    const char *path;
    mn_error *error;
} reader;

typedef unsigned long long ull; /* for %llu */

enum { CHUNK_BYTES = 16384, HEADER_BYTES = 24, MIN_ENTRY_BYTES = 14, MIN_TENSOR_BYTES = 33 };

/* --- small things ----------------------------------------------------------------------------- */

uint32_t mn_read_u32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t mn_read_u64(const uint8_t *b)
{
    return mn_read_u32(b) | (uint64_t)mn_read_u32(b + 4) << 32;
}

static const struct {
    const char *name;
    uint32_t bytes;
} value_types[] = {
    [MN_GGUF_U8] = { "u8", 1 },         [MN_GGUF_I8] = { "i8", 1 },
    [MN_GGUF_U16] = { "u16", 2 },       [MN_GGUF_I16] = { "i16", 2 },
    [MN_GGUF_U32] = { "u32", 4 },       [MN_GGUF_I32] = { "i32", 4 },
    [MN_GGUF_F32] = { "f32", 4 },       [MN_GGUF_BOOL] = { "bool", 1 },
    [MN_GGUF_STRING] = { "string", 0 }, [MN_GGUF_ARRAY] = { "array", 0 },
    [MN_GGUF_U64] = { "u64", 8 },       [MN_GGUF_I64] = { "i64", 8 },
    [MN_GGUF_F64] = { "f64", 8 },
};

uint32_t mn_gguf_type_bytes(uint32_t type)
{
    return type <= MN_GGUF_F64 ? value_types[type].bytes : 0;
}

const char *mn_gguf_type_name(uint32_t type)
{
    return type <= MN_GGUF_F64 ? value_types[type].name : "unknown";
}

/* Names of tensor types that exist but are not read here, for the message. */
static const char *unread_type_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } known[] = {
        { 9, "Q8_1" },   { 15, "Q8_K" },  { 16, "IQ2_XXS" }, { 17, "IQ2_XS" }, { 18, "IQ3_XXS" },
        { 19, "IQ1_S" }, { 21, "IQ3_S" }, { 22, "IQ2_S" },   { 24, "I8" },     { 25, "I16" },
        { 26, "I32" },   { 27, "I64" },   { 28, "F64" },     { 29, "IQ1_M" },  { 40, "NVFP4" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].type == type) return known[i].name;
    return "unknown";
}

/* Memory of the part, 16-byte aligned, not cleared; NULL when out of memory. */
static void *part_alloc(mn_gguf_part *part, size_t size)
{
    size_t rounded, whole;
    if (!mn_size_round(&rounded, size, 16)) return NULL;
    mn_chunk *chunk = part->chunks;
    if (!chunk || chunk->size - chunk->used < rounded) {
        size_t room = rounded > CHUNK_BYTES ? rounded : CHUNK_BYTES;
        if (!mn_size_add(&whole, room, sizeof *chunk)) return NULL;
        chunk = mn_alloc(whole);
        if (!chunk) return NULL;
        *chunk = (mn_chunk){ .next = part->chunks, .size = room };
        part->chunks = chunk;
    }
    void *result = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return result;
}

/* --- reading ---------------------------------------------------------------------------------- */

static mn_status take(const uint8_t **out, reader *r, uint64_t n, const char *what)
{
    *out = NULL;
    if (n > r->size - r->at)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: %s at byte %llu needs %llu bytes, but the file ends at byte %llu",
                       r->path, what, (ull)r->at, (ull)n, (ull)r->size);
    *out = r->data + r->at;
    r->at += n;
    return MN_OK;
}

static mn_status take_u32(uint32_t *out, reader *r, const char *what)
{
    const uint8_t *bytes;
    mn_status status = take(&bytes, r, 4, what);
    if (!status) *out = mn_read_u32(bytes);
    return status;
}

static mn_status take_u64(uint64_t *out, reader *r, const char *what)
{
    const uint8_t *bytes;
    mn_status status = take(&bytes, r, 8, what);
    if (!status) *out = mn_read_u64(bytes);
    return status;
}

static mn_status take_string(mn_string *out, reader *r, const char *what)
{
    uint64_t length;
    const uint8_t *bytes;
    mn_status status = take_u64(&length, r, what);
    if (!status) status = take(&bytes, r, length, what);
    if (!status) *out = (mn_string){ (const char *)bytes, (size_t)length };
    return status;
}

/* A key or tensor name, copied so that it ends with '\0'. */
static mn_status take_name(const char **out, reader *r, const char *what, uint32_t limit)
{
    mn_string found;
    uint64_t start = r->at;
    mn_status status = take_string(&found, r, what);
    if (status) return status;
    if (found.length == 0 || found.length > limit)
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s at byte %llu has %zu bytes, expected 1 to %u",
                       r->path, what, (ull)start, found.length, limit);
    if (memchr(found.data, '\0', found.length))
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s at byte %llu holds a zero byte", r->path,
                       what, (ull)start);
    char *copy = part_alloc(r->part, found.length + 1);
    if (!copy) return mn_fail_memory(r->error, found.length + 1, what);
    memcpy(copy, found.data, found.length);
    copy[found.length] = '\0';
    *out = copy;
    return MN_OK;
}

/* --- entries ---------------------------------------------------------------------------------- */

/* Walks the strings once to check them, then once more into a list of just the right size. */
static mn_status read_strings(reader *r, mn_gguf_entry *entry)
{
    uint64_t start = r->at;
    mn_string string;
    for (uint64_t i = 0; i < entry->n; i++) {
        mn_status status = take_string(&string, r, entry->key);
        if (status) return status;
    }
    entry->raw = r->data + start;
    entry->raw_bytes = r->at - start;

    size_t bytes;
    mn_string *list =
        mn_size_mul(&bytes, (size_t)entry->n, sizeof *list) ? part_alloc(r->part, bytes) : NULL;
    if (!list) return mn_fail_memory(r->error, entry->n * sizeof *list, entry->key);
    r->at = start;
    for (uint64_t i = 0; i < entry->n; i++) {
        mn_status status = take_string(&list[i], r, entry->key);
        if (status) return status;
    }
    entry->strings = list;
    return MN_OK;
}

static mn_status read_numbers(reader *r, mn_gguf_entry *entry)
{
    /* n <= 2^31 and at most 8 bytes each: no overflow. */
    entry->raw_bytes = entry->n * mn_gguf_type_bytes(entry->element_type);
    mn_status status = take(&entry->raw, r, entry->raw_bytes, entry->key);
    if (status || entry->element_type != MN_GGUF_BOOL) return status;
    for (uint64_t i = 0; i < entry->n; i++)
        if (entry->raw[i] > 1)
            return mn_fail(r->error, MN_BAD_FILE, "%s: %s holds the bool %u, expected 0 or 1",
                           r->path, entry->key, entry->raw[i]);
    return MN_OK;
}

static mn_status read_array_head(reader *r, mn_gguf_entry *entry)
{
    uint32_t type;
    mn_status status = take_u32(&type, r, entry->key);
    if (!status) status = take_u64(&entry->n, r, entry->key);
    if (status) return status;
    if (type == MN_GGUF_ARRAY)
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s is an array of arrays, which no model needs",
                       r->path, entry->key);
    if (type > MN_GGUF_F64)
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s is an array of the unknown type %u", r->path,
                       entry->key, type);
    if (entry->n > MN_GGUF_MAX_ELEMENTS)
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s has %llu elements, at most %u are possible",
                       r->path, entry->key, (ull)entry->n, MN_GGUF_MAX_ELEMENTS);
    entry->element_type = (mn_gguf_type)type;
    return MN_OK;
}

static mn_status read_entry(reader *r, mn_gguf_entry *entry)
{
    *entry = (mn_gguf_entry){ .n = 1 };
    uint32_t type;
    mn_status status = take_name(&entry->key, r, "a metadata key", MN_GGUF_MAX_KEY);
    if (!status) status = take_u32(&type, r, entry->key);
    if (status) return status;
    if (type > MN_GGUF_F64)
        return mn_fail(r->error, MN_BAD_FILE, "%s: %s has the unknown type %u", r->path, entry->key,
                       type);
    entry->type = entry->element_type = (mn_gguf_type)type;
    if (type == MN_GGUF_ARRAY) status = read_array_head(r, entry);
    if (status) return status;
    return entry->element_type == MN_GGUF_STRING ? read_strings(r, entry) : read_numbers(r, entry);
}

static mn_status read_entries(reader *r, uint64_t n)
{
    mn_gguf_part *part = r->part;
    for (uint64_t i = 0; i < n; i++) {
        void *block = part->entries;
        if (!mn_grow(&block, &part->entries_capacity, part->n_entries + 1, sizeof *part->entries))
            return mn_fail_memory(r->error, (i + 1) * sizeof *part->entries, "metadata entries");
        part->entries = block;
        mn_status status = read_entry(r, &part->entries[part->n_entries]);
        if (status) return status;
        part->n_entries++;
    }
    return MN_OK;
}

static mn_status find_alignment(reader *r)
{
    r->part->alignment = MN_GGUF_DEFAULT_ALIGNMENT;
    const mn_gguf_entry *entry = mn_gguf_part_find(r->part, "general.alignment");
    if (!entry) return MN_OK;
    if (entry->type != MN_GGUF_U32)
        return mn_fail(r->error, MN_BAD_FILE, "%s: general.alignment is of type %s, expected u32",
                       r->path, mn_gguf_type_name(entry->type));
    uint32_t value = mn_read_u32(entry->raw);
    if (value < MN_GGUF_MIN_ALIGNMENT || value > MN_GGUF_MAX_ALIGNMENT || (value & (value - 1)))
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: general.alignment is %u, expected a power of two from %u to %u",
                       r->path, value, MN_GGUF_MIN_ALIGNMENT, MN_GGUF_MAX_ALIGNMENT);
    r->part->alignment = value;
    return MN_OK;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static mn_status read_shape(reader *r, mn_tensor *tensor)
{
    mn_status status = take_u32(&tensor->n_dims, r, tensor->name);
    if (status) return status;
    if (tensor->n_dims == 0 || tensor->n_dims > MN_MAX_DIMS)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: tensor '%s' has %u dimensions, 1 to %d are possible", r->path,
                       tensor->name, tensor->n_dims, MN_MAX_DIMS);
    for (uint32_t d = 0; d < MN_MAX_DIMS; d++) {
        tensor->shape[d] = 1;
        if (d < tensor->n_dims) status = take_u64(&tensor->shape[d], r, tensor->name);
        if (status) return status;
        if (tensor->shape[d] == 0)
            return mn_fail(r->error, MN_BAD_FILE, "%s: tensor '%s': dimension %u is 0", r->path,
                           tensor->name, d);
    }
    return MN_OK;
}

static mn_status read_format(reader *r, mn_tensor *tensor)
{
    uint32_t type;
    mn_status status = take_u32(&type, r, tensor->name);
    if (status) return status;
    tensor->format = mn_format_by_type(type);
    if (!tensor->format)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: tensor '%s' is stored as type %u (%s), which minnow does not read",
                       r->path, tensor->name, type, unread_type_name(type));
    if (tensor->shape[0] % tensor->format->block)
        return mn_fail(
            r->error, MN_BAD_FILE,
            "%s: tensor '%s' has rows of %llu weights, no whole number of %s blocks of %u", r->path,
            tensor->name, (ull)tensor->shape[0], tensor->format->name, tensor->format->block);
    /* Sizes in memory and counts of weights must fit too, whatever the bits of each weight. */
    uint64_t n = 1;
    bool fits = mn_format_tensor_bytes(&tensor->size_bytes, tensor->format, tensor->shape);
    for (int d = 0; d < MN_MAX_DIMS; d++) fits = fits && mn_u64_mul(&n, n, tensor->shape[d]);
    if (!fits || n > INT64_MAX)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: tensor '%s' of %llu x %llu x %llu x %llu weights is impossibly large",
                       r->path, tensor->name, (ull)tensor->shape[0], (ull)tensor->shape[1],
                       (ull)tensor->shape[2], (ull)tensor->shape[3]);
    return MN_OK;
}

static mn_status read_tensor(reader *r, mn_tensor *tensor, uint64_t *offset)
{
    *tensor = (mn_tensor){ 0 };
    mn_status status = take_name(&tensor->name, r, "a tensor name", MN_GGUF_MAX_NAME);
    if (!status) status = read_shape(r, tensor);
    if (!status) status = read_format(r, tensor);
    if (!status) status = take_u64(offset, r, tensor->name);
    if (status) return status;
    if (*offset % r->part->alignment)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: tensor '%s' starts at offset %llu, no multiple of the alignment %u",
                       r->path, tensor->name, (ull)*offset, r->part->alignment);
    return MN_OK;
}

/* Where tensor data starts is known only after the last name was read. Ascending order, which every
 * writer keeps, makes the check for overlaps one comparison. */
static mn_status place_tensors(reader *r, const uint64_t *offsets)
{
    mn_gguf_part *part = r->part;
    uint64_t data_bytes = r->size - part->data_start, end = 0;
    for (size_t i = 0; i < part->n_tensors; i++) {
        mn_tensor *tensor = &part->tensors[i];
        if (offsets[i] < end)
            return mn_fail(
                r->error, MN_BAD_FILE,
                "%s: tensor '%s' starts at offset %llu, inside or before '%s', which ends at"
                " %llu",
                r->path, tensor->name, (ull)offsets[i], tensor[-1].name, (ull)end);
        if (offsets[i] > data_bytes || tensor->size_bytes > data_bytes - offsets[i])
            return mn_fail(r->error, MN_BAD_FILE,
                           "%s: tensor '%s' needs %llu bytes at offset %llu, but only %llu bytes of"
                           " tensor data are there; the file is cut short or damaged",
                           r->path, tensor->name, (ull)tensor->size_bytes, (ull)offsets[i],
                           (ull)data_bytes);
        tensor->data = r->data + part->data_start + offsets[i];
        end = offsets[i] + tensor->size_bytes;
    }
    return MN_OK;
}

static mn_status read_tensor_list(reader *r, uint64_t n, uint64_t **offsets, size_t *capacity)
{
    mn_gguf_part *part = r->part;
    for (uint64_t i = 0; i < n; i++) {
        void *block = part->tensors, *numbers = *offsets;
        bool room = mn_grow(&block, &part->tensors_capacity, (size_t)i + 1, sizeof *part->tensors);
        part->tensors = block;
        room = room && mn_grow(&numbers, capacity, (size_t)i + 1, sizeof **offsets);
        *offsets = numbers;
        if (!room)
            return mn_fail_memory(r->error, (i + 1) * sizeof *part->tensors, "the tensor list");
        mn_status status = read_tensor(r, &part->tensors[i], &(*offsets)[i]);
        if (status) return status;
        part->n_tensors++;
    }
    return MN_OK;
}

static mn_status read_tensors(reader *r, uint64_t n)
{
    uint64_t *offsets = NULL;
    size_t capacity = 0;
    mn_status status = read_tensor_list(r, n, &offsets, &capacity);
    if (!status && n > 0) {
        uint64_t padding = -r->at & (r->part->alignment - 1);
        const uint8_t *ignored;
        status = take(&ignored, r, padding, "the padding before tensor data");
    }
    r->part->data_start = r->at;
    if (!status) status = place_tensors(r, offsets);
    mn_free(offsets);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static mn_status check_version(reader *r, uint32_t version)
{
    if (version == 2 || version == 3) return MN_OK;
    if (version == 1)
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: is GGUF version 1, which is no longer read; convert"
                       " the original model again",
                       r->path);
    if (version && !(version & 0xFFFF))
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: is a big-endian GGUF file, only little-endian ones"
                       " are read",
                       r->path);
    return mn_fail(r->error, MN_BAD_FILE, "%s: is GGUF version %u, expected 2 or 3", r->path,
                   version);
}

static mn_status check_count(reader *r, const char *what, uint64_t n, uint64_t limit, uint64_t each)
{
    if (n > limit)
        return mn_fail(r->error, MN_BAD_FILE, "%s: promises %llu %s, at most %llu are possible",
                       r->path, (ull)n, what, (ull)limit);
    if (n > r->size / each)
        return mn_fail(r->error, MN_BAD_FILE, "%s: promises %llu %s, too many for %llu bytes",
                       r->path, (ull)n, what, (ull)r->size);
    return MN_OK;
}

static mn_status read_head(reader *r)
{
    const uint8_t *head;
    if (r->size < 4 || memcmp(r->data, "GGUF", 4))
        return mn_fail(r->error, MN_BAD_FILE,
                       "%s: is no GGUF model file (it does not start with"
                       " \"GGUF\")",
                       r->path);
    /* The version first: version 1 has a shorter header. */
    if (r->size >= 8) {
        mn_status status = check_version(r, mn_read_u32(r->data + 4));
        if (status) return status;
    }
    mn_status status = take(&head, r, HEADER_BYTES, "the header");
    if (status) return status;
    r->part->version = mn_read_u32(head + 4);
    uint64_t n_tensors = mn_read_u64(head + 8), n_entries = mn_read_u64(head + 16);
    status = check_count(r, "metadata entries", n_entries, MN_GGUF_MAX_ENTRIES, MIN_ENTRY_BYTES);
    if (!status)
        status = check_count(r, "tensors", n_tensors, MN_GGUF_MAX_TENSORS, MIN_TENSOR_BYTES);
    if (!status) status = read_entries(r, n_entries);
    if (!status) status = find_alignment(r);
    if (!status) status = read_tensors(r, n_tensors);
    return status;
}

mn_status mn_gguf_part_open(mn_gguf_part *part, const char *path, mn_error *error)
{
    *part = (mn_gguf_part){ 0 };
    mn_status status = mn_map_open(&part->map, path, error);
    if (status) return status;
    char *copy = part_alloc(part, strlen(path) + 1);
    if (!copy) {
        mn_gguf_part_close(part);
        return mn_fail_memory(error, strlen(path) + 1, "a file name");
    }
    part->path = strcpy(copy, path);
    reader r = {
        .part = part, .data = part->map.data, .size = part->map.size, .path = path, .error = error
    };
    status = read_head(&r);
    if (status) mn_gguf_part_close(part);
    return status;
}

const mn_gguf_entry *mn_gguf_part_find(const mn_gguf_part *part, const char *key)
{
    for (size_t i = 0; i < part->n_entries; i++)
        if (!strcmp(part->entries[i].key, key)) return &part->entries[i];
    return NULL;
}

void mn_gguf_part_close(mn_gguf_part *part)
{
    while (part->chunks) {
        mn_chunk *next = part->chunks->next;
        mn_free(part->chunks);
        part->chunks = next;
    }
    mn_free(part->entries);
    mn_free(part->tensors);
    mn_map_close(&part->map);
    *part = (mn_gguf_part){ 0 };
}
