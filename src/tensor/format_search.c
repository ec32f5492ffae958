/* SPDX-License-Identifier: Apache-2.0 */
/* format_search.c - finds the scales of a block that make its weighted squared error small.
 *
 * For numbers q already chosen, the best scale is a small least-squares problem; for a scale
 * already chosen, the best q is the nearest. So each search tries a row of starting scales, which
 * round to different q, solves for the scale, and keeps the one with the smallest error. Blocks
 * with coded scales then try the neighbours of each code and solve for the common factors, twice.
 *
 * Terms are computed into arrays and summed as a tree: compilers may use vectors for both, and the
 * order of the additions is fixed. */
#include "tensor/format_search.h"

#define GROUP_MAX 32

/* The weights of one scale. `n` is 16 or 32. */
typedef struct group {
    const float *x, *w, *wx;
    size_t n;
} group;

/* --- loading ------------------------------------------------------------------------- */

static void load_weights(float *restrict w, const float *restrict importance, size_t n)
{
    float largest = 0;
    for (size_t i = 0; importance && i < n; i++) {
        w[i] = mn_clamp(importance[i], 0.0f, FLT_MAX);
        largest = w[i] > largest ? w[i] : largest;
    }
    for (size_t i = 0; i < n; i++) w[i] = largest > 0 ? w[i] / largest : 1.0f;
}

void mn_values_load(mn_values *values, const float *in, const float *importance, size_t start,
                    size_t n)
{
    const float limit = 1e9f;
    in += start;
    for (size_t i = 0; i < n; i++)
        values->x[i] = in[i] != in[i] ? 0.0f : mn_clamp(in[i], -limit, limit);
    load_weights(values->w, importance ? importance + start : NULL, n);
    for (size_t i = 0; i < n; i++) values->wx[i] = values->w[i] * values->x[i];
}

static group group_at(const mn_values *values, size_t start, size_t n)
{
    return (group){ values->x + start, values->w + start, values->wx + start, n };
}

/* --- rounding ------------------------------------------------------------------------ */

/* To the nearest whole number, ties to even; for values below 2^22 in size. */
static inline float nearest(float x)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23: the sum has no room for a fraction */
    return x + shift - shift;
}

static inline float nearest_whole(float x, float low, float high)
{
    return nearest(mn_clamp(x, low, high));
}

/* The sum of n terms, 16 or 32, which are spent. */
static inline float sum_terms(float *terms, size_t n)
{
    if (n == 32)
        for (int i = 0; i < 16; i++) terms[i] += terms[i + 16];
    for (int i = 0; i < 8; i++) terms[i] += terms[i + 8];
    for (int i = 0; i < 4; i++) terms[i] += terms[i + 4];
    return (terms[0] + terms[2]) + (terms[1] + terms[3]);
}

/* A half holds no more; a NaN cannot come out of the solvers below. */
static float as_half(float value)
{
    return mn_half_float(mn_f32_to_f16(mn_clamp(value, -65504.0f, 65504.0f)));
}

/* --- scale without offset ------------------------------------------------------------ */

typedef struct scale_sums {
    float xq, qq; /* sum of w x q and of w q q */
} scale_sums;

/* The level of IQ4_NL nearest to each x: the lowest, and a step up for each middle below x. */
static void nearest_iq4(float *restrict q, const float *restrict x, float inverse, size_t n)
{
    for (size_t i = 0; i < n; i++) q[i] = mn_iq4_levels[0];
    for (int k = 0; k < 15; k++) {
        const float step = (float)(mn_iq4_levels[k + 1] - mn_iq4_levels[k]);
        const float middle = 0.5f * (float)(mn_iq4_levels[k] + mn_iq4_levels[k + 1]);
        for (size_t i = 0; i < n; i++) q[i] += x[i] * inverse > middle ? step : 0.0f;
    }
}

static void nearest_q(float *restrict q, group g, float inverse, mn_grid grid)
{
    if (grid.iq4) {
        nearest_iq4(q, g.x, inverse, g.n);
        return;
    }
    const float *x = g.x, low = (float)grid.low, high = (float)grid.high;
    for (size_t i = 0; i < g.n; i++) q[i] = nearest_whole(x[i] * inverse, low, high);
}

static scale_sums sums_at(group g, float inverse, mn_grid grid)
{
    float q[GROUP_MAX], xq[GROUP_MAX], qq[GROUP_MAX];
    nearest_q(q, g, inverse, grid);
    for (size_t i = 0; i < g.n; i++) {
        xq[i] = g.wx[i] * q[i];
        qq[i] = g.w[i] * q[i] * q[i];
    }
    return (scale_sums){ sum_terms(xq, g.n), sum_terms(qq, g.n) };
}

static float error_at(group g, float scale, mn_grid grid)
{
    float q[GROUP_MAX], error[GROUP_MAX];
    nearest_q(q, g, mn_inverse(scale), grid);
    for (size_t i = 0; i < g.n; i++) {
        const float miss = g.x[i] - scale * q[i];
        error[i] = g.w[i] * miss * miss;
    }
    return sum_terms(error, g.n);
}

static void write_codes(uint8_t *code, group g, float scale, mn_grid grid)
{
    const float inverse = mn_inverse(scale);
    for (size_t i = 0; i < g.n; i++) {
        const float x = g.x[i] * inverse;
        if (!grid.iq4) {
            code[i] =
                (uint8_t)(nearest_whole(x, (float)grid.low, (float)grid.high) - (float)grid.low);
            continue;
        }
        code[i] = 0;
        for (int k = 0; k < 15; k++)
            code[i] += 2 * x > (float)(mn_iq4_levels[k] + mn_iq4_levels[k + 1]);
    }
}

/* What a scale removes from the squared error, sum(w x x), when it is the best one for its q. */
static float gain_of(scale_sums sums)
{
    return sums.qq > 0 ? sums.xq * sums.xq / sums.qq : 0.0f;
}

/* The best scale among those that put the largest weight at `first`, `first + step`, ... */
static void try_targets(float *best_scale, float *best_gain, group g, float peak, float first,
                        float step, int count, mn_grid grid)
{
    for (int t = 0; t < count; t++) {
        const scale_sums sums = sums_at(g, (first + step * (float)t) / peak, grid);
        const float gain = gain_of(sums);
        if (gain <= *best_gain) continue;
        *best_gain = gain;
        *best_scale = sums.xq / sums.qq;
    }
}

static float best_scale(group g, mn_grid grid)
{
    float peak = 0;
    for (size_t i = 0; i < g.n; i++)
        if (fabsf(g.x[i]) > fabsf(peak)) peak = g.x[i];
    if (fabsf(peak) < 1e-12f) return 0.0f; /* far below the smallest half */
    const float low = grid.iq4 ? mn_iq4_levels[0] : (float)grid.low;
    const float high = grid.iq4 ? mn_iq4_levels[15] : (float)grid.high;
    /* Few levels: clipping the largest weight may pay, so reach far; many levels: only the rounding
     * differs, so look near. A step is about a tenth of a level at the edge. */
    const float step = grid.iq4 ? 2.6f : 0.012f * (high - low) + 0.06f;
    float scale = 0, gain = 0;
    try_targets(&scale, &gain, g, peak, low - 6 * step, step, 14, grid);
    try_targets(&scale, &gain, g, peak, high + 8 * step, -step, 12, grid);
    for (int round = 0; round < 2 && scale != 0; round++) {
        const scale_sums sums = sums_at(g, mn_inverse(scale), grid);
        if (gain_of(sums) <= gain) break;
        gain = gain_of(sums);
        scale = sums.xq / sums.qq;
    }
    return scale;
}

float mn_search_scale(uint8_t code[32], const mn_values *values, mn_grid grid)
{
    const group g = group_at(values, 0, 32);
    const float d = as_half(best_scale(g, grid));
    write_codes(code, g, d, grid);
    return d;
}

/* Moves each scale to its better neighbour, if one is better. Returns the block's error. */
static float settle_scales(mn_scaled *block, const mn_values *values, size_t length, int scale_low,
                           mn_grid grid)
{
    float total = 0;
    for (size_t k = 0; k < MN_BLOCK_MAX / length; k++) {
        const group g = group_at(values, k * length, length);
        const int start = block->scale[k];
        float least = error_at(g, block->d * (float)start, grid);
        for (int scale = start - 1; scale <= start + 1; scale += 2) {
            if (scale < scale_low || scale >= -scale_low) continue;
            const float error = error_at(g, block->d * (float)scale, grid);
            if (error >= least) continue;
            least = error;
            block->scale[k] = (int8_t)scale;
        }
        total += least;
    }
    return total;
}

/* The factor that fits best while scales and q stay; 0 if there is none. */
static float solve_factor(const mn_scaled *block, const mn_values *values, size_t length,
                          mn_grid grid)
{
    double xq = 0, qq = 0;
    for (size_t k = 0; k < MN_BLOCK_MAX / length; k++) {
        const double scale = block->scale[k];
        const float inverse = mn_inverse(block->d * (float)block->scale[k]);
        const scale_sums sums = sums_at(group_at(values, k * length, length), inverse, grid);
        xq += scale * sums.xq;
        qq += scale * scale * sums.qq;
    }
    return qq > 0 ? (float)(xq / qq) : 0.0f;
}

static void round_scales(mn_scaled *block, const float *scales, size_t n_groups, int scale_low)
{
    const float inverse = mn_inverse(block->d);
    for (size_t k = 0; k < n_groups; k++)
        block->scale[k] =
            (int8_t)nearest_whole(scales[k] * inverse, (float)scale_low, (float)(-scale_low - 1));
}

void mn_search_scaled(mn_scaled *out, const mn_values *values, size_t length, int scale_low,
                      mn_grid grid)
{
    const size_t n_groups = MN_BLOCK_MAX / length;
    float scales[16] = { 0 }, peak = 0;
    for (size_t k = 0; k < n_groups; k++) {
        scales[k] = best_scale(group_at(values, k * length, length), grid);
        if (fabsf(scales[k]) > fabsf(peak)) peak = scales[k];
    }
    out->d = as_half(peak / (float)scale_low);
    round_scales(out, scales, n_groups, scale_low);
    float least = settle_scales(out, values, length, scale_low, grid);
    for (int round = 0; round < 2; round++) {
        mn_scaled other = *out;
        other.d = as_half(solve_factor(out, values, length, grid));
        if (other.d == out->d) break;
        const float error = settle_scales(&other, values, length, scale_low, grid);
        if (error >= least) break;
        least = error;
        *out = other;
    }
    for (size_t k = 0; k < n_groups; k++)
        write_codes(out->code + k * length, group_at(values, k * length, length),
                    out->d * (float)out->scale[k], grid);
}

/* --- scale and offset ---------------------------------------------------------------- */

typedef struct line_sums {
    float q, qq, xq; /* sums of w q, w q q and w x q */
} line_sums;

static line_sums sums_line(group g, mn_line at, float high)
{
    const float inverse = mn_inverse(at.scale);
    float q1[GROUP_MAX], qq[GROUP_MAX], xq[GROUP_MAX];
    for (size_t i = 0; i < g.n; i++) {
        const float q = nearest_whole((g.x[i] - at.offset) * inverse, 0.0f, high);
        q1[i] = g.w[i] * q;
        qq[i] = g.w[i] * q * q;
        xq[i] = g.wx[i] * q;
    }
    return (line_sums){ sum_terms(q1, g.n), sum_terms(qq, g.n), sum_terms(xq, g.n) };
}

static float error_line(group g, mn_line at, float high)
{
    const float inverse = mn_inverse(at.scale);
    float error[GROUP_MAX];
    for (size_t i = 0; i < g.n; i++) {
        const float q = nearest_whole((g.x[i] - at.offset) * inverse, 0.0f, high);
        const float miss = g.x[i] - at.offset - at.scale * q;
        error[i] = g.w[i] * miss * miss;
    }
    return sum_terms(error, g.n);
}

static void write_line(uint8_t *code, group g, mn_line at, float high)
{
    const float inverse = mn_inverse(at.scale);
    for (size_t i = 0; i < g.n; i++)
        code[i] = (uint8_t)nearest_whole((g.x[i] - at.offset) * inverse, 0.0f, high);
}

/* The line through the q of `at` with the least error, and what it removes from sum(w x x). Offsets
 * above 0 are not wanted when `below`. False if there is no such line. */
static bool solve_line(mn_line *out, double *gain, group g, double w, double wx, mn_line at,
                       float high, bool below)
{
    const line_sums s = sums_line(g, at, high);
    const double determinant = w * s.qq - (double)s.q * s.q;
    double scale = 0, offset = 0;
    if (determinant > 1e-9 * w * s.qq) {
        scale = (w * s.xq - wx * s.q) / determinant;
        offset = (s.qq * wx - (double)s.q * s.xq) / determinant;
    } else if (!below && w > 0) { /* all q are equal */
        offset = wx / w;
    }
    if (below && offset >= 0) {
        if (!(s.qq > 0)) return false;
        offset = 0;
        scale = s.xq / s.qq;
    }
    if (!(scale >= 0)) return false;
    *out = (mn_line){ (float)scale, (float)offset };
    *gain = scale * s.xq + offset * wx;
    return true;
}

/* The best line for a group among those that clip more and less of its range. */
static mn_line best_line(group g, float high, bool below)
{
    float least = below ? 0.0f : g.x[0], most = g.x[0];
    double w = 0, wx = 0, best_gain = -1;
    for (size_t i = 0; i < g.n; i++) {
        least = g.x[i] < least ? g.x[i] : least;
        most = g.x[i] > most ? g.x[i] : most;
        w += g.w[i];
        wx += g.wx[i];
    }
    mn_line best = { 0.0f, least };
    if (most - least < 1e-12f) return best;
    for (int t = 0; t < 16; t++) {
        const float levels = high * (0.93f + 0.0133f * (float)t) + 0.1f * (float)t - 0.8f;
        mn_line found, at = { (most - least) / levels, least };
        double gain;
        if (!solve_line(&found, &gain, g, w, wx, at, high, below) || gain <= best_gain) continue;
        best = found;
        best_gain = gain;
    }
    for (int round = 0; round < 3; round++) {
        mn_line found;
        double gain;
        if (!solve_line(&found, &gain, g, w, wx, best, high, below) || gain <= best_gain) break;
        best = found;
        best_gain = gain;
    }
    return best;
}

mn_line mn_search_offset(uint8_t code[32], const mn_values *values, int high)
{
    const group g = group_at(values, 0, 32);
    mn_line line = best_line(g, (float)high, false);
    line.scale = as_half(line.scale);
    line.offset = as_half(line.offset);
    write_line(code, g, line, (float)high);
    return line;
}

static mn_line line_of(const mn_shifted *block, size_t k)
{
    return (mn_line){ block->d * (float)block->scale[k],
                      -(block->dmin * (float)block->minimum[k]) };
}

/* Moves each pair of codes to its best neighbour. Returns the block's error. */
static float settle_pairs(mn_shifted *block, const mn_values *values, size_t length, int scale_high,
                          float high)
{
    float total = 0;
    for (size_t k = 0; k < MN_BLOCK_MAX / length; k++) {
        const group g = group_at(values, k * length, length);
        const int scale = block->scale[k], minimum = block->minimum[k];
        float least = error_line(g, line_of(block, k), high);
        for (int step = 0; step < 9; step++) {
            const int s = scale + step % 3 - 1, m = minimum + step / 3 - 1;
            if (step == 4 || s < 0 || m < 0 || s > scale_high || m > scale_high) continue;
            const mn_line at = { block->d * (float)s, -(block->dmin * (float)m) };
            const float error = error_line(g, at, high);
            if (error >= least) continue;
            least = error;
            block->scale[k] = (uint8_t)s;
            block->minimum[k] = (uint8_t)m;
        }
        total += least;
    }
    return total;
}

/* The two factors that fit best while codes and q stay; false if there are none. */
static bool solve_factors(float *d, float *dmin, const mn_shifted *block, const mn_values *values,
                          size_t length, float high)
{
    double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0; /* a = scale * q, b = minimum */
    for (size_t k = 0; k < MN_BLOCK_MAX / length; k++) {
        const group g = group_at(values, k * length, length);
        const line_sums s = sums_line(g, line_of(block, k), high);
        const double scale = block->scale[k], minimum = block->minimum[k];
        double w = 0, wx = 0;
        for (size_t i = 0; i < length; i++) {
            w += g.w[i];
            wx += g.wx[i];
        }
        aa += scale * scale * s.qq;
        ab += scale * minimum * s.q;
        bb += minimum * minimum * w;
        xa += scale * s.xq;
        xb += minimum * wx;
    }
    const double determinant = aa * bb - ab * ab;
    if (!(determinant > 1e-9 * aa * bb)) return false;
    *d = (float)((xa * bb - xb * ab) / determinant);
    *dmin = (float)((xa * ab - xb * aa) / determinant);
    return *d >= 0 && *dmin >= 0;
}

static uint8_t code_of(float value, float inverse, int scale_high)
{
    return (uint8_t)nearest_whole(value * inverse, 0.0f, (float)scale_high);
}

/* First codes and factors, from the best line of each group alone. */
static void start_pairs(mn_shifted *block, const mn_values *values, size_t length, int scale_high,
                        float high)
{
    const size_t n_groups = MN_BLOCK_MAX / length;
    mn_line lines[16];
    float scale = 0, minimum = 0;
    for (size_t k = 0; k < n_groups; k++) {
        lines[k] = best_line(group_at(values, k * length, length), high, true);
        scale = lines[k].scale > scale ? lines[k].scale : scale;
        minimum = -lines[k].offset > minimum ? -lines[k].offset : minimum;
    }
    block->d = as_half(scale / (float)scale_high);
    block->dmin = as_half(minimum / (float)scale_high);
    for (size_t k = 0; k < n_groups; k++) {
        block->scale[k] = code_of(lines[k].scale, mn_inverse(block->d), scale_high);
        block->minimum[k] = code_of(-lines[k].offset, mn_inverse(block->dmin), scale_high);
    }
}

void mn_search_shifted(mn_shifted *out, const mn_values *values, size_t length, int scale_high,
                       int high)
{
    start_pairs(out, values, length, scale_high, (float)high);
    float least = settle_pairs(out, values, length, scale_high, (float)high);
    for (int round = 0; round < 2; round++) {
        mn_shifted other = *out;
        if (!solve_factors(&other.d, &other.dmin, out, values, length, (float)high)) break;
        other.d = as_half(other.d);
        other.dmin = as_half(other.dmin);
        if (other.d == out->d && other.dmin == out->dmin) break;
        const float error = settle_pairs(&other, values, length, scale_high, (float)high);
        if (error >= least) break;
        least = error;
        *out = other;
    }
    for (size_t k = 0; k < MN_BLOCK_MAX / length; k++)
        write_line(out->code + k * length, group_at(values, k * length, length), line_of(out, k),
                   (float)high);
}
