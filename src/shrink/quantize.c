/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.c - the plan of a new model file, its metadata, and the proof before it takes its name.
 */
#include "shrink/quantize.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "file/gguf_write.h"
#include "shrink/quantize_rows.h"

#include <stdio.h>
#include <string.h>

typedef struct job {
    const mn_quantize_options *options;
    mn_gguf *source;
    mn_gguf_writer *writer;
    mn_quantizer *quantizer;
    const mn_format **formats; /* [n_tensors], of the new file */
    uint64_t n_tensors;
    uint64_t written; /* bytes of tensors */
    mn_quantize_result result;
    const char *target;
    mn_error *error;
} job;

typedef unsigned long long ull;

/* --- which format ----------------------------------------------------------------------------- */

/* Rows that are no whole number of blocks go to a format of shorter blocks and no fewer bits. */
static const struct {
    uint32_t type, then;
} fallbacks[] = {
    { MN_Q2_K, MN_IQ4_NL },  { MN_Q3_K, MN_IQ4_NL },  { MN_Q4_K, MN_Q5_0 },
    { MN_Q5_K, MN_Q5_1 },    { MN_Q6_K, MN_Q8_0 },    { MN_IQ4_XS, MN_IQ4_NL },
    { MN_TQ1_0, MN_IQ4_NL }, { MN_TQ2_0, MN_IQ4_NL },
};

static const mn_format *fit_rows(const mn_format *format, uint64_t row)
{
    const mn_format *shorter = NULL;
    if (row % format->block == 0) return format;
    for (size_t i = 0; i < sizeof fallbacks / sizeof fallbacks[0]; i++)
        if (fallbacks[i].type == format->type) shorter = mn_format_by_type(fallbacks[i].then);
    return shorter && row % shorter->block == 0 ? shorter : mn_format_by_type(MN_F16);
}

static bool is_float(const mn_format *format)
{
    return format->type == MN_F32 || format->type == MN_F16 || format->type == MN_BF16;
}

/* Small matrices that choose between experts or mix streams: little to gain, much to lose. */
static bool is_steering(const char *name)
{
    static const char *const parts[] = { "ffn_gate_inp",         "altup",         "laurel",
                                         "per_layer_model_proj", "position_embd", "token_types" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(name, parts[i])) return true;
    return false;
}

static const mn_format *choose_format(job *j, const mn_tensor *tensor)
{
    const mn_quantize_options *options = j->options;
    const mn_format *wanted = NULL;
    if (tensor->n_dims < 2 || strstr(tensor->name, "norm")) return mn_format_by_type(MN_F32);
    if (options->choose) wanted = options->choose(options->user, tensor);
    if (!wanted && is_steering(tensor->name) && is_float(tensor->format)
        && options->format->type != MN_F32)
        return tensor->format;
    if (!wanted) wanted = options->format;
    const mn_format *fitting = fit_rows(wanted, tensor->shape[0]);
    j->result.n_fallback += fitting != wanted;
    return fitting;
}

static mn_status plan(job *j)
{
    j->n_tensors = j->result.n_tensors = mn_gguf_n_tensors(j->source);
    j->formats = mn_alloc_array((size_t)j->n_tensors, sizeof *j->formats);
    if (!j->formats)
        return mn_fail_memory(j->error, j->n_tensors * sizeof *j->formats, "the list of formats");
    for (uint64_t i = 0; i < j->n_tensors; i++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(j->source, i);
        const mn_format *format = choose_format(j, tensor);
        j->formats[i] = format;
        if (format == tensor->format) continue;
        if (!format->encode)
            return mn_fail(j->error, MN_USAGE, "tensor '%s': the format %s cannot be written",
                           tensor->name, format->name);
        j->result.n_converted++;
        j->result.n_requantized += !is_float(tensor->format) && !is_float(format);
    }
    return MN_OK;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* What most bytes of the source's matrices are stored as. */
static const mn_format *main_format(const mn_gguf *file)
{
    const mn_format *best = mn_format_by_type(MN_F32), *format;
    uint64_t most = 0;
    for (size_t f = 0; (format = mn_format_at(f)); f++) {
        uint64_t bytes = 0;
        for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++) {
            const mn_tensor *tensor = mn_gguf_tensor_at(file, i);
            if (tensor->n_dims > 1 && tensor->format == format) bytes += tensor->size_bytes;
        }
        if (bytes > most) best = format;
        if (bytes > most) most = bytes;
    }
    return best;
}

static bool is_dropped(const char *key)
{
    return !strncmp(key, "split.", 6);
}

static mn_status copy_metadata(job *j)
{
    mn_status status = MN_OK;
    for (uint64_t i = 0; i < mn_gguf_n_entries(j->source) && !status; i++) {
        const mn_gguf_entry *entry = mn_gguf_entry_at(j->source, i);
        if (!is_dropped(entry->key)) status = mn_gguf_writer_copy_entry(j->writer, entry, j->error);
    }
    return status;
}

/* The name of the model this one comes from; the first one if it was modified before. */
static mn_status set_source_name(job *j)
{
    mn_string name;
    if (mn_gguf_find(j->source, "minnow.source_name")) return MN_OK; /* copied with the rest */
    if (!mn_gguf_string(j->source, "general.name", &name)) return MN_OK;
    char *copy = mn_strndup(name.data, name.length);
    if (!copy) return mn_fail_memory(j->error, name.length, "the model's name");
    mn_status status = mn_gguf_writer_set_string(j->writer, "minnow.source_name", copy, j->error);
    mn_free(copy);
    return status;
}

static mn_status set_metadata(job *j)
{
    char done[128];
    const mn_format *format = j->options->format;
    snprintf(done, sizeof done, "minnow %s: quantize %s", MN_VERSION, format->name);
    mn_status status = copy_metadata(j);
    if (!status && format->file_type != UINT32_MAX)
        status =
            mn_gguf_writer_set_u32(j->writer, "general.file_type", format->file_type, j->error);
    else if (!status)
        mn_gguf_writer_remove(j->writer, "general.file_type");
    if (!status)
        status = mn_gguf_writer_set_u32(j->writer, "general.quantization_version", 2, j->error);
    if (!status) status = mn_gguf_writer_set_bool(j->writer, "minnow.modified", true, j->error);
    if (!status)
        status = mn_gguf_writer_set_string(j->writer, "minnow.modified_by", done, j->error);
    if (!status) status = set_source_name(j);
    if (!status)
        status = mn_gguf_writer_set_string(j->writer, "minnow.source_type",
                                           main_format(j->source)->name, j->error);
    return status;
}

static mn_status describe(job *j)
{
    mn_status status = set_metadata(j);
    for (uint64_t i = 0; i < j->n_tensors && !status; i++) {
        mn_tensor tensor = *mn_gguf_tensor_at(j->source, i);
        tensor.format = j->formats[i];
        status = mn_gguf_writer_add_tensor(j->writer, &tensor, j->error);
    }
    j->result.source_bytes = mn_gguf_file_bytes(j->source);
    j->result.bytes = mn_gguf_writer_total_bytes(j->writer);
    return status ? status : mn_gguf_writer_begin(j->writer, j->error);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static mn_status report(job *j, uint64_t tensor)
{
    const mn_quantize_options *options = j->options;
    if (!options->progress) return MN_OK;
    bool more = tensor < j->n_tensors;
    mn_quantize_progress progress = {
        .tensor = tensor,
        .n_tensors = j->n_tensors,
        .bytes = j->written,
        .total_bytes = j->result.bytes,
        .name = more ? mn_gguf_tensor_at(j->source, tensor)->name : "",
    };
    if (options->progress(options->user, &progress)) return MN_OK;
    return mn_fail(j->error, MN_CANCELLED, "%s: cancelled, nothing was changed", j->target);
}

static mn_quantize_rows rows_of(const job *j, const mn_tensor *tensor, const mn_format *format)
{
    const mn_quantize_options *options = j->options;
    bool weighed = options->importance && format != tensor->format;
    return (mn_quantize_rows){
        .source = tensor,
        .format = format,
        .importance = weighed ? options->importance(options->user, tensor) : NULL,
    };
}

static mn_status write_tensor(job *j, uint64_t index)
{
    const mn_tensor *tensor = mn_gguf_tensor_at(j->source, index);
    mn_quantize_rows rows = rows_of(j, tensor, j->formats[index]);
    uint64_t n_rows = mn_tensor_rows(tensor);
    mn_status status = report(j, index);
    for (uint64_t row = 0; row < n_rows && !status;) {
        const uint8_t *bytes;
        uint64_t n, size;
        status = mn_quantizer_next(j->quantizer, &rows, row, &n, &bytes, &size, j->error);
        if (!status) status = mn_gguf_writer_bytes(j->writer, bytes, size, j->error);
        if (status) break;
        row += n;
        j->written += size;
        status = report(j, index);
    }
    return status;
}

/* --- proof ------------------------------------------------------------------------------------ */

static mn_status prove_tensor(job *j, const mn_gguf *made, uint64_t index)
{
    const mn_tensor *source = mn_gguf_tensor_at(j->source, index);
    const mn_tensor *tensor = mn_gguf_tensor_at(made, index);
    uint64_t size;
    bool same = tensor && !strcmp(tensor->name, source->name) && tensor->format == j->formats[index]
                && tensor->n_dims == source->n_dims
                && !memcmp(tensor->shape, source->shape, sizeof tensor->shape)
                && mn_format_tensor_bytes(&size, tensor->format, tensor->shape)
                && size == tensor->size_bytes;
    if (!same)
        return mn_fail(j->error, MN_FAILED,
                       "%s: tensor '%s' did not come back as it was written;"
                       " nothing was changed",
                       j->target, source->name);

    mn_quantize_rows rows = rows_of(j, source, j->formats[index]);
    uint64_t n_rows = mn_tensor_rows(source);
    uint64_t samples[] = { 0, n_rows / 2, n_rows - 1 };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        mn_status status = mn_quantizer_check(j->quantizer, &rows, samples[i], tensor, j->error);
        if (status) return status;
    }
    return MN_OK;
}

/* Keys that this step writes itself. */
static bool is_own(const char *key)
{
    return !strcmp(key, "general.file_type") || !strcmp(key, "general.quantization_version")
           || !strncmp(key, "minnow.", 7);
}

static mn_status prove_metadata(job *j, const mn_gguf *made)
{
    for (uint64_t i = 0; i < mn_gguf_n_entries(j->source); i++) {
        const mn_gguf_entry *entry = mn_gguf_entry_at(j->source, i);
        if (is_dropped(entry->key) || is_own(entry->key)) continue;
        const mn_gguf_entry *found = mn_gguf_find(made, entry->key);
        bool same = found && found->type == entry->type
                    && found->element_type == entry->element_type && found->n == entry->n
                    && found->raw_bytes == entry->raw_bytes
                    && !memcmp(found->raw, entry->raw, (size_t)entry->raw_bytes);
        if (!same)
            return mn_fail(j->error, MN_FAILED,
                           "%s: %s did not come back as it was written; nothing"
                           " was changed",
                           j->target, entry->key);
    }
    return MN_OK;
}

/* Opens the finished temporary as any user of it would. */
static mn_status prove(job *j, const char *temporary)
{
    mn_gguf *made;
    mn_status status = mn_gguf_open(&made, temporary, j->error);
    if (status) return status;
    if (mn_gguf_n_tensors(made) != j->n_tensors || mn_gguf_file_bytes(made) != j->result.bytes)
        status = mn_fail(j->error, MN_FAILED,
                         "%s: did not come back from the disk as it was written;"
                         " nothing was changed",
                         j->target);
    if (!status) status = prove_metadata(j, made);
    for (uint64_t i = 0; i < j->n_tensors && !status; i++) status = prove_tensor(j, made, i);
    mn_gguf_close(made);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Also catches links, and any part of a split source. */
static mn_status check_target(const job *j)
{
    for (uint32_t i = 0; i < mn_gguf_n_parts(j->source); i++)
        if (mn_same_file(mn_gguf_part_path(j->source, i), j->target))
            return mn_fail(j->error, MN_USAGE,
                           "%s: is the source itself; give the new model another"
                           " name",
                           j->target);
    return MN_OK;
}

static mn_status run(job *j)
{
    const char *temporary = NULL;
    mn_status status = check_target(j);
    if (!status) status = plan(j);
    if (!status) status = mn_quantizer_open(&j->quantizer, j->options->n_threads, j->error);
    if (!status) status = mn_gguf_writer_open(&j->writer, j->target, j->options->replace, j->error);
    if (!status) status = describe(j);
    for (uint64_t i = 0; i < j->n_tensors && !status; i++) status = write_tensor(j, i);
    if (!status) status = mn_gguf_writer_finish(j->writer, &temporary, j->error);
    if (!status) status = prove(j, temporary);
    if (!status) status = report(j, j->n_tensors);
    if (!status) status = mn_gguf_writer_commit(j->writer, j->error);
    return status;
}

mn_status mn_quantize(const char *source, const char *target, const mn_quantize_options *options,
                      mn_quantize_result *result, mn_error *error)
{
    job j = { .options = options, .target = target, .error = error };
    if (!options->format || !options->format->encode)
        return mn_fail(error, MN_USAGE, "the format %s cannot be written",
                       options->format ? options->format->name : "(none)");
    mn_status status = mn_gguf_open(&j.source, source, error);
    if (!status) status = run(&j);
    if (!status && result) *result = j.result;
    mn_gguf_writer_close(j.writer);
    mn_quantizer_close(j.quantizer);
    mn_free(j.formats);
    mn_gguf_close(j.source);
    return status;
}
