/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.c - the list of matrix product kernels, and how a matrix picks its row. */
#include "kernels/matmul.h"

#include "base/error.h"
#include "base/size.h"
#include "kernels/matmul_rows.h"

#include <assert.h>

static const mn_matmul_kernel kernels[] = {
    { "integer_plain", MN_ANY_INTEGER, MN_ACTIVATION_INT8, 0, 32,
      mn_matmul_integer_plain_decode, mn_matmul_integer_plain_prompt },
    { "float_plain", MN_ANY_FLOAT, MN_ACTIVATION_FLOAT, 0, 1,
      mn_matmul_float_plain_decode, mn_matmul_float_plain_prompt },
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

size_t mn_matmul_scratch_bytes(uint32_t n, uint32_t max_tokens)
{
    (void)max_tokens;
    size_t bytes;
    const bool fits = mn_size_mul(&bytes, n, sizeof(float)) && mn_size_add(&bytes, bytes, 256) &&
                      mn_size_round(&bytes, bytes, 64);
    return fits ? bytes : SIZE_MAX;
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
