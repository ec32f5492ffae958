/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - an opened model file: weights, tokenizer, chat template. Read-only, shared by any
 * threads. */
#ifndef MINNOW_MODEL_H
#define MINNOW_MODEL_H

#include <minnow/options.h>
#include <minnow/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_model mn_model;

/* Maps the GGUF file at `path` (any part of a split model) and checks everything in it. Options of
 * scope MODEL; NULL means defaults. Errors: MN_IO, MN_BAD_FILE, MN_NO_MEMORY, MN_NO_FIT. */
MN_API mn_status mn_model_open(mn_model **out, const char *path, const mn_options *options,
                               mn_error *error);
/* Close it after every engine that uses it. NULL is fine. */
MN_API void mn_model_close(mn_model *model);

typedef struct mn_model_info {
    const char *name;         /* general.name, or the file's name */
    const char *architecture; /* "llama" */
    const char *type_name;    /* what most weights are stored as: "q4_1" */
    uint64_t n_parameters, file_bytes;
    uint32_t n_vocab, n_context_trained, n_layers, n_heads, n_kv_heads, dim, ffn_dim;
    bool has_chat_template;
} mn_model_info;
/* Strings live as long as the model. */
MN_API void mn_model_info_get(const mn_model *model, mn_model_info *out);

/* The ids of `text`, as the model's own tokenizer gives them. `as_template`: control tokens written
 * in the text become control tokens; otherwise they stay plain text. `add_bos`: as the model asks
 * for it. *ids is given back with mn_free_ids. */
MN_API mn_status mn_model_tokenize(const mn_model *model, const char *text, size_t length,
                                   bool as_template, bool add_bos, int32_t **ids, size_t *n_ids,
                                   mn_error *error);
MN_API void mn_free_ids(int32_t *ids);
/* Bytes of one token (not '\0'-terminated); lives as long as the model. */
MN_API const char *mn_model_token_bytes(const mn_model *model, int32_t id, size_t *length);
MN_API bool mn_model_ends_generation(const mn_model *model, int32_t id);

#ifdef __cplusplus
}
#endif
#endif
