/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping and reading files, and files that appear whole or not at all, with every call failing. */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "file/faults.h"
#include "file/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char old_text[] = "the old file", new_text[] = "the new file, a little longer";

/* --- reading ---------------------------------------------------------------------------------- */

static void test_map(void **state)
{
    (void)state;
    mn_error error;
    mn_map map;
    put_file(in_folder("a"), "hello", 5);
    assert_ok(mn_map_open(&map, in_folder("a"), &error), error);
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.data, "hello", 5);
    mn_map_close(&map);
    assert_null(map.data);
    mn_map_close(&map);

    put_file(in_folder("empty"), "", 0);
    assert_ok(mn_map_open(&map, in_folder("empty"), &error), error);
    assert_null(map.data);
    assert_int_equal(map.size, 0);
    mn_map_close(&map);
}

static void test_only_regular_files(void **state)
{
    (void)state;
    mn_error error;
    mn_map map;
    char *text;
    assert_int_equal(mn_map_open(&map, folder_path, &error), MN_IO);
    assert_non_null(strstr(error.message, "folder"));
    assert_int_equal(mn_map_open(&map, "/dev/zero", &error), MN_IO);
    assert_non_null(strstr(error.message, "regular file"));
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(mn_map_open(&map, in_folder("pipe"), &error), MN_IO); /* and does not wait */
    assert_int_equal(mn_file_read(&text, NULL, in_folder("pipe"), 10, &error), MN_IO);
    assert_int_equal(mn_map_open(&map, in_folder("missing"), &error), MN_IO);
    assert_non_null(strstr(error.message, "missing"));
}

static void test_file_read(void **state)
{
    (void)state;
    mn_error error;
    char *text;
    size_t length;
    put_file(in_folder("a"), "12345", 5);
    assert_ok(mn_file_read(&text, &length, in_folder("a"), 5, &error), error);
    assert_int_equal(length, 5);
    assert_string_equal(text, "12345");
    mn_free(text);
    assert_int_equal(mn_file_read(&text, &length, in_folder("a"), 4, &error), MN_BAD_FILE);
    put_file(in_folder("empty"), "", 0);
    assert_ok(mn_file_read(&text, &length, in_folder("empty"), 0, &error), error);
    assert_int_equal(length, 0);
    assert_string_equal(text, "");
    mn_free(text);
    /* A file of announced size 0 that has bytes all the same. */
    assert_ok(mn_file_read(&text, &length, "/proc/self/status", 1 << 20, &error), error);
    assert_true(length > 100);
    mn_free(text);
}

static mn_status read_scenario(mn_error *error)
{
    char *text = NULL;
    size_t length;
    mn_status status = mn_file_read(&text, &length, in_folder("a"), 100, error);
    if (!status) assert_string_equal(text, "12345");
    mn_free(text);
    return status;
}

static mn_status map_scenario(mn_error *error)
{
    mn_map map;
    mn_status status = mn_map_open(&map, in_folder("a"), error);
    if (!status) assert_memory_equal(map.data, "12345", 5);
    mn_map_close(&map);
    return status;
}

static void no_check(mn_status status)
{
    (void)status;
}

static void test_read_faults(void **state)
{
    (void)state;
    put_file(in_folder("a"), "12345", 5);
    assert_true(for_each_file_fault(read_scenario, no_check) > 20);
    assert_true(for_each_file_fault(map_scenario, no_check) > 20);
    assert_true(for_each_memory_fault(read_scenario, no_check) > 1);
}

/* --- writing ---------------------------------------------------------------------------------- */

static mn_status write_target(const char *path, bool replace, bool commit, mn_error *error)
{
    mn_output *output;
    mn_status status = mn_output_open(&output, path, replace, error);
    if (status) return status;
    status = mn_output_write(output, new_text, 4, error);
    if (!status) status = mn_output_write(output, new_text + 4, strlen(new_text) - 4, error);
    if (!status) assert_int_equal(mn_output_size(output), strlen(new_text));
    if (!status && commit) status = mn_output_commit(output, error);
    mn_output_close(output);
    return status;
}

static void assert_file(const char *path, const char *text)
{
    char found[100];
    long size = get_file(path, found, sizeof found);
    assert_int_equal(size, (long)strlen(text));
    assert_memory_equal(found, text, strlen(text));
}

static void test_output(void **state)
{
    (void)state;
    mn_error error;
    unlink(in_folder("out"));
    assert_ok(write_target(in_folder("out"), false, false, &error), error);
    assert_int_equal(access(in_folder("out"), F_OK), -1);
    assert_ok(write_target(in_folder("out"), false, true, &error), error);
    assert_file(in_folder("out"), new_text);
    put_file(in_folder("out"), old_text, strlen(old_text));
    assert_int_equal(write_target(in_folder("out"), false, true, &error), MN_USAGE);
    assert_file(in_folder("out"), old_text);
    assert_ok(write_target(in_folder("out"), true, true, &error), error);
    assert_file(in_folder("out"), new_text);
    assert_int_equal(folder_count(".tmp", false), 0);
}

static void test_output_without_folder_in_its_name(void **state)
{
    (void)state;
    mn_error error;
    char here[600];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder_path), 0);
    mn_status status = write_target("plain", true, true, &error);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(status, MN_OK);
    assert_file(in_folder("plain"), new_text);
}

static void test_output_that_appears_meanwhile(void **state)
{
    (void)state;
    mn_error error;
    mn_output *output;
    unlink(in_folder("out"));
    assert_ok(mn_output_open(&output, in_folder("out"), false, &error), error);
    put_file(in_folder("out"), old_text, strlen(old_text));
    assert_int_equal(mn_output_commit(output, &error), MN_USAGE);
    mn_output_close(output);
    assert_file(in_folder("out"), old_text);
    assert_int_equal(folder_count(".tmp", false), 0);
}

static void test_refused_targets(void **state)
{
    (void)state;
    mn_error error;
    mn_output *output;
    assert_int_equal(mn_output_open(&output, folder_path, true, &error), MN_USAGE);
    assert_int_equal(mn_output_open(&output, "/dev/null", true, &error), MN_USAGE);
    assert_int_equal(mn_output_open(&output, "", true, &error), MN_USAGE);
    assert_int_equal(mn_output_open(&output, in_folder("new/"), true, &error), MN_USAGE);
    assert_int_equal(mn_output_open(&output, in_folder("no/such"), true, &error), MN_IO);
    put_file(in_folder("a"), "1", 1);
    assert_int_equal(mn_output_open(&output, in_folder("a/b"), true, &error), MN_IO);
    assert_non_null(strstr(error.message, "look up"));
    unlink(in_folder("loop"));
    assert_int_equal(symlink("nowhere", in_folder("loop")), 0);
    assert_int_equal(mn_output_open(&output, in_folder("loop"), true, &error), MN_IO);
    assert_non_null(strstr(error.message, "symbolic link"));
}

static void test_symbolic_link_stays(void **state)
{
    (void)state;
    mn_error error;
    struct stat found;
    put_file(in_folder("real"), old_text, strlen(old_text));
    unlink(in_folder("link"));
    assert_int_equal(symlink("real", in_folder("link")), 0);
    assert_int_equal(write_target(in_folder("link"), false, true, &error), MN_USAGE);
    assert_ok(write_target(in_folder("link"), true, true, &error), error);
    assert_int_equal(lstat(in_folder("link"), &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_file(in_folder("real"), new_text);
}

static void test_mode_is_kept(void **state)
{
    (void)state;
    mn_error error;
    struct stat found;
    put_file(in_folder("private"), old_text, strlen(old_text));
    assert_int_equal(chmod(in_folder("private"), 0600), 0);
    assert_ok(write_target(in_folder("private"), true, true, &error), error);
    assert_int_equal(stat(in_folder("private"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_large_pieces(void **state)
{
    (void)state;
    mn_error error;
    mn_output *output;
    mn_map map;
    size_t size = 700001;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_ok(mn_output_open(&output, in_folder("large"), true, &error), error);
    size_t sizes[] = { 1, 300000, 17, 262144, 0, 100000, 0 };
    size_t at = 0;
    for (int i = 0; i < 6; at += sizes[i++])
        assert_ok(mn_output_write(output, bytes + at, sizes[i], &error), error);
    assert_ok(mn_output_write(output, bytes + at, size - at, &error), error);
    assert_ok(mn_output_sync(output, &error), error);
    assert_ok(mn_map_open(&map, mn_output_temporary(output), &error), error);
    assert_int_equal(map.size, size);
    assert_memory_equal(map.data, bytes, size);
    mn_map_close(&map);
    assert_ok(mn_output_commit(output, &error), error);
    assert_int_equal(mn_output_write(output, "x", 1, &error), MN_USAGE);
    mn_output_close(output);
    free(bytes);
}

static void test_stale_temporaries(void **state)
{
    (void)state;
    mn_error error;
    mn_output *live;
    static const char *const others[] = {
        ".x.minnow-12-0123abcd.tm", "x.minnow-12-0123abcd.tmp", ".x.minnow-0-0123abcd.tmp",
        ".x.minnow-12-0123abcd.tmp2", ".x.minnow-ab-0123abcd.tmp", ".x.minnow-12.tmp",
    };
    assert_ok(mn_output_open(&live, in_folder("live"), true, &error), error);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) put_file(in_folder(others[i]), "", 0);
    put_file(in_folder(".x.minnow-999999999-0123abcd.tmp"), "left over", 9);
    /* A dead writer whose process number is in use again: nobody holds the lock. */
    put_file(in_folder(".y.minnow-1-0123abcd.tmp"), "left over", 9);
    assert_ok(write_target(in_folder("out"), true, true, &error), error);
    assert_int_equal(access(in_folder(".x.minnow-999999999-0123abcd.tmp"), F_OK), -1);
    assert_int_equal(access(in_folder(".y.minnow-1-0123abcd.tmp"), F_OK), -1);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(unlink(in_folder(others[i])), 0);
    assert_int_equal(access(mn_output_temporary(live), F_OK), 0);
    assert_ok(mn_output_commit(live, &error), error);
    mn_output_close(live);
    assert_int_equal(access(in_folder("live"), F_OK), 0);
}

static void test_same_file(void **state)
{
    (void)state;
    put_file(in_folder("a"), "1", 1);
    put_file(in_folder("b"), "1", 1);
    unlink(in_folder("hard"));
    unlink(in_folder("soft"));
    assert_int_equal(link(in_folder("a"), in_folder("hard")), 0);
    assert_int_equal(symlink("a", in_folder("soft")), 0);
    assert_true(mn_same_file(in_folder("a"), in_folder("a")));
    assert_true(mn_same_file(in_folder("a"), in_folder("hard")));
    assert_true(mn_same_file(in_folder("soft"), in_folder("hard")));
    assert_false(mn_same_file(in_folder("a"), in_folder("b")));
    assert_false(mn_same_file(in_folder("a"), in_folder("missing")));
    assert_false(mn_same_file(in_folder("missing"), in_folder("missing")));
}

static void test_disk_free(void **state)
{
    (void)state;
    uint64_t here = 0, there = 0;
    assert_true(mn_disk_free(in_folder("not there yet"), &here));
    assert_true(mn_disk_free(folder_path, &there));
    assert_true(here > 0 && there > 0);
    assert_true(mn_disk_free("name", &here));
    assert_false(mn_disk_free("/no/such/folder/at/all", &here));
}

/* --- faults while writing --------------------------------------------------------------------- */

static bool had_old;

static mn_status write_scenario(mn_error *error)
{
    return write_target(in_folder("out"), had_old, true, error);
}

/* The target is the old file or the new one, whole; and the next run works and cleans up. */
static void check_target(mn_status status)
{
    char found[100];
    mn_error error;
    long size = get_file(in_folder("out"), found, sizeof found);
    bool is_new = size == (long)strlen(new_text) && !memcmp(found, new_text, strlen(new_text));
    bool is_old = had_old ? size == (long)strlen(old_text) && !memcmp(found, old_text, strlen(old_text))
                          : size < 0;
    assert_true(is_new || is_old);
    if (!status) assert_true(is_new);
    assert_ok(write_target(in_folder("out"), true, true, &error), error);
    assert_int_equal(folder_count(".tmp", false), 0);
    if (had_old) put_file(in_folder("out"), old_text, strlen(old_text));
    else unlink(in_folder("out"));
}

static void test_write_faults(void **state)
{
    (void)state;
    folder_count("", true);
    for (int old = 0; old < 2; old++) {
        had_old = old;
        if (old) put_file(in_folder("out"), old_text, strlen(old_text));
        assert_true(for_each_file_fault(write_scenario, check_target) > 40);
        assert_true(for_each_memory_fault(write_scenario, check_target) > 4);
    }
}

/* One call that fails, while the disk works otherwise: then no temporary stays behind. */
static void check_clean(mn_status status)
{
    assert_true(status == MN_OK || status == MN_IO);
    assert_int_equal(folder_count(".tmp", false), 0);
}

static int failing_calls;

static int failing_sync(int fd)
{
    (void)fd;
    failing_calls++;
    errno = EIO;
    return -1;
}

static int failing_rename(const char *from, const char *to)
{
    (void)from;
    (void)to;
    failing_calls++;
    errno = EIO;
    return -1;
}

static ssize_t failing_write(int fd, const void *bytes, size_t size)
{
    (void)fd;
    (void)bytes;
    (void)size;
    failing_calls++;
    errno = ENOSPC;
    return -1;
}

static ssize_t silent_write(int fd, const void *bytes, size_t size)
{
    (void)fd;
    (void)bytes;
    (void)size;
    failing_calls++;
    return 0;
}

static void test_nothing_stays_behind(void **state)
{
    (void)state;
    mn_error error;
    mn_io tables[] = { mn_io_posix, mn_io_posix, mn_io_posix, mn_io_posix };
    tables[0].sync = failing_sync;
    tables[1].rename = failing_rename;
    tables[2].write = failing_write;
    tables[3].write = silent_write;
    folder_count("", true);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        failing_calls = 0;
        mn_io_set(&tables[i]);
        mn_status status = write_target(in_folder("out"), false, true, &error);
        mn_io_set(NULL);
        assert_int_equal(status, MN_IO);
        assert_true(failing_calls > 0);
        check_clean(status);
        assert_int_equal(access(in_folder("out"), F_OK), -1);
    }
}

static void test_no_second_chance_after_a_failed_sync(void **state)
{
    (void)state;
    mn_error error;
    mn_output *output;
    mn_io table = mn_io_posix;
    table.sync = failing_sync;
    assert_ok(mn_output_open(&output, in_folder("out"), true, &error), error);
    mn_io_set(&table);
    assert_int_equal(mn_output_sync(output, &error), MN_IO);
    mn_io_set(NULL);
    assert_int_equal(mn_output_commit(output, &error), MN_IO);
    mn_output_close(output);
    assert_int_equal(access(in_folder("out"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_only_regular_files),
        cmocka_unit_test(test_file_read),
        cmocka_unit_test(test_read_faults),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_output_without_folder_in_its_name),
        cmocka_unit_test(test_output_that_appears_meanwhile),
        cmocka_unit_test(test_refused_targets),
        cmocka_unit_test(test_symbolic_link_stays),
        cmocka_unit_test(test_mode_is_kept),
        cmocka_unit_test(test_large_pieces),
        cmocka_unit_test(test_stale_temporaries),
        cmocka_unit_test(test_same_file),
        cmocka_unit_test(test_disk_free),
        cmocka_unit_test(test_write_faults),
        cmocka_unit_test(test_nothing_stays_behind),
        cmocka_unit_test(test_no_second_chance_after_a_failed_sync),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
