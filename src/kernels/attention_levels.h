/* SPDX-License-Identifier: Apache-2.0 */
/* attention_levels.h - what a CPU level gives to the walk over blocks that all levels share.
 *
 * mn_attention_walk (attention.c) finds the blocks and key ranges; a level multiplies, widens
 * stored numbers to floats and does the softmax of one query and block. */
#ifndef MN_KERNELS_ATTENTION_LEVELS_H
#define MN_KERNELS_ATTENTION_LEVELS_H

#include "kernels/attention.h"

/* Columns are padded to whole vectors of 16. */
static inline uint32_t mn_pad_16(uint32_t n)
{
    return (n + 15u) & ~15u;
}

/* c[q, column] = sum over i in begin..end-1, in order from 0, of a[q, i] * b[i, column]; with
 * `decay`, c[q, column] * decay[q] + that sum. Columns come in groups of 16; all strides count
 * numbers. */
typedef struct mn_attention_product {
    const void *b; /* of `type`: number of row i and column k at i * row_stride + (k / 16) *
                      group_stride + k % 16 */
    size_t row_stride, group_stride;
    mn_kv_type type;
    uint32_t begin, end;
    uint32_t n_queries, n_groups;
    const float *a; /* [n_queries], stride a_stride */
    size_t a_stride;
    float *c; /* [n_queries, n_groups * 16], stride c_stride */
    size_t c_stride;
    const float *decay; /* [n_queries] or NULL */
    const void
        *ahead; /* numbers laid out as `b` that the next block will need, worth fetching; or NULL */
} mn_attention_product;

/* The keys of one block that a query sees. */
typedef struct mn_key_span {
    uint32_t begin, end; /* within the block; equal if there are none */
} mn_key_span;

/* The queries of one block: dot products in, weights out, both within a query's span (what lies
 * outside is never used). A query whose span is empty is left alone. */
typedef struct mn_attention_softmax {
    uint32_t n_queries;
    const mn_key_span *spans; /* [n_queries] */
    float *score;             /* [n_queries, MN_KV_BLOCK], 64-byte aligned */
    const float *key_scale;   /* [MN_KV_BLOCK] or NULL */
    const float *value_scale; /* [MN_KV_BLOCK] or NULL */
    float scale, soft_cap;
    float *most;  /* [n_queries] m, updated */
    float *sums;  /* [n_queries, 16] l, updated; 64-byte aligned */
    float *decay; /* [n_queries] gets c; has room for a whole number of vectors of 16 */
} mn_attention_softmax;

typedef struct mn_attention_steps {
    /* Above this many queries a page is widened to floats once; `product` is given other types than
     * floats only for fewer. */
    uint32_t direct_queries;
    void (*widen)(float *out, const void *in, size_t n, mn_kv_type type); /* n: a multiple of 16 */
    void (*product)(const mn_attention_product *product);
    void (*softmax)(const mn_attention_softmax *softmax);
    /* out[n] = x[n] / the sum of `sums`, or zeros if that is 0. */
    void (*finish)(float *out, const float *x, const float sums[16], uint32_t n);
} mn_attention_steps;

void mn_attention_walk(const mn_attention_task *task, void *scratch,
                       const mn_attention_steps *steps);

/* Where the numbers of a page start, and its scales (NULL unless INT8). */
static inline const void *mn_page_numbers(const uint8_t *page, mn_kv_type type)
{
    return page + (type == MN_KV_INT8 ? MN_KV_BLOCK * sizeof(float) : 0);
}

static inline const float *mn_page_scales(const uint8_t *page, mn_kv_type type)
{
    return type == MN_KV_INT8 ? (const float *)(const void *)page : NULL;
}

/* --- storing: a level turns a row of floats into halves or bytes, the rest is the same -----------
 */

typedef void mn_to_halves_fn(uint16_t *out, const float *x, uint32_t n);
/* Returns the scale, that of mn_int8_scale. */
typedef float mn_to_bytes_fn(int8_t *out, const float *x, uint32_t n);

/* The scale for a row whose largest magnitude has these bits, and what to multiply its numbers by;
 * if that is 0, zeros must be stored without looking at them. */
float mn_int8_scale(float *inverse, uint32_t magnitude_bits);

void mn_store_key(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim, mn_kv_type type,
                  mn_to_halves_fn *to_halves, mn_to_bytes_fn *to_bytes);
void mn_store_value(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                    mn_kv_type type, mn_to_halves_fn *to_halves, mn_to_bytes_fn *to_bytes);

extern const mn_attention_ops mn_attention_plain;
#if defined(__x86_64__)
extern const mn_attention_ops mn_attention_avx2;
extern const mn_attention_ops mn_attention_avx512vnni;
#endif

#endif
