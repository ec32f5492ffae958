/* SPDX-License-Identifier: Apache-2.0 */
/* output_posix.c - a file that appears whole or not at all.
 *
 * The temporary is ".NAME.minnow-PID-RANDOM.tmp" beside its target and locked
 * (flock) while it is written. One whose lock is free was left by a process
 * that died. Where a file system has no locks, the process id decides. */
#include "base/io.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 18,
    MAX_INTERRUPTS = 1000, /* in a row; then the interrupted call counts as failed */
    MAX_NAME_TRIES = 16,
    MAX_STEM = 180, /* of a file name that fills up to 255 bytes together with the rest */
};

struct mn_output {
    char *target;    /* symbolic links resolved */
    char *folder;    /* of both, with its slash */
    char *temporary; /* NULL before it exists and after it was renamed */
    int fd;          /* -1 when closed */
    mode_t mode;
    bool replace;
    bool synced; /* nothing was written since the last sync */
    bool failed; /* a write or sync failed: what is on the disk is not to be trusted */
    uint64_t written;
    size_t used;
    uint8_t buffer[BUFFER_BYTES];
};

static mn_status fail_errno(mn_error *error, const char *path, const char *action)
{
    return mn_fail(error, MN_IO, "%s: cannot %s: %s", path, action, strerror(errno));
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The folder part with its slash; "./" if there is none. */
static char *folder_of(const char *path)
{
    size_t length = (size_t)(base_name(path) - path);
    return length ? mn_strndup(path, length) : mn_strdup("./");
}

/* Follows a symbolic link to the file that is to be replaced, and refuses what is no file. */
static mn_status resolve_target(mn_output *output, const char *path, mn_error *error)
{
    char real[PATH_MAX];
    struct stat found;
    if (!*base_name(path)) return mn_fail(error, MN_USAGE, "'%s' is no name for a file", path);
    if (!lstat(path, &found) && S_ISLNK(found.st_mode)) {
        if (!realpath(path, real))
            return mn_fail(error, MN_IO, "%s: is a symbolic link that leads to no file", path);
        path = real;
    }
    output->mode = 0666;
    if (!stat(path, &found)) {
        if (!S_ISREG(found.st_mode))
            return mn_fail(error, MN_USAGE, "%s: is there and is no ordinary file", path);
        if (!output->replace)
            return mn_fail(error, MN_USAGE, "%s: is already there (--force replaces it)", path);
        output->mode = found.st_mode & 0777; /* a private file stays private */
    } else if (errno != ENOENT) {
        return fail_errno(error, path, "look up");
    }
    output->target = mn_strdup(path);
    output->folder = folder_of(path);
    if (output->target && output->folder) return MN_OK;
    return mn_fail_memory(error, strlen(path) + 1, "a file name");
}

/* A number that another writer of the same name is unlikely to draw; O_EXCL settles the rest. */
static uint32_t draw_suffix(const mn_output *output, int attempt)
{
    struct timespec now = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20
                    ^ (uint64_t)getpid() << 40 ^ (uintptr_t)output;
    return (uint32_t)mn_random_u64(seed, (uint64_t)attempt);
}

static char *temporary_name(const mn_output *output, int attempt)
{
    const char *name = base_name(output->target);
    size_t folder_bytes = (size_t)(name - output->target);
    size_t size = folder_bytes + MAX_STEM + 80;
    char *path = mn_alloc(size);
    if (!path) return NULL;
    snprintf(path, size, "%.*s.%.*s.minnow-%ld-%08" PRIx32 ".tmp", (int)folder_bytes,
             output->target, MAX_STEM, name, (long)getpid(), draw_suffix(output, attempt));
    return path;
}

/* The process id in a name of ours; 0 if the name is not one of ours. */
static long temporary_owner(const char *name)
{
    static const char mark[] = ".minnow-";
    const char *at = NULL;
    for (const char *next = name; (next = strstr(next, mark)); next++) at = next;
    if (name[0] != '.' || !at) return 0;
    int used = -1;
    long pid = 0;
    unsigned random;
    if (sscanf(at, ".minnow-%9ld-%8x.tmp%n", &pid, &random, &used) != 2 || used < 0) return 0;
    return at[used] == '\0' && pid > 0 ? pid : 0;
}

/* --- stale temporaries ------------------------------------------------------------------------ */

static bool is_stale(int fd, long owner)
{
    struct stat found;
    if (mn_io_get()->status(fd, &found) || !S_ISREG(found.st_mode)) return false;
    if (!flock(fd, LOCK_EX | LOCK_NB)) return true;
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return kill((pid_t)owner, 0) && errno == ESRCH;
}

/* Cleaning up is a courtesy: what cannot be done is left for the next time. */
static void remove_stale(const char *folder)
{
    const mn_io *io = mn_io_get();
    DIR *list = opendir(folder);
    if (!list) return;
    for (struct dirent *entry; (entry = readdir(list));) {
        char path[PATH_MAX];
        long owner = temporary_owner(entry->d_name);
        if (!owner || snprintf(path, sizeof path, "%s%s", folder, entry->d_name) >= PATH_MAX)
            continue;
        int fd = io->open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
        if (fd < 0) continue;
        if (is_stale(fd, owner)) io->unlink(path);
        io->close(fd);
    }
    closedir(list);
}

/* --- open ------------------------------------------------------------------------------------- */

/* Locks the new temporary. False if another process took it for stale between its birth and now. */
static bool keep_temporary(int fd)
{
    struct stat found;
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) return false;
    return mn_io_get()->status(fd, &found) || found.st_nlink > 0;
}

static mn_status create_temporary(mn_output *output, mn_error *error)
{
    const mn_io *io = mn_io_get();
    int interrupts = 0;
    for (int attempt = 0; attempt < MAX_NAME_TRIES;) {
        char *path = temporary_name(output, attempt);
        if (!path) return mn_fail_memory(error, PATH_MAX, "a file name");
        int fd = io->open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, output->mode);
        if (fd >= 0 && keep_temporary(fd)) {
            output->temporary = path;
            output->fd = fd;
            return MN_OK;
        }
        if (fd >= 0) io->close(fd);
        bool again = fd >= 0 || errno == EEXIST || errno == EINTR;
        bool interrupted = fd < 0 && errno == EINTR && ++interrupts < MAX_INTERRUPTS;
        mn_status status = again ? MN_OK : fail_errno(error, path, "create");
        mn_free(path);
        if (status) return status;
        attempt += !interrupted;
    }
    return mn_fail(error, MN_IO, "%s: cannot create a temporary file beside it", output->target);
}

mn_status mn_output_open(mn_output **out, const char *path, bool replace, mn_error *error)
{
    *out = NULL;
    mn_output *output = mn_alloc(sizeof *output);
    if (!output) return mn_fail_memory(error, sizeof *output, "a file's buffer");
    memset(output, 0, offsetof(mn_output, buffer));
    output->fd = -1;
    output->replace = replace;
    mn_status status = resolve_target(output, path, error);
    if (!status) {
        remove_stale(output->folder);
        status = create_temporary(output, error);
    }
    if (status) {
        mn_output_close(output);
        return status;
    }
    *out = output;
    return MN_OK;
}

/* --- write ------------------------------------------------------------------------------------ */

static mn_status write_all(mn_output *output, const uint8_t *bytes, size_t size, mn_error *error)
{
    int tries = 0;
    while (size > 0) {
        ssize_t wrote = mn_io_get()->write(output->fd, bytes, size);
        if (wrote > 0) {
            bytes += wrote;
            size -= (size_t)wrote;
            tries = 0;
        } else if ((wrote < 0 && errno != EINTR) || ++tries >= MAX_INTERRUPTS) {
            output->failed = true;
            if (wrote == 0) errno = EIO; /* a write that neither moves on nor says why */
            return fail_errno(error, output->target, "write");
        }
    }
    return MN_OK;
}

static mn_status flush(mn_output *output, mn_error *error)
{
    size_t used = output->used;
    output->used = 0;
    return write_all(output, output->buffer, used, error);
}

static mn_status check_usable(const mn_output *output, mn_error *error)
{
    if (output->failed)
        return mn_fail(error, MN_IO, "%s: an earlier write failed, so it is not kept",
                       output->target);
    if (output->fd < 0 || !output->temporary)
        return mn_fail(error, MN_USAGE, "%s: is already complete", output->target);
    return MN_OK;
}

mn_status mn_output_write(mn_output *output, const void *bytes, size_t size, mn_error *error)
{
    mn_status status = check_usable(output, error);
    if (status) return status;
    output->synced = false;
    if (size > BUFFER_BYTES - output->used) status = flush(output, error);
    if (status) return status;
    if (size >= BUFFER_BYTES) {
        status = write_all(output, bytes, size, error);
    } else if (size > 0) {
        memcpy(output->buffer + output->used, bytes, size);
        output->used += size;
    }
    if (!status) output->written += size;
    return status;
}

uint64_t mn_output_size(const mn_output *output)
{
    return output->written;
}

const char *mn_output_temporary(const mn_output *output)
{
    return output->temporary;
}

/* --- commit ----------------------------------------------------------------------------------- */

static int sync_patiently(int fd)
{
    int result, tries = 0;
    do {
        result = mn_io_get()->sync(fd);
    } while (result && errno == EINTR && ++tries < MAX_INTERRUPTS);
    return result;
}

mn_status mn_output_sync(mn_output *output, mn_error *error)
{
    mn_status status = check_usable(output, error);
    if (!status) status = flush(output, error);
    if (status || output->synced) return status;
    if (sync_patiently(output->fd)) {
        output->failed = true; /* the system may have dropped the pages: a second sync would lie */
        return fail_errno(error, output->target, "write to the disk");
    }
    output->synced = true;
    return MN_OK;
}

/* Makes the new name last. Some file systems cannot sync a folder and keep names without it. */
static mn_status sync_folder(const mn_output *output, mn_error *error)
{
    const mn_io *io = mn_io_get();
    int fd, tries = 0;
    do {
        fd = io->open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    } while (fd < 0 && errno == EINTR && ++tries < MAX_INTERRUPTS);
    bool failed =
        fd < 0 ? errno != EACCES : sync_patiently(fd) && errno != EINVAL && errno != ENOTSUP;
    int reason = errno;
    if (fd >= 0) io->close(fd);
    if (!failed) return MN_OK;
    errno = reason;
    return fail_errno(error, output->target, "sync the folder of the written file");
}

mn_status mn_output_commit(mn_output *output, mn_error *error)
{
    mn_status status = mn_output_sync(output, error);
    if (status) return status;
    struct stat found;
    if (!output->replace && !lstat(output->target, &found))
        return mn_fail(error, MN_USAGE,
                       "%s: appeared while it was being written (--force replaces it)",
                       output->target);
    int result, tries = 0;
    do {
        result = mn_io_get()->rename(output->temporary, output->target);
    } while (result && errno == EINTR && ++tries < MAX_INTERRUPTS);
    if (result) return fail_errno(error, output->target, "rename the finished file to");
    mn_free(output->temporary);
    output->temporary = NULL;
    return sync_folder(output, error);
}

void mn_output_close(mn_output *output)
{
    if (!output) return;
    if (output->temporary) mn_io_get()->unlink(output->temporary);
    /* Closed last: the lock says "alive" until the name is gone. After a sync, close has nothing
     * left to report. */
    if (output->fd >= 0) mn_io_get()->close(output->fd);
    mn_free(output->temporary);
    mn_free(output->target);
    mn_free(output->folder);
    mn_free(output);
}
