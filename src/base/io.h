/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - the only door to the file system.
 *
 * Every call that reads or writes a file goes through the table below, so that
 * a test can make any single call fail or come back short (mn_io_set). On top
 * of it: `mn_map` (a whole file read-only), `mn_output` (a file written beside
 * its target, synced, then renamed) and a few helpers. */
#ifndef MN_BASE_IO_H
#define MN_BASE_IO_H

#include <minnow/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* As the POSIX calls of the same names; each returns -1 (map: MAP_FAILED) and sets errno. */
typedef struct mn_io {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*read)(int fd, void *bytes, size_t size);
    ssize_t (*pread)(int fd, void *bytes, size_t size, off_t offset);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    int (*sync)(int fd);
    int (*close)(int fd);
    int (*status)(int fd, struct stat *out);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    void *(*map)(int fd, size_t size);
    int (*unmap)(void *bytes, size_t size);
} mn_io;

extern const mn_io mn_io_posix;
/* Test hook, process wide; NULL restores mn_io_posix. Set only while no other thread uses minnow.
 */
void mn_io_set(const mn_io *io);
const mn_io *mn_io_get(void);

/* A regular file, mapped read-only. Anything else than a regular file is refused. A file of 0 bytes
 * has data NULL. `size` is checked once, at open: if another process cuts the file shorter while it
 * is mapped, reading the lost pages raises SIGBUS. Replacing it by rename, as mn_output does, is
 * safe. */
typedef struct mn_map {
    const uint8_t *data; /* [size] */
    uint64_t size;
} mn_map;
mn_status mn_map_open(mn_map *out, const char *path, mn_error *error);
void mn_map_close(mn_map *map); /* a zeroed map is fine */

/* Reads a whole regular file of at most `limit_bytes` into memory that the caller frees with
 * mn_free; a '\0' follows the last byte. */
mn_status mn_file_read(char **out, size_t *length, const char *path, size_t limit_bytes,
                       mn_error *error);

/* A file that appears at `path` whole or not at all: bytes go to a temporary name in the same
 * folder; mn_output_commit syncs, renames and syncs the folder. Closing without commit removes the
 * temporary. Stale temporaries of dead processes are removed at open. */
typedef struct mn_output mn_output;
mn_status mn_output_open(mn_output **out, const char *path, bool replace, mn_error *error);
mn_status mn_output_write(mn_output *output, const void *bytes, size_t size, mn_error *error);
uint64_t mn_output_size(const mn_output *output); /* bytes written so far */
const char *
mn_output_temporary(const mn_output *output); /* its name, to reopen and check before commit */
mn_status mn_output_sync(mn_output *output,
                         mn_error *error); /* so that the temporary can be reopened whole */
mn_status mn_output_commit(mn_output *output, mn_error *error); /* then still close it */
void mn_output_close(mn_output *output);                        /* NULL is fine */

/* Bytes free for an ordinary user in the file system that holds `path` (or its folder); false if
 * unknown. */
bool mn_disk_free(const char *path, uint64_t *free_bytes);
/* True when both names exist and are the same file. */
bool mn_same_file(const char *a, const char *b);

#endif
