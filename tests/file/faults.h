/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h - makes single file calls and allocations fail, once or for ever, and counts what is left
 * open. Include it after cmocka.h. */
#ifndef MN_TESTS_FILE_FAULTS_H
#define MN_TESTS_FILE_FAULTS_H

#include "base/io.h"
#include "base/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAULT_SHORT 0 /* instead of an errno: reads and writes move one byte */

typedef struct faults {
    long calls, first; /* the call that fails, counted from 1; 0 for none */
    long fired;
    bool for_ever;
    int error; /* an errno or FAULT_SHORT */
    int open_files, open_maps;
} faults;

static faults file_faults, memory_faults;

static bool fault_fires(faults *f, bool possible)
{
    f->calls++;
    bool fires = possible && f->first && (f->for_ever ? f->calls >= f->first : f->calls == f->first);
    f->fired += fires;
    return fires;
}

/* True when the call must fail with errno. Only calls that wait can be interrupted. */
static bool file_fault(bool can_wait)
{
    bool possible = file_faults.error != FAULT_SHORT && (file_faults.error != EINTR || can_wait);
    if (!fault_fires(&file_faults, possible)) return false;
    errno = file_faults.error;
    return true;
}

static int faulty_open(const char *path, int flags, mode_t mode)
{
    if (file_fault(true)) return -1;
    int fd = mn_io_posix.open(path, flags, mode);
    file_faults.open_files += fd >= 0;
    return fd;
}

/* For calls that move bytes: -1 to fail, else how many bytes to move. */
static ssize_t moved_size(size_t size)
{
    if (file_faults.error == FAULT_SHORT) return fault_fires(&file_faults, size > 1) ? 1 : (ssize_t)size;
    return file_fault(true) ? -1 : (ssize_t)size;
}

static ssize_t faulty_read(int fd, void *bytes, size_t size)
{
    ssize_t n = moved_size(size);
    return n < 0 ? n : mn_io_posix.read(fd, bytes, (size_t)n);
}

static ssize_t faulty_pread(int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t n = moved_size(size);
    return n < 0 ? n : mn_io_posix.pread(fd, bytes, (size_t)n, offset);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t size)
{
    ssize_t n = moved_size(size);
    return n < 0 ? n : mn_io_posix.write(fd, bytes, (size_t)n);
}

static int faulty_sync(int fd)
{
    return file_fault(true) ? -1 : mn_io_posix.sync(fd);
}

/* As on Linux, a failing close still closes. */
static int faulty_close(int fd)
{
    mn_io_posix.close(fd);
    file_faults.open_files--;
    return file_fault(true) ? -1 : 0;
}

static int faulty_status(int fd, struct stat *out)
{
    return file_fault(false) ? -1 : mn_io_posix.status(fd, out);
}

static int faulty_rename(const char *from, const char *to)
{
    return file_fault(false) ? -1 : mn_io_posix.rename(from, to);
}

static int faulty_unlink(const char *path)
{
    return file_fault(false) ? -1 : mn_io_posix.unlink(path);
}

static void *faulty_map(int fd, size_t size)
{
    if (file_fault(false)) return MAP_FAILED;
    void *data = mn_io_posix.map(fd, size);
    file_faults.open_maps += data != MAP_FAILED;
    return data;
}

static int faulty_unmap(void *bytes, size_t size)
{
    file_faults.open_maps--;
    return mn_io_posix.unmap(bytes, size);
}

static const mn_io faulty_io = {
    .open = faulty_open,   .read = faulty_read,     .pread = faulty_pread,   .write = faulty_write,
    .sync = faulty_sync,   .close = faulty_close,   .status = faulty_status, .rename = faulty_rename,
    .unlink = faulty_unlink, .map = faulty_map,     .unmap = faulty_unmap,
};

static bool memory_fault(void *user, size_t size)
{
    (void)user;
    (void)size;
    return !fault_fires(&memory_faults, true);
}

/* What a fault loop runs: returns the status of the operation under test. */
typedef mn_status fault_scenario(mn_error *error);
/* What must hold afterwards, with every fault switched off. */
typedef void fault_check(mn_status status);

static const int file_errors[] = { EIO, ENOSPC, EINTR, FAULT_SHORT };

/* One run with call number `first` failing; true if the fault was reached. */
static inline bool run_with_file_fault(fault_scenario *scenario, fault_check *check, int error_number,
                                       long first, bool for_ever)
{
    mn_error error = { 0 };
    file_faults = (faults){ .first = first, .for_ever = for_ever, .error = error_number };
    mn_io_set(&faulty_io);
    mn_status status = scenario(&error);
    mn_io_set(NULL);
    assert_int_equal(file_faults.open_files, 0);
    assert_int_equal(file_faults.open_maps, 0);
    if (status) assert_true(error.message[0] != '\0');
    if (status) assert_int_equal(error.status, status);
    check(status);
    return file_faults.fired > 0 || file_faults.calls >= first;
}

/* Fails every file call of the scenario, one after the other. Returns how many there were. */
static inline long for_each_file_fault(fault_scenario *scenario, fault_check *check)
{
    long n = 0;
    for (size_t e = 0; e < sizeof file_errors / sizeof file_errors[0]; e++)
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            long first = 1;
            while (run_with_file_fault(scenario, check, file_errors[e], first, for_ever)) first++;
            n += first - 1;
        }
    return n;
}

/* Fails every allocation of the scenario, one after the other. Returns how many there were. */
static inline long for_each_memory_fault(fault_scenario *scenario, fault_check *check)
{
    long n = 0;
    for (int for_ever = 0; for_ever < 2; for_ever++)
        for (long first = 1;; first++) {
            mn_error error = { 0 };
            memory_faults = (faults){ .first = first, .for_ever = for_ever };
            mn_memory_set_hook(memory_fault, NULL);
            mn_status status = scenario(&error);
            mn_memory_set_hook(NULL, NULL);
            check(status);
            if (!memory_faults.fired) break;
            n++;
            assert_int_equal(status, MN_NO_MEMORY);
            assert_true(error.message[0] != '\0');
        }
    return n;
}

#endif
