/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h - a model as a flat list of operations.
 *
 * A family turns its configuration and tensors into this list; everything that
 * computes with or reasons about a model walks it in order. An operation reads
 * and writes registers: rows of numbers, one row for each token. */
#ifndef MN_MODEL_GRAPH_H
#define MN_MODEL_GRAPH_H

#include "file/gguf.h"
#include "model/config.h"

typedef enum mn_register {
    MN_REG_NONE,
    MN_REG_X,      /* the residual stream [dim] */
    MN_REG_NORMED, /* [dim] */
    MN_REG_Q,      /* [n_heads, head_dim] */
    MN_REG_K,      /* [n_kv_heads, head_dim] */
    MN_REG_V,      /* [n_kv_heads, head_dim] */
    MN_REG_MIXED,  /* what attention gives [n_heads, head_dim] */
    MN_REG_GATE,   /* [ffn_dim] */
    MN_REG_UP,     /* [ffn_dim] */
    MN_REG_BRANCH, /* what a block adds to the stream [dim] */
    MN_REG_LOGITS, /* [n_vocab], only for tokens whose logits are asked for */
    MN_REG_COUNT,
} mn_register;

typedef enum mn_op_kind {
    MN_OP_EMBED,    /* out = row `token` of weight * number */
    MN_OP_RMS_NORM, /* out = rms_norm(in) * values, for each of n_parts parts of n numbers (number =
                       epsilon) */
    MN_OP_LINEAR,   /* out = weight in (+ values) */
    MN_OP_ROPE,     /* turns n_parts heads of n numbers of `out` by the token's position (rope) */
    MN_OP_STORE_KV, /* keys and values of the token go to the memory of `layer` */
    MN_OP_ATTENTION, /* out = attention(in, memory of layer): scale = number, window, soft_cap */
    MN_OP_SILU_MULTIPLY, /* out = silu(in) * in2 */
    MN_OP_GELU_MULTIPLY, /* out = gelu(in) * in2, tanh form */
    MN_OP_ADD,           /* out += in */
    MN_OP_OUTPUT,        /* LINEAR for asked tokens only; soft_cap */
} mn_op_kind;

typedef struct mn_op {
    mn_op_kind kind;
    mn_register out, in, in2;
    uint32_t layer;
    const mn_tensor *weight; /* matrix [n, n_out] */
    const float *values;     /* norm weights or bias; NULL: none */
    uint32_t n;              /* numbers of a part of the input */
    uint32_t n_parts;
    uint32_t n_out;
    uint32_t rope;   /* index into mn_graph.ropes */
    uint32_t window; /* 0: the whole past; else the token and window - 1 before it */
    float number, soft_cap;
} mn_op;

/* How heads turn: the angle of pair i at position p is p * frequency[i], rounded to float as in the
 * implementations that models are trained with. */
typedef struct mn_rope {
    bool adjacent; /* pairs (2i, 2i+1), else (i, i + n_rotated/2) */
    uint32_t n_rotated;
    float *frequency; /* [n_rotated / 2], owned by the graph */
} mn_rope;

typedef struct mn_graph {
    mn_op *ops;
    size_t n_ops, ops_capacity;
    mn_rope ropes[4];
    uint32_t n_ropes;
    float **vectors; /* one-dimensional tensors as floats, owned */
    size_t n_vectors, vectors_capacity;
    uint32_t width[MN_REG_COUNT]; /* numbers in a row of each register */
} mn_graph;

void mn_graph_close(mn_graph *graph);

/* --- for families: a builder that remembers its first failure --- */
typedef struct mn_builder {
    const mn_gguf *file;
    const mn_config *config;
    mn_graph *graph;
    mn_status status; /* once not MN_OK, everything below does nothing */
    mn_error *error;
} mn_builder;

/* Tensor names are printf formats with at most one %u for the layer. A missing or misshaped tensor
 * fails with both shapes; `optional` ones may be missing. */
mn_op *mn_build_op(mn_builder *b, mn_op op);
bool mn_build_has(const mn_builder *b, const char *name, uint32_t layer);
void mn_build_embed(mn_builder *b, float factor);
void mn_build_norm(mn_builder *b, mn_register out, mn_register in, const char *name, uint32_t layer,
                   uint32_t n, uint32_t n_parts);
/* The bias "NAME.bias" beside "NAME.weight" is used if it is there; `name` is without the ending.
 */
void mn_build_linear(mn_builder *b, mn_register out, mn_register in, const char *name,
                     uint32_t layer, uint32_t n, uint32_t n_out);
/* Frequencies base^(-2i/n_rotated) / scale / factors[i]; `factors_name` is an optional tensor or
 * NULL. Returns the index for mn_build_rope. */
uint32_t mn_build_rope_table(mn_builder *b, bool adjacent, double base, double scale,
                             const char *factors_name);
void mn_build_rope(mn_builder *b, mn_register out, uint32_t n_heads, uint32_t rope);
/* Stores keys and values, then attends. */
void mn_build_attention(mn_builder *b, uint32_t layer, float scale, uint32_t window,
                        float soft_cap);
/* NORMED -> BRANCH through gate, up and down. */
void mn_build_gated_ffn(mn_builder *b, uint32_t layer, mn_op_kind activation);
void mn_build_add(mn_builder *b, mn_register out, mn_register in);
/* Final norm and the output matrix; the embedding serves when there is no output.weight. */
void mn_build_output(mn_builder *b);

/* --- families: one file and one row each --- */
typedef struct mn_family {
    const char *name; /* general.architecture */
    void (*build)(mn_builder *b);
} mn_family;

const mn_family *mn_family_at(size_t index); /* NULL after the last */
const mn_family *mn_family_find(const char *name);

#endif
