/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the models that are here: names, and the files they stand for.
 *
 *   blobs/sha256-HEX      model files, named after what is in them
 *   refs/NAME/TAG.json    what a name stands for: a blob, or a file elsewhere
 *   partial/PID-N         what a download in progress writes; removed with it
 *
 * Every file appears by a rename, whole or not at all. */
#ifndef MN_STORE_STORE_H
#define MN_STORE_STORE_H

#include <minnow/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mn_store mn_store;

/* What a name stands for. Strings are owned; NULL where nothing is known. */
typedef struct mn_ref {
    char *name;      /* "smollm2:135m" */
    char *path;      /* of the model file */
    bool linked;     /* the file lies outside the store and is not ours to delete */
    bool missing;    /* the file is not there any more */
    uint64_t size_bytes, n_parameters;
    char *sha256, *architecture, *type, *licence, *source;
    int64_t added;   /* seconds since 1970 */
} mn_ref; /* zero-initialise */
void mn_ref_free(mn_ref *ref);

typedef struct mn_refs { /* zero-initialise */
    mn_ref *items; /* [n], ordered by name */
    size_t n, capacity;
} mn_refs;
void mn_refs_free(mn_refs *refs);

/* Finds the store's folder; nothing is created before something is written. */
mn_status mn_store_open(mn_store **out, mn_error *error);
void mn_store_close(mn_store *store); /* NULL is fine */
const char *mn_store_folder(const mn_store *store);

/* Names are letters, digits and . _ - with one tag after a colon; case does not count. Writes
 * the whole name ("NAME:TAG", the tag "latest" if there is none) and tells whether it is one. */
#define MN_NAME_SIZE 132
bool mn_name_normalize(char out[MN_NAME_SIZE], const char *text);
/* A name for a file that has none: from the last part of its path. */
void mn_name_from_path(char out[MN_NAME_SIZE], const char *path);

/* All names. A ref that cannot be read is left out. */
mn_status mn_store_list(const mn_store *store, mn_refs *out, mn_error *error);
/* A name without its tag finds its only tag, or "latest". MN_FAILED when there is no such name (the
 * message suggests the nearest), MN_USAGE when it has several tags. */
mn_status mn_store_find(const mn_store *store, const char *name, mn_ref *out, bool *found,
                        mn_error *error);
/* Writes a ref; an older one of the same name is replaced. */
mn_status mn_store_put(const mn_store *store, const mn_ref *ref, mn_error *error);
/* Removes the name, and the blob when no other name stands for it. */
mn_status mn_store_remove(const mn_store *store, const mn_ref *ref, mn_error *error);
/* "STORE/blobs/sha256-HEX"; the caller frees it with mn_free. NULL: no memory. */
char *mn_store_blob_path(const mn_store *store, const char *sha256);

/* Looks into the model file and fills what a ref tells about it: size, architecture, type, ... */
mn_status mn_ref_describe(mn_ref *ref, const char *path, mn_error *error);

#endif
