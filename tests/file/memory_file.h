/* SPDX-License-Identifier: Apache-2.0 */
/* memory_file.h - a table of file calls in which every name opens the same bytes.
 *
 * A mapping is a heap block of exactly the file's size, so that the address
 * checks see a read one byte past the end, which a page of a real mapping hides. */
#ifndef MN_TESTS_FILE_MEMORY_FILE_H
#define MN_TESTS_FILE_MEMORY_FILE_H

#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const uint8_t *memory_file_bytes;
static size_t memory_file_size;

static int memory_file_open(const char *path, int flags, mode_t mode)
{
    (void)path;
    (void)flags;
    (void)mode;
    return 1000;
}

static int memory_file_close(int fd)
{
    (void)fd;
    return 0;
}

static int memory_file_status(int fd, struct stat *out)
{
    (void)fd;
    memset(out, 0, sizeof *out);
    out->st_mode = S_IFREG | 0600;
    out->st_size = (off_t)memory_file_size;
    return 0;
}

static void *memory_file_map(int fd, size_t size)
{
    (void)fd;
    void *copy = malloc(size);
    if (!copy) return MAP_FAILED;
    memcpy(copy, memory_file_bytes, size);
    return copy;
}

static int memory_file_unmap(void *bytes, size_t size)
{
    (void)size;
    free(bytes);
    return 0;
}

static const mn_io memory_file_io = {
    .open = memory_file_open,
    .close = memory_file_close,
    .status = memory_file_status,
    .map = memory_file_map,
    .unmap = memory_file_unmap,
};

/* From now on until mn_io_set(NULL), every file consists of these bytes. */
static inline void memory_file_set(const uint8_t *bytes, size_t size)
{
    memory_file_bytes = bytes;
    memory_file_size = size;
    mn_io_set(&memory_file_io);
}

#endif
