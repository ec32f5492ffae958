/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - a fresh folder for the files of one test program. Include it after cmocka.h. */
#ifndef MN_TESTS_FILE_FOLDER_H
#define MN_TESTS_FILE_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder_path[256];

static inline int folder_make(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    snprintf(folder_path, sizeof folder_path, "%s/minnow-test-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder_path) ? 0 : -1;
}

/* Names with "." and ".." left out; returns how many contain `part`, and deletes those if `remove`. */
static inline int folder_count(const char *part, bool remove)
{
    int n = 0;
    DIR *list = opendir(folder_path);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[600];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (!strstr(entry->d_name, part)) continue;
        n++;
        snprintf(path, sizeof path, "%s/%s", folder_path, entry->d_name);
        if (remove && unlink(path)) rmdir(path);
    }
    if (list) closedir(list);
    return n;
}

static inline int folder_remove(void **state)
{
    (void)state;
    folder_count("", true);
    return rmdir(folder_path);
}

/* The path of a file of that name; valid until the fourth call after this one. */
static inline const char *in_folder(const char *name)
{
    static char paths[4][600];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder_path, name);
    return path;
}

static inline void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The whole file; its size or -1 if it is not there. */
static inline long get_file(const char *path, void *bytes, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    if (!file) return -1;
    long size = (long)fread(bytes, 1, capacity, file);
    fclose(file);
    return size;
}

#endif
