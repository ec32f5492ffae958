/* SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.c - reads what a GGUF file says about its tokens. */
#include "text/vocabulary.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { MOST_PIECES = 1 << 24 };

static bool equals(mn_string s, const char *text) {
    return s.length == strlen(text) && !memcmp(s.data, text, s.length);
}

/* ---- arrays ---- */

/* An array of n elements under `key`; *out NULL if the key is absent. */
static mn_status find_array(const mn_gguf_entry **out, const mn_gguf *file, const char *key,
                            uint64_t n, mn_error *error) {
    *out = mn_gguf_find(file, key);
    if (!*out) return MN_OK;
    if ((*out)->type != MN_GGUF_ARRAY || (*out)->strings)
        return mn_fail(error, MN_BAD_FILE, "%s is not an array of numbers", key);
    if ((*out)->n != n)
        return mn_fail(error, MN_BAD_FILE, "%s has %llu entries, but there are %llu tokens", key,
                       (unsigned long long)(*out)->n, (unsigned long long)n);
    return MN_OK;
}

static mn_status find_strings(const mn_gguf_entry **out, const mn_gguf *file, const char *key,
                              mn_error *error) {
    *out = mn_gguf_find(file, key);
    if (!*out) return mn_fail(error, MN_BAD_FILE, "%s is missing", key);
    if ((*out)->type != MN_GGUF_ARRAY || (*out)->element_type != MN_GGUF_STRING)
        return mn_fail(error, MN_BAD_FILE, "%s is not an array of strings", key);
    if ((*out)->n > MOST_PIECES)
        return mn_fail(error, MN_BAD_FILE, "%s has %llu entries, at most %d are possible", key,
                       (unsigned long long)(*out)->n, MOST_PIECES);
    return MN_OK;
}

static mn_status read_scores(mn_vocabulary *v, const mn_gguf *file, mn_error *error) {
    const char *key = "tokenizer.ggml.scores";
    const mn_gguf_entry *entry;
    mn_status status = find_array(&entry, file, key, v->n_pieces, error);
    if (status || !entry) return status;
    v->scores = mn_alloc_array(v->n_pieces, sizeof *v->scores);
    if (!v->scores) return mn_fail_memory(error, v->n_pieces * sizeof *v->scores, key);
    for (uint32_t id = 0; id < v->n_pieces; id++) {
        double score;
        if (!mn_gguf_entry_f64(entry, id, &score) || isnan(score))
            return mn_fail(error, MN_BAD_FILE, "%s: the score of token %u is not a number", key,
                           id);
        v->scores[id] = (float)score;
    }
    return MN_OK;
}

static mn_status read_types(mn_vocabulary *v, const mn_gguf *file, mn_error *error) {
    const char *key = "tokenizer.ggml.token_type";
    const mn_gguf_entry *entry;
    mn_status status = find_array(&entry, file, key, v->n_pieces, error);
    if (status || !entry) return status;
    v->types = mn_alloc_array(v->n_pieces, 1);
    if (!v->types) return mn_fail_memory(error, v->n_pieces, key);
    for (uint32_t id = 0; id < v->n_pieces; id++) {
        int64_t type;
        if (!mn_gguf_entry_i64(entry, id, &type) || type < 0 || type > MN_PIECE_BYTE)
            return mn_fail(error, MN_BAD_FILE,
                           "%s: the type of token %u is not a number from 0 to %d", key, id,
                           MN_PIECE_BYTE);
        v->types[id] = type ? (uint8_t)type : MN_PIECE_NORMAL;
    }
    return MN_OK;
}

/* ---- single keys ---- */

static mn_status read_id(int32_t *out, const mn_vocabulary *v, const mn_gguf *file, const char *key,
                         mn_error *error) {
    int64_t id;
    *out = -1;
    if (!mn_gguf_find(file, key)) return MN_OK;
    if (!mn_gguf_i64(file, key, &id))
        return mn_fail(error, MN_BAD_FILE, "%s is not a token id", key);
    if (id == -1 || id == UINT32_MAX) return MN_OK; /* how some converters write "none" */
    if (id < 0 || id >= v->n_pieces)
        return mn_fail(error, MN_BAD_FILE, "%s is %lld, but there are %u tokens", key,
                       (long long)id, v->n_pieces);
    *out = (int32_t)id;
    return MN_OK;
}

static mn_status read_flag(int8_t *out, const mn_gguf *file, const char *key, mn_error *error) {
    bool value;
    *out = -1;
    if (!mn_gguf_find(file, key)) return MN_OK;
    if (!mn_gguf_bool(file, key, &value))
        return mn_fail(error, MN_BAD_FILE, "%s is not true or false", key);
    *out = value;
    return MN_OK;
}

static mn_status read_ids(mn_vocabulary *v, const mn_gguf *file, mn_error *error) {
    const struct {
        const char *key;
        int32_t *out;
    } ids[] = {
        { "tokenizer.ggml.bos_token_id", &v->bos },
        { "tokenizer.ggml.eos_token_id", &v->eos },
        { "tokenizer.ggml.eot_token_id", &v->eot },
        { "tokenizer.ggml.eom_token_id", &v->eom },
        { "tokenizer.ggml.unknown_token_id", &v->unknown },
    };
    const struct {
        const char *key;
        int8_t *out;
    } flags[] = {
        { "tokenizer.ggml.add_bos_token", &v->add_bos },
        { "tokenizer.ggml.add_eos_token", &v->add_eos },
        { "tokenizer.ggml.add_space_prefix", &v->add_space_prefix },
    };
    mn_status status = MN_OK;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && !status; i++)
        status = read_id(ids[i].out, v, file, ids[i].key, error);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && !status; i++)
        status = read_flag(flags[i].out, file, flags[i].key, error);
    int8_t remove = -1;
    if (!status)
        status = read_flag(&remove, file, "tokenizer.ggml.remove_extra_whitespaces", error);
    v->remove_extra_whitespaces = remove == 1;
    return status;
}

/* Files do not carry the strip flags of special tokens; of the published models, Phi-3 has them. */
static bool is_phi3(const mn_gguf *file) {
    mn_string architecture;
    return mn_gguf_string(file, "general.architecture", &architecture) &&
           equals(architecture, "phi3");
}

static mn_status read_kind(mn_vocabulary *v, const mn_gguf *file, mn_error *error) {
    mn_string model;
    if (!mn_gguf_string(file, "tokenizer.ggml.model", &model))
        return mn_fail(error, MN_BAD_FILE, "tokenizer.ggml.model is missing or not a string");
    v->kind = MN_SENTENCEPIECE;
    if (equals(model, "llama")) return MN_OK;
    if (!equals(model, "gpt2"))
        return mn_fail(error, MN_BAD_FILE,
                       "tokenizer.ggml.model is '%.*s', only 'gpt2' and 'llama' are known",
                       (int)(model.length < 60 ? model.length : 60), model.data);
    v->kind = MN_BYTE_LEVEL;
    if (!mn_gguf_string(file, "tokenizer.ggml.pre", &v->pre))
        return mn_fail(error, MN_BAD_FILE,
                       "tokenizer.ggml.pre is missing: how to cut text into words is unknown");
    return MN_OK;
}

static mn_status read_all(mn_vocabulary *v, const mn_gguf *file, mn_error *error) {
    const mn_gguf_entry *tokens, *merges;
    mn_status status = read_kind(v, file, error);
    if (!status) status = find_strings(&tokens, file, "tokenizer.ggml.tokens", error);
    if (status) return status;
    if (!tokens->n) return mn_fail(error, MN_BAD_FILE, "tokenizer.ggml.tokens is empty");
    v->n_pieces = (uint32_t)tokens->n;
    v->pieces = tokens->strings;
    if (v->kind == MN_BYTE_LEVEL) {
        status = find_strings(&merges, file, "tokenizer.ggml.merges", error);
        if (status) return status;
        v->n_merges = (uint32_t)merges->n;
        v->merges = merges->strings;
    }
    if (!status) status = read_scores(v, file, error);
    if (!status) status = read_types(v, file, error);
    if (!status) status = read_ids(v, file, error);
    v->specials_strip_right = v->kind == MN_SENTENCEPIECE && is_phi3(file);
    return status;
}

mn_status mn_vocabulary_read(mn_vocabulary *out, const mn_gguf *file, mn_error *error) {
    *out = (mn_vocabulary){ .bos = -1 };
    mn_status status = read_all(out, file, error);
    if (status) mn_vocabulary_free(out);
    return status;
}

void mn_vocabulary_free(mn_vocabulary *vocabulary) {
    mn_free(vocabulary->scores);
    mn_free(vocabulary->types);
    *vocabulary = (mn_vocabulary){ 0 };
}
