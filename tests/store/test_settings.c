/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: which source wins, how the file is changed, and what failing memory or files leave
 * behind. */
#include "base/io.h"
#include "base/memory.h"
#include "store/paths.h"
#include "store/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char folder[] = "/tmp/minnow-settings-XXXXXX";
static char system_file[64], user_file[64], new_file[64];

static int open_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(system_file, sizeof system_file, "%s/system.toml", folder);
    snprintf(user_file, sizeof user_file, "%s/user.toml", folder);
    snprintf(new_file, sizeof new_file, "%s/a/b/new.toml", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    mn_folder_remove(folder);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_text(const char *path, const char *expected)
{
    char *text;
    size_t length;
    assert_int_equal(mn_file_read(&text, &length, path, 10000, NULL), MN_OK);
    assert_string_equal(text, expected);
    mn_free(text);
}

static void assert_setting(const mn_settings *settings, const char *name, const char *value,
                           mn_origin_kind origin)
{
    mn_origin_kind found;
    assert_string_equal(mn_settings_get(settings, name, &found), value);
    assert_int_equal(found, origin);
}

static void test_later_sources_win(void **state)
{
    (void)state;
    mn_settings *settings;
    mn_options *options;
    write_text(system_file, "temp = 0.1\ntop-k = 1\ntop-p = 0.1\nchunk = 7\n");
    write_text(user_file, "temp = 0.2\ntop-k = 2\nstop = ['x', 'y']\n");
    setenv("MINNOW_TEMP", "0.3", 1);
    setenv("MINNOW_CPU", "", 1); /* empty counts as unset */
    assert_int_equal(mn_settings_open_files(&settings, system_file, user_file, NULL), MN_OK);
    assert_setting(settings, "temp", "0.3", MN_ORIGIN_ENVIRONMENT);
    assert_setting(settings, "top-k", "2", MN_ORIGIN_USER);
    assert_setting(settings, "top-p", "0.1", MN_ORIGIN_SYSTEM);
    assert_setting(settings, "min-p", "0.05", MN_ORIGIN_BUILT_IN);
    assert_setting(settings, "stop", "x\ny", MN_ORIGIN_USER);
    assert_null(mn_settings_get(settings, "cpu", NULL));
    assert_int_equal(mn_options_open(&options, NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "top-k", "9", NULL), MN_OK);
    assert_int_equal(mn_options_set(options, "chunk", "512", NULL),
                     MN_OK); /* the default, but said */
    assert_int_equal(mn_settings_fill(settings, options, NULL), MN_OK);
    assert_string_equal(mn_options_get(options, "top-k"), "9");
    assert_string_equal(mn_options_get(options, "chunk"), "512");
    assert_string_equal(mn_options_get(options, "temp"), "0.3");
    assert_string_equal(mn_options_get(options, "stop"), "x\ny");
    mn_options_close(options);
    mn_settings_close(settings);
    unsetenv("MINNOW_TEMP");
    unsetenv("MINNOW_CPU");
}

static void test_mistakes_name_their_place(void **state)
{
    (void)state;
    mn_settings *settings;
    mn_error error = { 0 };
    char expected[200];
    write_text(user_file, "\n\ntmep = 1\n");
    assert_int_equal(mn_settings_open_files(&settings, NULL, user_file, &error), MN_USAGE);
    snprintf(expected, sizeof expected, "%s:3: there is no option 'tmep'; did you mean 'temp'?",
             user_file);
    assert_string_equal(error.message, expected);
    write_text(user_file, "threads = true\n");
    assert_int_equal(mn_settings_open_files(&settings, NULL, user_file, &error), MN_USAGE);
    setenv("MINNOW_TOP_K", "many", 1);
    assert_int_equal(mn_settings_open_files(&settings, NULL, NULL, &error), MN_USAGE);
    assert_string_equal(error.message, "MINNOW_TOP_K: top-k: 'many' is not a whole number");
    unsetenv("MINNOW_TOP_K");
    assert_int_equal(mn_settings_open_files(&settings, "/nowhere/x.toml", NULL, &error), MN_OK);
    mn_settings_close(settings);
}

static void test_writing_keeps_the_rest(void **state)
{
    (void)state;
    write_text(user_file, "# mine\ntemp = 1 # warm\n top-k=3\nkv-type = 'f16'");
    assert_int_equal(mn_settings_write(user_file, "temp", "0.5", NULL), MN_OK);
    assert_text(user_file, "# mine\n top-k=3\nkv-type = 'f16'\ntemp = 0.5\n");
    assert_int_equal(mn_settings_write(user_file, "top-k", NULL, NULL), MN_OK);
    assert_int_equal(mn_settings_write(user_file, "ignore-eos", "on", NULL), MN_OK);
    assert_int_equal(mn_settings_write(user_file, "memory-limit", "2GiB", NULL), MN_OK);
    assert_int_equal(mn_settings_write(user_file, "stop", "a\"\\\n\x01" "b", NULL), MN_OK);
    assert_text(user_file, "# mine\nkv-type = 'f16'\ntemp = 0.5\nignore-eos = true\n"
                           "memory-limit = \"2GiB\"\nstop = \"a\\\"\\\\\\n\\u0001b\"\n");
    mn_settings *settings;
    assert_int_equal(mn_settings_open_files(&settings, NULL, user_file, NULL), MN_OK);
    assert_setting(settings, "stop", "a\"\\\n\x01" "b", MN_ORIGIN_USER);
    mn_settings_close(settings);
    assert_int_equal(mn_settings_write(user_file, "temp", "1000", NULL), MN_USAGE);
    assert_int_equal(mn_settings_write(user_file, "tmep", NULL, NULL), MN_USAGE);
    assert_int_equal(mn_settings_write(new_file, "temp", ".5", NULL), MN_OK);
    assert_text(new_file, "temp = \".5\"\n");
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
    const char *before = "temp = 1\nstop = [\"a\"]\n", *after = "stop = [\"a\"]\ntemp = 2\n";
    for (;; n++) {
        mn_settings *settings;
        write_text(user_file, before);
        allocations_left = n;
        mn_memory_set_hook(fail_later, NULL);
        mn_status opened = mn_settings_open_files(&settings, NULL, user_file, NULL);
        mn_status written = opened ? opened : mn_settings_write(user_file, "temp", "2", NULL);
        mn_memory_set_hook(NULL, NULL);
        if (!opened) mn_settings_close(settings);
        assert_text(user_file, written ? before : after);
        if (!written) break;
        assert_int_equal(written, MN_NO_MEMORY);
        assert_true(n < 1000);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_sources_win),
        cmocka_unit_test(test_mistakes_name_their_place),
        cmocka_unit_test(test_writing_keeps_the_rest),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
