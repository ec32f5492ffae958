/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.h - matrix products of stored weights with activations: the kernel list.
 *
 * The plain C row of each weight format is the truth; every faster row gives
 * exactly the same bits, for any number of tokens, any split of rows between
 * threads and any chunking. (Where a result is NaN, any NaN will do.)
 *
 * Integer formats meet activations that are integers with one float scale for each
 * group g of 16: 8 bits for answers, where reading the weights is what takes time,
 * and about 15 bits (two planes of 8) for prompts, where the loss of 8 bits would be
 * the largest error of all. dot(g) is the exact integer product of the group's weights
 * and activations. There are two arithmetics, chosen by the role of a token and by
 * nothing else:
 *
 * - MN_DECODE: eight sums per output, group g adding to number g mod 8 in
 *   rising order of g, so that a row can be read in file order by a vector unit:
 *       sum += w.scale[g] * (x.scale[g] * (float)dot(g))
 *       sum += w.offset[g] * x.sum[g]                          (affine formats)
 *   and at the end ((s0+s1)+(s4+s5)) + ((s2+s3)+(s6+s7)).
 * - MN_PROMPT: one sum per output, in rising order, so that a vector unit can
 *   hold many rows side by side. scale and sum are the fine ones here. Where 32
 *   weights share a scale (all formats but those that mn_scale_weights knows), for
 *   each pair of groups g, g+1:
 *       sum += w.scale[g] * (x.scale[g] * (float)dot(g) + x.scale[g+1] * (float)dot(g+1))
 *       sum += w.offset[g] * (x.sum[g] + x.sum[g+1])           (affine formats)
 *   and otherwise for each group as in MN_DECODE.
 *
 * F32, F16 and BF16 weights meet float activations: 16 sums per output, number
 * i mod 16 taking product i, s[i] += s[i+8], then 4, 2, 1 at the end (DECODE),
 * or one sum in sequence (PROMPT).
 *
 * All sums start at +0. Products and sums are rounded one by one (no fused
 * multiply-add). */
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

/* Two groups of 16 activations. A number is fine_scale * (256 * q + low) to about 15 bits, which MN_PROMPT
 * computes with, and scale * q to about 7 bits, which MN_DECODE computes with: scale = max|x| / 127 and
 * fine_scale = scale / 256. A group with no |x| >= 2^-100 is all zero (scales too); one that holds an
 * infinity or NaN has q = low = 0 and NaN for scales, so that the NaN reaches every output. */
typedef struct mn_activation_block {
    int8_t q[32];        /* -127..127 */
    int8_t low[32];      /* -127..127 */
    float scale[2];
    float sum[2];        /* scale * (float)(sum of q) */
    int32_t start[2];    /* -128 * sum of q: where a dot product with weights stored as q + 128 starts */
    float fine_scale[2];
    float fine_sum[2];   /* fine_scale * (float)(sum of 256 q + low) */
    int32_t fine_start[2]; /* -128 * sum of (256 q + low) */
    float fine_pair_sum; /* fine_sum[0] + fine_sum[1] */
    int32_t unused[3];
} mn_activation_block;

/* Up to max_tokens rows of n numbers, as floats or as int8 groups or both. */
typedef struct mn_activations {
    uint32_t n;        /* row length; any */
    uint32_t n_blocks; /* of 32, rounded up; what lies behind x[n] is zero */
    uint32_t max_tokens;
    float *values;     /* [max_tokens, n_blocks * 32] */
    mn_activation_block *blocks; /* [max_tokens / 4, n_blocks, 4]: four tokens lie side by side */
} mn_activations;

static inline const mn_activation_block *mn_activations_block(const mn_activations *activations,
                                                              uint32_t token, uint32_t block)
{
    size_t four = (size_t)(token / 4) * activations->n_blocks + block;
    return activations->blocks + four * 4 + token % 4;
}

static inline const float *mn_activations_values(const mn_activations *activations, uint32_t token)
{
    return activations->values + (size_t)token * activations->n_blocks * 32;
}

/* Bytes of the arrays, SIZE_MAX if that many do not exist. */
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

/* What a row of the list may stand for instead of one mn_type. */
#define MN_ANY_INTEGER UINT32_MAX     /* every format with `unpack` */
#define MN_ANY_FLOAT (UINT32_MAX - 1) /* every format without */

/* A row of the list. Plain rows come first and take every format (they use its unpack or decode); a
 * tensor takes the last row that its format, its shape and the CPU allow. */
struct mn_matmul_kernel {
    const char *name;      /* "q4_0_avx2" */
    uint32_t type;         /* mn_type, MN_ANY_INTEGER or MN_ANY_FLOAT */
    mn_activation_type activation;
    mn_cpu_bits needs;
    uint32_t n_multiple;   /* the row length must be a multiple of this */
    mn_matmul_fn *decode;  /* the MN_DECODE arithmetic; best for 1..8 tokens, right for any number */
    mn_matmul_fn *prompt;  /* the MN_PROMPT arithmetic */
};

const mn_matmul_kernel *mn_matmul_kernel_at(size_t index); /* NULL after the last */
/* True if the row can compute with rows of n weights of this format, given the CPU. */
bool mn_matmul_kernel_takes(const mn_matmul_kernel *kernel, const mn_format *format, uint64_t n);
/* How many weights share a scale (and offset) as far as MN_PROMPT is concerned: 16 or 32. */
uint32_t mn_scale_weights(const mn_format *format);
/* Fills *out for a matrix (tensor->shape[0] = n, all other dimensions are rows). `cpu` limits the level.
 * A format that nothing can compute with is MN_BAD_FILE. */
mn_status mn_linear_init(mn_linear *out, const mn_tensor *tensor, mn_cpu_bits cpu, mn_error *error);
/* Scratch that one thread needs for products with rows up to n long and up to max_tokens tokens; 64-byte
 * aligned. SIZE_MAX if that many bytes do not exist. */
size_t mn_matmul_scratch_bytes(uint32_t n, uint32_t max_tokens);
/* Calls kernel->decode or kernel->prompt. */
void mn_matmul(float *y, size_t y_stride, const mn_linear *w, const mn_activations *x, mn_range tokens,
               mn_range rows, mn_role role, void *scratch);
/* One row of the matrix as floats: the embedding lookup. out[n]. */
void mn_linear_row(float *out, const mn_linear *w, uint32_t row);

#endif
