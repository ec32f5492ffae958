/* SPDX-License-Identifier: Apache-2.0 */
/* small_model.h - writes a model file of some kilobytes with a value of every kind. */
#ifndef MN_TESTS_FILE_SMALL_MODEL_H
#define MN_TESTS_FILE_SMALL_MODEL_H

#include "base/random.h"
#include "file/gguf_write.h"

#include <string.h>

typedef struct small_tensor {
    const char *name;
    mn_type type;
    uint32_t n_dims;
    uint64_t shape[4];
} small_tensor;

static const small_tensor small_tensors[] = {
    { "token_embd.weight", MN_F32, 2, { 32, 6, 1, 1 } },
    { "output_norm.weight", MN_F32, 1, { 32, 1, 1, 1 } },
    { "blk.0.attn_q.weight", MN_F16, 2, { 32, 5, 1, 1 } },
    { "blk.0.attn_k.weight", MN_Q8_0, 2, { 64, 5, 1, 1 } },
    { "blk.0.ffn_up.weight", MN_F32, 2, { 256, 3, 1, 1 } },
    { "blk.0.ffn_down.weight", MN_BF16, 3, { 48, 2, 2, 1 } },
    { "blk.0.ffn_gate_inp.weight", MN_F32, 2, { 32, 2, 1, 1 } },
    { "blk.0.odd.weight", MN_F32, 2, { 33, 2, 1, 1 } },
};
enum { N_SMALL_TENSORS = sizeof small_tensors / sizeof small_tensors[0] };

static inline mn_status small_metadata(mn_gguf_writer *w, mn_error *error)
{
    static const mn_string tokens[] = { { "a", 1 }, { "", 0 }, { "\0\n", 2 }, { "caf\xc3\xa9", 5 } };
    static const float scores[] = { -1.5f, 0.0f, 3.25f };
    static const int32_t types[] = { 1, -3, 6 };
    static const uint64_t wide[] = { UINT64_MAX, 7 };
    static const int8_t tiny[] = { -128, 127 };
    static const uint16_t mid[] = { 65535, 1, 2 };
    static const double real[] = { 1e300 };
    static const uint8_t flags[] = { 1, 0, 1 };
    mn_status s = mn_gguf_writer_set_string(w, "general.architecture", "llama", error);
    if (!s) s = mn_gguf_writer_set_string(w, "general.name", "small", error);
    if (!s) s = mn_gguf_writer_set_string(w, "general.license", "apache-2.0", error);
    if (!s) s = mn_gguf_writer_set_u32(w, "general.file_type", 0, error);
    if (!s) s = mn_gguf_writer_set_f32(w, "llama.rope.freq_base", 10000.0f, error);
    if (!s) s = mn_gguf_writer_set_bool(w, "tokenizer.ggml.add_bos_token", true, error);
    if (!s) s = mn_gguf_writer_set_strings(w, "tokenizer.ggml.tokens", tokens, 4, error);
    if (!s) s = mn_gguf_writer_set_array(w, "tokenizer.ggml.scores", MN_GGUF_F32, scores, 3, error);
    if (!s) s = mn_gguf_writer_set_array(w, "tokenizer.ggml.token_type", MN_GGUF_I32, types, 3, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.u64", MN_GGUF_U64, wide, 2, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.i8", MN_GGUF_I8, tiny, 2, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.u16", MN_GGUF_U16, mid, 3, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.f64", MN_GGUF_F64, real, 1, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.bool", MN_GGUF_BOOL, flags, 3, error);
    if (!s) s = mn_gguf_writer_set_array(w, "test.none", MN_GGUF_U32, NULL, 0, error);
    return s;
}

/* Weight `i` of tensor `t`, as everywhere in the file before rounding to its format. */
static inline float small_weight(size_t t, uint64_t i)
{
    return (float)(mn_random_unit(t + 1, i) * 4 - 2);
}

static inline mn_status small_data(mn_gguf_writer *w, size_t t, mn_error *error)
{
    const small_tensor *tensor = &small_tensors[t];
    const mn_format *format = mn_format_by_type(tensor->type);
    uint64_t n = tensor->shape[0], rows = tensor->shape[1] * tensor->shape[2], row_bytes;
    float row[256];
    uint8_t bytes[1024];
    mn_status status = MN_OK;
    if (!mn_format_row_bytes(&row_bytes, format, n)) return MN_USAGE;
    for (uint64_t r = 0; r < rows && !status; r++) {
        for (uint64_t i = 0; i < n; i++) row[i] = small_weight(t, r * n + i);
        format->encode(bytes, row, (size_t)n, NULL);
        status = mn_gguf_writer_bytes(w, bytes, row_bytes, error);
    }
    return status;
}

/* All steps but opening and closing. */
static inline mn_status small_fill(mn_gguf_writer *w, mn_error *error)
{
    const char *temporary;
    mn_status status = small_metadata(w, error);
    for (size_t t = 0; t < N_SMALL_TENSORS && !status; t++) {
        const small_tensor *small = &small_tensors[t];
        mn_tensor tensor = { .name = small->name, .format = mn_format_by_type(small->type),
                             .n_dims = small->n_dims };
        memcpy(tensor.shape, small->shape, sizeof tensor.shape);
        status = mn_gguf_writer_add_tensor(w, &tensor, error);
    }
    if (!status) status = mn_gguf_writer_begin(w, error);
    for (size_t t = 0; t < N_SMALL_TENSORS && !status; t++) status = small_data(w, t, error);
    if (!status) status = mn_gguf_writer_finish(w, &temporary, error);
    return status ? status : mn_gguf_writer_commit(w, error);
}

static inline mn_status small_model_write(const char *path, bool replace, mn_error *error)
{
    mn_gguf_writer *w;
    mn_status status = mn_gguf_writer_open(&w, path, replace, error);
    if (status) return status;
    status = small_fill(w, error);
    mn_gguf_writer_close(w);
    return status;
}

#endif
