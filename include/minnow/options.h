/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - settings by name: one row in one table for each, every door reads the row.
 *
 * A value is text, checked against its row when it is set; it is used where its
 * owner opens. Unknown names suggest the nearest one. */
#ifndef MINNOW_OPTIONS_H
#define MINNOW_OPTIONS_H

#include <minnow/status.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_options mn_options;

typedef enum mn_option_scope {
    MN_SCOPE_MODEL,
    MN_SCOPE_ENGINE,
    MN_SCOPE_SESSION,
    MN_SCOPE_REQUEST
} mn_option_scope;

typedef enum mn_option_kind {
    MN_OPTION_INT,    /* whole number in [low, high] */
    MN_OPTION_REAL,   /* number in [low, high] */
    MN_OPTION_BOOL,   /* true false on off yes no 1 0 */
    MN_OPTION_SIZE,   /* bytes: 350M (10^6), 350MiB (2^20), ... */
    MN_OPTION_CHOICE, /* one of `choices` */
    MN_OPTION_TEXT,
} mn_option_kind;

typedef struct mn_option_row {
    const char *name; /* "top-k" */
    mn_option_scope scope;
    mn_option_kind kind;
    const char *default_value; /* as text; NULL: none */
    double low, high;
    const char *choices; /* "f32|f16|int8" */
    const char *help;    /* one line */
} mn_option_row;

/* The table in order; NULL after the last. */
MN_API const mn_option_row *mn_option_row_at(size_t index);
MN_API const mn_option_row *mn_option_row_find(const char *name);

MN_API mn_status mn_options_open(mn_options **out, mn_error *error);
MN_API void mn_options_close(mn_options *options); /* NULL is fine */
/* MN_USAGE for an unknown name or a value its row does not allow. `value` NULL goes back to the
 * default. */
MN_API mn_status mn_options_set(mn_options *options, const char *name, const char *value,
                                mn_error *error);
/* The value in force as text (the default if not set); NULL: none. `options` may be NULL. */
MN_API const char *mn_options_get(const mn_options *options, const char *name);

#ifdef __cplusplus
}
#endif
#endif
