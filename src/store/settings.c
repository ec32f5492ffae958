/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - options from files and from the environment. */
#include "store/settings.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/paths.h"
#include "store/toml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT (256 * 1024)

struct mn_settings {
    mn_options *options;
    mn_origin_kind *origins; /* [number of rows] */
};

static size_t row_index(const mn_option_row *row)
{
    return (size_t)(row - mn_option_row_at(0));
}

static size_t n_rows(void)
{
    size_t n = 0;
    while (mn_option_row_at(n)) n++;
    return n;
}

bool mn_settings_variable(char *out, size_t size, const char *name)
{
    size_t used = 7;
    if (strlen(name) + 8 > size) return false;
    memcpy(out, "MINNOW_", used);
    for (; *name; name++)
        out[used++] = *name == '-'                   ? '_'
                      : *name >= 'a' && *name <= 'z' ? (char)(*name - 32)
                                                     : *name;
    out[used] = '\0';
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

/* A list of texts serves the options that may be given several times: one on a line. */
static char *value_of(const mn_toml_entry *entry)
{
    mn_text text = { 0 };
    if (entry->kind != MN_TOML_LIST) return mn_strdup(entry->text);
    mn_text_add(&text, "");
    for (size_t i = 0; i < entry->n_items; i++) {
        if (i) mn_text_add_char(&text, '\n');
        mn_text_add(&text, entry->items[i]);
    }
    if (!text.failed) return text.data;
    mn_text_free(&text);
    return NULL;
}

static mn_status set(mn_settings *settings, const char *name, const char *value,
                     mn_origin_kind origin, const char *where, mn_error *error)
{
    mn_error reason = { 0 };
    mn_status status = mn_options_set(settings->options, name, value, &reason);
    if (status) return mn_fail(error, status, "%s: %s", where, reason.message);
    settings->origins[row_index(mn_option_row_find(name))] = origin;
    return MN_OK;
}

static mn_status take_entry(mn_settings *settings, const mn_toml_entry *entry, const char *path,
                            mn_origin_kind origin, mn_error *error)
{
    char where[300];
    snprintf(where, sizeof where, "%.250s:%u", path, entry->line);
    if (*entry->section)
        return mn_fail(error, MN_USAGE, "%s: settings have no section [%s]", where, entry->section);
    char *value = value_of(entry);
    if (!value) return mn_fail_memory(error, 0, "a setting");
    mn_status status = set(settings, entry->key, value, origin, where, error);
    mn_free(value);
    return status;
}

static mn_status take_file(mn_settings *settings, const char *path, mn_origin_kind origin,
                           mn_error *error)
{
    char *bytes;
    size_t length;
    mn_toml toml;
    if (!path || (access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))) return MN_OK;
    mn_status status = mn_file_read(&bytes, &length, path, FILE_LIMIT, error);
    if (status) return status;
    status = mn_toml_parse(&toml, bytes, length, path, error);
    mn_free(bytes);
    for (size_t i = 0; !status && i < toml.n; i++)
        status = take_entry(settings, &toml.entries[i], path, origin, error);
    mn_toml_free(&toml);
    return status;
}

static mn_status take_environment(mn_settings *settings, mn_error *error)
{
    char variable[80];
    mn_status status = MN_OK;
    const mn_option_row *row;
    for (size_t i = 0; !status && (row = mn_option_row_at(i)); i++) {
        const char *value = mn_settings_variable(variable, sizeof variable, row->name)
                                ? getenv(variable) : NULL;
        if (value && *value)
            status = set(settings, row->name, value, MN_ORIGIN_ENVIRONMENT, variable, error);
    }
    return status;
}

mn_status mn_settings_open_files(mn_settings **out, const char *system_file, const char *user_file,
                                 mn_error *error)
{
    mn_settings *settings = mn_alloc_array(1, sizeof *settings);
    *out = NULL;
    if (!settings) return mn_fail_memory(error, sizeof *settings, "settings");
    mn_status status = mn_options_open(&settings->options, error);
    settings->origins = mn_alloc_array(n_rows(), sizeof *settings->origins);
    if (!status && !settings->origins) status = mn_fail_memory(error, n_rows(), "settings");
    if (!status) status = take_file(settings, system_file, MN_ORIGIN_SYSTEM, error);
    if (!status) status = take_file(settings, user_file, MN_ORIGIN_USER, error);
    if (!status) status = take_environment(settings, error);
    if (status) mn_settings_close(settings);
    else *out = settings;
    return status;
}

mn_status mn_settings_open(mn_settings **out, mn_error *error)
{
    mn_text path = { 0 };
    mn_status status = mn_path_settings(&path, NULL);
    *out = NULL;
    if (status == MN_NO_MEMORY) status = mn_fail_memory(error, path.length, "a path");
    else /* without any home folder there is no user's file */
        status = mn_settings_open_files(out, MN_SYSTEM_SETTINGS, status ? NULL : path.data, error);
    mn_text_free(&path);
    return status;
}

void mn_settings_close(mn_settings *settings)
{
    if (!settings) return;
    mn_options_close(settings->options);
    mn_free(settings->origins);
    mn_free(settings);
}

const char *mn_settings_get(const mn_settings *settings, const char *name, mn_origin_kind *origin)
{
    const mn_option_row *row = mn_option_row_find(name);
    if (origin) *origin = row ? settings->origins[row_index(row)] : MN_ORIGIN_BUILT_IN;
    return mn_options_get(settings->options, name);
}

mn_status mn_settings_fill(const mn_settings *settings, mn_options *options, mn_error *error)
{
    mn_status status = MN_OK;
    const mn_option_row *row;
    for (size_t i = 0; !status && (row = mn_option_row_at(i)); i++) {
        bool untouched = mn_options_get(options, row->name) == row->default_value;
        if (untouched && settings->origins[i] != MN_ORIGIN_BUILT_IN)
            status = mn_options_set(options, row->name,
                                    mn_options_get(settings->options, row->name), error);
    }
    return status;
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_toml_string(mn_text *out, const char *value, size_t length)
{
    mn_text_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c == '"' || c == '\\') mn_text_format(out, "\\%c", c);
        else if (c == '\n') mn_text_add(out, "\\n");
        else if (c < 0x20 || c == 0x7F) mn_text_format(out, "\\u%04X", c);
        else mn_text_add_char(out, value[i]);
    }
    mn_text_add_char(out, '"');
}

static void add_value(mn_text *out, const mn_option_row *row, const char *value)
{
    mn_options *options = NULL;
    bool number = row->kind == MN_OPTION_INT || row->kind == MN_OPTION_REAL;
    if (number && mn_toml_is_number(value)) {
        mn_text_add(out, value);
    } else if (row->kind == MN_OPTION_BOOL && !mn_options_open(&options, NULL)
               && !mn_options_set(options, row->name, value, NULL)) {
        mn_text_add(out, mn_option_bool(options, row->name) ? "true" : "false");
    } else {
        add_toml_string(out, value, strlen(value));
    }
    mn_options_close(options);
}

/* Whether this line of a file sets `name`. */
static bool line_sets(const char *line, size_t length, const char *name)
{
    size_t i = 0, n = strlen(name);
    while (i < length && (line[i] == ' ' || line[i] == '\t')) i++;
    bool quoted = i < length && (line[i] == '"' || line[i] == '\'');
    i += quoted;
    if (length - i < n || memcmp(line + i, name, n)) return false;
    i += n + quoted;
    while (i < length && (line[i] == ' ' || line[i] == '\t')) i++;
    return i < length && line[i] == '=';
}

static void replace_line(mn_text *out, const char *bytes, size_t length, const char *name)
{
    for (size_t i = 0; i < length;) {
        const char *newline = memchr(bytes + i, '\n', length - i);
        size_t end = newline ? (size_t)(newline - bytes) + 1 : length;
        if (!line_sets(bytes + i, end - i, name)) mn_text_append(out, bytes + i, end - i);
        i = end;
    }
    if (out->length && out->data[out->length - 1] != '\n') mn_text_add_char(out, '\n');
}

static mn_status write_file(const char *path, const mn_text *text, mn_error *error)
{
    mn_output *output = NULL;
    mn_status status = text->failed ? mn_fail_memory(error, text->length, "settings") : MN_OK;
    if (!status) status = mn_output_open(&output, path, true, error);
    if (!status && text->length) status = mn_output_write(output, text->data, text->length, error);
    if (!status) status = mn_output_commit(output, error);
    mn_output_close(output);
    return status;
}

static mn_status make_folder_of(const char *path, mn_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash && slash != path ? mn_strndup(path, (size_t)(slash - path)) : NULL;
    if (!slash || slash == path) return MN_OK;
    if (!folder) return mn_fail_memory(error, strlen(path), "a path");
    mn_status status = mn_folder_make(folder, 0755, error);
    mn_free(folder);
    return status;
}

/* What there was must be readable before it is changed; a list over several lines cannot be edited
 * line by line. */
static mn_status read_before(char **bytes, size_t *length, const char *path, const char *name,
                             mn_error *error)
{
    mn_toml toml;
    *bytes = NULL;
    *length = 0;
    if (access(path, F_OK) && errno == ENOENT) return MN_OK;
    mn_status status = mn_file_read(bytes, length, path, FILE_LIMIT, error);
    if (status) return status;
    status = mn_toml_parse(&toml, *bytes, *length, path, error);
    if (!status) {
        const mn_toml_entry *entry = mn_toml_find(&toml, "", name);
        if (entry && entry->kind == MN_TOML_LIST)
            status = mn_fail(error, MN_USAGE, "%s:%u: '%s' is a list; change it there", path,
                             entry->line, name);
        mn_toml_free(&toml);
    }
    if (status) mn_free(*bytes);
    return status;
}

static mn_status check(const char *name, const char *value, mn_error *error)
{
    mn_options *options;
    mn_status status = mn_options_open(&options, error);
    if (status) return status;
    status = mn_options_set(options, name, value, error);
    mn_options_close(options);
    return status;
}

mn_status mn_settings_write(const char *path, const char *name, const char *value, mn_error *error)
{
    char *before;
    size_t length;
    mn_text after = { 0 };
    mn_status status = check(name, value, error);
    if (!status) status = read_before(&before, &length, path, name, error);
    if (status) return status;
    replace_line(&after, before, length, name);
    mn_free(before);
    if (value) {
        mn_text_add(&after, name);
        mn_text_add(&after, " = ");
        add_value(&after, mn_option_row_find(name), value);
        mn_text_add_char(&after, '\n');
    }
    status = make_folder_of(path, error);
    if (!status) status = write_file(path, &after, error);
    mn_text_free(&after);
    return status;
}
