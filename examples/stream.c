/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - a question to a chat model, its answer as it comes, and what it took.
 *
 *     stream MODEL.gguf "Why is the sky blue?" */
#include <minnow/minnow.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* [{"role":"user","content":"..."}] with what JSON wants escaped. The caller frees it. */
static char *user_message(const char *text) {
    static const char head[] = "[{\"role\":\"user\",\"content\":\"", tail[] = "\"}]";
    char *json = malloc(sizeof(head) + sizeof(tail) + 6 * strlen(text));
    if (!json) return NULL;
    char *at = json + sprintf(json, "%s", head);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            at += sprintf(at, "\\%c", c);
        else if (c < 32)
            at += sprintf(at, "\\u%04x", c);
        else
            *at++ = (char)c;
    }
    strcpy(at, tail);
    return json;
}

static bool print(void *user, const char *text, size_t length) {
    (void)user;
    bool written = fwrite(text, 1, length, stdout) == length;
    return fflush(stdout) == 0 && written; /* false, as when the pipe is closed, ends the answer */
}

static mn_status ask(const mn_model *model, const char *question, mn_error *error) {
    mn_engine *engine = NULL;
    mn_session *session = NULL;
    char *messages = user_message(question);

    mn_status status = mn_engine_open(&engine, model, NULL, error);
    if (!status) status = mn_session_open(&session, engine, NULL, error);
    if (!status)
        status =
            mn_session_set_chat(session, messages ? messages : "[]", NULL, NULL, time(NULL), error);
    if (!status) status = mn_session_generate(session, 200, print, NULL, error);
    if (!status) {
        mn_session_stats stats;
        mn_session_stats_get(session, &stats);
        printf("\n");
        fprintf(stderr, "%llu tokens read, %llu written, first after %.0f ms\n",
                (unsigned long long)stats.prompt_tokens, (unsigned long long)stats.answer_tokens,
                stats.first_token_ms);
    }
    mn_session_close(session);
    mn_engine_close(engine);
    free(messages);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: stream MODEL.gguf QUESTION\n");
        return 2;
    }
    mn_model *model = NULL;
    mn_error error;
    mn_status status = mn_model_open(&model, argv[1], NULL, &error);
    if (!status) status = ask(model, argv[2], &error);
    mn_model_close(model);
    if (status) fprintf(stderr, "stream: %s\n", error.message);
    return mn_status_exit_code(status);
}
