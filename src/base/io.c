/* SPDX-License-Identifier: Apache-2.0 */
/* io.c - reads files through the replaceable table of calls. */
#include "base/io.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_INTERRUPTS = 1000 }; /* in a row; then the interrupted call counts as failed */

static const mn_io *current = &mn_io_posix; /* replaced by tests only */

void mn_io_set(const mn_io *io)
{
    current = io ? io : &mn_io_posix;
}

const mn_io *mn_io_get(void)
{
    return current;
}

static mn_status fail_errno(mn_error *error, const char *path, const char *action)
{
    return mn_fail(error, MN_IO, "%s: cannot %s: %s", path, action, strerror(errno));
}

/* Opens a regular file for reading. Without O_NONBLOCK a pipe of that name would wait for ever. */
static mn_status open_regular(int *fd, struct stat *found, const char *path, mn_error *error)
{
    int tries = 0;
    do {
        *fd = current->open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    } while (*fd < 0 && errno == EINTR && ++tries < MAX_INTERRUPTS);
    if (*fd < 0) return fail_errno(error, path, "open");

    mn_status status = MN_OK;
    if (current->status(*fd, found)) {
        status = fail_errno(error, path, "look up");
    } else if (!S_ISREG(found->st_mode)) {
        const char *kind = S_ISDIR(found->st_mode) ? "a folder" : "not a regular file";
        status = mn_fail(error, MN_IO, "%s: is %s, expected a file", path, kind);
    }
    if (status) current->close(*fd);
    return status;
}

mn_status mn_map_open(mn_map *out, const char *path, mn_error *error)
{
    *out = (mn_map){ 0 };
    int fd;
    struct stat found;
    mn_status status = open_regular(&fd, &found, path, error);
    if (status) return status;

    uint64_t size = found.st_size > 0 ? (uint64_t)found.st_size : 0;
    if (size > PTRDIFF_MAX) {
        status = mn_fail(error, MN_NO_FIT, "%s: %llu bytes are more than this system can map", path,
                         (unsigned long long)size);
    } else if (size > 0) {
        void *data = current->map(fd, (size_t)size);
        if (data == MAP_FAILED && errno == ENOMEM)
            status = mn_fail(error, MN_NO_FIT, "%s: its %llu bytes do not fit the address space of this process", path,
                             (unsigned long long)size);
        else if (data == MAP_FAILED)
            status = fail_errno(error, path, "map");
        else
            *out = (mn_map){ .data = data, .size = size };
    }
    current->close(fd); /* the mapping stays; a read-only descriptor has nothing to lose */
    return status;
}

void mn_map_close(mn_map *map)
{
    /* The cast drops const: the mapping is ours to give back. */
    if (map->data) current->unmap((void *)(uintptr_t)map->data, (size_t)map->size);
    *map = (mn_map){ 0 };
}

/* One read that does not come back interrupted. */
static ssize_t read_some(int fd, void *bytes, size_t size)
{
    ssize_t got;
    int tries = 0;
    do {
        got = current->read(fd, bytes, size);
    } while (got < 0 && errno == EINTR && ++tries < MAX_INTERRUPTS);
    return got;
}

typedef struct mn_buffer {
    char *data;
    size_t length, capacity;
} mn_buffer;

/* Reads to the end whatever size was announced: the file may grow, or stand in /proc. */
static mn_status read_all(mn_buffer *buffer, int fd, const char *path, size_t limit,
                          mn_error *error)
{
    for (;;) {
        if (buffer->length > limit)
            return mn_fail(error, MN_BAD_FILE, "%s: is larger than the %zu bytes allowed here",
                           path, limit);
        void *block = buffer->data;
        if (!mn_grow(&block, &buffer->capacity, buffer->length + 2, 1))
            return mn_fail_memory(error, buffer->length + 2, path);
        buffer->data = block;
        ssize_t got =
            read_some(fd, buffer->data + buffer->length, buffer->capacity - buffer->length - 1);
        if (got < 0) return fail_errno(error, path, "read");
        if (got == 0) break;
        buffer->length += (size_t)got;
    }
    buffer->data[buffer->length] = '\0';
    return MN_OK;
}

mn_status mn_file_read(char **out, size_t *length, const char *path, size_t limit_bytes,
                       mn_error *error)
{
    int fd;
    struct stat found;
    mn_status status = open_regular(&fd, &found, path, error);
    if (status) return status;

    mn_buffer buffer = { 0 };
    void *block = NULL;
    size_t expected =
        found.st_size > 0 && (uint64_t)found.st_size <= limit_bytes ? (size_t)found.st_size + 2 : 2;
    if (!mn_grow(&block, &buffer.capacity, expected, 1)) {
        status = mn_fail_memory(error, expected, path);
    } else {
        buffer.data = block;
        status = read_all(&buffer, fd, path, limit_bytes, error);
    }
    current->close(fd);
    if (status) {
        mn_free(buffer.data);
        return status;
    }
    *out = buffer.data;
    if (length) *length = buffer.length;
    return MN_OK;
}
