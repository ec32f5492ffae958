/* SPDX-License-Identifier: Apache-2.0 */
/* gemma3.c - Gemma 3 (text): norms before and after each block, norms on q and k, and five layers
 * with a window for each one that sees the whole past.
 *
 * The file does not say which layers have a window, nor (usually) their own rotary base: every
 * sixth layer is global, and local layers turn with base 10,000 unscaled. Norm weights in GGUF hold
 * the +1. */
#include "model/arch/arch.h"

#include <math.h>

typedef struct plan {
    uint32_t local_rope, global_rope, pattern;
    float scale;
} plan;

static void layer(mn_builder *b, uint32_t i, const plan *p)
{
    const mn_config *c = b->config;
    uint32_t q_width = c->n_heads * c->head_dim, kv_width = c->n_kv_heads * c->head_dim;
    bool global = !c->window || (i + 1) % p->pattern == 0;
    uint32_t rope = global ? p->global_rope : p->local_rope;
    mn_build_norm(b, MN_REG_NORMED, MN_REG_X, "blk.%u.attn_norm.weight", i, c->dim, 1);
    mn_build_linear(b, MN_REG_Q, MN_REG_NORMED, "blk.%u.attn_q", i, c->dim, q_width);
    mn_build_linear(b, MN_REG_K, MN_REG_NORMED, "blk.%u.attn_k", i, c->dim, kv_width);
    mn_build_linear(b, MN_REG_V, MN_REG_NORMED, "blk.%u.attn_v", i, c->dim, kv_width);
    mn_build_norm(b, MN_REG_Q, MN_REG_Q, "blk.%u.attn_q_norm.weight", i, c->head_dim, c->n_heads);
    mn_build_norm(b, MN_REG_K, MN_REG_K, "blk.%u.attn_k_norm.weight", i, c->head_dim,
                  c->n_kv_heads);
    mn_build_rope(b, MN_REG_Q, c->n_heads, rope);
    mn_build_rope(b, MN_REG_K, c->n_kv_heads, rope);
    mn_build_attention(b, i, p->scale, global ? 0 : c->window, c->attention_soft_cap);
    mn_build_linear(b, MN_REG_BRANCH, MN_REG_MIXED, "blk.%u.attn_output", i, q_width, c->dim);
    mn_build_norm(b, MN_REG_BRANCH, MN_REG_BRANCH, "blk.%u.post_attention_norm.weight", i, c->dim,
                  1);
    mn_build_add(b, MN_REG_X, MN_REG_BRANCH);
    mn_build_norm(b, MN_REG_NORMED, MN_REG_X, "blk.%u.ffn_norm.weight", i, c->dim, 1);
    mn_build_gated_ffn(b, i, MN_OP_GELU_MULTIPLY);
    mn_build_norm(b, MN_REG_BRANCH, MN_REG_BRANCH, "blk.%u.post_ffw_norm.weight", i, c->dim, 1);
    mn_build_add(b, MN_REG_X, MN_REG_BRANCH);
}

void mn_build_gemma3(mn_builder *b)
{
    const mn_config *c = b->config;
    plan p = { .pattern = 6 };
    double local_base = 10000;
    if (!b->status)
        b->status = mn_config_u32(&p.pattern, b->file, c, "attention.sliding_window_pattern", false,
                                  1, MN_MAX_LAYERS, b->error);
    if (!b->status)
        b->status =
            mn_config_real(&local_base, b->file, c, "rope.freq_base_swa", 1, 1e12, b->error);
    p.global_rope = mn_build_rope_table(b, false, c->rope_base, c->rope_scale, NULL);
    p.local_rope = mn_build_rope_table(b, false, local_base, 1, NULL);
    /* query_pre_attn_scalar is head_dim in all sizes but 27B (62 layers), where it is dim /
     * n_heads. */
    p.scale = 1.0f / sqrtf((float)(c->n_layers == 62 ? c->dim / c->n_heads : c->head_dim));
    mn_build_embed(b, sqrtf((float)c->dim));
    for (uint32_t i = 0; i < c->n_layers; i++) layer(b, i, &p);
    mn_build_output(b);
}
