/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.h - matrix products of stored weights with activations: the kernel list.
 *
 * The plain C row of each weight format is the truth; every faster row gives
 * exactly the same bits, for any number of tokens, any split of rows between
 * threads and any chunking. There are two arithmetics, chosen by the role of a
 * token and by nothing else:
 *
 * - MN_PROMPT: one sum per output, group after group of 16 weights, so that a
 *   vector unit can hold many rows (or tokens) side by side.
 *       sum += (w.scale[g] * x.scale[g]) * (float)dot(w.q[g], x.q[g])
 *       sum += w.offset[g] * x.sum[g]                      (affine formats)
 * - MN_DECODE: eight partial sums per output, lane l of block b taking the
 *   weights 32b+4l .. 32b+4l+3, added up at the end in the order
 *   ((s0+s4)+(s2+s6)) + ((s1+s5)+(s3+s7)), so that one row can be read in file
 *   order by a vector unit. The offsets of affine formats have eight sums of
 *   their own (lane = group mod 8), reduced the same way and added last.
 *
 * Products and sums are rounded one by one (no fused multiply-add). Activations
 * are int8 with one float scale for each 16 (x = scale * q, scale = max|x|/127,
 * q rounded to nearest even, x.sum = scale * (float)sum(q)) for integer formats,
 * and float for F32, F16 and BF16 weights, where the dot products run in 16
 * lanes (DECODE: lane = index mod 16, reduced pairwise) or per output in
 * sequence (PROMPT). */
#ifndef MN_KERNELS_MATMUL_H
#define MN_KERNELS_MATMUL_H

#include "device/cpu.h"
#include "tensor/tensor.h"

#include <stddef.h>
#include <stdint.h>

typedef enum mn_role { MN_PROMPT, MN_DECODE } mn_role;

typedef enum mn_activation_type { MN_ACTIVATION_FLOAT, MN_ACTIVATION_INT8 } mn_activation_type;

/* A half-open range of rows or tokens. */
typedef struct mn_range {
    uint32_t begin, end;
} mn_range;

/* Up to max_tokens rows of n numbers, as floats or as int8 groups or both. */
typedef struct mn_activations {
    uint32_t n;          /* row length; any, the last group may be short and is padded with zeros */
    uint32_t n_groups;   /* of 16, rounded up to a whole number of blocks of 32 */
    uint32_t max_tokens;
    float *values;       /* [max_tokens, n_groups * 16] */
    int8_t *q;           /* [max_tokens, n_groups * 16], -127..127 */
    float *scale;        /* [max_tokens, n_groups] */
    float *sum;          /* [max_tokens, n_groups] scale * sum of q */
    int32_t *q_sum;      /* [max_tokens, n_groups] sum of q */
} mn_activations;

size_t mn_activations_bytes(uint32_t n, uint32_t max_tokens);
/* Lays the arrays out in `memory` (64-byte aligned, of the size above). */
void mn_activations_init(mn_activations *out, void *memory, uint32_t n, uint32_t max_tokens);
/* Sets row `token` from x[n], as floats, as int8 or both (bit mask of 1 << mn_activation_type). Different
 * rows may be set by different threads at once. */
void mn_activations_set(mn_activations *activations, uint32_t token, const float *x, unsigned types,
                        mn_cpu_bits cpu);

typedef struct mn_matmul_kernel mn_matmul_kernel;

/* A weight matrix with its kernel chosen. */
typedef struct mn_linear {
    const mn_matmul_kernel *kernel;
    const mn_format *format;
    const uint8_t *data;   /* [n_rows] rows of row_bytes, as in the file; any alignment */
    uint64_t row_bytes;
    uint32_t n;            /* row length */
    uint32_t n_rows;
    mn_activation_type activation;
} mn_linear;

/* y[token * y_stride + row] = sum over i of w[row, i] * x[token, i], for the tokens and rows given. A
 * whole matrix is split between threads at multiples of 16 rows. */
typedef void mn_matmul_fn(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x,
                          mn_range tokens, mn_range rows, void *scratch);

/* A row of the list. Plain rows come first and take every format (they use its unpack or decode); a
 * tensor takes the last row that its format, its shape and the CPU allow. */
struct mn_matmul_kernel {
    const char *name;      /* "q4_0_avx2" */
    uint32_t type;         /* mn_type; UINT32_MAX: any integer format; UINT32_MAX - 1: any float format */
    mn_activation_type activation;
    mn_cpu_bits needs;
    uint32_t n_multiple;   /* the row length must be a multiple of this */
    mn_matmul_fn *decode;  /* the MN_DECODE arithmetic; best for 1..8 tokens, right for any number */
    mn_matmul_fn *prompt;  /* the MN_PROMPT arithmetic */
};

const mn_matmul_kernel *mn_matmul_kernel_at(size_t index); /* NULL after the last */
/* Fills *out for a matrix (tensor->shape[0] = n, all other dimensions are rows). `cpu` limits the level.
 * A format that nothing can compute with is MN_BAD_FILE. */
mn_status mn_linear_init(mn_linear *out, const mn_tensor *tensor, mn_cpu_bits cpu, mn_error *error);
/* Scratch that one thread needs for products with rows up to n long and up to max_tokens tokens; 64-byte aligned. */
size_t mn_matmul_scratch_bytes(uint32_t n, uint32_t max_tokens);
/* Calls kernel->decode or kernel->prompt. */
void mn_matmul(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x, mn_range tokens,
               mn_range rows, mn_role role, void *scratch);
/* One row of the matrix as floats: the embedding lookup. out[n]. */
void mn_linear_row(float *out, const mn_linear *w, uint32_t row);

#endif
