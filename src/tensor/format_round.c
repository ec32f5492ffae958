/* SPDX-License-Identifier: Apache-2.0 */
/* format_round.c - encoding without a search: the scale follows from the largest weights alone.
 *
 * Each product, sum and division is one float operation in the reference's order; a reciprocal, as
 * there, and not a division per weight. */
#include "tensor/format_round.h"

void mn_finite_load(float *restrict out, const float *restrict in, size_t n)
{
    const float largest_half = 65504.0f;
    for (size_t i = 0; i < n; i++) {
        const float x = in[i];
        const float infinite = x > 0 ? largest_half : -largest_half;
        out[i] = x != x ? 0.0f : fabsf(x) <= FLT_MAX ? x : infinite;
    }
}

float mn_round_scale(uint8_t code[32], const float *in, int low)
{
    float x[32], peak = 0;
    mn_finite_load(x, in, 32);
    for (int i = 0; i < 32; i++)
        if (fabsf(x[i]) > fabsf(peak)) peak = x[i];
    const float d = peak / (float)low, inverse = mn_inverse(d);
    const float shift = 0.5f - (float)low, high = (float)(-2 * low - 1);
    for (int i = 0; i < 32; i++) code[i] = (uint8_t)mn_clamp(x[i] * inverse + shift, 0.0f, high);
    return d;
}

mn_line mn_round_offset(uint8_t code[32], const float *in, int high)
{
    float x[32];
    mn_finite_load(x, in, 32);
    float least = x[0], most = x[0];
    for (int i = 1; i < 32; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    const float d = (most - least) / (float)high, inverse = mn_inverse(d);
    for (int i = 0; i < 32; i++)
        code[i] = (uint8_t)mn_clamp((x[i] - least) * inverse + 0.5f, 0.0f, (float)high);
    return (mn_line){ d, least };
}

float mn_round_ternary(uint8_t code[256], const float *in)
{
    float x[MN_BLOCK_MAX], d = 0;
    mn_finite_load(x, in, MN_BLOCK_MAX);
    for (int i = 0; i < MN_BLOCK_MAX; i++) d = fabsf(x[i]) > d ? fabsf(x[i]) : d;
    const float inverse = mn_inverse(d);
    for (int i = 0; i < MN_BLOCK_MAX; i++)
        code[i] = (uint8_t)(mn_round_away(mn_clamp(x[i] * inverse, -1.0f, 1.0f)) + 1);
    return d;
}

void mn_store_fours(uint8_t bytes[restrict 16], const uint8_t code[restrict 32])
{
    for (int k = 0; k < 16; k++) bytes[k] = (uint8_t)((code[k] & 15) | code[16 + k] << 4);
}

void mn_store_fifths(uint8_t bytes[restrict 4], const uint8_t code[restrict 32])
{
    for (int k = 0; k < 4; k++) {
        unsigned bits = 0;
        for (int bit = 0; bit < 8; bit++) bits |= (unsigned)(code[8 * k + bit] >> 4 & 1) << bit;
        bytes[k] = (uint8_t)bits;
    }
}
