/* SPDX-License-Identifier: Apache-2.0 */
/* test_math.c - the scalar functions of vector.h against libm in a wider type, and their fixed
 * bits. */
#include "kernels/vector.h"

#include "kernels/check.h"

#include <float.h>
#include <math.h>

/* How far `got` is from `want`, in units of the last place of a type with `digits` bits of mantissa
 * and smallest exponent `lowest`. */
static double distance(long double got, long double want, long double most, int digits, int lowest)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0.0 : INFINITY;
    if (isinf(got)) return fabsl(want) >= most && (got > 0) == (want > 0) ? 0.0 : INFINITY;
    if (isinf(want)) return INFINITY;
    int exponent;
    frexpl(want, &exponent);
    if (exponent - digits < lowest) exponent = lowest + digits;
    return (double)(fabsl(got - want) / ldexpl(1.0L, exponent - digits));
}

static double float_distance(float got, double want)
{
    return distance(got, want, FLT_MAX, 24, -149);
}

static double double_distance(double got, long double want)
{
    return distance(got, want, DBL_MAX, 53, -1074);
}

/* Every float but for a step that visits all exponents and changes the low bits. */
static void test_float_functions(void **state)
{
    (void)state;
    double worst_exp = 0, worst_tanh = 0;
    for (uint64_t bits = 0; bits < UINT64_C(0x100000000); bits += 4091) {
        uint32_t low = (uint32_t)bits;
        float x;
        memcpy(&x, &low, sizeof x);
        worst_exp = fmax(worst_exp, float_distance(mn_expf(x), exp((double)x)));
        worst_tanh = fmax(worst_tanh, float_distance(mn_tanhf(x), tanh((double)x)));
    }
    for (double v = -105.0; v < 90.0; v += 0.00093) {
        float x = (float)v;
        worst_exp = fmax(worst_exp, float_distance(mn_expf(x), exp((double)x)));
        worst_tanh = fmax(worst_tanh, float_distance(mn_tanhf(x / 8), tanh((double)(x / 8))));
    }
    assert_true(worst_exp < 1.1);
    assert_true(worst_tanh < 1.5);
}

static void test_float_extremes(void **state)
{
    (void)state;
    assert_true(mn_expf(-INFINITY) == 0.0f);
    assert_true(mn_expf(INFINITY) == INFINITY);
    assert_true(mn_expf(-FLT_MAX) == 0.0f);
    assert_true(mn_expf(FLT_MAX) == INFINITY);
    assert_true(isnan(mn_expf(NAN)));
    assert_true(mn_expf(0.0f) == 1.0f && mn_expf(-0.0f) == 1.0f);
    assert_true(mn_expf(-103.0f) == FLT_TRUE_MIN);
    assert_true(mn_expf(88.7f) < INFINITY);
    assert_true(mn_tanhf(INFINITY) == 1.0f && mn_tanhf(-INFINITY) == -1.0f);
    assert_true(isnan(mn_tanhf(NAN)));
    assert_true(mn_tanhf(0.0f) == 0.0f && !signbit(mn_tanhf(0.0f)));
    assert_true(mn_tanhf(-0.0f) == 0.0f && signbit(mn_tanhf(-0.0f)));
}

#if LDBL_MANT_DIG > DBL_MANT_DIG
static void test_angles(void **state)
{
    (void)state;
    double worst = 0;
    for (uint64_t i = 0; i < 60000; i++) {
        double x =
            (2 * mn_random_unit(1, i) - 1) * ldexp(1.0, (int)(mn_random_u64(2, i) % 61) - 40);
        if (i % 8 == 0) x = nearbyint(x) * 0x1.921fb54442d18p-1; /* close to multiples of pi/4 */
        worst = fmax(worst, double_distance(mn_sin(x), sinl((long double)x)));
        worst = fmax(worst, double_distance(mn_cos(x), cosl((long double)x)));
    }
    assert_true(worst < 1.0);
}

static void test_exp_and_log(void **state)
{
    (void)state;
    double worst_exp = 0, worst_log = 0, worst_pow = 0;
    for (uint64_t i = 0; i < 60000; i++) {
        double unit = mn_random_unit(3, i);
        double x = (2 * unit - 1) * (i % 2 ? 750.0 : 2.0);
        worst_exp = fmax(worst_exp, double_distance(mn_exp(x), expl((long double)x)));
        x = ldexp(1.0 + unit, (int)(mn_random_u64(4, i) % 2098) - 1074);
        if (i % 3 == 0) x = 1.0 + (unit - 0.5) * ldexp(1.0, -(int)(mn_random_u64(4, i) % 50));
        worst_log = fmax(worst_log, double_distance(mn_log(x), logl((long double)x)));
        double y = (2 * mn_random_unit(5, i) - 1) * (i % 2 ? 709.0 / (fabs(log(x)) + 0.001) : 2.0);
        worst_pow =
            fmax(worst_pow, double_distance(mn_pow(x, y), powl((long double)x, (long double)y)));
    }
    assert_true(worst_exp < 1.0);
    assert_true(worst_log < 1.0);
    assert_true(worst_pow < 1.0);
}
#endif

static void test_double_extremes(void **state)
{
    (void)state;
    assert_true(mn_sin(0.0) == 0.0 && signbit(mn_sin(-0.0)));
    assert_true(mn_cos(0.0) == 1.0);
    assert_true(isnan(mn_sin(INFINITY)) && isnan(mn_cos(NAN)));
    assert_true(fabs(mn_sin(1e300)) <= 1.0 && fabs(mn_cos(-1e18)) <= 1.0);
    assert_true(mn_exp(-INFINITY) == 0.0 && mn_exp(INFINITY) == INFINITY && isnan(mn_exp(NAN)));
    assert_true(mn_exp(0.0) == 1.0);
    assert_true(mn_log(1.0) == 0.0 && mn_log(0.0) == -INFINITY && mn_log(INFINITY) == INFINITY);
    assert_true(isnan(mn_log(-1.0)) && isnan(mn_log(NAN)));
    assert_true(mn_pow(2.0, 10.0) == 1024.0 && mn_pow(10000.0, 0.0) == 1.0 &&
                mn_pow(9.0, 0.5) == 3.0);
    assert_true(mn_pow(2.0, -1074.0) == DBL_TRUE_MIN && mn_pow(2.0, 1024.0) == INFINITY);
    assert_true(mn_pow(0.5, INFINITY) == 0.0 && isnan(mn_pow(-2.0, 0.5)) &&
                isnan(mn_pow(2.0, NAN)));
    assert_true(mn_pow(3.0, 0x1p-1060) == 1.0);
}

/* The same numbers from every compiler and machine: the hash was taken once. */
static void test_fixed_bits(void **state)
{
    (void)state;
    uint64_t hash = CHECK_HASH_START;
    for (uint64_t i = 0; i < 20000; i++) {
        double unit = 2 * mn_random_unit(6, i) - 1;
        float f[2] = { mn_expf((float)(unit * 110)), mn_tanhf((float)(unit * 10)) };
        double d[5] = { mn_sin(unit * 1e6), mn_cos(unit * 1e6), mn_exp(unit * 760),
                        mn_log(fabs(unit)), mn_pow(fabs(unit) * 1e5, -unit) };
        hash = check_hash(hash, f, sizeof f);
        hash = check_hash(hash, d, sizeof d);
    }
    assert_hash(hash, UINT64_C(0x1055840a09d76d05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float_functions),
        cmocka_unit_test(test_float_extremes),
#if LDBL_MANT_DIG > DBL_MANT_DIG
        cmocka_unit_test(test_angles),
        cmocka_unit_test(test_exp_and_log),
#endif
        cmocka_unit_test(test_double_extremes),
        cmocka_unit_test(test_fixed_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
