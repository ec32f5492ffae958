/* SPDX-License-Identifier: Apache-2.0 */
/* attention.h - softmax(q k^T) v over pages of key/value memory.
 *
 * Keys run in fixed blocks of MN_KV_BLOCK absolute positions with an online
 * softmax (Milakov and Gimelshein, arXiv 1805.02867): a query's numbers depend
 * on its position and on the keys, not on how many queries are computed
 * together, nor on threads. Per query, starting from m = -inf, l[16] = 0, out = 0,
 * for each block with a key in first .. position (j runs over those keys only,
 * in order; every product and sum is rounded by itself):
 *   score[j] = (sum over i of q[i] * k[j][i], i in order) * key_scale[j] * scale
 *   score[j] = cap * tanh(score[j] / cap)                       (if there is a cap)
 *   m' = max(m, scores); c = exp(m - m'); p[j] = exp(score[j] - m')
 *   l[j mod 16] = l[j mod 16] * c + sum of p[j]
 *   out[i] = out[i] * c + sum over j of (p[j] * value_scale[j]) * v[j][i]
 * and out / l at the end, l being summed pairwise as in vector.h. The two scales
 * exist for INT8 only, where k and v are the stored integers. A query without
 * keys (position < first) gives zeros. Keys outside the range take no part,
 * whatever their bytes hold. While m' is -inf, exp(x - 0) stands for exp(x - m').
 * The plain table is the truth; every level gives the same bits. */
#ifndef MN_KERNELS_ATTENTION_H
#define MN_KERNELS_ATTENTION_H

#include "device/cpu.h"

#include <stddef.h>
#include <stdint.h>

#define MN_KV_BLOCK 64 /* positions in a page */

typedef enum mn_kv_type { MN_KV_F32, MN_KV_F16, MN_KV_INT8, MN_KV_N_TYPES } mn_kv_type;

/* One kv head's part of a page holds MN_KV_BLOCK keys or values of head_dim numbers, laid out so
 * that a vector of 16 numbers is 16 keys of one dimension, or 16 dimensions of one value: keys
 * [MN_KV_BLOCK / 16, head_dim, 16]: number i of key s is at ((s / 16) * head_dim + i) * 16 + s mod
 * 16 values [MN_KV_BLOCK, head_dim rounded up to 16]; what pads a row is never used INT8: one float
 * scale for each key or value (max|x| / 127, q rounded to nearest even) in front of the numbers:
 * float scale[MN_KV_BLOCK]. Numbers too small for that (max|x| < 2^-100) become 0; a key or value
 * with an infinity or NaN gets a NaN scale. A page starts at a multiple of 4 bytes, better of 64.
 */
size_t mn_kv_head_bytes(mn_kv_type type,
                        uint32_t head_dim); /* of keys, or of values; a multiple of 64 */

typedef struct mn_attention_task {
    const float *q;              /* [n_queries, head_dim], the queries that share one kv head */
    float *out;                  /* [n_queries, head_dim], stride out_stride */
    size_t q_stride, out_stride; /* floats between queries */
    const int32_t *position;     /* [n_queries] a query sees keys first[i] .. position[i] */
    const int32_t *first;        /* [n_queries] */
    uint32_t n_queries;
    uint32_t head_dim; /* a multiple of 4, at most 512 */
    float scale;
    float soft_cap; /* 0: none */
    mn_kv_type type;
    const uint8_t *const
        *keys; /* [block] = that kv head's keys in the page of block b; pages outside */
    const uint8_t *const
        *values; /*           every query's range are not touched and may be NULL */
} mn_attention_task;

typedef struct mn_attention_ops {
    const char *name;
    mn_cpu_bits needs;
    /* `scratch` of mn_attention_scratch_bytes, 64-byte aligned. */
    void (*attend)(const mn_attention_task *task, void *scratch);
    /* Stores x[head_dim] as number `slot` (0..MN_KV_BLOCK-1) of a page's keys or values. */
    void (*store_key)(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                      mn_kv_type type);
    void (*store_value)(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim,
                        mn_kv_type type);
} mn_attention_ops;

const mn_attention_ops *mn_attention_ops_at(size_t index); /* plain first; NULL after the last */
const mn_attention_ops *mn_attention_ops_for(mn_cpu_bits cpu);
size_t mn_attention_scratch_bytes(uint32_t head_dim, uint32_t max_queries);

#endif
