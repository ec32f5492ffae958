/* SPDX-License-Identifier: Apache-2.0 */
/* logprobs.c - how sure the model was of each token, and what else it thought of.
 *
 *     logprobs MODEL.gguf "The capital of France is" */
#include <minnow/minnow.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_token(const mn_model *model, const mn_token_logprob *token) {
    size_t length;
    const char *bytes = mn_model_token_bytes(model, token->id, &length);
    printf("  %5.1f%% \"%.*s\"", 100 * exp(token->logprob), (int)length, bytes);
}

static mn_status explain(const mn_model *model, mn_engine *engine, const char *prompt,
                         mn_error *error) {
    mn_options *options = NULL;
    mn_session *session = NULL;
    size_t n_prompt = 0;

    mn_status status = mn_options_open(&options, error);
    if (!status) status = mn_options_set(options, "temp", "0", error);
    if (!status) status = mn_options_set(options, "logprobs", "3", error);
    if (!status) status = mn_session_open(&session, engine, options, error);
    if (!status) status = mn_session_append_text(session, prompt, strlen(prompt), error);
    if (!status) {
        n_prompt = mn_session_n_tokens(session);
        status = mn_session_generate(session, 12, NULL, NULL, error);
    }
    /* Row 0 is the token that was taken; then the likeliest ones. */
    for (size_t i = n_prompt; !status && i < mn_session_n_tokens(session); i++) {
        const mn_token_logprob *rows;
        size_t n = mn_session_logprobs(session, i, &rows);
        for (size_t k = 0; k < n; k++) print_token(model, &rows[k]);
        printf("\n");
    }
    mn_session_close(session);
    mn_options_close(options);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: logprobs MODEL.gguf PROMPT\n");
        return 2;
    }
    mn_model *model = NULL;
    mn_engine *engine = NULL;
    mn_error error;
    mn_status status = mn_model_open(&model, argv[1], NULL, &error);
    if (!status) status = mn_engine_open(&engine, model, NULL, &error);
    if (!status) status = explain(model, engine, argv[2], &error);
    mn_engine_close(engine);
    mn_model_close(model);
    if (status) fprintf(stderr, "logprobs: %s\n", error.message);
    return mn_status_exit_code(status);
}
