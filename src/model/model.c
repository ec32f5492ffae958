/* SPDX-License-Identifier: Apache-2.0 */
/* model.c - opens a model file: configuration, operations, tokenizer, chat template. */
#include "model/model.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/options.h"

#include <math.h>
#include <string.h>
#include <time.h>

static mn_status build_graph(mn_model *m, mn_error *error)
{
    m->family = mn_family_find(m->config.architecture);
    if (!m->family) {
        mn_text known = { 0 };
        for (size_t i = 0; mn_family_at(i); i++)
            mn_text_format(&known, "%s%s", i ? ", " : "", mn_family_at(i)->name);
        mn_status s = mn_fail(error, MN_BAD_FILE,
                              "models of the family '%s' are not supported; supported: %s",
                              m->config.architecture, known.data ? known.data : "");
        mn_text_free(&known);
        return s;
    }
    mn_builder b = { .file = m->file, .config = &m->config, .graph = &m->graph, .error = error };
    uint32_t *width = m->graph.width;
    const mn_config *c = &m->config;
    width[MN_REG_X] = width[MN_REG_NORMED] = width[MN_REG_BRANCH] = c->dim;
    width[MN_REG_Q] = width[MN_REG_MIXED] = c->n_heads * c->head_dim;
    width[MN_REG_K] = width[MN_REG_V] = c->n_kv_heads * c->head_dim;
    width[MN_REG_GATE] = width[MN_REG_UP] = c->ffn_dim;
    width[MN_REG_LOGITS] = c->n_vocab;
    m->family->build(&b);
    return b.status;
}

/* Counts parameters, finds the type of most of them, and hashes what identifies the model. */
static void survey(mn_model *m)
{
    uint64_t best = 0, hash = MN_HASH_START, n_entries = mn_gguf_n_entries(m->file);
    uint64_t by_type[256] = { 0 };
    for (uint64_t i = 0; i < n_entries; i++) {
        const mn_gguf_entry *e = mn_gguf_entry_at(m->file, i);
        hash = mn_hash(hash, e->key, strlen(e->key));
        hash = mn_hash(hash, e->raw, (size_t)e->raw_bytes);
    }
    for (uint64_t i = 0; i < mn_gguf_n_tensors(m->file); i++) {
        const mn_tensor *t = mn_gguf_tensor_at(m->file, i);
        uint64_t n = t->shape[0] * mn_tensor_rows(t);
        hash = mn_hash(hash, t->name, strlen(t->name));
        hash = mn_hash(hash, t->shape, sizeof t->shape);
        hash = mn_hash(hash, t->data, t->size_bytes < 64 ? (size_t)t->size_bytes : 64);
        m->n_parameters += n;
        uint32_t type = t->format->type;
        if (type < 256 && (by_type[type] += n) > best) {
            best = by_type[type];
            m->type_name = t->format->name;
        }
    }
    m->hash = hash;
}

static mn_status read_name(mn_model *m, const char *path, mn_error *error)
{
    mn_string name;
    const char *slash = strrchr(path, '/');
    if (!mn_gguf_string(m->file, "general.name", &name) || !name.length)
        name = (mn_string){ slash ? slash + 1 : path, strlen(slash ? slash + 1 : path) };
    m->name = mn_strndup(name.data, name.length);
    return m->name ? MN_OK : mn_fail_memory(error, name.length, "the model's name");
}

/* A template that does not parse is told when it is used: the model can still complete plain text.
 */
static mn_status read_chat_template(mn_model *m, mn_error *error)
{
    mn_string source;
    if (!mn_gguf_string(m->file, "tokenizer.chat_template", &source)) return MN_OK;
    mn_status s = mn_template_open(&m->chat, source.data, source.length, &m->chat_error);
    if (s != MN_NO_MEMORY) return MN_OK;
    if (error) *error = m->chat_error;
    return s;
}

/* The option `verify`: decodes everything, some blocks at a time. */
static mn_status check_tensor(const mn_tensor *t, float *buffer, size_t capacity, mn_error *error)
{
    const mn_format *f = t->format;
    uint64_t n_blocks = t->size_bytes / f->block_bytes, most = capacity / f->block;
    for (uint64_t b = 0; b < n_blocks; b += most) {
        size_t n = (size_t)(n_blocks - b < most ? n_blocks - b : most) * f->block;
        f->decode(buffer, t->data + b * f->block_bytes, n);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(buffer[i]))
                return mn_fail(error, MN_BAD_FILE,
                               "tensor '%s': weight %llu is not a finite number", t->name,
                               (unsigned long long)(b * f->block + i));
    }
    return MN_OK;
}

static mn_status verify_weights(const mn_model *m, mn_error *error)
{
    enum { CAPACITY = 16384 };
    float *buffer = mn_alloc_aligned(CAPACITY * sizeof *buffer);
    mn_status s = buffer ? MN_OK : mn_fail_memory(error, CAPACITY * sizeof *buffer, "verifying");
    for (uint64_t i = 0; i < mn_gguf_n_tensors(m->file) && !s; i++)
        s = check_tensor(mn_gguf_tensor_at(m->file, i), buffer, CAPACITY, error);
    mn_free_aligned(buffer);
    return s;
}

mn_status mn_model_open(mn_model **out, const char *path, const mn_options *options,
                        mn_error *error)
{
    *out = NULL;
    mn_model *m = mn_alloc_array(1, sizeof *m);
    if (!m) return mn_fail_memory(error, sizeof *m, "the model");
    mn_status s = mn_gguf_open(&m->file, path, error);
    if (!s) s = mn_config_read(&m->config, m->file, error);
    if (!s) s = build_graph(m, error);
    if (!s && mn_gguf_find(m->file, "tokenizer.ggml.model"))
        s = mn_tokenizer_open(&m->tokenizer, m->file, error);
    if (!s) s = read_chat_template(m, error);
    if (!s) s = read_name(m, path, error);
    if (!s && mn_option_bool(options, "verify")) s = verify_weights(m, error);
    if (s) {
        mn_model_close(m);
        return s;
    }
    survey(m);
    *out = m;
    return MN_OK;
}

void mn_model_close(mn_model *m)
{
    if (!m) return;
    mn_template_close(m->chat);
    mn_tokenizer_close(m->tokenizer);
    mn_graph_close(&m->graph);
    mn_gguf_close(m->file);
    mn_free(m->name);
    mn_free(m);
}

void mn_model_info_get(const mn_model *m, mn_model_info *out)
{
    const mn_config *c = &m->config;
    *out = (mn_model_info){
        .name = m->name,
        .architecture = c->architecture,
        .type_name = m->type_name,
        .n_parameters = m->n_parameters,
        .file_bytes = mn_gguf_file_bytes(m->file),
        .n_vocab = c->n_vocab,
        .n_context_trained = c->n_context,
        .n_layers = c->n_layers,
        .n_heads = c->n_heads,
        .n_kv_heads = c->n_kv_heads,
        .dim = c->dim,
        .ffn_dim = c->ffn_dim,
        .has_chat_template = m->chat != NULL,
    };
}

static mn_status need_tokenizer(const mn_model *m, mn_error *error)
{
    return m->tokenizer ? MN_OK : mn_fail(error, MN_BAD_FILE, "the model file has no tokenizer");
}

mn_status mn_model_tokenize(const mn_model *m, const char *text, size_t length, bool as_template,
                            bool add_bos, int32_t **ids, size_t *n_ids, mn_error *error)
{
    mn_ids list = { 0 };
    mn_status s = need_tokenizer(m, error);
    if (!s)
        s = mn_tokenizer_encode_bytes(m->tokenizer, &list, text, length,
                                      as_template ? MN_FROM_TEMPLATE : MN_FROM_USER,
                                      add_bos ? MN_ADD_BOS : 0, error);
    if (s) mn_ids_free(&list);
    *ids = list.data;
    *n_ids = list.n;
    return s;
}

void mn_free_ids(int32_t *ids)
{
    mn_free(ids);
}

const char *mn_model_token_bytes(const mn_model *m, int32_t id, size_t *length)
{
    mn_string piece = m->tokenizer ? mn_tokenizer_piece(m->tokenizer, id) : (mn_string){ "", 0 };
    *length = piece.length;
    return piece.data;
}

bool mn_model_ends_generation(const mn_model *m, int32_t id)
{
    return m->tokenizer && mn_tokenizer_ends_generation(m->tokenizer, id);
}

/* Templates print tokens by these names; the caller's own values win. */
static bool add_token_names(const mn_model *m, json_t *variables)
{
    const struct {
        const char *name;
        int32_t id;
    } tokens[] = {
        { "bos_token", mn_tokenizer_bos(m->tokenizer) },
        { "eos_token", mn_tokenizer_eos(m->tokenizer) },
    };
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        if (json_object_get(variables, tokens[i].name)) continue;
        mn_string piece = mn_tokenizer_raw_piece(m->tokenizer, tokens[i].id);
        if (json_object_set_new(variables, tokens[i].name,
                                json_stringn(piece.length ? piece.data : "", piece.length)))
            return false;
    }
    return true;
}

mn_status mn_model_render_chat(const mn_model *m, mn_prompt *out, const json_t *variables,
                               int64_t now, mn_error *error)
{
    time_t seconds = (time_t)now;
    struct tm local = { 0 };
    mn_status s = need_tokenizer(m, error);
    if (s) return s;
    if (!m->chat && m->chat_error.status)
        return mn_fail(error, MN_BAD_FILE, "the model's chat template cannot be used: %s",
                       m->chat_error.message);
    if (!m->chat) return mn_fail(error, MN_BAD_FILE, "the model file has no chat template");
    localtime_r(&seconds, &local);
    json_t *all = json_copy((json_t *)variables);
    if (!all || !add_token_names(m, all)) s = mn_fail_memory(error, 0, "the conversation");
    if (!s) s = mn_template_render(m->chat, out, all, &local, (mn_template_limits){ 0 }, error);
    json_decref(all);
    return s;
}

const char *mn_version(void)
{
    return MN_VERSION;
}
