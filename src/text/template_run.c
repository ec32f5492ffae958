/* SPDX-License-Identifier: Apache-2.0 */
/* template_run.c - failures and limits of one rendering. */
#include "text/template_run.h"

#include "base/error.h"
#include "base/size.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_DEPTH 1500 /* of calls in C */

void mn_jinja_fail(mn_jinja_run *run, const char *format, ...)
{
    char text[900];
    va_list arguments;
    if (run->status) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run->status = mn_fail(run->error, MN_BAD_FILE, "template line %u: %s", run->line, text);
}

void mn_jinja_fail_memory(mn_jinja_run *run, size_t size_bytes)
{
    if (run->status) return;
    if (run->arena.over_limit)
        mn_jinja_fail(run, "the template needs more than the %zu bytes it may use",
                      run->arena.limit);
    else
        run->status = mn_fail_memory(run->error, size_bytes, "a template");
}

void mn_jinja_fail_raised(mn_jinja_run *run, const mn_jinja_string *message)
{
    int length = message->length > 900 ? 900 : (int)message->length;
    if (!run->status) run->status = mn_fail(run->error, MN_USAGE, "%.*s", length, message->data);
}

void mn_jinja_fail_undefined(mn_jinja_run *run, mn_jinja_value value)
{
    const mn_jinja_undefined *undefined = value.undefined;
    if (!undefined)
        mn_jinja_fail(run, "a value is undefined");
    else if (undefined->hint)
        mn_jinja_fail(run, "%s", undefined->hint);
    else {
        mn_jinja_string *name = mn_jinja_string_of(run, undefined->name);
        if (!name) return;
        int length = name->length > 200 ? 200 : (int)name->length;
        if (undefined->object.kind == MN_JINJA_MISSING)
            mn_jinja_fail(run, "'%.*s' is undefined", length, name->data);
        else
            mn_jinja_fail(run, "a value of type '%s' has no '%.*s'",
                          mn_jinja_kind_name(undefined->object), length, name->data);
    }
}

void *mn_jinja_take(mn_jinja_run *run, size_t count, size_t each_bytes)
{
    return mn_jinja_regrow(run, NULL, 0, count, each_bytes);
}

void *mn_jinja_regrow(mn_jinja_run *run, void *piece, size_t old_count, size_t new_count,
                      size_t each_bytes)
{
    size_t size_bytes;
    if (run->status) return NULL;
    if (!mn_size_mul(&size_bytes, new_count, each_bytes)) size_bytes = SIZE_MAX;
    void *grown = mn_jinja_arena_grow(&run->arena, piece, old_count * each_bytes, size_bytes);
    if (!grown) mn_jinja_fail_memory(run, size_bytes);
    return grown;
}

void mn_jinja_charge_slow(mn_jinja_run *run)
{
    run->steps = 0;
    mn_jinja_fail(run, "the template takes more steps than it may");
}

bool mn_jinja_enter(mn_jinja_run *run)
{
    if (++run->depth > MAX_DEPTH) mn_jinja_fail(run, "nested too deep while rendering");
    return mn_jinja_charge(run, 1);
}
