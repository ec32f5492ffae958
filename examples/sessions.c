/* SPDX-License-Identifier: Apache-2.0 */
/* sessions.c - many conversations on one engine, their tokens computed together.
 *
 *     sessions MODEL.gguf "One day" "In the morning" "The boat"
 *
 * Each line is what that prompt would give alone: company never changes a text. */
#include <minnow/minnow.h>

#include <stdio.h>
#include <string.h>

enum { MAX_PROMPTS = 16, MAX_TEXT = 4096 };

typedef struct place {
    mn_session *session;
    char text[MAX_TEXT];
    size_t length;
} place;

static bool keep(void *user, const char *text, size_t length) {
    place *p = user;
    if (length >= MAX_TEXT - p->length) return false; /* full: end the answer */
    memcpy(p->text + p->length, text, length);
    p->length += length;
    return true;
}

static mn_status begin(place *p, mn_engine *engine, const char *prompt, mn_error *error) {
    mn_status status = mn_session_open(&p->session, engine, NULL, error);
    if (!status) status = mn_session_append_text(p->session, prompt, strlen(prompt), error);
    if (!status) status = mn_session_begin(p->session, 24, keep, p, error);
    return status;
}

static mn_status answer_all(const mn_model *model, const char **prompts, int n_prompts,
                            mn_error *error) {
    static place places[MAX_PROMPTS];
    mn_options *options = NULL;
    mn_engine *engine = NULL;
    char count[16];

    snprintf(count, sizeof(count), "%d", n_prompts);
    mn_status status = mn_options_open(&options, error);
    if (!status) status = mn_options_set(options, "sessions", count, error);
    if (!status) status = mn_options_set(options, "ctx", "256", error);
    if (!status) status = mn_engine_open(&engine, model, options, error);
    for (int i = 0; !status && i < n_prompts; i++)
        status = begin(&places[i], engine, prompts[i], error);

    /* One step reads a chunk of each prompt or writes one token of each answer. */
    for (size_t waiting = 1; !status && waiting;) status = mn_engine_step(engine, &waiting, error);

    for (int i = 0; i < n_prompts; i++) {
        if (!status) printf("%s|%.*s\n", prompts[i], (int)places[i].length, places[i].text);
        mn_session_close(places[i].session);
    }
    mn_engine_close(engine);
    mn_options_close(options);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc - 2 > MAX_PROMPTS) {
        fprintf(stderr, "usage: sessions MODEL.gguf PROMPT... (up to %d)\n", MAX_PROMPTS);
        return 2;
    }
    mn_model *model = NULL;
    mn_error error;
    mn_status status = mn_model_open(&model, argv[1], NULL, &error);
    if (!status) status = answer_all(model, (const char **)argv + 2, argc - 2, &error);
    mn_model_close(model);
    if (status) fprintf(stderr, "sessions: %s\n", error.message);
    return mn_status_exit_code(status);
}
