/* SPDX-License-Identifier: Apache-2.0 */
/* stories.c - llama2.c's files, written as GGUF.
 *
 * Its rotation already turns neighbouring pairs, as the llama family does in
 * GGUF, so that no row moves. */
#include "support/stories.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "file/gguf_write.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BYTES = 64 << 20, MAX_VOCAB = 65536 };

typedef struct shape {
    int32_t dim, ffn_dim, n_layers, n_heads, n_kv_heads, n_vocab, n_context;
} shape;

/* In the order of the source file; each holds all its layers one after another. */
typedef struct part {
    const char *name; /* of a layered part: "blk.%d." stands for its layer */
    int64_t columns, rows;
    bool layered;
    const float *data;
} part;

/* What goes into the new file. */
typedef struct conversion {
    shape shape;
    part parts[11];
    char *words; /* pieces, one after another */
    mn_string *pieces;
    float *scores;
    int32_t *types;
} conversion;

static mn_status place_parts(conversion *job, const char *path, const char *bytes, size_t size,
                             mn_error *error) {
    if (size < sizeof(shape)) return mn_fail(error, MN_BAD_FILE, "%s: too short", path);
    memcpy(&job->shape, bytes, sizeof(shape));
    shape s = job->shape;
    if (s.dim <= 0 || s.ffn_dim <= 0 || s.n_layers <= 0 || s.n_heads <= 0 || s.n_kv_heads <= 0 ||
        s.n_vocab <= 0 || s.n_context <= 0 || s.dim > 4096 || s.ffn_dim > 16384 ||
        s.n_layers > 64 || s.n_vocab > MAX_VOCAB || s.dim % s.n_heads)
        return mn_fail(error, MN_BAD_FILE, "%s: not a llama2.c model with tied embeddings", path);
    int64_t kv_dim = (int64_t)s.dim / s.n_heads * s.n_kv_heads;
    const part parts[] = {
        { "token_embd.weight", s.dim, s.n_vocab, false, NULL },
        { "blk.%d.attn_norm.weight", s.dim, 1, true, NULL },
        { "blk.%d.attn_q.weight", s.dim, s.dim, true, NULL },
        { "blk.%d.attn_k.weight", s.dim, kv_dim, true, NULL },
        { "blk.%d.attn_v.weight", s.dim, kv_dim, true, NULL },
        { "blk.%d.attn_output.weight", s.dim, s.dim, true, NULL },
        { "blk.%d.ffn_norm.weight", s.dim, 1, true, NULL },
        { "blk.%d.ffn_gate.weight", s.dim, s.ffn_dim, true, NULL },
        { "blk.%d.ffn_down.weight", s.ffn_dim, s.dim, true, NULL },
        { "blk.%d.ffn_up.weight", s.dim, s.ffn_dim, true, NULL },
        { "output_norm.weight", s.dim, 1, false, NULL },
    };
    memcpy(job->parts, parts, sizeof(parts));
    size_t at = sizeof(shape);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        part *p = &job->parts[i];
        size_t n = (size_t)(p->columns * p->rows) * (p->layered ? (size_t)s.n_layers : 1);
        if (n > (size - at) / sizeof(float))
            return mn_fail(error, MN_BAD_FILE, "%s: cut short", path);
        p->data = (const float *)(const void *)(bytes + at);
        at += n * sizeof(float);
    }
    return MN_OK;
}

/* A piece as GGUF spells it: U+2581 for a space. Returns its length; `out` has room for 3 bytes
 * each. */
static size_t spell(char *out, const char *piece, size_t length) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (piece[i] == ' ') {
            memcpy(out + n, "\xe2\x96\x81", 3);
            n += 3;
        } else {
            out[n++] = piece[i];
        }
    }
    return n;
}

static mn_status read_pieces(conversion *job, const char *path, const char *bytes, size_t size,
                             mn_error *error) {
    static const char *const first[] = { "<unk>", "<s>", "</s>" };
    size_t n_vocab = (size_t)job->shape.n_vocab, used = 0, at = 4;
    job->words = mn_alloc(size * 3 + 16);
    job->pieces = mn_alloc_array(n_vocab, sizeof(mn_string));
    job->scores = mn_alloc_array(n_vocab, sizeof(float));
    job->types = mn_alloc_array(n_vocab, sizeof(int32_t));
    if (!job->words || !job->pieces || !job->scores || !job->types)
        return mn_fail(error, MN_NO_MEMORY, "%s: out of memory", path);
    for (size_t i = 0; i < n_vocab; i++) {
        int32_t length;
        if (size < at + 8) return mn_fail(error, MN_BAD_FILE, "%s: ends at piece %zu", path, i);
        memcpy(&job->scores[i], bytes + at, 4);
        memcpy(&length, bytes + at + 4, 4);
        at += 8;
        if (length < 0 || (size_t)length > size - at)
            return mn_fail(error, MN_BAD_FILE, "%s: ends in piece %zu", path, i);
        const char *piece = i < 3 ? first[i] : bytes + at;
        job->pieces[i].data = job->words + used;
        job->pieces[i].length =
            spell(job->words + used, piece, i < 3 ? strlen(piece) : (size_t)length);
        used += job->pieces[i].length;
        at += (size_t)length;
        /* 1 normal, 2 unknown, 3 control, 6 byte */
        bool byte = length == 6 && !memcmp(piece, "<0x", 3);
        job->types[i] = i == 0 ? 2 : i < 3 ? 3 : byte ? 6 : 1;
    }
    return MN_OK;
}

static mn_status describe(const conversion *job, mn_gguf_writer *w, mn_error *error) {
    const shape s = job->shape;
    const struct {
        const char *key;
        int32_t value;
    } numbers[] = {
        { "llama.context_length", s.n_context },
        { "llama.embedding_length", s.dim },
        { "llama.block_count", s.n_layers },
        { "llama.feed_forward_length", s.ffn_dim },
        { "llama.attention.head_count", s.n_heads },
        { "llama.attention.head_count_kv", s.n_kv_heads },
        { "llama.rope.dimension_count", s.dim / s.n_heads },
        { "tokenizer.ggml.bos_token_id", 1 },
        { "tokenizer.ggml.eos_token_id", 2 },
        { "tokenizer.ggml.unknown_token_id", 0 },
    };
    uint64_t n_vocab = (uint64_t)s.n_vocab;
    mn_status status = mn_gguf_writer_set_string(w, "general.architecture", "llama", error);
    if (!status) status = mn_gguf_writer_set_string(w, "general.name", "stories", error);
    for (size_t i = 0; !status && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        status = mn_gguf_writer_set_u32(w, numbers[i].key, (uint32_t)numbers[i].value, error);
    if (!status)
        status = mn_gguf_writer_set_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f, error);
    if (!status) status = mn_gguf_writer_set_f32(w, "llama.rope.freq_base", 10000.0f, error);
    if (!status) status = mn_gguf_writer_set_string(w, "tokenizer.ggml.model", "llama", error);
    if (!status) status = mn_gguf_writer_set_string(w, "tokenizer.ggml.pre", "default", error);
    if (!status) status = mn_gguf_writer_set_bool(w, "tokenizer.ggml.add_bos_token", true, error);
    if (!status)
        status = mn_gguf_writer_set_bool(w, "tokenizer.ggml.add_space_prefix", true, error);
    if (!status)
        status =
            mn_gguf_writer_set_strings(w, "tokenizer.ggml.tokens", job->pieces, n_vocab, error);
    if (!status)
        status = mn_gguf_writer_set_array(w, "tokenizer.ggml.scores", MN_GGUF_F32, job->scores,
                                          n_vocab, error);
    if (!status)
        status = mn_gguf_writer_set_array(w, "tokenizer.ggml.token_type", MN_GGUF_I32, job->types,
                                          n_vocab, error);
    return status;
}

static size_t part_layers(const conversion *job, const part *p) {
    return p->layered ? (size_t)job->shape.n_layers : 1;
}

static mn_status add_tensors(const conversion *job, mn_gguf_writer *w, mn_error *error) {
    for (size_t i = 0; i < sizeof(job->parts) / sizeof(job->parts[0]); i++) {
        const part *p = &job->parts[i];
        for (size_t layer = 0; layer < part_layers(job, p); layer++) {
            char name[64];
            int dot = p->layered ? snprintf(name, sizeof(name), "blk.%zu", layer) : 0;
            snprintf(name + dot, sizeof(name) - (size_t)dot, "%s", p->name + (p->layered ? 6 : 0));
            mn_tensor tensor = {
                .name = name,
                .format = mn_format_by_type(MN_F32),
                .n_dims = p->rows > 1 ? 2 : 1,
                .shape = { (uint64_t)p->columns, (uint64_t)p->rows, 1, 1 },
                .size_bytes = (uint64_t)(p->columns * p->rows) * sizeof(float),
            };
            mn_status status = mn_gguf_writer_add_tensor(w, &tensor, error);
            if (status) return status;
        }
    }
    return MN_OK;
}

static mn_status write_tensors(const conversion *job, mn_gguf_writer *w, mn_error *error) {
    mn_status status = mn_gguf_writer_begin(w, error);
    for (size_t i = 0; !status && i < sizeof(job->parts) / sizeof(job->parts[0]); i++) {
        const part *p = &job->parts[i];
        size_t n = (size_t)(p->columns * p->rows);
        for (size_t layer = 0; !status && layer < part_layers(job, p); layer++)
            status = mn_gguf_writer_bytes(w, p->data + layer * n, n * sizeof(float), error);
    }
    return status;
}

static mn_status write_job(const conversion *job, const char *out, mn_error *error) {
    mn_gguf_writer *w = NULL;
    const char *temporary;
    mn_status status = mn_gguf_writer_open(&w, out, true, error);
    if (!status) status = describe(job, w, error);
    if (!status) status = add_tensors(job, w, error);
    if (!status) status = write_tensors(job, w, error);
    if (!status) status = mn_gguf_writer_finish(w, &temporary, error);
    if (!status) status = mn_gguf_writer_commit(w, error);
    mn_gguf_writer_close(w);
    return status;
}

mn_status mn_test_write_stories(const char *out, const char *model, const char *tokens,
                                mn_error *error) {
    char *weights = NULL, *vocabulary = NULL;
    size_t weight_bytes, vocabulary_bytes;
    conversion job = { 0 };
    mn_status status = mn_file_read(&weights, &weight_bytes, model, MAX_BYTES, error);
    if (!status) status = mn_file_read(&vocabulary, &vocabulary_bytes, tokens, MAX_BYTES, error);
    if (!status) status = place_parts(&job, model, weights, weight_bytes, error);
    if (!status) status = read_pieces(&job, tokens, vocabulary, vocabulary_bytes, error);
    if (!status) status = write_job(&job, out, error);
    mn_free(job.words);
    mn_free(job.pieces);
    mn_free(job.scores);
    mn_free(job.types);
    mn_free(weights);
    mn_free(vocabulary);
    return status;
}
