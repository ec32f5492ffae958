/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - writes JSON for scripts, in the order the fields are given. */
#include "cli/json.h"

#include "base/error.h"
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void new_line(mn_json *json)
{
    if (json->compact) return;
    mn_text_add_char(&json->text, '\n');
    for (unsigned i = 0; i < json->depth; i++) mn_text_add(&json->text, "  ");
}

static void begin_value(mn_json *json, const char *key)
{
    if (json->needs_comma) mn_text_add(&json->text, json->compact ? ", " : ",");
    if (json->depth) new_line(json);
    json->needs_comma = true;
    if (!key) return;
    mn_text_add_json(&json->text, key, strlen(key));
    mn_text_add(&json->text, ": ");
}

void mn_json_open(mn_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    mn_text_add_char(&json->text, bracket);
    json->depth++;
    json->needs_comma = false;
}

void mn_json_close(mn_json *json, char bracket)
{
    json->depth--;
    if (json->needs_comma) new_line(json);
    mn_text_add_char(&json->text, bracket);
    json->needs_comma = true;
}

void mn_json_bytes(mn_json *json, const char *key, const char *bytes, size_t length)
{
    begin_value(json, key);
    mn_text_add_json(&json->text, bytes, length);
}

void mn_json_string(mn_json *json, const char *key, const char *value)
{
    if (value) mn_json_bytes(json, key, value, strlen(value));
    else mn_json_null(json, key);
}

void mn_json_u64(mn_json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    mn_text_format(&json->text, "%" PRIu64, value);
}

void mn_json_i64(mn_json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    mn_text_format(&json->text, "%" PRId64, value);
}

/* The shortest decimal that reads back as the same number, of its own width. */
static void add_real(mn_text *text, double value, bool is_float)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        double back = strtod(digits, NULL);
        if (is_float ? (float)back == (float)value : back == value) break;
    }
    mn_text_add(text, digits);
}

static void put_real(mn_json *json, const char *key, double value, bool is_float)
{
    if (!isfinite(value)) {
        mn_json_null(json, key);
        return;
    }
    begin_value(json, key);
    add_real(&json->text, value, is_float);
}

void mn_json_real(mn_json *json, const char *key, double value)
{
    put_real(json, key, value, false);
}

void mn_json_float(mn_json *json, const char *key, float value)
{
    put_real(json, key, value, true);
}

void mn_json_bool(mn_json *json, const char *key, bool value)
{
    begin_value(json, key);
    mn_text_add(&json->text, value ? "true" : "false");
}

void mn_json_null(mn_json *json, const char *key)
{
    begin_value(json, key);
    mn_text_add(&json->text, "null");
}

mn_status mn_json_print(mn_json *json, mn_error *error)
{
    mn_text_add_char(&json->text, '\n');
    mn_status status = MN_OK;
    if (json->text.failed) status = mn_fail_memory(error, json->text.length, "the JSON result");
    else mn_out_bytes(json->text.data, json->text.length);
    mn_text_free(&json->text);
    *json = (mn_json){ 0 };
    return status;
}
