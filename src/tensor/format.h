/* SPDX-License-Identifier: Apache-2.0 */
/* format.h - the number formats: one file and one row in the table for each.
 *
 * A row knows how numbers are stored and no kernel. `decode` is the truth about
 * a format; `unpack` gives the same numbers as small integers with a scale (and
 * an offset) for each group of 16, which is what integer kernels compute with. */
#ifndef MN_TENSOR_FORMAT_H
#define MN_TENSOR_FORMAT_H

#include <minnow/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type ids of the GGUF specification (ggml_type). */
typedef enum mn_type {
    MN_F32 = 0, MN_F16 = 1, MN_Q4_0 = 2, MN_Q4_1 = 3, MN_Q5_0 = 6, MN_Q5_1 = 7, MN_Q8_0 = 8,
    MN_Q2_K = 10, MN_Q3_K = 11, MN_Q4_K = 12, MN_Q5_K = 13, MN_Q6_K = 14,
    MN_IQ4_NL = 20, MN_IQ4_XS = 23, MN_BF16 = 30, MN_TQ1_0 = 34, MN_TQ2_0 = 35, MN_MXFP4 = 39,
} mn_type;

#define MN_GROUP 16 /* weights (and activations) that share a scale in integer kernels */

typedef struct mn_format {
    const char *name;        /* as users write it: "q4_0" */
    uint32_t type;           /* id in a file */
    uint32_t block;          /* weights in a block; row lengths are whole numbers of blocks */
    uint32_t block_bytes;
    float bits_per_weight;
    uint32_t file_type;      /* general.file_type of a file of this format; UINT32_MAX: none */

    /* n weights (whole blocks) to floats, bit for bit as the `gguf` Python package. */
    void (*decode)(float *out, const void *blocks, size_t n);
    /* n floats to blocks; `importance` [n] weighs the squared error, NULL for none. Defined for any
     * input: where blocks cannot hold them, NaN counts as 0 and infinities as large finite numbers.
     * The same input gives the same bytes everywhere. NULL: cannot be written. */
    void (*encode)(void *blocks, const float *in, size_t n, const float *importance);
    /* w[i] = scale[i/16] * q[i] + offset[i/16]; `offset` is written only when `affine`.
     * NULL for floating-point formats. */
    void (*unpack)(int8_t *q, float *scale, float *offset, const void *blocks, size_t n);
    bool affine;
} mn_format;

const mn_format *mn_format_by_type(uint32_t type);     /* NULL if unknown */
const mn_format *mn_format_by_name(const char *name);  /* ignores case; NULL if unknown */
const mn_format *mn_format_at(size_t index);           /* the table in order; NULL after the last */

/* Bytes of a row of n weights; false if n is no whole number of blocks or the size overflows. */
bool mn_format_row_bytes(uint64_t *out, const mn_format *format, uint64_t n);
/* Bytes of a tensor of this shape (all dimensions >= 1), checked. */
bool mn_format_tensor_bytes(uint64_t *out, const mn_format *format, const uint64_t shape[4]);

/* IEEE 754 half and bfloat16, round to nearest even, NaN kept a NaN. */
float mn_f16_to_f32(uint16_t half);
uint16_t mn_f32_to_f16(float value);
float mn_bf16_to_f32(uint16_t value);
uint16_t mn_f32_to_bf16(float value);

#endif
