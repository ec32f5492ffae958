/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - where things are kept, by the XDG rules. */
#include "store/paths.h"

#include "base/error.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The XDG rules say that a path which is not absolute does not count. */
static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] == '/' ? value : NULL;
}

static bool add_home(mn_text *out)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    const char *home = absolute("HOME");
    if (!home && !getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) && found
        && entry.pw_dir && entry.pw_dir[0] == '/')
        home = entry.pw_dir;
    if (home) mn_text_add(out, home);
    return home;
}

static mn_status add_base(mn_text *out, const char *variable, const char *below_home,
                          mn_error *error)
{
    const char *base = absolute(variable);
    if (base) mn_text_add(out, base);
    else if (add_home(out)) mn_text_add(out, below_home);
    else return mn_fail(error, MN_FAILED, "there is no home folder: set HOME or %s", variable);
    mn_text_add(out, "/minnow");
    return MN_OK;
}

static mn_status whole(const mn_text *out, mn_error *error)
{
    return out->failed ? mn_fail_memory(error, out->length, "a path") : MN_OK;
}

mn_status mn_path_store(mn_text *out, mn_error *error)
{
    const char *home = getenv("MINNOW_HOME");
    mn_status status = MN_OK;
    char here[PATH_MAX];
    if (home && *home) {
        /* Whole, because programs are run in other folders. */
        if (*home != '/' && getcwd(here, sizeof here)) mn_text_format(out, "%s/", here);
        mn_text_add(out, home);
    } else {
        status = add_base(out, "XDG_DATA_HOME", "/.local/share", error);
    }
    return status ? status : whole(out, error);
}

mn_status mn_path_settings(mn_text *out, mn_error *error)
{
    mn_status status = add_base(out, "XDG_CONFIG_HOME", "/.config", error);
    mn_text_add(out, "/config.toml");
    return status ? status : whole(out, error);
}

mn_status mn_path_state(mn_text *out, const char *file, mn_error *error)
{
    mn_status status = add_base(out, "XDG_STATE_HOME", "/.local/state", error);
    mn_text_add_char(out, '/');
    mn_text_add(out, file);
    return status ? status : whole(out, error);
}

mn_status mn_folder_make(const char *path, unsigned mode, mn_error *error)
{
    char *copy = mn_strdup(path);
    if (!copy) return mn_fail_memory(error, strlen(path) + 1, "a path");
    mn_status status = MN_OK;
    for (char *c = copy + 1; c[-1] && !status; c++) {
        char kept = *c;
        if (kept && kept != '/') continue;
        *c = '\0';
        if (mkdir(copy, mode) && errno != EEXIST && !(errno == EROFS && !access(copy, F_OK)))
            status = mn_fail(error, MN_IO, "cannot make the folder %s: %s", copy, strerror(errno));
        *c = kept;
    }
    mn_free(copy);
    return status;
}

/* Depth is bounded so that a folder moved around meanwhile cannot exhaust the stack. */
static void remove_inside(int parent, const char *name, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (!unlinkat(fd, entry->d_name, 0)) continue;
        if (depth) remove_inside(fd, entry->d_name, depth - 1);
        unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(folder);
}

void mn_folder_remove(const char *path)
{
    remove_inside(AT_FDCWD, path, 32);
    rmdir(path);
}
