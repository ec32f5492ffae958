/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_rows.h - the functions behind the kernel list of matmul.c. */
#ifndef MN_KERNELS_MATMUL_ROWS_H
#define MN_KERNELS_MATMUL_ROWS_H

#include "kernels/matmul.h"

/* The unpacked row of an integer format, as the plain kernel and those that build on `unpack` keep it. */
typedef struct mn_unpacked_row {
    int8_t *q;     /* [n] */
    float *scale;  /* [n / 16] */
    float *offset; /* [n / 16]; written only by affine formats */
} mn_unpacked_row;

/* Where the parts lie in scratch: 64-byte aligned, n a multiple of 32. */
static inline mn_unpacked_row mn_unpacked_row_at(void *scratch, uint32_t n)
{
    size_t q_bytes = ((size_t)n + 63) / 64 * 64;
    size_t scale_bytes = ((size_t)n / 16 * sizeof(float) + 63) / 64 * 64;
    char *bytes = scratch;
    mn_unpacked_row row = { (int8_t *)bytes, (float *)(void *)(bytes + q_bytes),
                            (float *)(void *)(bytes + q_bytes + scale_bytes) };
    return row;
}

static inline const uint8_t *mn_linear_data(const mn_linear *w, uint32_t row)
{
    return w->data + (size_t)row * w->row_bytes;
}

mn_matmul_fn mn_matmul_integer_plain_decode, mn_matmul_integer_plain_prompt;
mn_matmul_fn mn_matmul_float_plain_decode, mn_matmul_float_plain_prompt;

/* How many rows an MN_PROMPT kernel unpacks at a time: as many panels of 16 as make about 256 KB. */
static inline uint32_t mn_strip_rows(uint32_t n)
{
    const uint32_t rows = (262144u / (n ? n : 1)) / 16 * 16;
    return rows < 16 ? 16 : rows > 64 ? 64 : rows;
}

#if defined(__x86_64__)
#define MN_DECLARE_X86(format)                                                                     \
    mn_matmul_fn mn_matmul_##format##_avx2_decode, mn_matmul_##format##_avx2_prompt,                \
        mn_matmul_##format##_avx512vnni_decode, mn_matmul_##format##_avx512vnni_prompt

MN_DECLARE_X86(integer);
MN_DECLARE_X86(q4_0);
MN_DECLARE_X86(q4_1);
MN_DECLARE_X86(q5_0);
MN_DECLARE_X86(q5_1);
MN_DECLARE_X86(q8_0);
MN_DECLARE_X86(q4_k);
MN_DECLARE_X86(q5_k);
MN_DECLARE_X86(q6_k);
MN_DECLARE_X86(iq4_nl);
MN_DECLARE_X86(f32);
MN_DECLARE_X86(f16);
MN_DECLARE_X86(bf16);
#endif

/* Sets the blocks of one token from whole blocks of 32 values. */
typedef void mn_activations_quantize_fn(mn_activation_block *out, size_t stride, const float *x,
                                        uint32_t n_blocks);
mn_activations_quantize_fn mn_activations_quantize_plain;
#if defined(__x86_64__)
mn_activations_quantize_fn mn_activations_quantize_avx2;
#endif

#endif
