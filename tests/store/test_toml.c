/* SPDX-License-Identifier: Apache-2.0 */
/* The strict part of TOML: what is read, what is refused with its line, and what failing memory
 * does. */
#include "base/memory.h"
#include "store/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static mn_status parse(mn_toml *toml, const char *text, mn_error *error)
{
    return mn_toml_parse(toml, text, strlen(text), "f", error);
}

static const char *text_of(const mn_toml *toml, const char *section, const char *key)
{
    const mn_toml_entry *entry = mn_toml_find(toml, section, key);
    return entry ? entry->text : NULL;
}

static const char whole[] = "# comment\r\n"
                            "temp = 0.5 # half\n"
                            "\"quoted key\" = 'as \\n it is'\n"
                            "on = true\n"
                            "text = \"a\\tb\\\"\\\\\\u00e9\\U0001F41F\"\n"
                            "\n"
                            "  [ section ]\n"
                            "list = [\"one\", # first\n 'two',\n]\n"
                            "empty = []\n"
                            "n = -12\n"
                            "[\"a:b\"]\n"
                            "n = 3e5";

static void test_values(void **state)
{
    (void)state;
    mn_toml toml;
    assert_int_equal(parse(&toml, whole, NULL), MN_OK);
    assert_int_equal(toml.n, 8);
    assert_string_equal(text_of(&toml, "", "temp"), "0.5");
    assert_string_equal(text_of(&toml, "", "quoted key"), "as \\n it is");
    assert_int_equal(mn_toml_find(&toml, "", "on")->kind, MN_TOML_BOOL);
    assert_string_equal(text_of(&toml, "", "text"), "a\tb\"\\\xC3\xA9\xF0\x9F\x90\x9F");
    const mn_toml_entry *list = mn_toml_find(&toml, "section", "list");
    assert_int_equal(list->kind, MN_TOML_LIST);
    assert_int_equal(list->n_items, 2);
    assert_int_equal(list->line, 8);
    assert_string_equal(list->items[1], "two");
    assert_int_equal(mn_toml_find(&toml, "section", "empty")->n_items, 0);
    assert_string_equal(text_of(&toml, "section", "n"), "-12");
    assert_string_equal(text_of(&toml, "a:b", "n"), "3e5");
    assert_null(mn_toml_find(&toml, "a:b", "temp"));
    mn_toml_free(&toml);
    assert_int_equal(parse(&toml, "", NULL), MN_OK);
    assert_int_equal(toml.n, 0);
    mn_toml_free(&toml);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct { const char *text; unsigned line; } cases[] = {
        { "a", 1 }, { "a =", 1 }, { "= 1", 1 }, { "a = b", 1 }, { "a = 1 2", 1 }, { "\na = 01x", 2 },
        { "a = \"x", 1 }, { "a = \"x\ny\"", 1 }, { "a = \"\\q\"", 1 }, { "a = \"\\ud800\"", 1 },
        { "a = \"\\u0000\"", 1 }, { "a = \"\\u00\"", 1 }, { "a = \"\xFF\"", 1 }, { "a = \"\x01\"", 1 },
        { "a = [1]", 1 }, { "a = [\"x\" \"y\"]", 1 }, { "a = [\"x\",\n\n", 3 }, { "a = 1\na = 2", 2 },
        { "[s", 1 }, { "[]", 1 }, { "[s] x", 1 }, { "a.b = 1", 1 }, { "a = 1.", 1 }, { "a = .5", 1 },
        { "a = 1e", 1 }, { "a = 2024-01-01", 1 }, { "a = {}", 1 }, { "a = '''x'''", 1 },
        { "[a]\nb = 1\n[a]\nb = 1", 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_toml toml;
        mn_error error = { 0 };
        char line[16];
        if (parse(&toml, cases[i].text, &error) != MN_BAD_FILE)
            fail_msg("accepted: %s", cases[i].text);
        snprintf(line, sizeof line, "f:%u: ", cases[i].line);
        if (strncmp(error.message, line, strlen(line)))
            fail_msg("%s: %s", cases[i].text, error.message);
    }
    mn_toml toml;
    assert_int_equal(mn_toml_parse(&toml, "a\0b = 1", 7, "f", NULL), MN_BAD_FILE);
}

/* Any cut of a good file is read or refused, never over-read (the copy has no '\0' after it). */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        mn_toml toml;
        char *copy = mn_alloc(n);
        assert_non_null(copy);
        memcpy(copy, whole, n);
        mn_status status = mn_toml_parse(&toml, copy, n, "f", NULL);
        assert_true(status == MN_OK || status == MN_BAD_FILE);
        if (!status) mn_toml_free(&toml);
        mn_free(copy);
    }
}

static size_t allocations_left;

static bool fail_later(void *user, size_t size_bytes)
{
    (void)user;
    (void)size_bytes;
    return allocations_left && allocations_left--;
}

static void test_every_failing_allocation_is_reported(void **state)
{
    (void)state;
    size_t n = 0;
    for (;; n++) {
        mn_toml toml;
        allocations_left = n;
        mn_memory_set_hook(fail_later, NULL);
        mn_status status = parse(&toml, whole, NULL);
        mn_memory_set_hook(NULL, NULL);
        if (!status) {
            mn_toml_free(&toml);
            break;
        }
        assert_int_equal(status, MN_NO_MEMORY);
        assert_true(n < 1000);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
