/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - walks a model's list of operations on the CPU for a batch of tokens. */
#include "run/runner.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/reserve.h"
#include "kernels/attention.h"
#include "kernels/vector.h"

#include <string.h>

#define MAX_TILE 64 /* prompt tokens whose queries go through the keys together */

typedef enum step_kind { STEP_TOKENS, STEP_LINEAR, STEP_ATTENTION, STEP_OUTPUT } step_kind;

/* Operations [begin, end) of the list, done between two meetings of the threads. */
typedef struct step {
    step_kind kind;
    uint32_t begin, end;
    mn_register prepare;    /* STEP_TOKENS: at the end, set the activations of this register ... */
    unsigned prepare_types; /* ... in these types (bits of 1 << mn_activation_type) */
} step;

/* Queries of neighbouring tokens of one sequence and one role. */
typedef struct tile {
    uint32_t token, n_tokens;
} tile;

struct mn_runner {
    const mn_model *model;
    const mn_graph *graph;
    const mn_pages *pages;
    mn_pool *pool;
    mn_runner_settings settings;
    const mn_vector_ops *vector;
    const mn_attention_ops *attention;
    step *steps; /* [n_steps] */
    size_t n_steps, steps_capacity;
    mn_linear *linears;                    /* [n_ops], for operations with a weight */
    float *rows[MN_REG_COUNT];             /* [max_tokens, width] */
    mn_activations prepared[MN_REG_COUNT]; /* of the registers that matrices read */
    mn_activations output_activations;     /* [max_logits] */
    float *cosine[4], *sine[4];            /* [max_tokens, n_rotated / 2] */
    uint8_t *scratch;                      /* [n_threads, scratch_bytes] */
    size_t scratch_bytes;
    tile *tiles; /* [max_tokens] */
    uint32_t n_tiles;
    uint8_t *memory; /* everything above that is an array of numbers */
    size_t memory_bytes;
    mn_batch batch; /* the last one; its tokens stay the caller's */
    const uint32_t *wanted;
    uint32_t n_wanted, n_wanted_prompt;
};

/* --- cutting the list into steps --- */

static step *add_step(mn_runner *r, step_kind kind, uint32_t op)
{
    void *steps = r->steps;
    if (!mn_grow(&steps, &r->steps_capacity, r->n_steps + 1, sizeof *r->steps)) return NULL;
    r->steps = steps;
    r->steps[r->n_steps] = (step){ .kind = kind, .begin = op, .end = op };
    return &r->steps[r->n_steps++];
}

static step *last_step(mn_runner *r, step_kind kind)
{
    return r->n_steps && r->steps[r->n_steps - 1].kind == kind ? &r->steps[r->n_steps - 1] : NULL;
}

/* The step that sets the activations of `reg`; they are known to be still those of the register. */
static step *preparing_step(mn_runner *r, mn_register reg)
{
    size_t i = r->n_steps;
    while (r->steps[--i].prepare != reg) continue;
    return &r->steps[i];
}

/* Makes sure that the activations of `in` are set, in the type wanted, before operation `op` reads
 * them. */
static bool prepare(mn_runner *r, unsigned fresh[MN_REG_COUNT], const mn_op *o, uint32_t op)
{
    unsigned type = 1u << r->linears[op].activation;
    if (fresh[o->in] & type) return true;
    step *s = fresh[o->in] ? preparing_step(r, o->in) : last_step(r, STEP_TOKENS);
    if (!s) s = add_step(r, STEP_TOKENS, op);
    if (!s) return false;
    s->prepare = o->in;
    s->prepare_types |= type;
    fresh[o->in] |= type;
    return true;
}

static bool is_activation(const mn_op *o)
{
    return o->kind == MN_OP_SILU_MULTIPLY || o->kind == MN_OP_GELU_MULTIPLY;
}

/* A matrix joins the step before it if that one reads the same register and does not write it. */
static bool joins(const mn_runner *r, const step *s, const mn_op *o)
{
    if (!s) return false;
    const mn_op *first = &r->graph->ops[s->begin], *last = &r->graph->ops[s->end - 1];
    return first->in == o->in && !is_activation(last);
}

static bool cut_linear(mn_runner *r, unsigned fresh[MN_REG_COUNT], uint32_t op)
{
    const mn_op *o = &r->graph->ops[op];
    step *s = last_step(r, STEP_LINEAR);
    if (!prepare(r, fresh, o, op)) return false;
    s = joins(r, last_step(r, STEP_LINEAR), o) ? s : add_step(r, STEP_LINEAR, op);
    if (!s) return false;
    s->end = op + 1;
    fresh[o->out] = 0;
    return true;
}

static bool cut(mn_runner *r)
{
    unsigned fresh[MN_REG_COUNT] = { 0 }; /* types in which a register's activations are set */
    for (uint32_t i = 0; i < r->graph->n_ops; i++) {
        const mn_op *o = &r->graph->ops[i];
        step *s;
        if (o->kind == MN_OP_LINEAR) {
            if (!cut_linear(r, fresh, i)) return false;
            continue;
        }
        if (o->kind == MN_OP_ATTENTION)
            s = add_step(r, STEP_ATTENTION, i);
        else if (o->kind == MN_OP_OUTPUT)
            s = add_step(r, STEP_OUTPUT, i);
        else if (is_activation(o) && last_step(r, STEP_LINEAR))
            s = last_step(r, STEP_LINEAR); /* rows are the thread's own */
        else
            s = last_step(r, STEP_TOKENS) && !r->steps[r->n_steps - 1].prepare_types
                    ? last_step(r, STEP_TOKENS)
                    : add_step(r, STEP_TOKENS, i);
        if (!s) return false;
        s->end = i + 1;
        fresh[o->out] = 0;
    }
    return true;
}

/* --- memory --- */

static size_t align(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

/* Hands out consecutive pieces of `memory`, or only counts while memory is NULL. */
typedef struct carver {
    uint8_t *memory;
    size_t used;
} carver;

static void *carve(carver *c, size_t size_bytes)
{
    void *piece = c->memory ? c->memory + c->used : NULL;
    c->used += align(size_bytes);
    return piece;
}

static void carve_activations(carver *c, mn_activations *a, uint32_t n, uint32_t max_tokens)
{
    void *memory = carve(c, mn_activations_bytes(n, max_tokens));
    if (memory) mn_activations_init(a, memory, n, max_tokens);
}

static uint32_t widest(const mn_graph *g)
{
    uint32_t n = 0;
    for (int i = 0; i < MN_REG_COUNT; i++)
        if (i != MN_REG_LOGITS && g->width[i] > n) n = g->width[i];
    return n;
}

/* Per thread: matrix products, or the queries and results of a tile with what attention needs. */
static size_t scratch_size(const mn_model *model, const mn_runner_settings *settings)
{
    const mn_config *c = &model->config;
    size_t n_queries = (size_t)(c->n_heads / c->n_kv_heads) * MAX_TILE;
    size_t n_blocks = settings->n_context / MN_KV_BLOCK + 2;
    size_t product = mn_matmul_scratch_bytes(widest(&model->graph), settings->max_tokens);
    size_t attention = align(mn_attention_scratch_bytes(c->head_dim, (uint32_t)n_queries))
                       + 2 * align(n_queries * c->head_dim * sizeof(float))
                       + 2 * align(n_queries * sizeof(int32_t))
                       + 2 * align(n_blocks * sizeof(void *));
    return align(product > attention ? product : attention);
}

static bool feeds_matrix(const mn_graph *g, mn_register reg)
{
    for (size_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].kind == MN_OP_LINEAR && g->ops[i].in == reg) return true;
    return false;
}

/* Lays everything out; with c->memory NULL it only measures. */
static void lay_out(mn_runner *r, carver *c, uint32_t n_threads)
{
    const mn_graph *g = r->graph;
    size_t n = r->settings.max_tokens;
    for (int i = MN_REG_X; i < MN_REG_COUNT; i++) {
        size_t rows = i == MN_REG_LOGITS ? r->settings.max_logits : n;
        r->rows[i] = carve(c, rows * g->width[i] * sizeof(float));
        if (feeds_matrix(g, (mn_register)i))
            carve_activations(c, &r->prepared[i], g->width[i], (uint32_t)n);
    }
    carve_activations(c, &r->output_activations, g->width[MN_REG_NORMED], r->settings.max_logits);
    for (uint32_t i = 0; i < g->n_ropes; i++) {
        r->cosine[i] = carve(c, n * g->ropes[i].n_rotated / 2 * sizeof(float));
        r->sine[i] = carve(c, n * g->ropes[i].n_rotated / 2 * sizeof(float));
    }
    r->tiles = carve(c, n * sizeof *r->tiles);
    r->scratch_bytes = scratch_size(r->model, &r->settings);
    r->scratch = carve(c, r->scratch_bytes * n_threads);
}

uint64_t mn_runner_bytes(const mn_model *model, const mn_runner_settings *settings,
                         uint32_t n_threads)
{
    mn_runner measured = { .model = model, .graph = &model->graph, .settings = *settings };
    carver c = { 0 };
    lay_out(&measured, &c, n_threads);
    return c.used;
}

/* --- work of single tokens --- */

static float *row(const mn_runner *r, mn_register reg, uint32_t token)
{
    return r->rows[reg] + (size_t)token * r->graph->width[reg];
}

static void fill_rope(mn_runner *r, uint32_t token)
{
    float position = (float)r->batch.tokens[token].position;
    for (uint32_t i = 0; i < r->graph->n_ropes; i++) {
        const mn_rope *rope = &r->graph->ropes[i];
        uint32_t n = rope->n_rotated / 2;
        for (uint32_t j = 0; j < n; j++) {
            float angle = position * rope->frequency[j];
            r->cosine[i][(size_t)token * n + j] = (float)mn_cos((double)angle);
            r->sine[i][(size_t)token * n + j] = (float)mn_sin((double)angle);
        }
    }
}

static void embed(mn_runner *r, const mn_op *o, uint32_t op, uint32_t token)
{
    float *x = row(r, o->out, token);
    mn_linear_row(x, &r->linears[op], (uint32_t)r->batch.tokens[token].id);
    if (o->number != 1) r->vector->scale(x, o->number, o->n_out);
    fill_rope(r, token);
}

static void normalize(mn_runner *r, const mn_op *o, uint32_t token)
{
    float *y = row(r, o->out, token);
    const float *x = row(r, o->in, token);
    for (uint32_t part = 0; part < o->n_parts; part++)
        r->vector->rms_norm(y + (size_t)part * o->n, x + (size_t)part * o->n, o->values, o->number,
                            o->n);
}

static void rotate(mn_runner *r, const mn_op *o, uint32_t token)
{
    const mn_rope *rope = &r->graph->ropes[o->rope];
    const float *cosine = r->cosine[o->rope] + (size_t)token * (rope->n_rotated / 2);
    const float *sine = r->sine[o->rope] + (size_t)token * (rope->n_rotated / 2);
    for (uint32_t part = 0; part < o->n_parts; part++) {
        float *x = row(r, o->out, token) + (size_t)part * o->n;
        if (rope->adjacent)
            r->vector->rope_adjacent(x, cosine, sine, rope->n_rotated);
        else
            r->vector->rope_halves(x, cosine, sine, rope->n_rotated);
    }
}

static void store(mn_runner *r, const mn_op *o, uint32_t token)
{
    const mn_batch_token *t = &r->batch.tokens[token];
    uint8_t *page = t->sequence->pages[t->position / MN_KV_BLOCK];
    uint32_t slot = (uint32_t)t->position % MN_KV_BLOCK;
    for (uint32_t head = 0; head < o->n_parts; head++) {
        r->attention->store_key(mn_page_keys(r->pages, page, o->layer, head), slot,
                                row(r, o->in, token) + (size_t)head * o->n, o->n, r->pages->type);
        r->attention->store_value(mn_page_values(r->pages, page, o->layer, head), slot,
                                  row(r, o->in2, token) + (size_t)head * o->n, o->n,
                                  r->pages->type);
    }
}

static void activate(mn_runner *r, const mn_op *o, uint32_t token, mn_range range)
{
    float *y = row(r, o->out, token) + range.begin;
    const float *gate = row(r, o->in, token) + range.begin,
                *up = row(r, o->in2, token) + range.begin;
    if (o->kind == MN_OP_SILU_MULTIPLY)
        r->vector->silu_multiply(y, gate, up, range.end - range.begin);
    else
        r->vector->gelu_tanh_multiply(y, gate, up, range.end - range.begin);
}

static void run_token(mn_runner *r, const step *s, uint32_t token)
{
    for (uint32_t i = s->begin; i < s->end; i++) {
        const mn_op *o = &r->graph->ops[i];
        switch (o->kind) {
        case MN_OP_EMBED: embed(r, o, i, token); break;
        case MN_OP_RMS_NORM: normalize(r, o, token); break;
        case MN_OP_ROPE: rotate(r, o, token); break;
        case MN_OP_STORE_KV: store(r, o, token); break;
        case MN_OP_ADD: r->vector->add(row(r, o->out, token), row(r, o->in, token), o->n); break;
        default: activate(r, o, token, (mn_range){ 0, o->n }); break;
        }
    }
    if (s->prepare_types)
        mn_activations_set(&r->prepared[s->prepare], token, row(r, s->prepare, token),
                           s->prepare_types, r->settings.cpu);
}

/* --- work that is split otherwise --- */

/* Rows of a matrix that a thread computes: multiples of 16. */
static mn_range share(uint32_t n_rows, uint32_t thread, uint32_t n_threads)
{
    uint64_t panels = (n_rows + 15) / 16;
    uint64_t begin = panels * thread / n_threads * 16, end = panels * (thread + 1) / n_threads * 16;
    return (mn_range){ (uint32_t)(begin < n_rows ? begin : n_rows),
                       (uint32_t)(end < n_rows ? end : n_rows) };
}

/* The product for both roles; prompt tokens stand first. */
static void multiply(float *y, size_t stride, const mn_linear *w, const mn_activations *x,
                     uint32_t n_prompt, uint32_t n_tokens, mn_range rows, void *scratch)
{
    if (rows.begin == rows.end) return;
    if (n_prompt) mn_matmul(y, stride, w, x, (mn_range){ 0, n_prompt }, rows, MN_PROMPT, scratch);
    if (n_prompt < n_tokens)
        mn_matmul(y, stride, w, x, (mn_range){ n_prompt, n_tokens }, rows, MN_DECODE, scratch);
}

static void run_linear(mn_runner *r, const step *s, uint32_t thread, uint32_t n_threads,
                       void *scratch)
{
    for (uint32_t i = s->begin; i < s->end; i++) {
        const mn_op *o = &r->graph->ops[i];
        mn_range rows = share(is_activation(o) ? o->n : o->n_out, thread, n_threads);
        if (!is_activation(o))
            multiply(r->rows[o->out], r->graph->width[o->out], &r->linears[i], &r->prepared[o->in],
                     r->batch.n_prompt, r->batch.n_tokens, rows, scratch);
        for (uint32_t t = 0; t < r->batch.n_tokens && rows.begin < rows.end; t++) {
            if (is_activation(o))
                activate(r, o, t, rows);
            else if (o->values)
                r->vector->add(row(r, o->out, t) + rows.begin, o->values + rows.begin,
                               rows.end - rows.begin);
        }
    }
}

static void find_tiles(mn_runner *r)
{
    uint32_t n_rep = r->model->config.n_heads / r->model->config.n_kv_heads;
    uint32_t most = 128 / n_rep < 8 ? 8 : 128 / n_rep > MAX_TILE ? MAX_TILE : 128 / n_rep;
    const mn_batch *b = &r->batch;
    r->n_tiles = 0;
    for (uint32_t t = 0; t < b->n_tokens;) {
        uint32_t n = 1, limit = t < b->n_prompt ? b->n_prompt : b->n_tokens;
        while (n < most && t + n < limit && b->tokens[t + n].sequence == b->tokens[t].sequence) n++;
        r->tiles[r->n_tiles++] = (tile){ t, n };
        t += n;
    }
}

/* The queries of heads [head, head + n_heads) of a tile, which share kv head `kv_head`. */
static void attend(mn_runner *r, const mn_op *o, const tile *t, uint32_t kv_head, uint32_t head,
                   uint32_t n_heads, uint8_t *scratch)
{
    const mn_batch_token *tokens = &r->batch.tokens[t->token];
    const mn_sequence *sequence = tokens->sequence;
    uint32_t n_queries = t->n_tokens * n_heads, d = o->n;
    uint32_t last_block = (uint32_t)tokens[t->n_tokens - 1].position / MN_KV_BLOCK;
    carver c = { scratch, 0 };
    float *q = carve(&c, (size_t)n_queries * d * sizeof *q),
          *out = carve(&c, (size_t)n_queries * d * sizeof *out);
    int32_t *position = carve(&c, n_queries * sizeof *position),
            *first = carve(&c, n_queries * sizeof *first);
    const uint8_t **keys = carve(&c, (last_block + 1) * sizeof *keys),
                  **values = carve(&c, (last_block + 1) * sizeof *values);
    for (uint32_t i = 0; i < n_queries; i++) {
        uint32_t token = i / n_heads;
        memcpy(q + (size_t)i * d,
               row(r, o->in, t->token + token) + (size_t)(head + i % n_heads) * d, d * sizeof *q);
        position[i] = tokens[token].position;
        first[i] = o->window && (uint32_t)position[i] >= o->window
                       ? position[i] - (int32_t)o->window + 1
                       : 0;
    }
    for (uint32_t i = (uint32_t)first[0] / MN_KV_BLOCK; i <= last_block; i++) {
        keys[i] = mn_page_keys(r->pages, sequence->pages[i], o->layer, kv_head);
        values[i] = mn_page_values(r->pages, sequence->pages[i], o->layer, kv_head);
    }
    r->attention->attend(&(mn_attention_task){ .q = q,
                                               .out = out,
                                               .q_stride = d,
                                               .out_stride = d,
                                               .position = position,
                                               .first = first,
                                               .n_queries = n_queries,
                                               .head_dim = d,
                                               .scale = o->number,
                                               .soft_cap = o->soft_cap,
                                               .type = r->pages->type,
                                               .keys = keys,
                                               .values = values },
                         scratch + c.used);
    for (uint32_t i = 0; i < n_queries; i++)
        memcpy(row(r, o->out, t->token + i / n_heads) + (size_t)(head + i % n_heads) * d,
               out + (size_t)i * d, d * sizeof *out);
}

static void run_attention(mn_runner *r, const mn_op *o, uint32_t thread, uint32_t n_threads,
                          void *scratch)
{
    uint32_t n_kv = r->model->config.n_kv_heads, n_rep = o->n_parts / n_kv;
    uint32_t unit = 0;
    for (uint32_t i = 0; i < r->n_tiles; i++) {
        uint32_t together = r->tiles[i].n_tokens > 1 || n_kv >= 2 * n_threads
                                ? n_rep
                                : 1; /* lone tokens: head by head */
        for (uint32_t head = 0; head < o->n_parts; head += together)
            if (unit++ % n_threads == thread)
                attend(r, o, &r->tiles[i], head / n_rep, head, together, scratch);
    }
}

/* --- passes --- */

static void forward(void *user, mn_pool *pool, uint32_t thread)
{
    mn_runner *r = user;
    uint32_t n_threads = mn_pool_n_threads(pool), n = r->batch.n_tokens;
    void *scratch = r->scratch + r->scratch_bytes * thread;
    for (size_t i = 0; i < r->n_steps; i++) {
        const step *s = &r->steps[i];
        if (s->kind == STEP_OUTPUT) break; /* mn_runner_logits */
        if (i) mn_pool_barrier(pool);
        if (s->kind == STEP_TOKENS)
            for (uint32_t t = (uint32_t)((uint64_t)n * thread / n_threads);
                 t < (uint64_t)n * (thread + 1) / n_threads; t++)
                run_token(r, s, t);
        else if (s->kind == STEP_LINEAR)
            run_linear(r, s, thread, n_threads, scratch);
        else
            run_attention(r, &r->graph->ops[s->begin], thread, n_threads, scratch);
    }
}

void mn_runner_forward(mn_runner *r, const mn_batch *batch)
{
    r->batch = *batch;
    find_tiles(r);
    mn_pool_run(r->pool, forward, r);
}

static void output(void *user, mn_pool *pool, uint32_t thread)
{
    mn_runner *r = user;
    uint32_t n_threads = mn_pool_n_threads(pool), n = r->n_wanted,
             op = (uint32_t)r->graph->n_ops - 1;
    const mn_op *o = &r->graph->ops[op];
    for (uint32_t i = thread; i < n; i += n_threads)
        mn_activations_set(&r->output_activations, i, row(r, o->in, r->wanted[i]),
                           1u << r->linears[op].activation, r->settings.cpu);
    mn_pool_barrier(pool);
    mn_range rows = share(o->n_out, thread, n_threads);
    multiply(r->rows[MN_REG_LOGITS], o->n_out, &r->linears[op], &r->output_activations,
             r->n_wanted_prompt, n, rows, r->scratch + r->scratch_bytes * thread);
    for (uint32_t i = 0; i < n && o->soft_cap > 0; i++)
        r->vector->soft_cap(row(r, MN_REG_LOGITS, i) + rows.begin, o->soft_cap,
                            rows.end - rows.begin);
}

float *mn_runner_logits(mn_runner *r, const uint32_t *wanted, uint32_t n_wanted)
{
    r->wanted = wanted;
    r->n_wanted = n_wanted;
    for (r->n_wanted_prompt = 0;
         r->n_wanted_prompt < n_wanted && wanted[r->n_wanted_prompt] < r->batch.n_prompt;)
        r->n_wanted_prompt++;
    mn_pool_run(r->pool, output, r);
    return r->rows[MN_REG_LOGITS];
}

/* --- open and close --- */

static mn_status choose_kernels(mn_runner *r, mn_error *error)
{
    r->linears = mn_alloc_array(r->graph->n_ops, sizeof *r->linears);
    if (!r->linears)
        return mn_fail_memory(error, r->graph->n_ops * sizeof *r->linears, "the kernel table");
    for (size_t i = 0; i < r->graph->n_ops; i++) {
        const mn_op *o = &r->graph->ops[i];
        if (!o->weight) continue;
        mn_status s = mn_linear_init(&r->linears[i], o->weight, r->settings.cpu, error);
        if (s) return s;
    }
    return MN_OK;
}

mn_status mn_runner_open(mn_runner **out, const mn_model *model, const mn_pages *pages,
                         mn_pool *pool, const mn_runner_settings *settings, mn_error *error)
{
    *out = NULL;
    mn_runner *r = mn_alloc_array(1, sizeof *r);
    if (!r) return mn_fail_memory(error, sizeof *r, "the runner");
    *r = (mn_runner){ .model = model,
                      .graph = &model->graph,
                      .pages = pages,
                      .pool = pool,
                      .settings = *settings,
                      .vector = mn_vector_ops_for(settings->cpu),
                      .attention = mn_attention_ops_for(settings->cpu) };
    r->memory_bytes = (size_t)mn_runner_bytes(model, settings, mn_pool_n_threads(pool));
    mn_status s = choose_kernels(r, error);
    if (!s && !cut(r)) s = mn_fail_memory(error, 0, "the list of steps");
    if (!s && !(r->memory = mn_reserve(r->memory_bytes)))
        s = mn_fail_memory(error, r->memory_bytes, "scratch memory; a smaller chunk needs less");
    if (s) {
        mn_runner_close(r);
        return s;
    }
    carver c = { r->memory, 0 };
    lay_out(r, &c, mn_pool_n_threads(pool));
    *out = r;
    return MN_OK;
}

void mn_runner_close(mn_runner *r)
{
    if (!r) return;
    mn_unreserve(r->memory, r->memory ? r->memory_bytes : 0);
    mn_free(r->linears);
    mn_free(r->steps);
    mn_free(r);
}
