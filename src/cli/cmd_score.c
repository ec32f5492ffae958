/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_score.c - `minnow score`: how likely a model finds a text. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/find.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "measure/score.h"

#include <stdio.h>

#define INPUT_LIMIT ((size_t)1 << 30)
#define WINDOW      512

typedef struct report {
    const mn_call *call;
    const mn_model *model;
    mn_json json; /* the list of tokens, with --top */
    bool shows;   /* progress goes to a terminal */
} report;

static void add_logprob(report *r, const mn_token_logprob *l)
{
    size_t length;
    const char *piece = mn_model_token_bytes(r->model, l->id, &length);
    mn_json_i64(&r->json, "id", l->id);
    mn_json_bytes(&r->json, "piece", piece, length);
    mn_json_real(&r->json, "logprob", (double)l->logprob);
}

static void add_token(void *user, const mn_score_token *token)
{
    report *r = user;
    mn_json_open(&r->json, NULL, '{');
    mn_json_u64(&r->json, "index", token->index);
    add_logprob(r, &token->logprobs[0]);
    mn_json_open(&r->json, "top", '[');
    for (uint32_t i = 1; i < token->n_logprobs; i++) {
        mn_json_open(&r->json, NULL, '{');
        add_logprob(r, &token->logprobs[i]);
        mn_json_close(&r->json, '}');
    }
    mn_json_close(&r->json, ']');
    mn_json_close(&r->json, '}');
}

static bool show_progress(void *user, uint32_t done, uint32_t total, const mn_score *so_far)
{
    report *r = user;
    if (r->shows) {
        fprintf(stderr, "\r%u of %u windows, perplexity %.4f ", done, total, so_far->perplexity);
        if (done == total) fputc('\n', stderr);
    }
    return !mn_interrupted();
}

static mn_status print_json(report *r, const mn_score *score, const mn_score_settings *s,
                            bool lists, mn_error *error)
{
    mn_json out = { 0 };
    mn_json_open(&out, NULL, '{');
    mn_json_u64(&out, "tokens", score->n_tokens);
    mn_json_real(&out, "nll", score->nll);
    mn_json_real(&out, "nll_error", score->nll_error);
    mn_json_real(&out, "ppl", score->perplexity);
    mn_json_u64(&out, "chunks", score->n_chunks);
    mn_json_u64(&out, "ctx", s->n_context);
    mn_json_u64(&out, "text_tokens", score->n_text);
    mn_json_string(&out, "role", s->stepwise ? "decode" : "prompt");
    if (lists)
        mn_text_format(&out.text, ",\n  \"logprobs\": %s",
                       r->json.text.data ? r->json.text.data : "[]");
    if (r->json.text.failed) out.text.failed = true;
    mn_json_close(&out, '}');
    return mn_json_print(&out, error);
}

static mn_status print_text(const mn_score *score, const mn_score_settings *s)
{
    mn_out("perplexity %.4f (nll %.5f +- %.5f nats) over %llu tokens in %llu window%s%s\n",
           score->perplexity, score->nll, score->nll_error, (unsigned long long)score->n_tokens,
           (unsigned long long)score->n_chunks, score->n_chunks == 1 ? "" : "s",
           s->stepwise ? ", token by token" : "");
    return MN_OK;
}

static void print_tokens(const report *r)
{
    mn_out_bytes(r->json.text.data ? r->json.text.data : "[]",
                 r->json.text.data ? r->json.text.length : 2);
    mn_out("\n");
}

/* Opens an engine whose context is one window. */
static mn_status open_session(mn_engine **engine, mn_session **session, const mn_model *model,
                              mn_options *options, uint32_t window, mn_error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%u", window);
    mn_status status = mn_options_set(options, "ctx", text, error);
    if (!status) status = mn_engine_open(engine, model, options, error);
    if (!status) status = mn_session_open(session, *engine, options, error);
    return status;
}

static mn_status read_input(mn_text *text, const mn_call *call, mn_error *error)
{
    const char *string = mn_call_text(call, "string"), *file = mn_call_text(call, "file");
    if (!string == !file)
        return mn_fail(
            error, MN_USAGE,
            "score needs a text: either -f FILE (- is the standard input) or --string TEXT");
    if (!string) return mn_read_all(text, file, INPUT_LIMIT, error);
    mn_text_add(text, string);
    return text->failed ? mn_fail_memory(error, text->length, "the text") : MN_OK;
}

static mn_status score(mn_call *call, const mn_model *model, const mn_text *text, mn_error *error)
{
    report r = { .call = call, .model = model, .shows = mn_err_is_terminal() && !call->quiet };
    mn_engine *engine = NULL;
    mn_session *session = NULL;
    mn_score result;
    int32_t *ids = NULL;
    size_t n_ids = 0;
    uint32_t window = (uint32_t)mn_option_int(call->options, "ctx");
    mn_score_settings s = { .n_context = window ? window : WINDOW,
                            .n_chunks = (uint32_t)mn_call_int(call, "chunks", 0),
                            .stepwise = mn_call_has(call, "stepwise"),
                            .n_top = (uint32_t)mn_call_int(call, "top", 0) };
    bool lists = mn_call_has(call, "top");
    mn_score_watch watch = { .user = &r,
                             .token = lists ? add_token : NULL,
                             .chunk = show_progress };
    mn_status status = mn_model_tokenize(model, text->data ? text->data : "", text->length, false,
                                         true, &ids, &n_ids, error);
    s.whole = n_ids < s.n_context;
    if (!status) status = open_session(&engine, &session, model, call->options, s.n_context, error);
    mn_json_open(&r.json, NULL, '[');
    if (!status) status = mn_score_run(&result, session, ids, n_ids, &s, &watch, error);
    mn_json_close(&r.json, ']');
    if (!status && mn_call_has(call, "json"))
        status = print_json(&r, &result, &s, lists, error);
    else if (!status) {
        if (lists) print_tokens(&r);
        status = print_text(&result, &s);
    }
    mn_text_free(&r.json.text);
    mn_session_close(session);
    mn_engine_close(engine);
    mn_free_ids(ids);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    mn_model *model = NULL;
    mn_text text = { 0 };
    mn_status status = read_input(&text, call, error);
    if (!status) status = mn_find_model(&path, call, call->arguments[0], false, error);
    if (!status) status = mn_model_open(&model, path, call->options, error);
    if (!status) status = score(call, model, &text, error);
    mn_model_close(model);
    mn_text_free(&text);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "file", 'f', MN_FLAG_FILE, "FILE", "the text to score; - is the standard input", 0, 0 },
    { "string", 0, MN_FLAG_TEXT, "TEXT", "the text itself", 0, 0 },
    { "chunks", 0, MN_FLAG_INT, "N", "score only the first N windows; 0 is all", 0, 4294967295.0 },
    { "top", 0, MN_FLAG_INT, "K", "list each scored token with its logprob and the K likeliest", 0,
      100 },
    { "stepwise", 0, MN_FLAG_SWITCH, NULL, "compute as when answering, not as when reading", 0, 0 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_score = {
    .name = "score",
    .group = "plumbing",
    .arguments = "MODEL",
    .help = "measure how likely a model finds a text",
    .text = "Reads the text in windows of --ctx tokens (512 unless given) and scores the second "
            "half of\n"
            "each, as llama-perplexity does. Perplexity is exp of the mean negative "
            "log-likelihood, in\n"
            "nats. A text shorter than a window is scored whole, from its second token on.\n\n"
            "--stepwise uses the arithmetic of answering instead of that of reading a prompt.",
    .examples = "minnow score smollm2:135m -f book.txt --chunks 32\n"
                "minnow score smollm2:135m --string 'The sky is blue.' --top 3 --json",
    .flags = flags,
    .scopes = MN_SCOPE_BIT(MN_SCOPE_ENGINE),
    .min_arguments = 1,
    .max_arguments = 1,
    .completes = MN_ARGUMENT_MODEL,
    .top = true,
    .run = run,
};
