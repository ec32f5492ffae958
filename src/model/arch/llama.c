/* SPDX-License-Identifier: Apache-2.0 */
/* llama.c - Llama and its many relatives (SmolLM2, TinyLlama, ...).
 *
 * GGUF stores q and k of this family permuted, so that adjacent numbers turn
 * together. Llama 3's frequency scaling comes as the tensor rope_freqs. */
#include "model/arch/arch.h"

#include <math.h>

static void layer(mn_builder *b, uint32_t i, uint32_t rope)
{
    const mn_config *c = b->config;
    uint32_t q_width = c->n_heads * c->head_dim, kv_width = c->n_kv_heads * c->head_dim;
    mn_build_norm(b, MN_REG_NORMED, MN_REG_X, "blk.%u.attn_norm.weight", i, c->dim, 1);
    mn_build_linear(b, MN_REG_Q, MN_REG_NORMED, "blk.%u.attn_q", i, c->dim, q_width);
    mn_build_linear(b, MN_REG_K, MN_REG_NORMED, "blk.%u.attn_k", i, c->dim, kv_width);
    mn_build_linear(b, MN_REG_V, MN_REG_NORMED, "blk.%u.attn_v", i, c->dim, kv_width);
    mn_build_rope(b, MN_REG_Q, c->n_heads, rope);
    mn_build_rope(b, MN_REG_K, c->n_kv_heads, rope);
    mn_build_attention(b, i, 1.0f / sqrtf((float)c->head_dim), c->window, 0);
    mn_build_linear(b, MN_REG_BRANCH, MN_REG_MIXED, "blk.%u.attn_output", i, q_width, c->dim);
    mn_build_add(b, MN_REG_X, MN_REG_BRANCH);
    mn_build_norm(b, MN_REG_NORMED, MN_REG_X, "blk.%u.ffn_norm.weight", i, c->dim, 1);
    mn_build_gated_ffn(b, i, MN_OP_SILU_MULTIPLY);
    mn_build_add(b, MN_REG_X, MN_REG_BRANCH);
}

void mn_build_llama(mn_builder *b)
{
    uint32_t rope = mn_build_rope_table(b, true, b->config->rope_base, b->config->rope_scale,
                                        "rope_freqs.weight");
    mn_build_embed(b, 1);
    for (uint32_t i = 0; i < b->config->n_layers; i++) layer(b, i, rope);
    mn_build_output(b);
}
