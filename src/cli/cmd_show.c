/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_show.c - `minnow show`: what a model file says about itself. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/json.h"
#include "cli/output.h"
#include "store/describe.h"

#include <inttypes.h>
#include <string.h>

/* --- the overview ---------------------------------------------------------------------------- */

/* "ARCHITECTURE.key" numbers worth a line. */
static const struct { const char *key, *label, *json; } numbers[] = {
    { "context_length", "context trained", "context" },
    { "block_count", "layers", "layers" },
    { "embedding_length", "width", "width" },
    { "feed_forward_length", "feed-forward", "feed_forward" },
    { "attention.head_count", "heads", "heads" },
    { "attention.head_count_kv", "key/value heads", "kv_heads" },
};

static const struct { const char *key, *label, *json; } texts[] = {
    { "general.name", "name", "name" },
    { "general.architecture", "architecture", "architecture" },
    { "general.license", "licence", "licence" },
    { "tokenizer.ggml.model", "tokenizer", "tokenizer" },
    { "tokenizer.ggml.pre", "pre-tokenizer", "pre_tokenizer" },
};

static uint64_t vocabulary_size(const mn_gguf *file)
{
    const mn_gguf_entry *tokens = mn_gguf_find(file, "tokenizer.ggml.tokens");
    return tokens && tokens->type == MN_GGUF_ARRAY ? tokens->n : 0;
}

static double bits_per_weight(const mn_gguf *file)
{
    uint64_t parameters = mn_describe_parameters(file), bytes = 0;
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++)
        bytes += mn_gguf_tensor_at(file, i)->size_bytes;
    return parameters ? 8.0 * (double)bytes / (double)parameters : 0;
}

static void print_line(const char *label, const char *value, size_t length)
{
    mn_text line = { 0 };
    mn_text_format(&line, "  %-16s ", label);
    mn_text_add_escaped(&line, value, length);
    mn_text_add_char(&line, '\n');
    if (!line.failed) mn_out_bytes(line.data, line.length);
    mn_text_free(&line);
}

static void print_overview(const mn_gguf *file, const char *path)
{
    char value[96];
    mn_string text;
    uint64_t number;
    const mn_format *type = mn_describe_type(file);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (mn_gguf_string(file, texts[i].key, &text))
            print_line(texts[i].label, text.data, text.length);
    snprintf(value, sizeof value, "%s, %.2f bits per weight", type ? type->name : "no weights",
             bits_per_weight(file));
    print_line("type", value, strlen(value));
    print_line("parameters", mn_count_show(mn_describe_parameters(file)).text,
               strlen(mn_count_show(mn_describe_parameters(file)).text));
    snprintf(value, sizeof value, "%s (%" PRIu64 " bytes)",
             mn_size_show(mn_gguf_file_bytes(file)).text, mn_gguf_file_bytes(file));
    print_line("size", value, strlen(value));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (!mn_describe_number(file, numbers[i].key, &number)) continue;
        snprintf(value, sizeof value, "%" PRIu64, number);
        print_line(numbers[i].label, value, strlen(value));
    }
    snprintf(value, sizeof value, "%" PRIu64, vocabulary_size(file));
    print_line("vocabulary", value, strlen(value));
    print_line("chat template",
               mn_gguf_string(file, "tokenizer.chat_template", &text) ? "yes" : "no",
               mn_gguf_string(file, "tokenizer.chat_template", &text) ? 3 : 2);
    print_line("file", path, strlen(path));
}

/* --- metadata -------------------------------------------------------------------------------- */

static const char *type_name(mn_gguf_type type)
{
    static const char *const names[] = { "u8", "i8", "u16", "i16", "u32", "i32", "f32",
                                         "bool", "string", "array", "u64", "i64", "f64" };
    return names[type];
}

static void element_json(mn_json *json, const char *key, const mn_gguf_entry *entry, uint64_t index)
{
    uint64_t natural;
    int64_t whole;
    double real;
    if (entry->strings)
        mn_json_bytes(json, key, entry->strings[index].data, entry->strings[index].length);
    else if (entry->element_type == MN_GGUF_BOOL) mn_json_bool(json, key, entry->raw[index] != 0);
    else if (mn_gguf_entry_u64(entry, index, &natural)) mn_json_u64(json, key, natural);
    else if (mn_gguf_entry_i64(entry, index, &whole)) mn_json_i64(json, key, whole);
    else if (!mn_gguf_entry_f64(entry, index, &real)) mn_json_null(json, key);
    else if (entry->element_type == MN_GGUF_F32) mn_json_float(json, key, (float)real);
    else mn_json_real(json, key, real);
}

static void entry_json(mn_json *json, const mn_gguf_entry *entry)
{
    if (entry->type != MN_GGUF_ARRAY) {
        element_json(json, entry->key, entry, 0);
        return;
    }
    mn_json_open(json, entry->key, '[');
    for (uint64_t i = 0; i < entry->n; i++) element_json(json, NULL, entry, i);
    mn_json_close(json, ']');
}

/* One line each: long texts are cut, long arrays show their beginning. */
static mn_status print_metadata(const mn_gguf *file, mn_error *error)
{
    mn_json value = { .compact = true };
    mn_text line = { 0 };
    mn_out("\nmetadata\n");
    for (uint64_t i = 0; i < mn_gguf_n_entries(file); i++) {
        const mn_gguf_entry *entry = mn_gguf_entry_at(file, i);
        mn_gguf_entry shown = *entry;
        bool array = entry->type == MN_GGUF_ARRAY;
        if (array && shown.n > 8) shown.n = 8;
        mn_text_clear(&value.text);
        mn_text_clear(&line);
        value.needs_comma = false;
        shown.key = NULL;
        entry_json(&value, &shown);
        mn_text_add(&line, "  ");
        mn_text_add_escaped(&line, entry->key, strlen(entry->key));
        mn_text_format(&line, " (%s", type_name(entry->element_type));
        if (array) mn_text_format(&line, " x %" PRIu64, entry->n);
        mn_text_add(&line, ") = ");
        if (value.text.failed || line.failed) break;
        size_t length = value.text.length < 160 ? value.text.length : 160;
        mn_text_add_escaped(&line, value.text.data, length);
        mn_text_add(&line, length < value.text.length || shown.n < entry->n ? " ...\n" : "\n");
        mn_out_bytes(line.data, line.length);
    }
    mn_status status = value.text.failed || line.failed
                           ? mn_fail_memory(error, value.text.length, "the metadata") : MN_OK;
    mn_text_free(&value.text);
    mn_text_free(&line);
    return status;
}

/* --- tensors --------------------------------------------------------------------------------- */

static void print_tensors(const mn_gguf *file)
{
    mn_table table = { .n_columns = 4, .right = "llrr" };
    char shape[100];
    mn_out("\ntensors\n");
    static const char *const heading[] = { "NAME", "TYPE", "SHAPE", "BYTES" };
    for (size_t i = 0; i < 4; i++) mn_table_add(&table, heading[i]);
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, i);
        int used = 0;
        for (uint32_t d = 0; d < tensor->n_dims; d++)
            used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%" PRIu64, d ? "x" : "",
                             tensor->shape[d]);
        mn_table_add(&table, tensor->name);
        mn_table_add(&table, tensor->format->name);
        mn_table_add(&table, shape);
        snprintf(shape, sizeof shape, "%" PRIu64, tensor->size_bytes);
        mn_table_add(&table, shape);
    }
    mn_table_print(&table);
}

static void tensors_json(mn_json *json, const mn_gguf *file)
{
    mn_json_open(json, "tensors", '[');
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, i);
        mn_json_open(json, NULL, '{');
        mn_json_string(json, "name", tensor->name);
        mn_json_string(json, "type", tensor->format->name);
        mn_json_open(json, "shape", '[');
        for (uint32_t d = 0; d < tensor->n_dims; d++) mn_json_u64(json, NULL, tensor->shape[d]);
        mn_json_close(json, ']');
        mn_json_u64(json, "bytes", tensor->size_bytes);
        mn_json_close(json, '}');
    }
    mn_json_close(json, ']');
}

static mn_status print_json(const mn_call *call, const mn_gguf *file, const char *path,
                            mn_error *error)
{
    mn_json json = { 0 };
    mn_string text;
    uint64_t number;
    const mn_format *type = mn_describe_type(file);
    mn_json_open(&json, NULL, '{');
    mn_json_string(&json, "file", path);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (mn_gguf_string(file, texts[i].key, &text))
            mn_json_bytes(&json, texts[i].json, text.data, text.length);
        else mn_json_null(&json, texts[i].json);
    mn_json_string(&json, "type", type ? type->name : NULL);
    mn_json_real(&json, "bits_per_weight", bits_per_weight(file));
    mn_json_u64(&json, "parameters", mn_describe_parameters(file));
    mn_json_u64(&json, "size_bytes", mn_gguf_file_bytes(file));
    mn_json_u64(&json, "gguf_version", mn_gguf_version(file));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (mn_describe_number(file, numbers[i].key, &number))
            mn_json_u64(&json, numbers[i].json, number);
        else mn_json_null(&json, numbers[i].json);
    mn_json_u64(&json, "vocabulary", vocabulary_size(file));
    mn_json_bool(&json, "chat_template", mn_gguf_string(file, "tokenizer.chat_template", &text));
    if (mn_call_has(call, "metadata")) {
        mn_json_open(&json, "metadata", '{');
        for (uint64_t i = 0; i < mn_gguf_n_entries(file); i++)
            entry_json(&json, mn_gguf_entry_at(file, i));
        mn_json_close(&json, '}');
    }
    if (mn_call_has(call, "tensors")) tensors_json(&json, file);
    mn_json_close(&json, '}');
    return mn_json_print(&json, error);
}

static mn_status show(const mn_call *call, const mn_gguf *file, const char *path, mn_error *error)
{
    mn_string text;
    if (mn_call_has(call, "template")) {
        if (!mn_gguf_string(file, "tokenizer.chat_template", &text))
            return mn_fail(error, MN_BAD_FILE, "%s: the model has no chat template", path);
        mn_out_foreign(text.data, text.length);
        return MN_OK;
    }
    if (mn_call_has(call, "json")) return print_json(call, file, path, error);
    print_overview(file, path);
    if (mn_call_has(call, "tensors")) print_tensors(file);
    return mn_call_has(call, "metadata") ? print_metadata(file, error) : MN_OK;
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    mn_gguf *file = NULL;
    mn_status status = mn_find_model(&path, call, call->arguments[0], false, error);
    if (!status) status = mn_gguf_open(&file, path, error);
    if (!status) status = show(call, file, path, error);
    mn_gguf_close(file);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { "metadata", 0, MN_FLAG_SWITCH, NULL, "all metadata of the file", 0, 0 },
    { "tensors", 0, MN_FLAG_SWITCH, NULL, "name, type, shape and size of every tensor", 0, 0 },
    { "template", 0, MN_FLAG_SWITCH, NULL, "the chat template, and nothing else", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_show = {
    .name = "show", .group = "models", .arguments = "MODEL", .help = "tell what a model file holds",
    .text = "Reads the file's header only. Text from the file is escaped, so that it cannot act\n"
            "on the terminal.",
    .examples = "minnow show smollm2:135m\nminnow show model.gguf --tensors\n"
                "minnow show model.gguf --metadata --json",
    .flags = flags, .min_arguments = 1, .max_arguments = 1, .completes = MN_ARGUMENT_MODEL,
    .top = true,
    .run = run,
};
