/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - writes JSON for scripts, in the order the fields are given.
 *
 * `key` is NULL inside a list. Memory that runs out shows in text.failed. */
#ifndef MN_CLI_JSON_H
#define MN_CLI_JSON_H

#include "base/text.h"

#include <minnow/status.h>

#include <stdint.h>

typedef struct mn_json { /* zero-initialise */
    mn_text text;
    unsigned depth;
    bool needs_comma;
    bool compact;        /* everything on one line */
} mn_json;

void mn_json_open(mn_json *json, const char *key, char bracket); /* '{' or '[' */
void mn_json_close(mn_json *json, char bracket);                 /* '}' or ']' */
void mn_json_bytes(mn_json *json, const char *key, const char *bytes, size_t length);
void mn_json_string(mn_json *json, const char *key, const char *value); /* NULL gives null */
void mn_json_u64(mn_json *json, const char *key, uint64_t value);
void mn_json_i64(mn_json *json, const char *key, int64_t value);
void mn_json_real(mn_json *json, const char *key, double value); /* not finite gives null */
void mn_json_float(mn_json *json, const char *key, float value); /* with a float's few digits */
void mn_json_bool(mn_json *json, const char *key, bool value);
void mn_json_null(mn_json *json, const char *key);
/* Prints it with a newline on the standard output and frees it. */
mn_status mn_json_print(mn_json *json, mn_error *error);

#endif
