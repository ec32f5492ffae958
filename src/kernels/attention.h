/* SPDX-License-Identifier: Apache-2.0 */
/* attention.h - softmax(q k^T) v over pages of key/value memory.
 *
 * Keys run in fixed blocks of MN_KV_BLOCK absolute positions with an online
 * softmax (Milakov and Gimelshein, arXiv 1805.02867): a query's numbers depend
 * on its position and on the keys, not on how many queries are computed
 * together, nor on threads. Within a block, per query:
 *   score[j] = scale * dot(q, k[j])      16 lanes, reduced pairwise, as in vector.h
 *   (soft cap, if any)
 *   m' = max(m, max score); c = exp(m - m'); p[j] = exp(score[j] - m'); l = l*c + sum p;
 *   out = out*c + sum over j of p[j] * v[j]   (j in order, one rounding for each product and sum)
 * and out / l at the end. Only keys in [first, position] of the query take part. The plain table is the
 * truth; every level gives the same bits. */
#ifndef MN_KERNELS_ATTENTION_H
#define MN_KERNELS_ATTENTION_H

#include "device/cpu.h"

#include <stddef.h>
#include <stdint.h>

#define MN_KV_BLOCK 64 /* positions in a page */

typedef enum mn_kv_type { MN_KV_F32, MN_KV_F16, MN_KV_INT8, MN_KV_N_TYPES } mn_kv_type;

/* One kv head's part of a page: MN_KV_BLOCK keys and values of head_dim numbers, position by position.
 * INT8: one float scale for each key and each value (max|x|/127, q rounded to nearest even), stored in
 * front of the numbers: float scale[MN_KV_BLOCK], then int8 [MN_KV_BLOCK, head_dim]. */
size_t mn_kv_head_bytes(mn_kv_type type, uint32_t head_dim); /* of keys, or of values; a multiple of 64 */

typedef struct mn_attention_task {
    const float *q;            /* [n_queries, head_dim], the queries that share one kv head */
    float *out;                /* [n_queries, head_dim], stride out_stride */
    size_t q_stride, out_stride; /* floats between queries */
    const int32_t *position;   /* [n_queries] a query sees keys first[i] .. position[i] */
    const int32_t *first;      /* [n_queries] */
    uint32_t n_queries;
    uint32_t head_dim;         /* a multiple of 4, at most 512 */
    float scale;
    float soft_cap;            /* 0: none */
    mn_kv_type type;
    const uint8_t *const *keys;   /* [block] = that kv head's keys in the page of block b; pages outside */
    const uint8_t *const *values; /*           every query's range are not touched and may be NULL */
} mn_attention_task;

typedef struct mn_attention_ops {
    const char *name;
    mn_cpu_bits needs;
    /* `scratch` of mn_attention_scratch_bytes, 64-byte aligned. */
    void (*attend)(const mn_attention_task *task, void *scratch);
    /* Stores x[head_dim] as number `slot` (0..MN_KV_BLOCK-1) of a page's keys or values. */
    void (*store)(uint8_t *page, uint32_t slot, const float *x, uint32_t head_dim, mn_kv_type type);
} mn_attention_ops;

const mn_attention_ops *mn_attention_ops_at(size_t index); /* plain first; NULL after the last */
const mn_attention_ops *mn_attention_ops_for(mn_cpu_bits cpu);
size_t mn_attention_scratch_bytes(uint32_t head_dim, uint32_t max_queries);

#endif
