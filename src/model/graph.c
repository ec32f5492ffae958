/* SPDX-License-Identifier: Apache-2.0 */
/* graph.c - builds the list of operations for the families. */
#include "model/graph.h"

#include "base/error.h"
#include "base/memory.h"
#include "kernels/vector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void mn_graph_close(mn_graph *graph)
{
    for (size_t i = 0; i < graph->n_vectors; i++) mn_free_aligned(graph->vectors[i]);
    for (uint32_t i = 0; i < graph->n_ropes; i++) mn_free(graph->ropes[i].frequency);
    mn_free(graph->vectors);
    mn_free(graph->ops);
    *graph = (mn_graph){ 0 };
}

static void fail_memory(mn_builder *b, size_t size_bytes, const char *what)
{
    b->status = mn_fail_memory(b->error, size_bytes, what);
}

mn_op *mn_build_op(mn_builder *b, mn_op op)
{
    mn_graph *g = b->graph;
    static mn_op ignored; /* written to after a failure, never read */
    if (b->status) return &ignored;
    void *ops = g->ops;
    if (!mn_grow(&ops, &g->ops_capacity, g->n_ops + 1, sizeof *g->ops)) {
        fail_memory(b, (g->n_ops + 1) * sizeof *g->ops, "the operation list");
        return &ignored;
    }
    g->ops = ops;
    g->ops[g->n_ops] = op;
    return &g->ops[g->n_ops++];
}

static void tensor_name(char out[96], const char *format, uint32_t layer)
{
    const char *percent = strstr(format, "%u");
    if (percent)
        snprintf(out, 96, "%.*s%u%s", (int)(percent - format), format, layer, percent + 2);
    else
        snprintf(out, 96, "%s", format);
}

bool mn_build_has(const mn_builder *b, const char *name, uint32_t layer)
{
    char full[96];
    tensor_name(full, name, layer);
    return mn_gguf_tensor(b->file, full) != NULL;
}

/* Finds a tensor of shape [n, n_out]; NULL with a message if it is missing or has another shape. */
static const mn_tensor *find(mn_builder *b, const char *name, uint32_t n, uint32_t n_out)
{
    const mn_tensor *t = mn_gguf_tensor(b->file, name);
    if (!t) {
        b->status = mn_fail(b->error, MN_BAD_FILE, "the model file has no tensor '%s'", name);
        return NULL;
    }
    if (t->shape[0] != n || mn_tensor_rows(t) != n_out) {
        b->status = mn_fail(
            b->error, MN_BAD_FILE, "tensor '%s' has shape [%llu, %llu], expected [%u, %u]", name,
            (unsigned long long)t->shape[0], (unsigned long long)mn_tensor_rows(t), n, n_out);
        return NULL;
    }
    return t;
}

/* A one-dimensional tensor as floats that live as long as the graph; NULL after a failure. */
static const float *vector(mn_builder *b, const char *name, uint32_t n)
{
    mn_graph *g = b->graph;
    const mn_tensor *t = b->status ? NULL : find(b, name, n, 1);
    if (!t) return NULL;
    void *vectors = g->vectors;
    float *values = mn_alloc_aligned((size_t)n * sizeof *values);
    if (!values || !mn_grow(&vectors, &g->vectors_capacity, g->n_vectors + 1, sizeof *g->vectors)) {
        mn_free_aligned(values);
        fail_memory(b, (size_t)n * sizeof *values, name);
        return NULL;
    }
    g->vectors = vectors;
    g->vectors[g->n_vectors++] = values;
    t->format->decode(values, t->data, n);
    return values;
}

void mn_build_embed(mn_builder *b, float factor)
{
    const mn_tensor *t =
        b->status ? NULL : find(b, "token_embd.weight", b->config->dim, b->config->n_vocab);
    mn_build_op(b, (mn_op){ .kind = MN_OP_EMBED,
                            .out = MN_REG_X,
                            .weight = t,
                            .n_out = b->config->dim,
                            .number = factor });
}

void mn_build_norm(mn_builder *b, mn_register out, mn_register in, const char *name, uint32_t layer,
                   uint32_t n, uint32_t n_parts)
{
    char full[96];
    tensor_name(full, name, layer);
    mn_build_op(b, (mn_op){ .kind = MN_OP_RMS_NORM,
                            .out = out,
                            .in = in,
                            .layer = layer,
                            .n = n,
                            .n_parts = n_parts,
                            .values = vector(b, full, n),
                            .number = b->config->norm_epsilon });
}

void mn_build_linear(mn_builder *b, mn_register out, mn_register in, const char *name,
                     uint32_t layer, uint32_t n, uint32_t n_out)
{
    char stem[80], full[96];
    tensor_name(full, name, layer);
    snprintf(stem, sizeof stem, "%.70s", full);
    snprintf(full, sizeof full, "%s.weight", stem);
    const mn_tensor *weight = b->status ? NULL : find(b, full, n, n_out);
    snprintf(full, sizeof full, "%s.bias", stem);
    const float *bias = mn_gguf_tensor(b->file, full) ? vector(b, full, n_out) : NULL;
    mn_build_op(b, (mn_op){ .kind = MN_OP_LINEAR,
                            .out = out,
                            .in = in,
                            .layer = layer,
                            .weight = weight,
                            .values = bias,
                            .n = n,
                            .n_parts = 1,
                            .n_out = n_out });
}

uint32_t mn_build_rope_table(mn_builder *b, bool adjacent, double base, double scale,
                             const char *factors_name)
{
    mn_graph *g = b->graph;
    uint32_t n_rotated = b->config->n_rotated, n = n_rotated / 2;
    if (b->status) return 0;
    const float *factors =
        factors_name && mn_gguf_tensor(b->file, factors_name) ? vector(b, factors_name, n) : NULL;
    float *frequency = mn_alloc_array(n, sizeof *frequency);
    if (!frequency) fail_memory(b, n * sizeof *frequency, "the rotary table");
    if (b->status) {
        mn_free(frequency);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        frequency[i] = 1.0f / (float)mn_pow(base, 2.0 * i / n_rotated) / (float)scale;
        if (!factors) continue;
        if (!(factors[i] > 0))
            b->status = mn_fail(b->error, MN_BAD_FILE, "'%s' holds %g, expected numbers above 0",
                                factors_name, (double)factors[i]);
        frequency[i] /= factors[i];
    }
    g->ropes[g->n_ropes] = (mn_rope){ adjacent, n_rotated, frequency };
    return g->n_ropes++;
}

void mn_build_rope(mn_builder *b, mn_register out, uint32_t n_heads, uint32_t rope)
{
    mn_build_op(b, (mn_op){ .kind = MN_OP_ROPE,
                            .out = out,
                            .in = out,
                            .n = b->config->head_dim,
                            .n_parts = n_heads,
                            .rope = rope });
}

void mn_build_attention(mn_builder *b, uint32_t layer, float scale, uint32_t window, float soft_cap)
{
    const mn_config *c = b->config;
    mn_build_op(b, (mn_op){ .kind = MN_OP_STORE_KV,
                            .in = MN_REG_K,
                            .in2 = MN_REG_V,
                            .layer = layer,
                            .n = c->head_dim,
                            .n_parts = c->n_kv_heads });
    mn_build_op(b, (mn_op){ .kind = MN_OP_ATTENTION,
                            .out = MN_REG_MIXED,
                            .in = MN_REG_Q,
                            .layer = layer,
                            .n = c->head_dim,
                            .n_parts = c->n_heads,
                            .number = scale,
                            .window = window,
                            .soft_cap = soft_cap });
}

void mn_build_gated_ffn(mn_builder *b, uint32_t layer, mn_op_kind activation)
{
    const mn_config *c = b->config;
    mn_build_linear(b, MN_REG_GATE, MN_REG_NORMED, "blk.%u.ffn_gate", layer, c->dim, c->ffn_dim);
    mn_build_linear(b, MN_REG_UP, MN_REG_NORMED, "blk.%u.ffn_up", layer, c->dim, c->ffn_dim);
    mn_build_op(b, (mn_op){ .kind = activation,
                            .out = MN_REG_GATE,
                            .in = MN_REG_GATE,
                            .in2 = MN_REG_UP,
                            .layer = layer,
                            .n = c->ffn_dim,
                            .n_parts = 1 });
    mn_build_linear(b, MN_REG_BRANCH, MN_REG_GATE, "blk.%u.ffn_down", layer, c->ffn_dim, c->dim);
}

void mn_build_add(mn_builder *b, mn_register out, mn_register in)
{
    mn_build_op(
        b, (mn_op){ .kind = MN_OP_ADD, .out = out, .in = in, .n = b->config->dim, .n_parts = 1 });
}

void mn_build_output(mn_builder *b)
{
    const mn_config *c = b->config;
    mn_build_norm(b, MN_REG_NORMED, MN_REG_X, "output_norm.weight", 0, c->dim, 1);
    const char *name =
        mn_gguf_tensor(b->file, "output.weight") ? "output.weight" : "token_embd.weight";
    const mn_tensor *weight = b->status ? NULL : find(b, name, c->dim, c->n_vocab);
    mn_build_op(b, (mn_op){ .kind = MN_OP_OUTPUT,
                            .out = MN_REG_LOGITS,
                            .in = MN_REG_NORMED,
                            .weight = weight,
                            .n = c->dim,
                            .n_parts = 1,
                            .n_out = c->n_vocab,
                            .soft_cap = c->final_soft_cap });
}
