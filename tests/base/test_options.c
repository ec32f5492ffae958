/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: ranges, kinds, suggestions, and what happens when memory runs out. */
#include "base/memory.h"
#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static mn_status try_value(const char *name, const char *value)
{
    mn_options *options;
    mn_error error = { 0 };
    assert_int_equal(mn_options_open(&options, &error), MN_OK);
    mn_status status = mn_options_set(options, name, value, &error);
    if (status) assert_true(strlen(error.message) > 0);
    else if (value) assert_string_equal(mn_options_get(options, name), value);
    mn_options_close(options);
    return status;
}

static void test_every_default_passes_its_own_row(void **state)
{
    (void)state;
    size_t n = 0;
    for (const mn_option_row *row; (row = mn_option_row_at(n)); n++) {
        assert_ptr_equal(mn_option_row_find(row->name), row);
        assert_true(strlen(row->help) > 10);
        if (row->default_value) assert_int_equal(try_value(row->name, row->default_value), MN_OK);
        if (row->kind == MN_OPTION_CHOICE) assert_non_null(row->choices);
    }
    assert_true(n > 20);
    assert_null(mn_option_row_at(n));
    assert_null(mn_option_row_find("nothing"));
    assert_null(mn_option_row_find(NULL));
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct { const char *name, *value; mn_status status; } cases[] = {
        { "threads", "0", MN_OK },          { "threads", "256", MN_OK },
        { "threads", "257", MN_USAGE },     { "threads", "-1", MN_USAGE },
        { "threads", "4x", MN_USAGE },      { "threads", "", MN_USAGE },
        { "threads", " 4", MN_USAGE },      { "threads", "99999999999999999999", MN_USAGE },
        { "ctx", "16777216", MN_OK },       { "ctx", "16777217", MN_USAGE },
        { "sessions", "0", MN_USAGE },      { "chunk", "0", MN_USAGE },
        { "chunk", "8192", MN_OK },         { "seed", "-1", MN_OK },
        { "seed", "-2", MN_USAGE },         { "seed", "9007199254740992", MN_OK },
        { "seed", "9007199254740994", MN_USAGE },
        { "temp", "0", MN_OK },             { "temp", "1e1", MN_OK },
        { "temp", "100.5", MN_USAGE },      { "temp", "nan", MN_USAGE },
        { "temp", "inf", MN_USAGE },        { "temp", "0x10", MN_USAGE },
        { "temp", "0,5", MN_USAGE },        { "temp", ".", MN_USAGE },
        { "temp", "1e999", MN_USAGE },      { "top-p", "1.0001", MN_USAGE },
        { "repeat-penalty", "0", MN_USAGE }, { "repeat-penalty", "10", MN_OK },
        { "frequency-penalty", "-2", MN_OK }, { "presence-penalty", "-2.1", MN_USAGE },
        { "kv-type", "INT8", MN_OK },       { "kv-type", "f8", MN_USAGE },
        { "kv-type", "f", MN_USAGE },       { "kv-type", "f16|", MN_USAGE },
        { "kv-type", "", MN_USAGE },        { "ignore-eos", "Yes", MN_OK },
        { "ignore-eos", "2", MN_USAGE },    { "memory-limit", "350MiB", MN_OK },
        { "memory-limit", "350X", MN_USAGE }, { "logprobs", "21", MN_USAGE },
        { "cpu", "anything", MN_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (try_value(cases[i].name, cases[i].value) != cases[i].status)
            fail_msg("%s = '%s'", cases[i].name, cases[i].value);
}

static void test_typed_values(void **state)
{
    (void)state;
    mn_options *options;
    assert_int_equal(mn_options_open(&options, NULL), MN_OK);
    assert_int_equal(mn_option_int(NULL, "chunk"), 512);
    assert_true(mn_option_real(options, "temp") == 0.7);
    assert_false(mn_option_bool(options, "ignore-eos"));
    assert_null(mn_option_text(options, "stop"));
    assert_int_equal(mn_options_set(options, "temp", "0.35", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "seed", "12345678901", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "memory-limit", "1.5GiB", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "ignore-eos", "ON", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "stop", "a\nb", NULL), MN_OK);
    mn_options *copy;
    assert_int_equal(mn_options_copy(&copy, options, NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "temp", NULL, NULL), MN_OK);
    assert_true(mn_option_real(options, "temp") == 0.7);
    mn_options_close(options);
    assert_true(mn_option_real(copy, "temp") == 0.35);
    assert_true(mn_option_int(copy, "seed") == 12345678901);
    assert_true(mn_option_size(copy, "memory-limit") == 1610612736);
    assert_true(mn_option_bool(copy, "ignore-eos"));
    assert_string_equal(mn_option_text(copy, "stop"), "a\nb");
    mn_options_close(copy);
    assert_int_equal(mn_options_copy(&copy, NULL, NULL), MN_OK);
    assert_int_equal(mn_option_int(copy, "chunk"), 512);
    mn_options_close(copy);
    mn_options_close(NULL);
    assert_null(mn_options_get(NULL, "nothing"));
    assert_int_equal(mn_options_set(NULL, "temp", "1", NULL), MN_USAGE);
}

static void test_a_bad_value_changes_nothing(void **state)
{
    (void)state;
    mn_options *options;
    mn_error error = { 0 };
    assert_int_equal(mn_options_open(&options, NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "top-k", "7", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "top-k", "seven", &error), MN_USAGE);
    assert_string_equal(error.message, "top-k: 'seven' is not a whole number");
    assert_int_equal(mn_option_int(options, "top-k"), 7);
    assert_int_equal(mn_options_set(options, "top-p", "2", &error), MN_USAGE);
    assert_string_equal(error.message, "top-p: 2 is outside the range from 0 to 1");
    assert_int_equal(mn_options_set(options, "tpo-k", "7", &error), MN_USAGE);
    assert_string_equal(error.message, "there is no option 'tpo-k'; did you mean 'top-k'?");
    assert_int_equal(mn_options_set(options, "zzzzzzzzzz", "7", &error), MN_USAGE);
    assert_string_equal(error.message, "there is no option 'zzzzzzzzzz'");
    mn_options_close(options);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct { const char *text; uint64_t size; bool good; } cases[] = {
        { "0", 0, true }, { "17", 17, true }, { "350M", 350000000, true },
        { "350MB", 350000000, true }, { "350MiB", 367001600, true }, { "2k", 2000, true },
        { "2KIB", 2048, true }, { "1.5G", 1500000000, true }, { "3 GiB", 3221225472, true },
        { "0.5T", 500000000000, true }, { "18446744073709551615", 0, false },
        { "9223372036854775807", INT64_MAX, true }, { "99999999999T", 0, false },
        { "10M ", 0, false }, { "M", 0, false }, { "-1", 0, false }, { "1.2.3", 0, false },
        { "1Mi", 0, false }, { "1MBB", 0, false }, { "1 ", 0, false }, { "", 0, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t size = 0;
        if (mn_size_parse(&size, cases[i].text) != cases[i].good
            || (cases[i].good && size != cases[i].size))
            fail_msg("'%s' gave %llu", cases[i].text, (unsigned long long)size);
    }
}

static void test_nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = { "run", "pull", NULL, "tokenize", "temp", "smollm2:135m" };
    const size_t n = sizeof names / sizeof names[0];
    char long_text[400];
    memset(long_text, 'r', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_string_equal(mn_nearest_name("rnu", names, n), "run");
    assert_string_equal(mn_nearest_name("pul", names, n), "pull");
    assert_string_equal(mn_nearest_name("Tokenise", names, n), "tokenize");
    assert_string_equal(mn_nearest_name("temperature", names, n), "temp");
    assert_string_equal(mn_nearest_name("smollm", names, n), "smollm2:135m");
    assert_string_equal(mn_nearest_name("smollm2:153m", names, n), "smollm2:135m");
    assert_string_equal(mn_nearest_name("smollm3", names, n), "smollm2:135m");
    assert_null(mn_nearest_name("quantize-me", names, n));
    assert_null(mn_nearest_name("", names, n));
    assert_null(mn_nearest_name(long_text, names, n));
    assert_null(mn_nearest_name("run", names, 0));
}

static size_t allocations_left;

static bool fail_later(void *user, size_t size_bytes)
{
    (void)user;
    (void)size_bytes;
    return allocations_left && allocations_left--;
}

static mn_status open_set_copy(mn_error *error)
{
    mn_options *options = NULL, *copy = NULL;
    mn_status status = mn_options_open(&options, error);
    if (!status) status = mn_options_set(options, "stop", "x", error);
    if (!status) status = mn_options_set(options, "temp", "0.5", error);
    if (!status) status = mn_options_copy(&copy, options, error);
    mn_options_close(copy);
    mn_options_close(options);
    return status;
}

static void test_every_failing_allocation_is_reported(void **state)
{
    (void)state;
    mn_error error = { 0 };
    size_t n = 0;
    for (;; n++) {
        allocations_left = n;
        mn_memory_set_hook(fail_later, NULL);
        mn_status status = open_set_copy(&error);
        mn_memory_set_hook(NULL, NULL);
        if (!status) break;
        assert_int_equal(status, MN_NO_MEMORY);
        assert_true(n < 100);
    }
    assert_int_equal(n, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_default_passes_its_own_row),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_typed_values),
        cmocka_unit_test(test_a_bad_value_changes_nothing),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
