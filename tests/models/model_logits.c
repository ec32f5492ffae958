/* SPDX-License-Identifier: Apache-2.0 */
/* model_logits.c - gives the long suite a model's logits, in either role.
 *
 *     model_logits MODEL.gguf prompt|decode KV-TYPE WINDOW FIRST < ids > logits
 *
 * The input is int32 ids, whole windows. Of each window, the logits after its tokens FIRST and
 * later come out as float32 [WINDOW - FIRST, n_vocab], all in the order of this machine. In the
 * role `decode` the tokens before FIRST are still read as a prompt, as in an answer. */
#include "run/engine.h"

#include <minnow/minnow.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WINDOW = 8192 };

static bool write_row(void *user, size_t index, const float *logits) {
    const mn_model_info *info = user;
    (void)index;
    return fwrite(logits, sizeof(float), info->n_vocab, stdout) == info->n_vocab;
}

static mn_status read_window(mn_session *session, const int32_t *ids, size_t window, size_t first,
                             mn_role role, mn_model_info *info, mn_error *error) {
    mn_status status = mn_session_truncate(session, 0, error);
    if (role == MN_PROMPT || first == 0)
        return status
                   ? status
                   : mn_session_evaluate(session, ids, window, role, first, write_row, info, error);
    if (!status)
        status = mn_session_evaluate(session, ids, first, MN_PROMPT, first, write_row, info, error);
    if (!status)
        status = mn_session_evaluate(session, ids + first, window - first, role, first, write_row,
                                     info, error);
    return status;
}

static mn_status run(const char *path, mn_role role, mn_options *options, size_t window,
                     size_t first, mn_error *error) {
    static int32_t ids[MAX_WINDOW];
    mn_model *model = NULL;
    mn_engine *engine = NULL;
    mn_session *session = NULL;
    mn_model_info info;
    mn_status status = mn_model_open(&model, path, options, error);
    if (!status) mn_model_info_get(model, &info);
    if (!status) status = mn_engine_open(&engine, model, options, error);
    if (!status) status = mn_session_open(&session, engine, options, error);
    while (!status && fread(ids, sizeof(ids[0]), window, stdin) == window) {
        status = read_window(session, ids, window, first, role, &info, error);
        fflush(stdout);
    }
    mn_session_close(session);
    mn_engine_close(engine);
    mn_model_close(model);
    return status;
}

int main(int argc, char **argv) {
    size_t window = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;
    size_t first = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;
    bool decode = argc == 6 && !strcmp(argv[2], "decode");
    if (argc != 6 || window == 0 || window > MAX_WINDOW || first >= window) {
        fprintf(
            stderr,
            "usage: model_logits MODEL.gguf prompt|decode KV-TYPE WINDOW FIRST < ids > logits\n");
        return 2;
    }
    mn_options *options = NULL;
    mn_error error;
    mn_status status = mn_options_open(&options, &error);
    if (!status) status = mn_options_set(options, "kv-type", argv[3], &error);
    if (!status) status = mn_options_set(options, "ctx", argv[4], &error);
    if (!status)
        status = run(argv[1], decode ? MN_DECODE : MN_PROMPT, options, window, first, &error);
    mn_options_close(options);
    if (status) fprintf(stderr, "model_logits: %s\n", error.message);
    return mn_status_exit_code(status);
}
