/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tokenize.c - `minnow tokenize`: text to token ids and back. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/output.h"
#include "text/tokenizer.h"

#include <jansson.h>
#include <string.h>

#define INPUT_LIMIT ((size_t)256 << 20)

/* One JSON array on one line. */
static mn_status print_ids(const mn_ids *ids)
{
    mn_out("[");
    for (size_t i = 0; i < ids->n; i++) mn_out("%s%d", i ? ", " : "", (int)ids->data[i]);
    mn_out("]\n");
    return MN_OK;
}

static mn_status print_pieces(const mn_tokenizer *tokenizer, const mn_ids *ids, mn_error *error)
{
    mn_text line = { 0 };
    for (size_t i = 0; i < ids->n; i++) {
        mn_string piece = mn_tokenizer_piece(tokenizer, ids->data[i]);
        mn_text_format(&line, "%8d  ", (int)ids->data[i]);
        mn_text_add_json(&line, piece.data, piece.length);
        mn_text_add(&line, mn_tokenizer_is_control(tokenizer, ids->data[i]) ? "  control\n" : "\n");
    }
    mn_status status = line.failed ? mn_fail_memory(error, line.length, "the tokens") : MN_OK;
    if (!status) mn_out_bytes(line.data, line.length);
    mn_text_free(&line);
    return status;
}

static mn_status encode(const mn_call *call, const mn_tokenizer *tokenizer, const mn_text *text,
                        mn_error *error)
{
    mn_ids ids = { 0 };
    mn_origin origin = mn_call_has(call, "special") ? MN_FROM_TEMPLATE : MN_FROM_USER;
    unsigned encode_flags = mn_call_has(call, "add-bos") ? MN_ADD_BOS : 0;
    mn_status status = mn_tokenizer_encode_bytes(tokenizer, &ids, text->data, text->length, origin,
                                                 encode_flags, error);
    if (!status)
        status =
            mn_call_has(call, "pieces") ? print_pieces(tokenizer, &ids, error) : print_ids(&ids);
    mn_ids_free(&ids);
    return status;
}

static mn_status ids_from_json(mn_ids *out, const mn_tokenizer *tokenizer, const mn_text *text,
                               mn_error *error)
{
    json_error_t problem;
    json_t *list = json_loadb(text->data, text->length, 0, &problem);
    mn_status status = MN_OK;
    if (!json_is_array(list))
        status = mn_fail(error, MN_USAGE, "--decode reads one JSON array of token ids");
    size_t n = status ? 0 : json_array_size(list);
    if (!status && !(out->data = mn_alloc_array(n + 1, sizeof *out->data)))
        status = mn_fail_memory(error, n * sizeof *out->data, "token ids");
    for (size_t i = 0; i < n && !status; i++) {
        const json_t *item = json_array_get(list, i);
        json_int_t id = json_integer_value(item);
        if (!json_is_integer(item) || id < 0 || id >= mn_tokenizer_n_vocab(tokenizer))
            status = mn_fail(error, MN_USAGE, "item %zu is no id of this vocabulary (0 to %u)",
                             i + 1, mn_tokenizer_n_vocab(tokenizer) - 1);
        else out->data[out->n++] = (int32_t)id;
    }
    json_decref(list);
    return status;
}

static mn_status decode(const mn_call *call, const mn_tokenizer *tokenizer, const mn_text *text,
                        mn_error *error)
{
    mn_ids ids = { 0 };
    mn_text out = { 0 };
    mn_status status = ids_from_json(&ids, tokenizer, text, error);
    if (!status) {
        mn_tokenizer_decode(tokenizer, &out, ids.data, ids.n, true, mn_call_has(call, "special"));
        if (out.failed) status = mn_fail_memory(error, out.length, "the text");
        else mn_out_foreign(out.data, out.length);
    }
    mn_text_free(&out);
    mn_ids_free(&ids);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    mn_gguf *file = NULL;
    mn_tokenizer *tokenizer = NULL;
    mn_text text = { 0 };
    const char *input = mn_call_text(call, "file") ? mn_call_text(call, "file") : "-";
    mn_status status = mn_find_model(&path, call, call->arguments[0], false, error);
    if (!status) status = mn_gguf_open(&file, path, error);
    if (!status) status = mn_tokenizer_open(&tokenizer, file, error);
    if (!status) status = mn_read_all(&text, input, INPUT_LIMIT, error);
    if (!status)
        status = mn_call_has(call, "decode") ? decode(call, tokenizer, &text, error)
                                             : encode(call, tokenizer, &text, error);
    mn_text_free(&text);
    mn_tokenizer_close(tokenizer);
    mn_gguf_close(file);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "special", 0, MN_FLAG_SWITCH, NULL, "control tokens written in the text count as such", 0, 0 },
    { "add-bos", 0, MN_FLAG_SWITCH, NULL, "put the token of the beginning first, if the model asks for it", 0, 0 },
    { "decode", 0, MN_FLAG_SWITCH, NULL, "the reverse: read ids, print the text", 0, 0 },
    { "pieces", 0, MN_FLAG_SWITCH, NULL, "print each id with its text on a line", 0, 0 },
    { "file", 'f', MN_FLAG_FILE, "FILE", "read this instead of the standard input", 0, 0 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON, which is what it does anyway", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_tokenize = {
    .name = "tokenize", .group = "plumbing", .arguments = "MODEL",
    .help = "turn text into token ids, and back",
    .text = "Reads the text from the standard input, byte for byte, and prints the ids as one\n"
            "JSON array. With --decode it reads such an array and prints the text.\n\n"
            "Without --special, text that looks like a control token stays text, as it does\n"
            "when a user types it into a chat.",
    .examples = "printf 'Hello there' | minnow tokenize smollm2:135m\n"
                "echo '[19556, 665]' | minnow tokenize smollm2:135m --decode\n"
                "# see where words are cut\nprintf 'tokenization' | minnow tokenize smollm2:135m --pieces",
    .flags = flags, .min_arguments = 1, .max_arguments = 1, .completes = MN_ARGUMENT_MODEL,
    .run = run,
};
