/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the numbers that shape a model, read from its file and checked. */
#ifndef MN_MODEL_CONFIG_H
#define MN_MODEL_CONFIG_H

#include "file/gguf.h"

#include <minnow/status.h>

#define MN_MAX_LAYERS 1024

typedef struct mn_config {
    char architecture[32];
    uint32_t n_layers, n_heads, n_kv_heads, head_dim, dim, ffn_dim, n_vocab, n_context;
    uint32_t n_rotated; /* rope.dimension_count: numbers of a head that turn */
    float norm_epsilon;
    double rope_base;         /* rope.freq_base */
    double rope_scale;        /* linear position scaling: positions are divided by it; 1 is none */
    uint32_t window;          /* attention.sliding_window; 0: none */
    float final_soft_cap;     /* final_logit_softcapping; 0: none */
    float attention_soft_cap; /* attn_logit_softcapping; 0: none */
} mn_config;

/* Reads ARCH.* keys that all families share. `n_vocab` comes from the token list or the embedding.
 */
mn_status mn_config_read(mn_config *out, const mn_gguf *file, mn_error *error);

/* Reads an optional or required key "ARCH.name"; range-checked. */
mn_status mn_config_u32(uint32_t *out, const mn_gguf *file, const mn_config *config,
                        const char *name, bool required, uint32_t low, uint32_t high,
                        mn_error *error);
mn_status mn_config_real(double *out, const mn_gguf *file, const mn_config *config,
                         const char *name, double low, double high, mn_error *error);

#endif
