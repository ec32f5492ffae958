/* SPDX-License-Identifier: Apache-2.0 */
/* math.c - scalar functions that give the same bits on every machine.
 *
 * libm promises neither accuracy nor equal results, and a rotation angle or a softmax that differs
 * in its last bit changes a text. Here each step is one rounded operation; only fmod, fabs and
 * sqrt, which are exact or correctly rounded everywhere, are taken from the C library. Numbers that
 * need more than a double are kept as an unevaluated sum high + low. Coefficients:
 * tools/math_coefficients.py. */
#include "kernels/vector.h"

#include "kernels/float_math.h"

#include <math.h>

float mn_expf(float x)
{
    return exp_float(x);
}

float mn_tanhf(float x)
{
    return tanh_float(x);
}

static uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To an integer, ties to even, for |x| < 2^51; its low bits are those of *bits. */
static double round_double(double x, uint64_t *bits)
{
    const double magic = 0x1.8p+52;
    double t = x + magic;
    *bits = double_bits(t);
    return t - magic;
}

typedef struct twofold {
    double high, low; /* |low| <= half an ulp of high */
} twofold;

/* a + b without error (Knuth). */
static twofold two_sum(double a, double b)
{
    double sum = a + b;
    double from_b = sum - a;
    return (twofold){ sum, (a - (sum - from_b)) + (b - from_b) };
}

/* The same for |a| >= |b| or a = 0 (Dekker). */
static twofold quick_sum(double a, double b)
{
    double sum = a + b;
    return (twofold){ sum, b - (sum - a) };
}

/* a * b without error (Dekker, Veltkamp), while nothing overflows or underflows. */
static twofold two_product(double a, double b)
{
    const double splitter = 0x1p27 + 1.0;
    double ta = splitter * a, tb = splitter * b;
    double a_high = ta - (ta - a), b_high = tb - (tb - b);
    double a_low = a - a_high, b_low = b - b_high;
    double product = a * b;
    double error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return (twofold){ product, error };
}

static twofold multiply(twofold a, twofold b)
{
    twofold product = two_product(a.high, b.high);
    return quick_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

static twofold add(twofold a, twofold b)
{
    twofold sum = two_sum(a.high, b.high);
    return quick_sum(sum.high, sum.low + (a.low + b.low));
}

/* sin and cos of angle.high + angle.low, |angle| <= pi/4. */
static double sin_kernel(twofold angle)
{
    double x = angle.high, z = x * x;
    double s = 0x1.5e098556d302ep-33;
    s = s * z - 0x1.ae60069e53ef1p-26;
    s = s * z + 0x1.71de379252004p-19;
    s = s * z - 0x1.a01a019e80693p-13;
    s = s * z + 0x1.1111111110ba5p-7;
    s = s * z - 0x1.5555555555555p-3;
    /* sin(x + low) = sin x + low cos x, and 1 - z/2 is enough of cos x. */
    return x + ((x * z) * s + angle.low * (1.0 - 0.5 * z));
}

static double cos_kernel(twofold angle)
{
    double x = angle.high, z = x * x;
    double c = -0x1.907c0e63adbb6p-37;
    c = c * z + 0x1.1eeb66b683028p-29;
    c = c * z - 0x1.27e4fa15bd814p-22;
    c = c * z + 0x1.a01a019f4d0edp-16;
    c = c * z - 0x1.6c16c16c16960p-10;
    c = c * z + 0x1.5555555555555p-5;
    /* 1 - z/2 loses low bits of z/2; they are added back with the rest. */
    twofold start = quick_sum(1.0, -0.5 * z);
    return start.high + (start.low + ((z * z) * c - x * angle.low));
}

/* x less a multiple of pi/2, in [-pi/4, pi/4]; *quadrant counts the multiples, modulo 4. */
static twofold reduce_angle(double x, unsigned *quadrant)
{
    /* pi/2 as three parts of 30 bits, exact when multiplied by a count below 2^22, and a rest. */
    const double part0 = 0x1.921fb54p+0, part1 = 0x1.10b46118p-30, part2 = 0x1.313198ap-61;
    const double rest = 0x1.701b839a25205p-92;
    uint64_t bits;
    double n = round_double(x * 0x1.45f306dc9c883p-1, &bits);
    *quadrant = (unsigned)(bits & 3);
    twofold sum = two_sum(x - n * part0, -(n * part1)); /* the first difference is exact */
    twofold more = two_sum(sum.high, -(n * part2));
    return quick_sum(more.high, (sum.low + more.low) - n * rest);
}

static double sin_quadrants(double x, unsigned ahead)
{
    /* The exact remainder by a rounded 2 pi: bounded and the same everywhere, but no longer
     * accurate. */
    if (!(fabs(x) < 0x1p22)) x = fmod(x, 0x1.921fb54442d18p+2); /* infinity and NaN give NaN */
    unsigned quadrant;
    twofold angle = reduce_angle(x, &quadrant);
    quadrant += ahead;
    double y = quadrant & 1 ? cos_kernel(angle) : sin_kernel(angle);
    return quadrant & 2 ? -y : y;
}

double mn_sin(double x)
{
    return x == 0.0 ? x : sin_quadrants(x, 0); /* keeps the sign of 0 */
}

double mn_cos(double x)
{
    return sin_quadrants(x, 1);
}

/* exp(x + low), |low| far below 1. */
static double exp_twofold(double x, double low)
{
    if (x != x) return x;
    if (x > 710.0) return INFINITY;
    if (x < -746.0) return 0.0;
    uint64_t bits;
    double n = round_double(x * 0x1.71547652b82fep+0, &bits);
    double r = (x - n * 0x1.62e42feep-1);
    twofold reduced = two_sum(r, low - n * 0x1.a39ef35793c76p-33);
    r = reduced.high;
    double q = 0x1.1f7340dbc337ep-29;
    q = q * r + 0x1.af4e554377204p-26;
    q = q * r + 0x1.27e4db46cddd1p-22;
    q = q * r + 0x1.71de01fdbf9cap-19;
    q = q * r + 0x1.a01a01a6e1e2ap-16;
    q = q * r + 0x1.a01a01abf85abp-13;
    q = q * r + 0x1.6c16c16c162c3p-10;
    q = q * r + 0x1.11111111100bep-7;
    q = q * r + 0x1.5555555555556p-5;
    q = q * r + 0x1.5555555555557p-3;
    q = q * r + 0x1.0000000000000p-1;
    twofold start = quick_sum(1.0, r);
    double p = start.high + (start.low + (q * (r * r) + (reduced.low + reduced.low * r)));
    int64_t whole = (int64_t)n;
    int64_t half = whole / 2;
    p *= double_from_bits((uint64_t)(half + 1023) << 52);
    return p * double_from_bits((uint64_t)(whole - half + 1023) << 52);
}

double mn_exp(double x)
{
    return exp_twofold(x, 0.0);
}

/* log of a positive finite number, to about 2^-65 of its value. */
static twofold log_twofold(double x)
{
    int64_t exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    uint64_t bits = double_bits(x);
    exponent += (int64_t)(bits >> 52) - 1023;
    double m = double_from_bits((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    if (m > 0x1.6a09e667f3bcdp+0) { /* sqrt 2 */
        m *= 0.5;
        exponent++;
    }
    /* log m = 2 atanh(s), s = (m - 1) / (m + 1); m - 1 is exact, m + 1 is kept in two parts. */
    double above = m - 1.0;
    twofold below = two_sum(m, 1.0);
    double s_high = above / below.high;
    twofold back = two_product(s_high, below.high);
    double left = ((above - back.high) - back.low) - s_high * below.low;
    twofold s = { s_high, left / below.high };
    twofold z = multiply(s, s);
    double t = z.high;
    double c = 0x1.e03a7acf07f85p-5;
    c = c * t + 0x1.df7ba1f4809c3p-5;
    c = c * t + 0x1.1118cd67251c5p-4;
    c = c * t + 0x1.3b1395b82701ep-4;
    c = c * t + 0x1.745d177ad436ap-4;
    c = c * t + 0x1.c71c71c6ea5acp-4;
    c = c * t + 0x1.2492492492522p-3;
    c = c * t + 0x1.999999999999ap-3;
    /* atanh s = s + s z (1/3 + c z) */
    const twofold third = { 0x1.5555555555555p-2, 0x1.5555555555555p-56 };
    twofold tail = multiply(multiply(s, z), add(third, (twofold){ c * t, 0.0 }));
    twofold y = add(s, tail);
    y.high *= 2.0;
    y.low *= 2.0;
    double n = (double)exponent;
    twofold ln2 =
        quick_sum(n * 0x1.62e42feep-1, n * 0x1.a39ef35793c76p-33); /* first product exact */
    return add(ln2, y);
}

double mn_log(double x)
{
    if (x == 0.0) return -INFINITY;
    if (!(x > 0.0)) return NAN;
    if (x == INFINITY) return x;
    twofold y = log_twofold(x);
    return y.high + y.low;
}

double mn_pow(double x, double y)
{
    if (y == 0.0 || x == 1.0) return 1.0;
    if (!(x >= 0.0) || y != y) return NAN;
    if (x == 0.0) return y > 0.0 ? 0.0 : INFINITY;
    if (x == INFINITY) return y > 0.0 ? INFINITY : 0.0;
    twofold log_x = log_twofold(x);
    double rough = y * log_x.high;
    if (rough > 710.0) return INFINITY;
    if (rough < -746.0) return 0.0;
    if (fabs(rough) < 0x1p-60) return 1.0 + rough; /* also keeps the exact product from underflow */
    twofold product = multiply((twofold){ y, 0.0 }, log_x);
    return exp_twofold(product.high, product.low);
}
