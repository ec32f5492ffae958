/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - the numbers that shape a model, read from its file and checked. */
#include "model/config.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void full_key(char key[128], const mn_config *config, const char *name)
{
    snprintf(key, 128, "%s.%s", config->architecture, name);
}

mn_status mn_config_u32(uint32_t *out, const mn_gguf *file, const mn_config *config,
                        const char *name, bool required, uint32_t low, uint32_t high,
                        mn_error *error)
{
    char key[128];
    full_key(key, config, name);
    const mn_gguf_entry *entry = mn_gguf_find(file, key);
    uint64_t value;
    if (!entry && !required) return MN_OK;
    if (!entry) return mn_fail(error, MN_BAD_FILE, "the model file has no '%s'", key);
    if (entry->type == MN_GGUF_ARRAY)
        return mn_fail(error, MN_BAD_FILE,
                       "'%s' differs from layer to layer, which this family does not support", key);
    if (!mn_gguf_u64(file, key, &value))
        return mn_fail(error, MN_BAD_FILE, "'%s' is not a whole number", key);
    if (value < low || value > high)
        return mn_fail(error, MN_BAD_FILE, "'%s' is %llu, expected %u to %u", key,
                       (unsigned long long)value, low, high);
    *out = (uint32_t)value;
    return MN_OK;
}

mn_status mn_config_real(double *out, const mn_gguf *file, const mn_config *config,
                         const char *name, double low, double high, mn_error *error)
{
    char key[128];
    double value;
    full_key(key, config, name);
    if (!mn_gguf_find(file, key)) return MN_OK;
    if (!mn_gguf_f64(file, key, &value))
        return mn_fail(error, MN_BAD_FILE, "'%s' is not a number", key);
    if (!(value >= low && value <= high))
        return mn_fail(error, MN_BAD_FILE, "'%s' is %g, expected %g to %g", key, value, low, high);
    *out = value;
    return MN_OK;
}

/* The tokenizer's list decides; a file without one is measured by its embedding. */
static mn_status read_vocabulary_size(mn_config *c, const mn_gguf *file, mn_error *error)
{
    const mn_gguf_entry *tokens = mn_gguf_find(file, "tokenizer.ggml.tokens");
    const mn_tensor *embedding = mn_gguf_tensor(file, "token_embd.weight");
    uint64_t n = embedding ? embedding->shape[1] : 0;
    if (!embedding)
        return mn_fail(error, MN_BAD_FILE, "the model file has no tensor 'token_embd.weight'");
    if (!n || n > 1u << 24)
        return mn_fail(error, MN_BAD_FILE, "a vocabulary of %llu tokens is out of range",
                       (unsigned long long)n);
    if (tokens && tokens->type == MN_GGUF_ARRAY && tokens->n > n)
        return mn_fail(error, MN_BAD_FILE,
                       "the tokenizer has %llu tokens but the embedding only %llu rows",
                       (unsigned long long)tokens->n, (unsigned long long)n);
    c->n_vocab = (uint32_t)n;
    return MN_OK;
}

static mn_status read_shape(mn_config *c, const mn_gguf *file, mn_error *error)
{
    mn_status s =
        mn_config_u32(&c->n_layers, file, c, "block_count", true, 1, MN_MAX_LAYERS, error);
    if (!s) s = mn_config_u32(&c->n_context, file, c, "context_length", true, 1, 1u << 28, error);
    if (!s) s = mn_config_u32(&c->dim, file, c, "embedding_length", true, 1, 1u << 20, error);
    if (!s)
        s = mn_config_u32(&c->ffn_dim, file, c, "feed_forward_length", true, 1, 1u << 22, error);
    if (!s)
        s = mn_config_u32(&c->n_heads, file, c, "attention.head_count", true, 1, 1u << 12, error);
    c->n_kv_heads = c->n_heads;
    if (!s)
        s = mn_config_u32(&c->n_kv_heads, file, c, "attention.head_count_kv", false, 1, 1u << 12,
                          error);
    if (s) return s;
    if (c->n_heads % c->n_kv_heads)
        return mn_fail(error, MN_BAD_FILE, "%u attention heads cannot share %u key/value heads",
                       c->n_heads, c->n_kv_heads);
    c->head_dim = c->dim / c->n_heads;
    uint32_t value_length = 0;
    s = mn_config_u32(&c->head_dim, file, c, "attention.key_length", false, 4, 512, error);
    value_length = c->head_dim;
    if (!s)
        s = mn_config_u32(&value_length, file, c, "attention.value_length", false, 4, 512, error);
    if (s) return s;
    if (c->head_dim < 4 || c->head_dim > 512 || c->head_dim % 4 || value_length != c->head_dim)
        return mn_fail(error, MN_BAD_FILE,
                       "heads of %u (keys) and %u (values) numbers are not supported: "
                       "expected equal multiples of 4 up to 512",
                       c->head_dim, value_length);
    return MN_OK;
}

static mn_status read_rope(mn_config *c, const mn_gguf *file, mn_error *error)
{
    c->n_rotated = c->head_dim;
    c->rope_base = 10000;
    c->rope_scale = 1;
    mn_status s =
        mn_config_u32(&c->n_rotated, file, c, "rope.dimension_count", false, 2, c->head_dim, error);
    if (!s && c->n_rotated % 2)
        s = mn_fail(error, MN_BAD_FILE, "rope.dimension_count is odd (%u)", c->n_rotated);
    if (!s) s = mn_config_real(&c->rope_base, file, c, "rope.freq_base", 1, 1e12, error);
    char key[128];
    mn_string type;
    full_key(key, c, "rope.scaling.type");
    if (s || !mn_gguf_string(file, key, &type)) {
        /* older files give a linear factor alone */
        if (!s) s = mn_config_real(&c->rope_scale, file, c, "rope.scale_linear", 1e-3, 1e6, error);
        return s;
    }
    if (type.length == 4 && !memcmp(type.data, "none", 4)) return MN_OK;
    if (type.length == 6 && !memcmp(type.data, "linear", 6))
        return mn_config_real(&c->rope_scale, file, c, "rope.scaling.factor", 1e-3, 1e6, error);
    return mn_fail(error, MN_BAD_FILE, "'%s' is '%.*s'; supported: none, linear", key,
                   (int)(type.length < 40 ? type.length : 40), type.data);
}

static mn_status read_rest(mn_config *c, const mn_gguf *file, mn_error *error)
{
    double epsilon = 1e-5, final_cap = 0, attention_cap = 0;
    uint32_t n_experts = 0;
    mn_status s =
        mn_config_real(&epsilon, file, c, "attention.layer_norm_rms_epsilon", 0, 1, error);
    if (!s) s = mn_config_real(&final_cap, file, c, "final_logit_softcapping", 0, 1e6, error);
    if (!s) s = mn_config_real(&attention_cap, file, c, "attn_logit_softcapping", 0, 1e6, error);
    if (!s)
        s = mn_config_u32(&c->window, file, c, "attention.sliding_window", false, 0, 1u << 28,
                          error);
    if (!s) s = mn_config_u32(&n_experts, file, c, "expert_count", false, 0, 1u << 16, error);
    if (!s && n_experts)
        return mn_fail(error, MN_BAD_FILE,
                       "mixtures of experts (%u experts here) are not supported", n_experts);
    c->norm_epsilon = (float)epsilon;
    c->final_soft_cap = (float)final_cap;
    c->attention_soft_cap = (float)attention_cap;
    return s;
}

mn_status mn_config_read(mn_config *out, const mn_gguf *file, mn_error *error)
{
    mn_string architecture;
    *out = (mn_config){ 0 };
    if (!mn_gguf_string(file, "general.architecture", &architecture))
        return mn_fail(error, MN_BAD_FILE, "the model file has no 'general.architecture'");
    if (!architecture.length || architecture.length >= sizeof out->architecture)
        return mn_fail(error, MN_BAD_FILE, "'general.architecture' has %llu bytes",
                       (unsigned long long)architecture.length);
    memcpy(out->architecture, architecture.data, architecture.length);
    mn_status s = read_shape(out, file, error);
    if (!s) s = read_vocabulary_size(out, file, error);
    if (!s) s = read_rope(out, file, error);
    if (!s) s = read_rest(out, file, error);
    return s;
}
