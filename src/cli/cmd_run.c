/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - `minnow run`: one answer, or a chat on a terminal. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/chat.h"
#include "cli/find.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/talk.h"
#include "model/model.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define INPUT_LIMIT ((size_t)64 << 20)

/* --- the prompt ------------------------------------------------------------------------------ */

static mn_status add_file(mn_text *prompt, const char *path, bool raw, mn_error *error)
{
    mn_text more;
    mn_status status = mn_read_all(&more, path, INPUT_LIMIT, error);
    if (status) return status;
    /* A line of `echo` ends with a newline that is no part of the message. */
    if (!raw && more.length && more.data[more.length - 1] == '\n') more.length--;
    if (!raw && prompt->length && more.length) mn_text_add(prompt, "\n\n");
    mn_text_append(prompt, more.data ? more.data : "", more.length);
    mn_text_free(&more);
    return MN_OK;
}

/* A pipe that nobody writes to or closes looks like a hang. */
static void note_waiting(const mn_call *call)
{
    struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
    if (!poll(&input, 1, 2000))
        mn_note(call, "Waiting for the end of the standard input (</dev/null if there is none).\n");
}

/* The words of the command line, then the file of --file, then what was piped in. */
static mn_status gather(mn_text *prompt, const mn_call *call, mn_error *error)
{
    const char *file = mn_call_text(call, "file");
    bool raw = mn_call_has(call, "raw"), piped = mn_input_is_piped();
    mn_status status = MN_OK;
    for (size_t i = 1; i < call->n_arguments; i++) {
        if (i > 1) mn_text_add_char(prompt, ' ');
        mn_text_add(prompt, call->arguments[i]);
    }
    if (file) status = add_file(prompt, file, raw, error);
    if (piped) note_waiting(call);
    if (!status && piped && !(file && !strcmp(file, "-")))
        status = add_file(prompt, "-", raw, error);
    if (!status && prompt->failed) status = mn_fail_memory(error, prompt->length, "the prompt");
    if (!status && !prompt->length && call->n_arguments < 2 && !file)
        status = mn_fail(error, MN_USAGE, "there is no prompt: give one, or pipe it in");
    return status;
}

/* --- the answer ------------------------------------------------------------------------------ */

static mn_status answer_chat(mn_talk *talk, const mn_text *prompt, size_t max_tokens,
                             mn_error *error)
{
    const char *system = mn_call_text(talk->call, "system");
    json_t *messages = json_array();
    bool whole =
        messages && (!system || mn_talk_add_message(messages, "system", system, strlen(system)))
        && mn_talk_add_message(messages, "user", prompt->data ? prompt->data : "", prompt->length);
    mn_status status = whole ? mn_talk_chat(talk, messages, max_tokens, error)
                             : mn_fail_memory(error, prompt->length, "the conversation");
    json_decref(messages);
    return status;
}

static mn_status answer_text(mn_talk *talk, const mn_text *prompt, size_t max_tokens,
                             mn_error *error)
{
    const char *system = mn_call_text(talk->call, "system");
    mn_text all = { 0 };
    if (system) mn_text_format(&all, "%s\n\n", system);
    mn_text_append(&all, prompt->data ? prompt->data : "", prompt->length);
    mn_status status = all.failed ? mn_fail_memory(error, all.length, "the prompt")
                                  : mn_talk_text(talk, all.data, all.length, max_tokens, error);
    mn_text_free(&all);
    return status;
}

static void logprobs_json(const mn_talk *talk, mn_json *json)
{
    mn_session_stats stats;
    const mn_token_logprob *found;
    mn_session_stats_get(talk->session, &stats);
    size_t end = mn_session_n_tokens(talk->session);
    size_t begin = stats.answer_tokens < end ? end - stats.answer_tokens : 0;
    mn_json_open(json, "logprobs", '[');
    for (size_t i = begin; i < end; i++) {
        size_t n = mn_session_logprobs(talk->session, i, &found), length;
        if (!n) continue;
        mn_json_open(json, NULL, '{');
        mn_json_i64(json, "id", found[0].id);
        const char *bytes = mn_model_token_bytes(talk->model, found[0].id, &length);
        mn_json_bytes(json, "text", bytes, length);
        mn_json_float(json, "logprob", found[0].logprob);
        mn_json_open(json, "top", '[');
        for (size_t k = 1; k < n; k++) {
            bytes = mn_model_token_bytes(talk->model, found[k].id, &length);
            mn_json_open(json, NULL, '{');
            mn_json_i64(json, "id", found[k].id);
            mn_json_bytes(json, "text", bytes, length);
            mn_json_float(json, "logprob", found[k].logprob);
            mn_json_close(json, '}');
        }
        mn_json_close(json, ']');
        mn_json_close(json, '}');
    }
    mn_json_close(json, ']');
}

static mn_status print_json(const mn_talk *talk, mn_error *error)
{
    mn_json json = { 0 };
    mn_json_open(&json, NULL, '{');
    mn_json_string(&json, "model", talk->info.name);
    mn_json_bytes(&json, "text", talk->answer.data ? talk->answer.data : "", talk->answer.length);
    mn_json_string(&json, "finish_reason", mn_talk_finish_name(talk->finish));
    mn_talk_json_stats(talk, &json);
    if (mn_option_int(talk->call->options, "logprobs") >= 0) logprobs_json(talk, &json);
    mn_json_close(&json, '}');
    return mn_json_print(&json, error);
}

/* An answer ends with a newline, but for --raw into a pipe, which gets the very bytes. */
static void end_answer(const mn_talk *talk, bool raw)
{
    const mn_text *answer = &talk->answer;
    if (raw && !mn_out_is_terminal()) return;
    if (!answer->length || answer->data[answer->length - 1] != '\n') mn_out("\n");
}

static mn_status answer_once(mn_talk *talk, mn_error *error)
{
    const mn_call *call = talk->call;
    mn_text prompt = { 0 };
    size_t max_tokens = (size_t)mn_call_int(call, "tokens", 0);
    bool raw = mn_call_has(call, "raw") || !talk->info.has_chat_template;
    mn_status status = gather(&prompt, call, error);
    talk->silent = mn_call_has(call, "json");
    if (!status)
        status = raw ? answer_text(talk, &prompt, max_tokens, error)
                     : answer_chat(talk, &prompt, max_tokens, error);
    mn_text_free(&prompt);
    if (status) return status;
    if (talk->silent) status = print_json(talk, error);
    else end_answer(talk, mn_call_has(call, "raw"));
    bool wants_stats = mn_call_has(call, "stats") || call->verbose || mn_err_is_terminal();
    if (wants_stats && !call->quiet && mn_out_flush()) mn_talk_print_stats(talk);
    return status ? status : mn_interrupted() ? MN_CANCELLED : MN_OK;
}

/* Told once: the model is still good for plain text. */
static void note_template(const mn_talk *talk)
{
    if (talk->model->chat_error.status && !mn_call_has(talk->call, "raw"))
        mn_note(talk->call,
                "The model's chat template cannot be used (%s); prompts are read as plain text.\n",
                talk->model->chat_error.message);
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    mn_talk talk = { 0 };
    bool chats = call->n_arguments == 1 && !mn_call_has(call, "file") && mn_in_is_terminal();
    if (chats && mn_call_has(call, "json"))
        return mn_fail(error, MN_USAGE, "--json needs a prompt; a chat has no single result");
    mn_status status = mn_find_model(&path, call, call->arguments[0], true, error);
    if (!status) status = mn_talk_open(&talk, call, path, error);
    if (!status) {
        note_template(&talk);
        status = chats ? mn_chat(&talk, call->arguments[0], error) : answer_once(&talk, error);
    }
    mn_talk_close(&talk);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "tokens", 'n', MN_FLAG_INT, "N", "end the answer after N tokens; 0 = when the context is full", 0, 16777216 },
    { "system", 0, MN_FLAG_TEXT, "TEXT", "what the model is told before the conversation", 0, 0 },
    { "file", 'f', MN_FLAG_FILE, "FILE", "read the prompt, or more of it, from a file", 0, 0 },
    { "raw", 0, MN_FLAG_SWITCH, NULL, "continue the text as it is, without the chat template", 0, 0 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON: the text, why it ended, statistics", 0, 0 },
    { "stats", 0, MN_FLAG_SWITCH, NULL, "tell tokens, speed and memory on the error output", 0, 0 },
    { "offline", 0, MN_FLAG_SWITCH, NULL, "open no connection; also MINNOW_OFFLINE=1", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_run = {
    .name = "run", .group = "run", .arguments = "MODEL [PROMPT...]",
    .help = "answer a prompt, or chat on a terminal",
    .text = "Prints the answer, and nothing else, on the standard output. What is piped in is\n"
            "put after the PROMPT. The words of the prompt may stand without quotes.\n\n"
            "Without a PROMPT on a terminal it opens a chat: Ctrl-C stops an answer, Ctrl-D\n"
            "leaves, \"\"\" begins and ends a message of several lines, /help lists the\n"
            "commands.\n\n"
            "With --temp 0 or a --seed the same prompt gives the same answer, whatever the\n"
            "number of threads. With --raw into a pipe or file the answer is written byte for\n"
            "byte, without the newline that otherwise ends it.",
    .examples = "minnow run smollm2:135m \"Why is the sky blue?\"\n"
                "dmesg | tail -50 | minnow run smollm2:135m \"Is anything wrong here?\"\n"
                "# continue a text, the same every time\n"
                "minnow run model.gguf --raw \"Once upon a time\" -n 40 --temp 0\n"
                "# chat\nminnow run smollm2:135m --system \"Answer in one sentence.\"",
    .flags = flags, .scopes = MN_SCOPES_ALL, .min_arguments = 1, .max_arguments = SIZE_MAX,
    .completes = MN_ARGUMENT_MODEL, .top = true, .run = run,
};
