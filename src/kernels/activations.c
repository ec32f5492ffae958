/* SPDX-License-Identifier: Apache-2.0 */
/* activations.c - the numbers that a matrix is multiplied with, as floats and as int8 groups. */
#include "kernels/matmul.h"

#include "base/size.h"
#include "kernels/matmul_rows.h"

#include <string.h>

enum { BLOCK = 32, TOKENS = 4 /* side by side */ };

static bool sizes(size_t *values_bytes, size_t *total_bytes, uint32_t n, uint32_t max_tokens)
{
    const size_t n_blocks = ((size_t)n + BLOCK - 1) / BLOCK;
    const size_t n_fours = ((size_t)max_tokens + TOKENS - 1) / TOKENS;
    size_t fours_bytes;
    return mn_size_mul(&fours_bytes, n_blocks, TOKENS * sizeof(mn_activation_block)) &&
           mn_size_mul(&fours_bytes, fours_bytes, n_fours) &&
           mn_size_mul(values_bytes, n_blocks, BLOCK * sizeof(float)) &&
           mn_size_mul(values_bytes, *values_bytes, max_tokens) &&
           mn_size_add(total_bytes, *values_bytes, fours_bytes);
}

size_t mn_activations_bytes(uint32_t n, uint32_t max_tokens)
{
    size_t values_bytes, total_bytes;
    return sizes(&values_bytes, &total_bytes, n, max_tokens) ? total_bytes : SIZE_MAX;
}

void mn_activations_init(mn_activations *out, void *memory, uint32_t n, uint32_t max_tokens)
{
    size_t values_bytes = 0, total_bytes;
    sizes(&values_bytes, &total_bytes, n, max_tokens);
    out->n = n;
    out->n_blocks = n / BLOCK + (n % BLOCK != 0);
    out->max_tokens = max_tokens;
    out->values = memory;
    out->blocks = (void *)((char *)memory + values_bytes);
}

/* The nearest integer, of two the even one, for |x| < 2^21: adding 1.5 * 2^23 rounds and leaves it in the
 * low bits. */
static int32_t nearest(float x)
{
    const float rounded = x + 0x1.8p23f;
    int32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    return bits - 0x4b400000;
}

/* One group of 16. The magnitudes are compared as integers: NaN counts as larger than infinity. */
static void quantize_group(mn_activation_block *out, int group, const float *x)
{
    uint32_t largest = 0;
    for (int i = 0; i < 16; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffffu;
        if (bits > largest) largest = bits;
    }
    float maximum, scale = 0, inverse = 0;
    memcpy(&maximum, &largest, sizeof maximum);
    const bool finite = largest < 0x7f800000u;
    if (finite && maximum >= 0x1p-100f) {
        scale = maximum / 127.0f;
        inverse = 127.0f / maximum;
    }
    int32_t q_sum = 0, low_sum = 0;
    for (int i = 0; i < 16; i++) {
        const float scaled = (finite ? x[i] : 0.0f) * inverse;
        const int32_t q = nearest(scaled), rest = nearest(scaled * 256.0f) - 256 * q;
        const int32_t low = rest < -127 ? -127 : rest > 127 ? 127 : rest;
        out->q[16 * group + i] = (int8_t)q;
        out->low[16 * group + i] = (int8_t)low;
        q_sum += q;
        low_sum += low;
    }
    if (!finite) {
        const uint32_t quiet_nan = 0x7fc00000u;
        memcpy(&scale, &quiet_nan, sizeof scale);
    }
    out->scale[group] = scale;
    out->sum[group] = scale * (float)q_sum;
    out->start[group] = -128 * q_sum;
    out->fine_scale[group] = scale * 0x1p-8f;
    out->fine_sum[group] = out->fine_scale[group] * (float)(256 * q_sum + low_sum);
    out->fine_start[group] = -128 * (256 * q_sum + low_sum);
}

void mn_activations_quantize_plain(mn_activation_block *out, size_t stride, const float *x,
                                   uint32_t n_blocks)
{
    for (uint32_t block = 0; block < n_blocks; block++, out += stride, x += BLOCK) {
        quantize_group(out, 0, x);
        quantize_group(out, 1, x + 16);
        out->fine_pair_sum = out->fine_sum[0] + out->fine_sum[1];
        memset(out->unused, 0, sizeof out->unused);
    }
}

static mn_activations_quantize_fn *quantizer(mn_cpu_bits cpu)
{
#if defined(__x86_64__)
    if (cpu & MN_CPU_AVX2) return mn_activations_quantize_avx2;
#endif
    (void)cpu;
    return mn_activations_quantize_plain;
}

void mn_activations_set(mn_activations *activations, uint32_t token, const float *x, unsigned types,
                        mn_cpu_bits cpu)
{
    const uint32_t n = activations->n, n_whole = n / BLOCK, n_blocks = activations->n_blocks;
    if (types & 1u << MN_ACTIVATION_FLOAT) {
        float *values = activations->values + (size_t)token * n_blocks * BLOCK;
        memcpy(values, x, n * sizeof *x);
        memset(values + n, 0, ((size_t)n_blocks * BLOCK - n) * sizeof *x);
    }
    if (types & 1u << MN_ACTIVATION_INT8) {
        mn_activation_block *out =
            activations->blocks + (size_t)(token / TOKENS) * n_blocks * TOKENS + token % TOKENS;
        mn_activations_quantize_fn *quantize = quantizer(cpu);
        quantize(out, TOKENS, x, n_whole);
        if (n_whole < n_blocks) {
            float last[BLOCK] = { 0 };
            memcpy(last, x + (size_t)n_whole * BLOCK, n % BLOCK * sizeof *x);
            quantize(out + (size_t)n_whole * TOKENS, TOKENS, last, 1);
        }
    }
}
