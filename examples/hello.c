/* SPDX-License-Identifier: Apache-2.0 */
/* hello.c - the shortest whole program: hello MODEL.gguf "Once upon a time" */
#include <minnow/minnow.h>

#include <stdio.h>
#include <string.h>

static bool print(void *user, const char *text, size_t length) {
    (void)user;
    return fwrite(text, 1, length, stdout) == length;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: hello MODEL.gguf PROMPT\n"), 2;
    mn_options *options = NULL;
    mn_model *model = NULL;
    mn_engine *engine = NULL;
    mn_session *session = NULL;
    mn_error error;

    mn_status status = mn_options_open(&options, &error);
    if (!status) status = mn_options_set(options, "temp", "0", &error); /* the likeliest token */
    if (!status) status = mn_model_open(&model, argv[1], NULL, &error);
    if (!status) status = mn_engine_open(&engine, model, NULL, &error);
    if (!status) status = mn_session_open(&session, engine, options, &error);
    if (!status) status = mn_session_append_text(session, argv[2], strlen(argv[2]), &error);
    if (!status) status = mn_session_generate(session, 32, print, NULL, &error);
    if (status)
        fprintf(stderr, "hello: %s\n", error.message);
    else
        putchar('\n');

    mn_session_close(session);
    mn_engine_close(engine);
    mn_model_close(model);
    mn_options_close(options);
    return mn_status_exit_code(status);
}
