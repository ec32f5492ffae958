/* SPDX-License-Identifier: Apache-2.0 */
/* test_base.c - errors, UTF-8, text, sizes, random numbers and the thread pool. */
#include "test.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/size.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <string.h>

static void test_errors_are_harmless(void **state)
{
    mn_error error;
    (void)state;
    assert_int_equal(mn_fail(&error, MN_BAD_FILE, "name '%s'", "a\x1B[2J\xFF\xC2\x9B\xC3\xA9"),
                     MN_BAD_FILE);
    assert_string_equal(error.message, "name 'a\\x1B[2J\\xFF\\xC2\\x9B\xC3\xA9'");
    assert_int_equal(mn_fail(NULL, MN_IO, "nobody listens"), MN_IO);
    char longer[3000];
    memset(longer, '\x01', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    mn_fail(&error, MN_IO, "%s", longer);
    assert_true(strlen(error.message) < sizeof error.message);
    assert_int_equal(mn_status_exit_code(MN_BAD_FILE), 6);
    assert_int_equal(mn_status_exit_code(MN_CANCELLED), 130);
    assert_int_equal(mn_status_exit_code(MN_NO_MEMORY), 1);
}

static void test_utf8(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
        char bytes[4];
        size_t n = mn_utf8_encode(bytes, c), length;
        if (c >= 0xD800 && c < 0xE000) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_int_equal(mn_utf8_decode(bytes, n, &length), c);
        assert_int_equal(length, n);
        for (size_t cut = 1; cut < n; cut++) {
            assert_int_equal(mn_utf8_length(bytes, cut), 0);
            assert_int_equal(mn_utf8_incomplete_tail(bytes, cut), cut);
        }
        assert_int_equal(mn_utf8_incomplete_tail(bytes, n), 0);
    }
    static const char *const ill_formed[] = { "\x80",
                                              "\xC0\x80",
                                              "\xC1\xBF",
                                              "\xE0\x9F\xBF",
                                              "\xED\xA0\x80",
                                              "\xF0\x8F\xBF\xBF",
                                              "\xF4\x90\x80\x80",
                                              "\xF5\x80\x80\x80",
                                              "\xFF",
                                              "\xC3(" };
    for (size_t i = 0; i < sizeof ill_formed / sizeof ill_formed[0]; i++)
        assert_int_equal(mn_utf8_length(ill_formed[i], strlen(ill_formed[i])), 0);
    assert_int_equal(mn_utf8_incomplete_tail("a\xED\xA0", 3), 0); /* can never become whole */
}

static void test_text(void **state)
{
    mn_text text = { 0 };
    (void)state;
    mn_text_add_json(&text, "a\"\\\n\x01\xFF\xC3\xA9", 8);
    assert_string_equal(text.data, "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\xC3\xA9\"");
    mn_text_clear(&text);
    for (int i = 0; i < 1000; i++) mn_text_format(&text, "%d,", i);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    mn_text_free(&text);
    assert_null(text.data);
}

static void test_sizes(void **state)
{
    size_t out;
    uint64_t wide;
    void *block = NULL;
    size_t capacity = 0;
    (void)state;
    assert_true(mn_size_mul(&out, SIZE_MAX / 2, 2));
    assert_false(mn_size_mul(&out, SIZE_MAX / 2 + 1, 2));
    assert_true(mn_size_add(&out, SIZE_MAX - 1, 1));
    assert_false(mn_size_add(&out, SIZE_MAX, 1));
    assert_false(mn_u64_mul(&wide, UINT64_MAX, 2));
    assert_true(mn_size_round(&out, 65, 64) && out == 128);
    assert_false(mn_size_round(&out, SIZE_MAX - 10, 64));
    assert_null(mn_alloc_array(SIZE_MAX / 4, 8));
    assert_null(mn_alloc(SIZE_MAX));
    assert_false(mn_grow(&block, &capacity, SIZE_MAX / 8, 16));
    assert_true(mn_grow(&block, &capacity, 100, 8) && capacity >= 100);
    mn_free(block);
}

/* The published test vector of Philox4x32-10 with everything zero. */
static void test_random(void **state)
{
    (void)state;
    assert_int_equal(mn_random_u64(0, 0), 0xE169C58D6627E8D5u); /* 6627e8d5 e169c58d ... */
    double sum = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        double u = mn_random_unit(42, i);
        assert_true(u >= 0 && u < 1);
        assert_true(u == mn_random_unit(42, i));
        sum += u;
    }
    assert_true(sum > 4850 && sum < 5150);
    assert_true(mn_random_u64(1, 5) != mn_random_u64(2, 5)
                && mn_random_u64(1, 5) != mn_random_u64(1, 6));
}

/* --- the pool --- */

typedef struct round_robin {
    atomic_uint n[64];
    uint32_t wrong;
} round_robin;

/* After each barrier every thread must see what all others did before it. */
static void take_turns(void *user, mn_pool *pool, uint32_t thread)
{
    round_robin *r = user;
    for (unsigned i = 0; i < 64; i++) {
        atomic_fetch_add(&r->n[i], 1);
        mn_pool_barrier(pool);
        if (atomic_load(&r->n[i]) != mn_pool_n_threads(pool)) r->wrong = thread + 1;
    }
}

static void test_pool(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 9; n += 2) {
        mn_error error = { 0 };
        mn_pool *pool;
        assert_ok(mn_pool_open(&pool, n, &error), error);
        for (int repeat = 0; repeat < 20; repeat++) {
            round_robin r = { 0 };
            mn_pool_run(pool, take_turns, &r);
            assert_int_equal(r.wrong, 0);
        }
        mn_pool_close(pool);
    }
    mn_pool_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_are_harmless),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
