/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.h - models that can be pulled by name: catalogue.toml, built into the program, or a
 * file. */
#ifndef MN_STORE_CATALOGUE_H
#define MN_STORE_CATALOGUE_H

#include "store/toml.h"

#include <stdint.h>

typedef struct mn_catalogue_entry {
    const char *name;      /* "smollm2:135m" */
    char *const *from;     /* [n_from] sources of the parts of the file, in order */
    size_t n_from;
    uint64_t size_bytes;   /* of the model file; 0: unknown */
    uint64_t download_bytes;
    const char *sha256;    /* of the whole file; NULL: unknown */
    const char *licence, *source; /* NULL: unknown */
} mn_catalogue_entry;

typedef struct mn_catalogue { /* zero-initialise */
    mn_toml toml;
    mn_catalogue_entry *entries; /* [n] */
    size_t n;
} mn_catalogue;

/* `path` NULL: the built-in one. MN_BAD_FILE for an entry that is not complete. */
mn_status mn_catalogue_open(mn_catalogue *out, const char *path, mn_error *error);
void mn_catalogue_close(mn_catalogue *catalogue);
/* Case does not count; a name without its tag finds the only entry of that name. NULL: none. */
const mn_catalogue_entry *mn_catalogue_find(const mn_catalogue *catalogue, const char *name);

#endif
