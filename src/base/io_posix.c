/* SPDX-License-Identifier: Apache-2.0 */
/* io_posix.c - the POSIX calls behind io.h. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int posix_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static int posix_status(int fd, struct stat *out)
{
    return fstat(fd, out);
}

static void *posix_map(int fd, size_t size)
{
    return mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
}

const mn_io mn_io_posix = {
    .open = posix_open,
    .read = read,
    .pread = pread,
    .write = write,
    .sync = fsync,
    .close = close,
    .status = posix_status,
    .rename = rename,
    .unlink = unlink,
    .map = posix_map,
    .unmap = munmap,
};

bool mn_disk_free(const char *path, uint64_t *free_bytes)
{
    struct statvfs found;
    if (statvfs(path, &found)) {
        char folder[PATH_MAX];
        const char *slash = strrchr(path, '/');
        int length = slash ? (int)(slash - path) + 1 : 1;
        if (length >= PATH_MAX) return false;
        snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
        if (statvfs(folder, &found)) return false;
    }
    return !__builtin_mul_overflow((uint64_t)found.f_bavail, (uint64_t)found.f_frsize, free_bytes);
}

bool mn_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return !stat(a, &of_a) && !stat(b, &of_b) && of_a.st_dev == of_b.st_dev
           && of_a.st_ino == of_b.st_ino;
}
