/* SPDX-License-Identifier: Apache-2.0 */
/* test_cpu.c - levels are nested, named, and never more than the CPU offers. */
#include "device/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static void test_detect_is_constant(void **state)
{
    (void)state;
    const mn_cpu_bits bits = mn_cpu_detect();
    assert_int_equal(bits, mn_cpu_detect());
#if defined(__x86_64__)
    /* The compiler's own detection must agree, where it knows the names. */
    __builtin_cpu_init();
    assert_int_equal((bits & MN_CPU_AVX2) != 0,
                     __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"));
    assert_int_equal((bits & MN_CPU_AVX512_VNNI) != 0,
                     __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
    assert_false(bits & (MN_CPU_NEON | MN_CPU_DOTPROD | MN_CPU_I8MM));
#elif defined(__aarch64__)
    assert_true(bits & MN_CPU_NEON);
    assert_false(bits & (MN_CPU_SSE41 | MN_CPU_AVX2 | MN_CPU_AVX512_VNNI));
#endif
}

static void test_levels_are_nested(void **state)
{
    (void)state;
    const mn_cpu_bits here = mn_cpu_detect();
    mn_cpu_bits before = 0;
    bool lacking = false;
    assert_string_equal(mn_cpu_level_name(0), "plain");
    for (unsigned i = 0; mn_cpu_level_name(i); i++) {
        mn_error error;
        mn_cpu_bits bits = ~0u;
        const mn_status status = mn_cpu_level(&bits, mn_cpu_level_name(i), &error);
        if (status == MN_NO_FIT) {
            assert_non_null(strstr(error.message, mn_cpu_level_name(i)));
            assert_non_null(strstr(error.message, mn_cpu_best_level(here)));
            lacking = true;
            continue;
        }
        assert_int_equal(status, MN_OK);
        assert_false(lacking); /* no level above one that the CPU lacks */
        assert_int_equal(bits & ~here, 0);
        assert_int_equal(bits & before, before);
        if (i == 0) assert_int_equal(bits, 0);
        else assert_int_not_equal(bits, before);
        assert_string_equal(mn_cpu_best_level(bits), mn_cpu_level_name(i));
        before = bits;
    }
}

static void test_best_and_unknown(void **state)
{
    (void)state;
    mn_cpu_bits bits = 0;
    mn_error error;
    assert_int_equal(mn_cpu_level(&bits, NULL, NULL), MN_OK);
    assert_int_equal(bits, mn_cpu_detect());
    bits = 0;
    assert_int_equal(mn_cpu_level(&bits, "", NULL), MN_OK);
    assert_int_equal(bits, mn_cpu_detect());
    assert_int_equal(mn_cpu_level(&bits, "pentium", &error), MN_USAGE);
    assert_non_null(strstr(error.message, "'pentium'"));
    for (unsigned i = 0; mn_cpu_level_name(i); i++)
        assert_non_null(strstr(error.message, mn_cpu_level_name(i)));
    assert_int_equal(mn_cpu_level(&bits, "AVX2", NULL), MN_USAGE);
    /* A gap in the bits ends the ladder. */
    assert_string_equal(mn_cpu_best_level(MN_CPU_AVX512_VNNI | MN_CPU_I8MM), "plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detect_is_constant),
        cmocka_unit_test(test_levels_are_nested),
        cmocka_unit_test(test_best_and_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
