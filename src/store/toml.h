/* SPDX-License-Identifier: Apache-2.0 */
/* toml.h - reads a strict part of TOML: [section], key = value.
 *
 * Values are strings, numbers, true, false and lists of strings. Anything else
 * (dates, tables in tables, keys with dots) is refused with its line. */
#ifndef MN_STORE_TOML_H
#define MN_STORE_TOML_H

#include <minnow/status.h>

#include <stdbool.h>
#include <stddef.h>

typedef enum mn_toml_kind {
    MN_TOML_STRING,
    MN_TOML_NUMBER,
    MN_TOML_BOOL,
    MN_TOML_LIST
} mn_toml_kind;

typedef struct mn_toml_entry {
    char *section; /* "" before the first */
    char *key;
    mn_toml_kind kind;
    char *text;    /* the string; the number or truth value as written; NULL for a list */
    char **items;  /* [n_items] of a list */
    size_t n_items;
    unsigned line;
} mn_toml_entry;

typedef struct mn_toml { /* zero-initialise */
    mn_toml_entry *entries; /* [n] */
    size_t n, capacity;
} mn_toml;

/* `name` is what messages call it. Errors: MN_BAD_FILE with the line, MN_NO_MEMORY. */
mn_status mn_toml_parse(mn_toml *out, const char *bytes, size_t length, const char *name,
                        mn_error *error);
/* The entry of this section and key; NULL if absent. */
const mn_toml_entry *mn_toml_find(const mn_toml *toml, const char *section, const char *key);
bool mn_toml_is_number(const char *text);
void mn_toml_free(mn_toml *toml);

#endif
