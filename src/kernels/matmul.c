/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.c - the list of matrix product kernels, and how a matrix picks its row. */
#include "kernels/matmul.h"

#include "base/error.h"
#include "base/size.h"
#include "kernels/matmul_rows.h"

#include <assert.h>

#define INTEGER(format, type, isa, needs, n_multiple)                                              \
    { #format "_" #isa, type, MN_ACTIVATION_INT8, needs, n_multiple,                                \
      mn_matmul_##format##_##isa##_decode, mn_matmul_##format##_##isa##_prompt }
#define FLOAT(format, type, isa, needs)                                                             \
    { #format "_" #isa, type, MN_ACTIVATION_FLOAT, needs, 1,                                        \
      mn_matmul_##format##_##isa##_decode, mn_matmul_##format##_##isa##_prompt }

static const mn_matmul_kernel kernels[] = {
    INTEGER(integer, MN_ANY_INTEGER, plain, 0, 32),
    FLOAT(float, MN_ANY_FLOAT, plain, 0),
#if defined(__x86_64__)
    INTEGER(integer, MN_ANY_INTEGER, avx2, MN_CPU_AVX2, 32),
    INTEGER(q4_0, MN_Q4_0, avx2, MN_CPU_AVX2, 32),
    INTEGER(q4_1, MN_Q4_1, avx2, MN_CPU_AVX2, 32),
    INTEGER(q5_0, MN_Q5_0, avx2, MN_CPU_AVX2, 32),
    INTEGER(q5_1, MN_Q5_1, avx2, MN_CPU_AVX2, 32),
    INTEGER(q8_0, MN_Q8_0, avx2, MN_CPU_AVX2, 32),
    INTEGER(iq4_nl, MN_IQ4_NL, avx2, MN_CPU_AVX2, 32),
    INTEGER(q4_k, MN_Q4_K, avx2, MN_CPU_AVX2, 256),
    INTEGER(q5_k, MN_Q5_K, avx2, MN_CPU_AVX2, 256),
    INTEGER(q6_k, MN_Q6_K, avx2, MN_CPU_AVX2, 256),
    FLOAT(f32, MN_F32, avx2, MN_CPU_AVX2),
    FLOAT(f16, MN_F16, avx2, MN_CPU_AVX2),
    FLOAT(bf16, MN_BF16, avx2, MN_CPU_AVX2),
    INTEGER(integer, MN_ANY_INTEGER, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q4_0, MN_Q4_0, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q4_1, MN_Q4_1, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q5_0, MN_Q5_0, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q5_1, MN_Q5_1, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q8_0, MN_Q8_0, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(iq4_nl, MN_IQ4_NL, avx512vnni, MN_CPU_AVX512_VNNI, 32),
    INTEGER(q4_k, MN_Q4_K, avx512vnni, MN_CPU_AVX512_VNNI, 256),
    INTEGER(q5_k, MN_Q5_K, avx512vnni, MN_CPU_AVX512_VNNI, 256),
    INTEGER(q6_k, MN_Q6_K, avx512vnni, MN_CPU_AVX512_VNNI, 256),
    FLOAT(f32, MN_F32, avx512vnni, MN_CPU_AVX512_VNNI),
    FLOAT(f16, MN_F16, avx512vnni, MN_CPU_AVX512_VNNI),
    FLOAT(bf16, MN_BF16, avx512vnni, MN_CPU_AVX512_VNNI),
#endif
};

const mn_matmul_kernel *mn_matmul_kernel_at(size_t index)
{
    return index < sizeof kernels / sizeof *kernels ? &kernels[index] : NULL;
}

bool mn_matmul_kernel_takes(const mn_matmul_kernel *kernel, const mn_format *format, uint64_t n)
{
    const uint32_t any = format->unpack ? MN_ANY_INTEGER : MN_ANY_FLOAT;
    return (kernel->type == format->type || kernel->type == any) && n % kernel->n_multiple == 0;
}

uint32_t mn_scale_weights(const mn_format *format)
{
    switch (format->type) {
    case MN_Q2_K:
    case MN_Q3_K:
    case MN_Q6_K: return 16;
    default: return 32;
    }
}

mn_status mn_linear_init(mn_linear *out, const mn_tensor *tensor, mn_cpu_bits cpu, mn_error *error)
{
    const mn_format *format = tensor->format;
    const uint64_t n = tensor->shape[0];
    uint64_t n_rows, row_bytes;
    if (!mn_u64_mul(&n_rows, tensor->shape[1], tensor->shape[2]) ||
        !mn_u64_mul(&n_rows, n_rows, tensor->shape[3]) || n > UINT32_MAX || n_rows > UINT32_MAX)
        return mn_fail(error, MN_BAD_FILE,
                       "tensor '%s' is too large: a row length or a number of rows above %lu",
                       tensor->name, (unsigned long)UINT32_MAX);
    if (!mn_format_row_bytes(&row_bytes, format, n))
        return mn_fail(error, MN_BAD_FILE, "tensor '%s' has rows of %llu weights, %s needs a multiple of %lu",
                       tensor->name, (unsigned long long)n, format->name, (unsigned long)format->block);
    const mn_matmul_kernel *best = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if ((kernels[i].needs & ~cpu) == 0 && mn_matmul_kernel_takes(&kernels[i], format, n))
            best = &kernels[i];
    if (!best)
        return mn_fail(error, MN_BAD_FILE, "tensor '%s': nothing computes with rows of %llu weights in %s",
                       tensor->name, (unsigned long long)n, format->name);
    *out = (mn_linear){ .kernel = best,
                        .format = format,
                        .data = tensor->data,
                        .row_bytes = row_bytes,
                        .n = (uint32_t)n,
                        .n_rows = (uint32_t)n_rows,
                        .activation = best->activation };
    return MN_OK;
}

/* The largest that any row of the list asks for: an unpacked row (plain: 4 bytes a weight are plenty),
 * a strip of panels (1 byte a weight and 8 for each group of 16), or the activations of eight tokens in
 * the order of chunks of 128 weights (2 bytes for each) with one unpacked row behind them. */
size_t mn_matmul_scratch_bytes(uint32_t n, uint32_t max_tokens)
{
    (void)max_tokens;
    const uint64_t padded = ((uint64_t)n + 127) / 128 * 128;
    const uint64_t strip = padded * mn_strip_rows(n) * 3 / 2;
    const uint64_t eight_tokens = padded * (8 * 2 + 2);
    const uint64_t bytes = (strip > eight_tokens ? strip : eight_tokens) + 64;
    return bytes <= SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

void mn_matmul(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x, mn_range tokens,
               mn_range rows, mn_role role, void *scratch)
{
    assert(x->n == w->n && rows.end <= w->n_rows && tokens.end <= x->max_tokens);
    mn_matmul_fn *product = role == MN_DECODE ? w->kernel->decode : w->kernel->prompt;
    product(y, y_stride, w, x, tokens, rows, scratch);
}

void mn_linear_row(float *out, const mn_linear *w, uint32_t row)
{
    w->format->decode(out, mn_linear_data(w, row), w->n);
}
