/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_write.c - writes a model file: head first, then tensor data in the same order. */
#include "file/gguf_write.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "file/gguf_part.h"
#include "file/names.h"

#include <string.h>

typedef struct pending_entry {
    char *key;
    mn_gguf_type type, element_type;
    uint64_t n;
    uint8_t *value; /* as it stands in the file */
    size_t value_bytes;
} pending_entry;

typedef struct pending_tensor {
    char *name;
    mn_tensor tensor; /* name and data unused */
    uint64_t offset;  /* in the tensor data; known after begin */
} pending_tensor;

typedef enum phase { DESCRIBING, FILLING, FINISHED } phase;

struct mn_gguf_writer {
    mn_output *output;
    phase phase;
    pending_entry *entries; /* [n_entries] */
    size_t n_entries, entries_capacity;
    pending_tensor *tensors; /* [n_tensors] */
    size_t n_tensors, tensors_capacity;
    uint64_t data_start;  /* after begin */
    size_t current;       /* the tensor that is being filled */
    uint64_t current_had; /* bytes of it given so far */
};

typedef unsigned long long ull;

static mn_status check_phase(const mn_gguf_writer *writer, phase wanted, mn_error *error)
{
    static const char *const now[] = { "is still being described", "is being filled",
                                       "is finished" };
    if (writer->phase == wanted) return MN_OK;
    return mn_fail(error, MN_USAGE, "the model file %s: a step came out of order",
                   now[writer->phase]);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void free_entry(pending_entry *entry)
{
    mn_free(entry->key);
    mn_free(entry->value);
    *entry = (pending_entry){ 0 };
}

static pending_entry *find_entry(const mn_gguf_writer *writer, const char *key)
{
    for (size_t i = 0; i < writer->n_entries; i++)
        if (!strcmp(writer->entries[i].key, key)) return &writer->entries[i];
    return NULL;
}

static mn_status check_entry(const mn_gguf_writer *writer, const char *key, uint64_t n,
                             mn_error *error)
{
    mn_status status = check_phase(writer, DESCRIBING, error);
    size_t length = strlen(key);
    if (status) return status;
    if (length == 0 || length > MN_GGUF_MAX_KEY)
        return mn_fail(error, MN_USAGE, "a metadata key has %zu bytes, 1 to %u are possible",
                       length, MN_GGUF_MAX_KEY);
    if (n > MN_GGUF_MAX_ELEMENTS)
        return mn_fail(error, MN_USAGE, "%s: %llu elements, at most %u are possible", key, (ull)n,
                       MN_GGUF_MAX_ELEMENTS);
    if (writer->n_entries == MN_GGUF_MAX_ENTRIES && !find_entry(writer, key))
        return mn_fail(error, MN_USAGE, "%s: more than %u metadata entries are not possible", key,
                       MN_GGUF_MAX_ENTRIES);
    return MN_OK;
}

/* Takes `value` over, also when it fails; NULL means that memory ran out. */
static mn_status set_entry(mn_gguf_writer *writer, pending_entry entry, mn_error *error)
{
    void *block = writer->entries;
    pending_entry *old = find_entry(writer, entry.key);
    bool room = entry.value
                && (old
                    || mn_grow(&block, &writer->entries_capacity, writer->n_entries + 1,
                               sizeof *writer->entries));
    writer->entries = block;
    entry.key = room ? mn_strdup(entry.key) : NULL;
    if (!entry.key) {
        mn_free(entry.value);
        return mn_fail_memory(error, entry.value_bytes, "a metadata entry");
    }
    if (old)
        free_entry(old);
    else
        old = &writer->entries[writer->n_entries++];
    *old = entry;
    return MN_OK;
}

/* Stores n elements of `each` bytes as little-endian. */
static void store_numbers(uint8_t *out, const void *elements, uint64_t n, uint32_t each)
{
    const uint8_t *in = elements;
    const uint16_t probe = 1;
    bool little = *(const uint8_t *)&probe;
    if (little && n > 0) memcpy(out, in, (size_t)(n * each));
    for (uint64_t i = 0; !little && i < n; i++)
        for (uint32_t b = 0; b < each; b++) out[i * each + b] = in[i * each + each - 1 - b];
}

static mn_status set_numbers(mn_gguf_writer *writer, const char *key, mn_gguf_type type,
                             mn_gguf_type element_type, const void *elements, uint64_t n,
                             mn_error *error)
{
    mn_status status = check_entry(writer, key, n, error);
    uint32_t each = mn_gguf_type_bytes(element_type);
    if (status) return status;
    if (!each) return mn_fail(error, MN_USAGE, "%s: its elements are no numbers", key);
    pending_entry entry = { .key = (char *)key,
                            .type = type,
                            .element_type = element_type,
                            .n = n,
                            .value_bytes = (size_t)n * each };
    entry.value = mn_alloc(entry.value_bytes);
    if (entry.value) store_numbers(entry.value, elements, n, each);
    return set_entry(writer, entry, error);
}

static void store_u64(uint8_t *out, uint64_t value)
{
    for (int b = 0; b < 8; b++) out[b] = (uint8_t)(value >> (8 * b));
}

static mn_status set_strings(mn_gguf_writer *writer, const char *key, mn_gguf_type type,
                             const mn_string *strings, uint64_t n, mn_error *error)
{
    mn_status status = check_entry(writer, key, n, error);
    size_t size = 0;
    bool fits = true;
    if (status) return status;
    for (uint64_t i = 0; i < n && fits; i++)
        fits = mn_size_add(&size, size, 8) && mn_size_add(&size, size, strings[i].length);
    pending_entry entry = { .key = (char *)key,
                            .type = type,
                            .element_type = MN_GGUF_STRING,
                            .n = n,
                            .value = fits ? mn_alloc(size) : NULL,
                            .value_bytes = size };
    uint8_t *at = entry.value;
    for (uint64_t i = 0; i < n && at; i++) {
        store_u64(at, strings[i].length);
        if (strings[i].length) memcpy(at + 8, strings[i].data, strings[i].length);
        at += 8 + strings[i].length;
    }
    return set_entry(writer, entry, error);
}

mn_status mn_gguf_writer_copy_entry(mn_gguf_writer *writer, const mn_gguf_entry *entry,
                                    mn_error *error)
{
    mn_status status = check_entry(writer, entry->key, entry->n, error);
    if (status) return status;
    pending_entry copy = { .key = (char *)entry->key,
                           .type = entry->type,
                           .element_type = entry->element_type,
                           .n = entry->n,
                           .value = mn_alloc((size_t)entry->raw_bytes),
                           .value_bytes = (size_t)entry->raw_bytes };
    if (copy.value && copy.value_bytes) memcpy(copy.value, entry->raw, copy.value_bytes);
    return set_entry(writer, copy, error);
}

mn_status mn_gguf_writer_set_string(mn_gguf_writer *writer, const char *key, const char *value,
                                    mn_error *error)
{
    mn_string string = { value, strlen(value) };
    return set_strings(writer, key, MN_GGUF_STRING, &string, 1, error);
}

mn_status mn_gguf_writer_set_u32(mn_gguf_writer *writer, const char *key, uint32_t value,
                                 mn_error *error)
{
    return set_numbers(writer, key, MN_GGUF_U32, MN_GGUF_U32, &value, 1, error);
}

mn_status mn_gguf_writer_set_f32(mn_gguf_writer *writer, const char *key, float value,
                                 mn_error *error)
{
    return set_numbers(writer, key, MN_GGUF_F32, MN_GGUF_F32, &value, 1, error);
}

mn_status mn_gguf_writer_set_bool(mn_gguf_writer *writer, const char *key, bool value,
                                  mn_error *error)
{
    uint8_t byte = value;
    return set_numbers(writer, key, MN_GGUF_BOOL, MN_GGUF_BOOL, &byte, 1, error);
}

mn_status mn_gguf_writer_set_array(mn_gguf_writer *writer, const char *key,
                                   mn_gguf_type element_type, const void *elements, uint64_t n,
                                   mn_error *error)
{
    return set_numbers(writer, key, MN_GGUF_ARRAY, element_type, elements, n, error);
}

mn_status mn_gguf_writer_set_strings(mn_gguf_writer *writer, const char *key,
                                     const mn_string *strings, uint64_t n, mn_error *error)
{
    return set_strings(writer, key, MN_GGUF_ARRAY, strings, n, error);
}

void mn_gguf_writer_remove(mn_gguf_writer *writer, const char *key)
{
    pending_entry *entry = find_entry(writer, key);
    if (!entry || writer->phase != DESCRIBING) return;
    free_entry(entry);
    size_t after = (size_t)(writer->entries + writer->n_entries - (entry + 1));
    memmove(entry, entry + 1, after * sizeof *entry);
    writer->n_entries--;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static mn_status check_tensor(const mn_gguf_writer *writer, const mn_tensor *tensor,
                              mn_error *error)
{
    mn_status status = check_phase(writer, DESCRIBING, error);
    size_t length = strlen(tensor->name);
    if (status) return status;
    if (length == 0 || length > MN_GGUF_MAX_NAME)
        return mn_fail(error, MN_USAGE, "a tensor name has %zu bytes, 1 to %u are possible", length,
                       MN_GGUF_MAX_NAME);
    if (writer->n_tensors == MN_GGUF_MAX_TENSORS)
        return mn_fail(error, MN_USAGE, "tensor '%s': more than %u are not possible", tensor->name,
                       MN_GGUF_MAX_TENSORS);
    bool sound = tensor->n_dims >= 1 && tensor->n_dims <= MN_MAX_DIMS;
    for (uint32_t d = 0; d < MN_MAX_DIMS; d++)
        sound = sound && (d < tensor->n_dims ? tensor->shape[d] > 0 : tensor->shape[d] == 1);
    if (!sound) return mn_fail(error, MN_USAGE, "tensor '%s' has no sound shape", tensor->name);
    return MN_OK;
}

mn_status mn_gguf_writer_add_tensor(mn_gguf_writer *writer, const mn_tensor *tensor,
                                    mn_error *error)
{
    mn_status status = check_tensor(writer, tensor, error);
    if (status) return status;
    pending_tensor added = { .tensor = *tensor };
    if (!mn_format_tensor_bytes(&added.tensor.size_bytes, tensor->format, tensor->shape))
        return mn_fail(error, MN_USAGE, "tensor '%s': rows of %llu weights cannot be stored as %s",
                       tensor->name, (ull)tensor->shape[0], tensor->format->name);
    void *block = writer->tensors;
    bool room =
        mn_grow(&block, &writer->tensors_capacity, writer->n_tensors + 1, sizeof *writer->tensors);
    writer->tensors = block;
    added.name = room ? mn_strdup(tensor->name) : NULL;
    if (!added.name) return mn_fail_memory(error, sizeof added, "the tensor list");
    writer->tensors[writer->n_tensors++] = added;
    return MN_OK;
}

/* --- layout ----------------------------------------------------------------------------------- */

static mn_status find_alignment(const mn_gguf_writer *writer, uint32_t *alignment, mn_error *error)
{
    const pending_entry *entry = find_entry(writer, "general.alignment");
    *alignment = MN_GGUF_DEFAULT_ALIGNMENT;
    if (!entry) return MN_OK;
    uint32_t value = entry->type == MN_GGUF_U32 ? mn_read_u32(entry->value) : 0;
    if (value < MN_GGUF_MIN_ALIGNMENT || value > MN_GGUF_MAX_ALIGNMENT || (value & (value - 1)))
        return mn_fail(error, MN_USAGE,
                       "general.alignment must be a u32 power of two from %u to %u",
                       MN_GGUF_MIN_ALIGNMENT, MN_GGUF_MAX_ALIGNMENT);
    *alignment = value;
    return MN_OK;
}

static bool round_up(uint64_t *out, uint64_t value, uint64_t unit)
{
    if (!mn_u64_add(out, value, unit - 1)) return false;
    *out &= ~(unit - 1);
    return true;
}

/* Sizes in memory cannot overflow 64 bits together; sizes of tensors can. */
static uint64_t head_bytes(const mn_gguf_writer *writer)
{
    uint64_t total = 24;
    for (size_t i = 0; i < writer->n_entries; i++) {
        const pending_entry *entry = &writer->entries[i];
        total += 8 + strlen(entry->key) + 4 + (entry->type == MN_GGUF_ARRAY ? 12 : 0);
        total += entry->value_bytes;
    }
    for (size_t i = 0; i < writer->n_tensors; i++)
        total +=
            8 + strlen(writer->tensors[i].name) + 4 + 8 * writer->tensors[i].tensor.n_dims + 12;
    return total;
}

/* Offsets of the tensors (kept when `place`), and the size of the whole file. */
static bool lay_out(mn_gguf_writer *writer, uint32_t alignment, bool place, uint64_t *total)
{
    uint64_t start, end = 0;
    if (!round_up(&start, head_bytes(writer), alignment)) return false;
    for (size_t i = 0; i < writer->n_tensors; i++) {
        if (place) writer->tensors[i].offset = end;
        if (!mn_u64_add(&end, end, writer->tensors[i].tensor.size_bytes)
            || !round_up(&end, end, alignment))
            return false;
    }
    if (place) writer->data_start = start;
    return mn_u64_add(total, start, end) && *total <= INT64_MAX;
}

uint64_t mn_gguf_writer_total_bytes(const mn_gguf_writer *writer)
{
    uint32_t alignment;
    uint64_t total;
    bool known = !find_alignment(writer, &alignment, NULL)
                 && lay_out((mn_gguf_writer *)writer, alignment, false, &total);
    return known ? total : UINT64_MAX;
}

static mn_status check_names(const mn_gguf_writer *writer, mn_error *error)
{
    mn_names names = { 0 };
    if (!mn_names_open(&names, writer->n_tensors))
        return mn_fail_memory(error, writer->n_tensors * sizeof(mn_name_slot), "the tensor index");
    mn_status status = MN_OK;
    for (size_t i = 0; i < writer->n_tensors && !status; i++)
        if (mn_names_add(&names, writer->tensors[i].name, (uint32_t)i))
            status =
                mn_fail(error, MN_USAGE, "tensor '%s' was added twice", writer->tensors[i].name);
    mn_names_close(&names);
    return status;
}

static mn_status check_space(const mn_gguf_writer *writer, uint64_t total, mn_error *error)
{
    uint64_t available;
    const char *path = mn_output_temporary(writer->output);
    if (!mn_disk_free(path, &available) || available >= total) return MN_OK;
    return mn_fail(error, MN_IO, "%s: needs %llu bytes, but only %llu are free on this disk", path,
                   (ull)total, (ull)available);
}

/* --- writing ---------------------------------------------------------------------------------- */

static mn_status write_u32(mn_gguf_writer *writer, uint32_t value, mn_error *error)
{
    uint8_t bytes[8];
    store_u64(bytes, value);
    return mn_output_write(writer->output, bytes, 4, error);
}

static mn_status write_u64(mn_gguf_writer *writer, uint64_t value, mn_error *error)
{
    uint8_t bytes[8];
    store_u64(bytes, value);
    return mn_output_write(writer->output, bytes, 8, error);
}

static mn_status write_name(mn_gguf_writer *writer, const char *name, mn_error *error)
{
    mn_status status = write_u64(writer, strlen(name), error);
    if (!status) status = mn_output_write(writer->output, name, strlen(name), error);
    return status;
}

static mn_status write_entry(mn_gguf_writer *writer, const pending_entry *entry, mn_error *error)
{
    mn_status status = write_name(writer, entry->key, error);
    if (!status) status = write_u32(writer, entry->type, error);
    if (!status && entry->type == MN_GGUF_ARRAY) {
        status = write_u32(writer, entry->element_type, error);
        if (!status) status = write_u64(writer, entry->n, error);
    }
    if (!status) status = mn_output_write(writer->output, entry->value, entry->value_bytes, error);
    return status;
}

static mn_status write_tensor_info(mn_gguf_writer *writer, const pending_tensor *pending,
                                   mn_error *error)
{
    const mn_tensor *tensor = &pending->tensor;
    mn_status status = write_name(writer, pending->name, error);
    if (!status) status = write_u32(writer, tensor->n_dims, error);
    for (uint32_t d = 0; d < tensor->n_dims && !status; d++)
        status = write_u64(writer, tensor->shape[d], error);
    if (!status) status = write_u32(writer, tensor->format->type, error);
    if (!status) status = write_u64(writer, pending->offset, error);
    return status;
}

/* Zeros up to `position` in the file. */
static mn_status pad_to(mn_gguf_writer *writer, uint64_t position, mn_error *error)
{
    static const uint8_t zeros[4096];
    mn_status status = MN_OK;
    while (!status && mn_output_size(writer->output) < position) {
        uint64_t left = position - mn_output_size(writer->output);
        size_t size = left < sizeof zeros ? (size_t)left : sizeof zeros;
        status = mn_output_write(writer->output, zeros, size, error);
    }
    return status;
}

static mn_status write_head(mn_gguf_writer *writer, mn_error *error)
{
    mn_status status = mn_output_write(writer->output, "GGUF\3\0\0", 8, error);
    if (!status) status = write_u64(writer, writer->n_tensors, error);
    if (!status) status = write_u64(writer, writer->n_entries, error);
    for (size_t i = 0; i < writer->n_entries && !status; i++)
        status = write_entry(writer, &writer->entries[i], error);
    for (size_t i = 0; i < writer->n_tensors && !status; i++)
        status = write_tensor_info(writer, &writer->tensors[i], error);
    return status ? status : pad_to(writer, writer->data_start, error);
}

/* --- open, begin, fill, finish, commit, close ------------------------------------------------- */

mn_status mn_gguf_writer_open(mn_gguf_writer **out, const char *path, bool replace, mn_error *error)
{
    *out = NULL;
    mn_gguf_writer *writer = mn_alloc_array(1, sizeof *writer);
    if (!writer) return mn_fail_memory(error, sizeof *writer, "a model file");
    mn_status status = mn_output_open(&writer->output, path, replace, error);
    if (status) {
        mn_gguf_writer_close(writer);
        return status;
    }
    *out = writer;
    return MN_OK;
}

mn_status mn_gguf_writer_begin(mn_gguf_writer *writer, mn_error *error)
{
    uint32_t alignment;
    uint64_t total;
    mn_status status = check_phase(writer, DESCRIBING, error);
    if (!status) status = check_names(writer, error);
    if (!status) status = find_alignment(writer, &alignment, error);
    if (status) return status;
    if (!lay_out(writer, alignment, true, &total))
        return mn_fail(error, MN_USAGE, "the tensors are too large for any file together");
    status = check_space(writer, total, error);
    if (!status) status = write_head(writer, error);
    if (!status) writer->phase = FILLING;
    return status;
}

/* Where the tensor being filled ends in the file, padding included. */
static uint64_t current_end(const mn_gguf_writer *writer)
{
    bool last = writer->current + 1 == writer->n_tensors;
    if (last) return mn_gguf_writer_total_bytes(writer);
    return writer->data_start + writer->tensors[writer->current + 1].offset;
}

mn_status mn_gguf_writer_bytes(mn_gguf_writer *writer, const void *bytes, uint64_t size,
                               mn_error *error)
{
    const uint8_t *at = bytes;
    mn_status status = check_phase(writer, FILLING, error);
    while (!status && size > 0) {
        if (writer->current == writer->n_tensors)
            return mn_fail(error, MN_USAGE, "%llu bytes more than the tensors hold", (ull)size);
        uint64_t left = writer->tensors[writer->current].tensor.size_bytes - writer->current_had;
        uint64_t piece = size < left ? size : left;
        status = mn_output_write(writer->output, at, (size_t)piece, error);
        at += piece;
        size -= piece;
        writer->current_had += piece;
        if (status || piece < left) continue;
        status = pad_to(writer, current_end(writer), error);
        writer->current++;
        writer->current_had = 0;
    }
    return status;
}

mn_status mn_gguf_writer_finish(mn_gguf_writer *writer, const char **temporary, mn_error *error)
{
    mn_status status = check_phase(writer, FILLING, error);
    if (status) return status;
    if (writer->current < writer->n_tensors)
        return mn_fail(error, MN_USAGE, "tensor '%s' is not complete",
                       writer->tensors[writer->current].name);
    status = mn_output_sync(writer->output, error);
    if (status) return status;
    writer->phase = FINISHED;
    if (temporary) *temporary = mn_output_temporary(writer->output);
    return MN_OK;
}

mn_status mn_gguf_writer_commit(mn_gguf_writer *writer, mn_error *error)
{
    mn_status status = check_phase(writer, FINISHED, error);
    return status ? status : mn_output_commit(writer->output, error);
}

void mn_gguf_writer_close(mn_gguf_writer *writer)
{
    if (!writer) return;
    for (size_t i = 0; i < writer->n_entries; i++) free_entry(&writer->entries[i]);
    for (size_t i = 0; i < writer->n_tensors; i++) mn_free(writer->tensors[i].name);
    mn_free(writer->entries);
    mn_free(writer->tensors);
    mn_output_close(writer->output);
    mn_free(writer);
}
