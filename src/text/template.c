/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - opens, renders and closes a template. */
#include "text/template.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/template_run.h"

#include <string.h>

#define MAX_SOURCE_BYTES ((size_t)1 << 20)
#define MAX_PARSED_BYTES ((size_t)12 << 20)

/* What a rendering may use unless the caller says otherwise: a share of its own, and more the more
 * there is to render. */
#define BASE_STEPS      2000000u
#define STEPS_PER_VALUE 2000u
#define BASE_BYTES      ((size_t)16 << 20)
#define BYTES_PER_BYTE  16u

/* --- opening ------------------------------------------------------------------------------------
 */

/* Copies the source with every newline as '\n', but without one at the end. */
static size_t normalize(char *out, const char *source, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (source[i] == '\r') {
            out[n++] = '\n';
            if (i + 1 < length && source[i + 1] == '\n') i++;
        } else
            out[n++] = source[i];
    }
    if (n && out[n - 1] == '\n') n--;
    out[n] = '\0';
    return n;
}

static mn_status check_source(const char *source, size_t length, mn_error *error)
{
    unsigned line = 1;
    if (length > MAX_SOURCE_BYTES)
        return mn_fail(error, MN_BAD_FILE, "the template has %zu bytes, at most %zu are possible",
                       length, MAX_SOURCE_BYTES);
    for (size_t i = 0; i < length;) {
        size_t n = mn_utf8_length(source + i, length - i);
        if (!n)
            return mn_fail(error, MN_BAD_FILE, "template line %u: the text is not valid UTF-8",
                           line);
        line += source[i] == '\n';
        i += n;
    }
    return MN_OK;
}

mn_status mn_template_open(mn_template **out, const char *source, size_t length, mn_error *error)
{
    *out = NULL;
    mn_status status = check_source(source, length, error);
    if (status) return status;
    mn_template *parsed = mn_alloc_array(1, sizeof *parsed);
    if (!parsed) return mn_fail_memory(error, sizeof *parsed, "a template");
    parsed->arena.limit = MAX_PARSED_BYTES;
    parsed->source = mn_alloc(length + 1);
    if (!parsed->source) status = mn_fail_memory(error, length, "a template");
    if (!status)
        status = mn_jinja_parse(parsed, parsed->source, normalize(parsed->source, source, length),
                                error);
    if (status) {
        mn_template_close(parsed);
        return status;
    }
    *out = parsed;
    return MN_OK;
}

void mn_template_close(mn_template *parsed)
{
    if (!parsed) return;
    mn_jinja_arena_free(&parsed->arena);
    mn_free(parsed->source);
    mn_free(parsed);
}

/* --- rendering ----------------------------------------------------------------------------------
 */

typedef struct extent {
    size_t values, bytes;
} extent;

static extent measure(const json_t *json, unsigned depth)
{
    extent sum = { 1, json_is_string(json) ? json_string_length(json) : 0 };
    if (depth > 128) return sum;
    for (size_t i = 0; i < json_array_size(json); i++) {
        extent item = measure(json_array_get(json, i), depth + 1);
        sum.values += item.values;
        sum.bytes += item.bytes;
    }
    json_t *object = (json_t *)json; /* only the iterator's type asks for it */
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        extent item = measure(json_object_iter_value(i), depth + 1);
        sum.values += item.values;
        sum.bytes += item.bytes + json_object_iter_key_len(i);
    }
    return sum;
}

static void set_limits(mn_jinja_run *run, const json_t *variables, mn_template_limits limits)
{
    extent size = measure(variables, 0);
    run->steps = limits.steps ? limits.steps : BASE_STEPS + (uint64_t)STEPS_PER_VALUE * size.values;
    run->arena.limit =
        limits.bytes ? limits.bytes : BASE_BYTES + BYTES_PER_BYTE * (size.bytes + 64 * size.values);
}

static bool ends_in_token(const mn_jinja_string *name)
{
    return name->length >= 6 && !memcmp(name->data + name->length - 6, "_token", 6);
}

static const json_t *variable(const json_t *variables, const mn_jinja_string *name)
{
    char key[256];
    if (name->length >= sizeof key || memchr(name->data, '\0', name->length)) return NULL;
    memcpy(key, name->data, name->length);
    key[name->length] = '\0';
    return json_object_get(variables, key);
}

/* Gives each name of the template its variable or function. */
static void set_globals(mn_jinja_run *run, const json_t *variables)
{
    run->root = run->scope = mn_jinja_scope_open(run, NULL);
    const mn_jinja_symbols *symbols = &run->source->symbols;
    mn_jinja_value *values = mn_jinja_take(run, symbols->n, sizeof *values);
    if (run->status) return;
    run->root->values = values;
    for (size_t i = 0; i < symbols->n && !run->status; i++) {
        mn_jinja_string *name = symbols->names[i];
        const json_t *json = variable(variables, name);
        const mn_jinja_function *function = mn_jinja_find_global(name);
        if (json)
            values[i] = mn_jinja_from_json(
                run, json, ends_in_token(name) ? MN_FROM_TEMPLATE : MN_FROM_USER, 1);
        else if (function)
            values[i] = (mn_jinja_value){ .kind = MN_JINJA_FUNCTION, .function = function };
    }
}

mn_status mn_template_render(const mn_template *parsed, mn_prompt *out, const json_t *variables,
                             const struct tm *now, mn_template_limits limits, mn_error *error)
{
    mn_jinja_run run = { .error = error, .source = parsed, .now = now, .prompt = out };
    mn_prompt_clear(out);
    if (!json_is_object(variables))
        return mn_fail(error, MN_USAGE, "the variables of a template must be a JSON object");
    set_limits(&run, variables, limits);
    set_globals(&run, variables);
    if (!run.status) mn_jinja_execute(&run, parsed->body);
    mn_jinja_arena_free(&run.arena);
    if (run.status) mn_prompt_clear(out);
    return run.status;
}
