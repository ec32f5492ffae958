/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_template.c - `minnow template`: a conversation as the model will read it. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/output.h"
#include "text/template.h"
#include "text/tokenizer.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#define INPUT_LIMIT ((size_t)64 << 20)
#define TEMPLATE_LIMIT ((size_t)4 << 20)

/* --- variables ------------------------------------------------------------------------------- */

static mn_status read_json(json_t **out, const char *path, mn_error *error)
{
    mn_text text;
    json_error_t problem;
    mn_status status = mn_read_all(&text, path, INPUT_LIMIT, error);
    if (status) return status;
    *out = json_loadb(text.data, text.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
    mn_text_free(&text);
    if (*out) return MN_OK;
    return mn_fail(error, MN_BAD_FILE, "%s:%d: %s", path, problem.line, problem.text);
}

/* Puts the JSON of the flag's file under `key`. */
static mn_status add_file(json_t *variables, const mn_call *call, const char *flag, const char *key,
                          mn_error *error)
{
    json_t *value = NULL;
    const char *path = mn_call_text(call, flag);
    mn_status status = path ? read_json(&value, path, error) : MN_OK;
    if (!status && path && !json_is_array(value))
        status = mn_fail(error, MN_BAD_FILE, "%s: expected a JSON array of %s", path, key);
    if (status) {
        json_decref(value);
        return status;
    }
    json_object_set_new(variables, key, value ? value : json_null());
    return MN_OK;
}

static mn_status add_variables(json_t *variables, const char *path, mn_error *error)
{
    json_t *more = NULL;
    mn_status status = path ? read_json(&more, path, error) : MN_OK;
    if (!status && path && !json_is_object(more))
        status = mn_fail(error, MN_BAD_FILE, "%s: expected a JSON object", path);
    if (!status && more) json_object_update(variables, more);
    json_decref(more);
    return status;
}

/* The special tokens, as the vocabulary spells them. */
static void add_tokens(json_t *variables, const mn_gguf *file, const mn_tokenizer *tokenizer)
{
    static const struct { const char *key, *name; } tokens[] = {
        { "tokenizer.ggml.bos_token_id", "bos_token" },
        { "tokenizer.ggml.eos_token_id", "eos_token" },
        { "tokenizer.ggml.unknown_token_id", "unk_token" },
        { "tokenizer.ggml.padding_token_id", "pad_token" },
        { "tokenizer.ggml.seperator_token_id", "sep_token" }, /* GGUF spells it so */
        { "tokenizer.ggml.cls_token_id", "cls_token" },
        { "tokenizer.ggml.mask_token_id", "mask_token" },
    };
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        uint64_t id;
        if (!mn_gguf_u64(file, tokens[i].key, &id) || id >= mn_tokenizer_n_vocab(tokenizer))
            continue;
        mn_string piece = mn_tokenizer_raw_piece(tokenizer, (int32_t)id);
        json_object_set_new(variables, tokens[i].name, json_stringn(piece.data, piece.length));
    }
}

/* --- the template's source ------------------------------------------------------------------- */

typedef struct source {
    mn_text text;            /* when it was read from a file of its own */
    const char *bytes;
    size_t length;
    mn_gguf *file;
    mn_tokenizer *tokenizer;
} source;

static void close_source(source *s)
{
    mn_text_free(&s->text);
    mn_tokenizer_close(s->tokenizer);
    mn_gguf_close(s->file);
}

static mn_status open_model(source *s, const mn_call *call, const char *word, mn_error *error)
{
    char *path = NULL;
    mn_string found;
    mn_status status = mn_find_model(&path, call, word, false, error);
    if (!status) status = mn_gguf_open(&s->file, path, error);
    mn_free(path);
    if (!status) status = mn_tokenizer_open(&s->tokenizer, s->file, error);
    if (status || s->bytes) return status;
    if (!mn_gguf_string(s->file, "tokenizer.chat_template", &found))
        return mn_fail(error, MN_BAD_FILE, "%s: the model has no chat template", word);
    s->bytes = found.data;
    s->length = found.length;
    return MN_OK;
}

static mn_status open_source(source *s, const mn_call *call, mn_error *error)
{
    const char *path = mn_call_text(call, "file");
    if (!path && !call->n_arguments)
        return mn_fail(error, MN_USAGE, "template needs a MODEL or --file T.jinja");
    mn_status status = path ? mn_read_all(&s->text, path, TEMPLATE_LIMIT, error) : MN_OK;
    if (!status && path) {
        s->bytes = s->text.data;
        s->length = s->text.length;
    }
    if (!status && call->n_arguments) status = open_model(s, call, call->arguments[0], error);
    return status;
}

/* --- the time -------------------------------------------------------------------------------- */

/* "2024-07-26", "2024-07-26T12:30" or "2024-07-26T12:30:15", as the template shall see it. */
static mn_status read_time(struct tm *out, const char *text, mn_error *error)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                         "%Y-%m-%d" };
    if (!text) {
        time_t now = time(NULL);
        localtime_r(&now, out);
        return MN_OK;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        *out = (struct tm){ .tm_isdst = -1 };
        const char *end = strptime(text, forms[i], out);
        if (!end || (*end && strcmp(end, "Z"))) continue;
        struct tm whole = *out;
        timegm(&whole); /* finds the day of the week and of the year */
        out->tm_wday = whole.tm_wday;
        out->tm_yday = whole.tm_yday;
        return MN_OK;
    }
    return mn_fail(error, MN_USAGE, "--now: '%s' is no time such as 2024-07-26T12:30:15", text);
}

static mn_status render(const source *s, const mn_call *call, const json_t *variables,
                        mn_error *error)
{
    mn_template *template = NULL;
    mn_prompt prompt = { 0 };
    struct tm now;
    mn_status status = read_time(&now, mn_call_text(call, "now"), error);
    if (!status) status = mn_template_open(&template, s->bytes, s->length, error);
    if (!status)
        status = mn_template_render(template, &prompt, variables, &now, (mn_template_limits){ 0 },
                                    error);
    if (!status && prompt.text.failed)
        status = mn_fail_memory(error, prompt.text.length, "the rendered prompt");
    if (!status) mn_out_foreign(prompt.text.data, prompt.text.length);
    mn_prompt_free(&prompt);
    mn_template_close(template);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    source s = { 0 };
    json_t *variables = json_object();
    bool answers = !mn_call_has(call, "no-generation-prompt");
    mn_status status = variables ? MN_OK : mn_fail_memory(error, 0, "variables");
    if (!status && !mn_call_text(call, "messages"))
        status = mn_fail(error, MN_USAGE, "template needs --messages M.json");
    if (!status) status = open_source(&s, call, error);
    if (!status && s.tokenizer) add_tokens(variables, s.file, s.tokenizer);
    if (!status) json_object_set_new(variables, "add_generation_prompt", json_boolean(answers));
    if (!status) json_object_set_new(variables, "documents", json_null());
    if (!status) status = add_file(variables, call, "messages", "messages", error);
    if (!status) status = add_file(variables, call, "tools", "tools", error);
    if (!status) status = add_variables(variables, mn_call_text(call, "vars"), error);
    if (!status) status = render(&s, call, variables, error);
    close_source(&s);
    json_decref(variables);
    return status;
}

static const mn_flag flags[] = {
    { "messages", 0, MN_FLAG_FILE, "FILE", "JSON array of messages: {\"role\": ..., \"content\": ...}", 0, 0 },
    { "tools", 0, MN_FLAG_FILE, "FILE", "JSON array of the tools that the model may call", 0, 0 },
    { "vars", 0, MN_FLAG_FILE, "FILE", "JSON object of more variables, which win over all others", 0, 0 },
    { "file", 'f', MN_FLAG_FILE, "FILE", "use this template instead of the model's own", 0, 0 },
    { "now", 0, MN_FLAG_TEXT, "TIME", "the time that the template sees, such as 2024-07-26T12:30:15", 0, 0 },
    { "no-generation-prompt", 0, MN_FLAG_SWITCH, NULL, "leave out the beginning of the answer", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_template = {
    .name = "template", .group = "plumbing", .arguments = "[MODEL]",
    .help = "show a conversation as the model reads it",
    .text = "Renders the model's chat template, or the one in --file, and prints the result\n"
            "byte for byte. The special tokens (bos_token, eos_token, ...) come from the\n"
            "model's vocabulary.",
    .examples = "echo '[{\"role\": \"user\", \"content\": \"Hi\"}]' > m.json\n"
                "minnow template smollm2:135m --messages m.json\n"
                "minnow template --file chat.jinja --messages m.json --vars v.json",
    .flags = flags, .max_arguments = 1, .completes = MN_ARGUMENT_MODEL, .run = run,
};
