/* SPDX-License-Identifier: Apache-2.0 */
/* A quantizing process that dies at any moment leaves the old file or the whole new one, and its
 * temporary is removed by the next run. MINNOW_TEST_WHOLE=1 kills 100 times instead of 20. */
#include "test.h"

#include "base/io.h"
#include "base/random.h"
#include "file/folder.h"
#include "file/gguf_write.h"
#include "shrink/quantize.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { N = 256, ROWS = 600, CAPACITY = N * ROWS * 4 + 10000 };

static uint8_t whole[CAPACITY], found[CAPACITY];
static long whole_size;
static bool had_old;
static long left_behind; /* temporaries seen after a kill */

static mn_status quantize(mn_error *error)
{
    mn_quantize_options options = { .format = mn_format_by_name("q8_0"), .replace = true };
    return mn_quantize(in_folder("matrix.gguf"), in_folder("out.gguf"), &options, NULL, error);
}

static mn_status write_matrix(mn_error *error)
{
    mn_gguf_writer *w;
    mn_tensor t = { .name = "w", .format = mn_format_by_type(MN_F32), .n_dims = 2,
                    .shape = { N, ROWS, 1, 1 } };
    mn_status status = mn_gguf_writer_open(&w, in_folder("matrix.gguf"), true, error);
    if (status) return status;
    status = mn_gguf_writer_add_tensor(w, &t, error);
    if (!status) status = mn_gguf_writer_begin(w, error);
    for (uint64_t row = 0; row < ROWS && !status; row++) {
        float weights[N];
        for (uint64_t i = 0; i < N; i++) weights[i] = (float)mn_random_unit(3, row * N + i) - 0.5f;
        status = mn_gguf_writer_bytes(w, weights, sizeof weights, error);
    }
    if (!status) status = mn_gguf_writer_finish(w, NULL, error);
    if (!status) status = mn_gguf_writer_commit(w, error);
    mn_gguf_writer_close(w);
    return status;
}

static int prepare(void **state)
{
    mn_error error;
    if (folder_make(state) || write_matrix(&error) || quantize(&error)) return -1;
    whole_size = get_file(in_folder("out.gguf"), whole, sizeof whole);
    return whole_size > 0 ? 0 : -1;
}

static void put_old(void)
{
    if (had_old) put_file(in_folder("out.gguf"), "old", 3);
    else unlink(in_folder("out.gguf"));
}

/* What a reader finds at the target now, and after the next run. */
static void check_after_death(void)
{
    mn_error error;
    long size = get_file(in_folder("out.gguf"), found, sizeof found);
    bool is_new = size == whole_size && !memcmp(found, whole, (size_t)size);
    bool is_old = had_old ? size == 3 && !memcmp(found, "old", 3) : size < 0;
    assert_true(is_new || is_old);
    left_behind += folder_count(".tmp", false);
    assert_ok(quantize(&error), error);
    assert_int_equal(folder_count(".tmp", false), 0);
    assert_int_equal(get_file(in_folder("out.gguf"), found, sizeof found), whole_size);
    assert_memory_equal(found, whole, (size_t)whole_size);
}

/* --- killed by the clock ---------------------------------------------------------------------- */

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void kill_after(double wait_us)
{
    int how;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        quantize(NULL);
        _exit(0);
    }
    usleep((useconds_t)wait_us);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
}

static void test_killed_at_random_times(void **state)
{
    (void)state;
    mn_error error;
    double start = now_us();
    assert_ok(quantize(&error), error);
    double whole_us = now_us() - start;
    int n = getenv("MINNOW_TEST_WHOLE") ? 100 : 20;
    for (int i = 0; i < n; i++) {
        had_old = i % 2;
        put_old();
        kill_after(whole_us * 1.1 * mn_random_unit(77, (uint64_t)i));
        check_after_death();
    }
}

/* --- killed at each file call ----------------------------------------------------------------- */

static long calls_left;

static void count_down(void)
{
    if (calls_left-- == 0) kill(getpid(), SIGKILL);
}

static int dying_open(const char *path, int flags, mode_t mode)
{
    count_down();
    return mn_io_posix.open(path, flags, mode);
}

/* Half of the bytes arrive, as when the machine is slow to stop. */
static ssize_t dying_write(int fd, const void *bytes, size_t size)
{
    if (calls_left == 0 && mn_io_posix.write(fd, bytes, size / 2) < 0) _exit(1);
    count_down();
    return mn_io_posix.write(fd, bytes, size);
}

static int dying_sync(int fd)
{
    count_down();
    return mn_io_posix.sync(fd);
}

static int dying_close(int fd)
{
    count_down();
    return mn_io_posix.close(fd);
}

static int dying_status(int fd, struct stat *out)
{
    count_down();
    return mn_io_posix.status(fd, out);
}

static int dying_rename(const char *from, const char *to)
{
    count_down();
    return mn_io_posix.rename(from, to);
}

static int dying_unlink(const char *path)
{
    count_down();
    return mn_io_posix.unlink(path);
}

static void *dying_map(int fd, size_t size)
{
    count_down();
    return mn_io_posix.map(fd, size);
}

static void test_killed_at_each_call(void **state)
{
    (void)state;
    mn_io table = mn_io_posix;
    table.open = dying_open;
    table.write = dying_write;
    table.sync = dying_sync;
    table.close = dying_close;
    table.status = dying_status;
    table.rename = dying_rename;
    table.unlink = dying_unlink;
    table.map = dying_map;
    left_behind = 0;
    long n = 0;
    for (bool died = true; died; n++) {
        int how;
        had_old = n % 2;
        put_old();
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            calls_left = n;
            mn_io_set(&table);
            quantize(NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        died = WIFSIGNALED(how);
        check_after_death();
    }
    assert_true(n > 15);
    assert_true(left_behind > 5); /* so the next run had something to remove */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_random_times),
        cmocka_unit_test(test_killed_at_each_call),
    };
    return cmocka_run_group_tests(tests, prepare, folder_remove);
}
