/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - a conversation on a terminal: messages, and commands that begin with a slash. */
#include "cli/chat.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/interrupt.h"
#include "cli/line.h"
#include "cli/output.h"
#include "store/paths.h"

#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)16 << 20)

typedef struct chat {
    mn_talk *talk;
    const char *name;
    mn_lines *lines;
    json_t *messages;
    mn_text system;    /* "" : none */
    bool plain;        /* no chat template: the session itself is the conversation */
    bool shows_stats;
    bool leaves;
} chat;

/* --- the conversation ------------------------------------------------------------------------ */

static size_t limit_of(const chat *c)
{
    return (size_t)mn_call_int(c->talk->call, "tokens", 0);
}

/* The system message, if any, is always the first. */
static mn_status begin_conversation(chat *c, mn_error *error)
{
    json_array_clear(c->messages);
    if (c->system.length
        && !mn_talk_add_message(c->messages, "system", c->system.data, c->system.length))
        return mn_fail_memory(error, c->system.length, "the conversation");
    return mn_session_truncate(c->talk->session, 0, error);
}

/* A message that got no answer is taken back, so that the next one does not follow it. */
static void take_back(chat *c)
{
    size_t n = json_array_size(c->messages);
    if (n) json_array_remove(c->messages, n - 1);
}

static mn_status answer(chat *c, const char *text, size_t length, mn_error *error)
{
    mn_talk *talk = c->talk;
    if (c->plain) return mn_talk_text(talk, text, length, limit_of(c), error);
    if (!mn_talk_add_message(c->messages, "user", text, length))
        return mn_fail_memory(error, length, "the conversation");
    mn_status status = mn_talk_chat(talk, c->messages, limit_of(c), error);
    if (status) {
        take_back(c);
        return status;
    }
    if (!mn_talk_add_message(c->messages, "assistant", talk->answer.data ? talk->answer.data : "",
                             talk->answer.length))
        return mn_fail_memory(error, talk->answer.length, "the conversation");
    return MN_OK;
}

/* A failure of one message is told and does not end the chat, unless memory is out. */
static mn_status say(chat *c, const char *text, size_t length, mn_error *error)
{
    mn_error reason = { 0 };
    mn_interrupt_clear();
    mn_status status = answer(c, text, length, &reason);
    mn_out("\n");
    mn_out_flush();
    mn_interrupt_clear();
    if (status == MN_NO_MEMORY) {
        *error = reason;
        return status;
    }
    if (status) mn_print_error(&reason);
    if (status == MN_NO_FIT)
        fprintf(stderr,
                "The conversation is too long for the context: /clear begins a new one, --ctx N "
                "gives it more room.\n");
    if (!status && c->shows_stats) mn_talk_print_stats(c->talk);
    return MN_OK;
}

/* --- commands -------------------------------------------------------------------------------- */

typedef mn_status slash_fn(chat *c, const char *rest, mn_error *error);
typedef struct slash {
    const char *name, *rest, *help;
    slash_fn *run;
} slash;

static mn_status do_help(chat *c, const char *rest, mn_error *error);

static mn_status set_option(chat *c, const char *name, const char *value, mn_error *error)
{
    const mn_option_row *row = mn_option_row_find(name);
    mn_options *options = c->talk->call->options;
    if (row && row->scope != MN_SCOPE_REQUEST && row->scope != MN_SCOPE_SESSION)
        return mn_fail(error, MN_USAGE,
                       "%s can only be given when the chat begins: minnow run %s --%s ...", name,
                       c->name, name);
    mn_status status = mn_options_set(options, name, value, error);
    return status ? status : mn_session_configure(c->talk->session, options, error);
}

static mn_status do_set(chat *c, const char *rest, mn_error *error)
{
    char name[64];
    size_t length = strcspn(rest, " ");
    const char *value = rest + length + strspn(rest + length, " ");
    if (!length || length >= sizeof name || !*value)
        return mn_fail(error, MN_USAGE, "/set NAME VALUE, for example: /set temp 0.2");
    snprintf(name, sizeof name, "%.*s", (int)length, rest);
    if (!strcmp(name, "verbose")) {
        c->shows_stats = strcmp(value, "off") && strcmp(value, "false");
        return MN_OK;
    }
    if (strcmp(name, "system")) return set_option(c, name, value, error);
    mn_text_clear(&c->system);
    mn_text_add(&c->system, value);
    if (c->system.failed) return mn_fail_memory(error, strlen(value), "the system message");
    fprintf(stderr, "A new conversation begins with this system message.\n");
    return begin_conversation(c, error);
}

static mn_status do_show(chat *c, const char *rest, mn_error *error)
{
    const mn_model_info *info = &c->talk->info;
    mn_engine_info engine;
    const mn_option_row *row;
    (void)rest;
    (void)error;
    mn_engine_info_get(c->talk->engine, &engine);
    fprintf(stderr, "model    %s, %s, %s parameters as %s, %s\n", c->name, info->architecture,
            mn_count_show(info->n_parameters).text, info->type_name,
            mn_size_show(info->file_bytes).text);
    fprintf(stderr, "engine   %u threads, context %u, key/value memory %s, level %s\n",
            engine.n_threads, engine.n_context, engine.kv_type, engine.cpu_level);
    fprintf(stderr, "context  %zu of %u tokens used\n", mn_session_n_tokens(c->talk->session),
            engine.n_context);
    if (c->system.length) fprintf(stderr, "system   %s\n", c->system.data);
    for (size_t i = 0; (row = mn_option_row_at(i)); i++) {
        const char *value = mn_options_get(c->talk->call->options, row->name);
        if (row->scope == MN_SCOPE_REQUEST || row->scope == MN_SCOPE_SESSION)
            fprintf(stderr, "  %-18s %s\n", row->name, value ? value : "");
    }
    return MN_OK;
}

static mn_status do_clear(chat *c, const char *rest, mn_error *error)
{
    (void)rest;
    mn_status status = begin_conversation(c, error);
    if (!status) fprintf(stderr, "A new conversation begins.\n");
    return status;
}

static mn_status do_stats(chat *c, const char *rest, mn_error *error)
{
    (void)rest;
    (void)error;
    mn_talk_print_stats(c->talk);
    return MN_OK;
}

static mn_status do_bye(chat *c, const char *rest, mn_error *error)
{
    (void)rest;
    (void)error;
    c->leaves = true;
    return MN_OK;
}

/* --- saving: NAME.json holds the messages, NAME.session what the engine has computed --- */

static mn_status saved_names(mn_text *messages, mn_text *session, const char *rest, mn_error *error)
{
    if (!*rest) return mn_fail(error, MN_USAGE, "give it a name: /save talk, /load talk");
    mn_text_format(messages, "%s.json", rest);
    mn_text_format(session, "%s.session", rest);
    return messages->failed || session->failed ? mn_fail_memory(error, strlen(rest), "a path")
                                               : MN_OK;
}

static mn_status save_messages(const chat *c, const char *path, mn_error *error)
{
    mn_output *output = NULL;
    char *text = json_dumps(c->messages, JSON_INDENT(2));
    mn_status status = text ? mn_output_open(&output, path, true, error)
                            : mn_fail_memory(error, 0, "the conversation");
    if (!status) status = mn_output_write(output, text, strlen(text), error);
    if (!status) status = mn_output_commit(output, error);
    mn_output_close(output);
    free(text); /* jansson's */
    return status;
}

static mn_status do_save(chat *c, const char *rest, mn_error *error)
{
    mn_text messages = { 0 }, session = { 0 };
    mn_status status = saved_names(&messages, &session, rest, error);
    if (!status) status = mn_session_save(c->talk->session, session.data, error);
    if (!status) status = save_messages(c, messages.data, error);
    if (!status) fprintf(stderr, "Saved in %s and %s\n", messages.data, session.data);
    mn_text_free(&messages);
    mn_text_free(&session);
    return status;
}

static bool are_messages(const json_t *list)
{
    if (!json_is_array(list)) return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *message = json_array_get(list, i);
        if (!json_is_string(json_object_get(message, "role"))
            || !json_is_string(json_object_get(message, "content")))
            return false;
    }
    return true;
}

static mn_status load_messages(chat *c, const char *path, mn_error *error)
{
    mn_text text;
    json_error_t problem;
    mn_status status = mn_read_all(&text, path, FILE_LIMIT, error);
    if (status) return status;
    json_t *list = json_loadb(text.data, text.length, 0, &problem);
    mn_text_free(&text);
    if (!are_messages(list)) {
        json_decref(list);
        return mn_fail(error, MN_BAD_FILE, "%s holds no saved conversation", path);
    }
    json_decref(c->messages);
    c->messages = list;
    return MN_OK;
}

static mn_status do_load(chat *c, const char *rest, mn_error *error)
{
    mn_text messages = { 0 }, session = { 0 };
    mn_error reason = { 0 };
    mn_status status = saved_names(&messages, &session, rest, error);
    if (!status) status = load_messages(c, messages.data, error);
    if (!status && mn_session_restore(c->talk->session, session.data, &reason)) {
        /* Of another model, perhaps: the messages are read again with the next one. */
        fprintf(stderr, "The conversation will be read again (%s).\n", reason.message);
        status = mn_session_truncate(c->talk->session, 0, error);
    }
    if (!status) fprintf(stderr, "%zu messages loaded.\n", json_array_size(c->messages));
    mn_text_free(&messages);
    mn_text_free(&session);
    return status;
}

static mn_status do_read(chat *c, const char *rest, mn_error *error)
{
    mn_text text;
    if (!*rest) return mn_fail(error, MN_USAGE, "/read FILE sends the text of a file");
    mn_status status = mn_read_all(&text, rest, FILE_LIMIT, error);
    if (!status) status = say(c, text.data, text.length, error);
    mn_text_free(&text);
    return status;
}

static const slash slashes[] = {
    { "help", "", "list these commands", do_help },
    { "set", "NAME VALUE", "set an option (temp, top-p, seed, ...), system or verbose", do_set },
    { "show", "", "tell about the model and the options in force", do_show },
    { "read", "FILE", "send the text of a file", do_read },
    { "clear", "", "begin a new conversation", do_clear },
    { "save", "NAME", "save the conversation as NAME.json and NAME.session", do_save },
    { "load", "NAME", "go on with a saved conversation", do_load },
    { "stats", "", "tell speed and memory of the last answer", do_stats },
    { "bye", "", "leave; so does Ctrl-D", do_bye },
};
#define N_SLASHES (sizeof slashes / sizeof slashes[0])

static mn_status do_help(chat *c, const char *rest, mn_error *error)
{
    (void)c;
    (void)rest;
    (void)error;
    for (size_t i = 0; i < N_SLASHES; i++)
        fprintf(stderr, "  /%-6s %-11s %s\n", slashes[i].name, slashes[i].rest, slashes[i].help);
    fprintf(stderr,
            "  \"\"\" begins and ends a message of several lines; Ctrl-C stops an answer.\n");
    return MN_OK;
}

static mn_status fail_unknown(const char *word, size_t length, mn_error *error)
{
    const char *names[N_SLASHES];
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)(length < 31 ? length : 31), word);
    for (size_t i = 0; i < N_SLASHES; i++) names[i] = slashes[i].name;
    const char *nearest = mn_nearest_name(name, names, N_SLASHES);
    if (nearest)
        return mn_fail(error, MN_USAGE, "there is no /%s; did you mean /%s?", name, nearest);
    return mn_fail(error, MN_USAGE, "there is no /%s; /help lists what there is", name);
}

static mn_status run_slash(chat *c, const char *line, mn_error *error)
{
    size_t length = strcspn(line + 1, " ");
    const char *rest = line + 1 + length;
    rest += strspn(rest, " ");
    if (!strncmp(line, "/?", 2)) return do_help(c, rest, error);
    if (!strcmp(line, "/exit") || !strcmp(line, "/quit")) return do_bye(c, rest, error);
    for (size_t i = 0; i < N_SLASHES; i++)
        if (strlen(slashes[i].name) == length && !strncmp(slashes[i].name, line + 1, length))
            return slashes[i].run(c, rest, error);
    return fail_unknown(line + 1, length, error);
}

/* --- reading --------------------------------------------------------------------------------- */

#define QUOTES "\"\"\""

/* Lines up to the closing quotes; `line` holds what followed the opening ones. */
static mn_line_end read_block(chat *c, mn_text *message, mn_text *line)
{
    for (;;) {
        size_t length = line->length;
        bool ends = length >= 3 && !strcmp(line->data + length - 3, QUOTES);
        if (ends) length -= 3;
        mn_text_append(message, line->data, length);
        if (ends) return MN_LINE_READ;
        mn_text_add_char(message, '\n');
        mn_line_end end = mn_lines_read(c->lines, "... ", line);
        if (end != MN_LINE_READ) return end;
    }
}

static mn_line_end read_message(chat *c, mn_text *message)
{
    mn_text line = { 0 };
    mn_text_clear(message);
    mn_text_add(message, "");
    mn_line_end end = mn_lines_read(c->lines, ">>> ", &line);
    if (end == MN_LINE_READ && line.length >= 3 && !strncmp(line.data, QUOTES, 3)) {
        memmove(line.data, line.data + 3, line.length - 2);
        line.length -= 3;
        end = read_block(c, message, &line);
    } else if (end == MN_LINE_READ) {
        mn_text_append(message, line.data, line.length);
    }
    mn_text_free(&line);
    return end;
}

static mn_status take_message(chat *c, const mn_text *message, mn_error *error)
{
    mn_error reason = { 0 };
    const char *text = message->data + strspn(message->data, " \t\n");
    if (!*text) return MN_OK;
    mn_lines_remember(c->lines, message->data);
    if (message->data[0] != '/') return say(c, message->data, message->length, error);
    mn_status status = run_slash(c, message->data, &reason);
    if (status == MN_NO_MEMORY) {
        *error = reason;
        return status;
    }
    if (status) mn_print_error(&reason);
    return MN_OK;
}

static mn_status run_loop(chat *c, mn_error *error)
{
    mn_text message = { 0 };
    mn_status status = MN_OK;
    while (!status && !c->leaves && mn_out_flush()) {
        mn_line_end end = read_message(c, &message);
        if (end == MN_LINE_LEAVE) break;
        if (end == MN_LINE_INTERRUPT) fprintf(stderr, "Ctrl-D or /bye leaves.\n");
        else if (message.failed) status = mn_fail_memory(error, message.length, "a message");
        else status = take_message(c, &message, error);
    }
    mn_text_free(&message);
    return status;
}

/* --- open and close -------------------------------------------------------------------------- */

/* In the state folder, which only the owner can read; MINNOW_HISTORY=off keeps nothing. */
static char *history_path(void)
{
    const char *wish = getenv("MINNOW_HISTORY");
    mn_text path = { 0 };
    if ((wish && !strcmp(wish, "off")) || mn_path_state(&path, "history", NULL)) {
        mn_text_free(&path);
        return NULL;
    }
    *strrchr(path.data, '/') = '\0';
    bool made = !mn_folder_make(path.data, 0700, NULL);
    path.data[strlen(path.data)] = '/';
    if (made) return path.data;
    mn_text_free(&path);
    return NULL;
}

static mn_status open_chat(chat *c, mn_error *error)
{
    const char *system = mn_call_text(c->talk->call, "system");
    char *path = history_path();
    mn_text_add(&c->system, system ? system : "");
    c->messages = json_array();
    mn_status status = c->messages && !c->system.failed ? mn_lines_open(&c->lines, path, error)
                                                        : mn_fail_memory(error, 100, "the chat");
    mn_free(path);
    return status ? status : begin_conversation(c, error);
}

mn_status mn_chat(mn_talk *talk, const char *name, mn_error *error)
{
    const mn_call *call = talk->call;
    chat c = { .talk = talk,
               .name = name,
               .shows_stats = mn_call_has(call, "stats") || call->verbose,
               .plain = mn_call_has(call, "raw") || !talk->info.has_chat_template };
    mn_status status = open_chat(&c, error);
    if (!status) {
        mn_note(call, "%s is ready. /help lists commands, Ctrl-D leaves.\n", name);
        status = run_loop(&c, error);
        if (!status && !c.leaves) mn_note(call, "\n");
    }
    mn_lines_close(c.lines);
    json_decref(c.messages);
    mn_text_free(&c.system);
    return status;
}
