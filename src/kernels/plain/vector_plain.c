/* SPDX-License-Identifier: Apache-2.0 */
/* vector_plain.c - the plain table of vector.h: what the other levels must repeat bit for bit.
 *
 * Sums are written as 16 lanes so that the order of additions does not depend on the compiler. */
#include "kernels/vector_levels.h"

#include "kernels/float_math.h"

#include <math.h>

static void rms_norm(float *y, const float *x, const float *weight, float epsilon, size_t n)
{
    float lane[16] = { 0 };
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t j = 0; j < 16; j++)
            lane[j] += x[i + j] * x[i + j];
    for (size_t j = 0; i + j < n; j++)
        lane[j] += x[i + j] * x[i + j];
    float factor = 1.0f / sqrtf(sum_16_lanes(lane) / (float)n + epsilon);
    if (weight)
        for (i = 0; i < n; i++)
            y[i] = (x[i] * factor) * weight[i];
    else
        for (i = 0; i < n; i++)
            y[i] = x[i] * factor;
}

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale(float *y, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= factor;
}

static void silu_multiply(float *y, const float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = silu_float(gate[i]) * up[i];
}

static void gelu_tanh_multiply(float *y, const float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = gelu_tanh_float(gate[i]) * up[i];
}

static void soft_cap(float *y, float cap, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = cap * tanh_float(y[i] / cap);
}

static float maximum(const float *x, size_t n)
{
    float lane[16];
    for (size_t j = 0; j < 16; j++)
        lane[j] = -INFINITY;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t j = 0; j < 16; j++)
            lane[j] = max_float(x[i + j], lane[j]);
    for (size_t j = 0; i + j < n; j++)
        lane[j] = max_float(x[i + j], lane[j]);
    return max_16_lanes(lane);
}

static float exp_shifted(float *y, const float *x, float shift, size_t n)
{
    float lane[16] = { 0 };
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t j = 0; j < 16; j++) {
            float e = exp_float(x[i + j] - shift);
            lane[j] += e;
            y[i + j] = e;
        }
    for (size_t j = 0; i + j < n; j++) {
        float e = exp_float(x[i + j] - shift);
        lane[j] += e;
        y[i + j] = e;
    }
    return sum_16_lanes(lane);
}

static void rope_adjacent(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    for (size_t i = 0; i < n_rotated / 2; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i] = a * cosine[i] - b * sine[i];
        x[2 * i + 1] = a * sine[i] + b * cosine[i];
    }
}

static void rope_halves(float *x, const float *cosine, const float *sine, size_t n_rotated)
{
    size_t half = n_rotated / 2;
    for (size_t i = 0; i < half; i++) {
        float a = x[i], b = x[i + half];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + half] = a * sine[i] + b * cosine[i];
    }
}

const mn_vector_ops mn_vector_plain = {
    .name = "plain",
    .needs = 0,
    .rms_norm = rms_norm,
    .add = add,
    .scale = scale,
    .silu_multiply = silu_multiply,
    .gelu_tanh_multiply = gelu_tanh_multiply,
    .soft_cap = soft_cap,
    .maximum = maximum,
    .exp_shifted = exp_shifted,
    .rope_adjacent = rope_adjacent,
    .rope_halves = rope_halves,
};
