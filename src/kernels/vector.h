/* SPDX-License-Identifier: Apache-2.0 */
/* vector.h - element-wise operations and norms: one table of functions for each CPU level.
 *
 * The plain table is the truth; every other level gives the same bits. Sums run
 * in 16 lanes (lane = index mod 16), reduced pairwise: s[i] += s[i+8], then 4,
 * 2, 1. exp and tanh are our own (polynomials, no fused multiply-add). */
#ifndef MN_KERNELS_VECTOR_H
#define MN_KERNELS_VECTOR_H

#include "device/cpu.h"

#include <stddef.h>
#include <stdint.h>

typedef struct mn_vector_ops {
    const char *name;
    mn_cpu_bits needs;
    /* y = x / sqrt(mean(x^2) + epsilon) * weight; weight NULL means 1. y may be x. */
    void (*rms_norm)(float *y, const float *x, const float *weight, float epsilon, size_t n);
    void (*add)(float *y, const float *x, size_t n); /* y += x */
    void (*scale)(float *y, float factor, size_t n); /* y *= factor */
    void (*silu_multiply)(float *y, const float *gate, const float *up,
                          size_t n); /* silu(gate) * up */
    void (*gelu_tanh_multiply)(float *y, const float *gate, const float *up,
                               size_t n);            /* gelu, tanh form */
    void (*soft_cap)(float *y, float cap, size_t n); /* y = cap * tanh(y / cap) */
    float (*maximum)(const float *x, size_t n);      /* -inf for n = 0 */
    /* y[i] = exp(x[i] - shift); returns the sum of y in the fixed order. y may be x. */
    float (*exp_shifted)(float *y, const float *x, float shift, size_t n);
    /* Rotates pairs of x[head_dim] by the angles whose cosines and sines are given, [n_rotated/2]
     * each. adjacent: pairs (2i, 2i+1); halves: pairs (i, i + n_rotated/2). The rest stays. */
    void (*rope_adjacent)(float *x, const float *cosine, const float *sine, size_t n_rotated);
    void (*rope_halves)(float *x, const float *cosine, const float *sine, size_t n_rotated);
} mn_vector_ops;

const mn_vector_ops *mn_vector_ops_at(size_t index);     /* plain first; NULL after the last */
const mn_vector_ops *mn_vector_ops_for(mn_cpu_bits cpu); /* the best whose needs are met */

/* Scalar functions of our own, the same on every machine. Accuracy: within 2 ulp (exp, tanh of
 * floats; sin and cos of doubles for any |x| < 1e6, within 2 ulp of double). */
float mn_expf(float x);
float mn_tanhf(float x);
double mn_sin(double x);
double mn_cos(double x);
double mn_exp(double x);
double mn_log(double x);
double mn_pow(double x, double y); /* x > 0 */

#endif
