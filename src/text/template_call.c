/* SPDX-License-Identifier: Apache-2.0 */
/* template_call.c - calls: arguments are put to parameters as Python does it. */
#include "text/template_run.h"

#include <string.h>

typedef mn_jinja_value value;

const mn_jinja_function *mn_jinja_find_in(const mn_jinja_function *rows, size_t n,
                                          const mn_jinja_string *name)
{
    for (size_t i = 0; i < n; i++)
        if (mn_jinja_string_is(name, rows[i].name)) return &rows[i];
    return NULL;
}

const mn_jinja_function *mn_jinja_find_filter(const mn_jinja_string *name)
{
    static const mn_jinja_function *(*const tables[])(
        size_t * n) = { mn_jinja_text_filters, mn_jinja_list_filters, mn_jinja_value_filters };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        size_t n;
        const mn_jinja_function *rows = tables[i](&n), *found = mn_jinja_find_in(rows, n, name);
        if (found) return found;
    }
    return NULL;
}

const mn_jinja_function *mn_jinja_find_method(mn_jinja_value self, const mn_jinja_string *name)
{
    size_t n;
    const mn_jinja_function *rows = self.kind == MN_JINJA_STRING
                                        ? mn_jinja_string_methods(&n)
                                        : mn_jinja_container_methods(self, &n);
    return mn_jinja_find_in(rows, n, name);
}

mn_jinja_value mn_jinja_bind_method(mn_jinja_run *run, mn_jinja_value self,
                                    const mn_jinja_function *function)
{
    mn_jinja_method *method = mn_jinja_take(run, 1, sizeof *method);
    if (!method) return mn_jinja_none();
    *method = (mn_jinja_method){ .self = self, .function = function };
    return (value){ .kind = MN_JINJA_METHOD, .method = method };
}

mn_jinja_value mn_jinja_named(const mn_jinja_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->n_named; i++)
        if (mn_jinja_string_is(arguments->names[i].string, name)) return arguments->named[i];
    return mn_jinja_missing();
}

/* --- putting arguments to parameters ------------------------------------------------------------
 */

typedef struct parameter {
    const char *name;
    size_t length;
    bool optional;
} parameter;

/* The next parameter of a list such as "old new count?"; false at its end. */
static bool next_parameter(const char **list, parameter *out)
{
    while (**list == ' ' || **list == '/') ++*list;
    if (!**list) return false;
    out->name = *list;
    out->length = strcspn(*list, " ?");
    out->optional = out->name[out->length] == '?';
    *list += out->length + out->optional;
    return true;
}

static bool bind_named(const mn_jinja_arguments *all, parameter p, value *out, size_t *n_used)
{
    for (size_t i = 0; i < all->n_named; i++) {
        const mn_jinja_string *name = all->names[i].string;
        if (name->length != p.length || memcmp(name->data, p.name, p.length) != 0) continue;
        *out = all->named[i];
        ++*n_used;
        return true;
    }
    return false;
}

static bool bind(mn_jinja_run *run, const mn_jinja_function *function,
                 const mn_jinja_arguments *all, value *given)
{
    const char *list = function->parameters;
    bool unnamed = list[0] == '/';
    size_t n_used = 0, position = 0;
    parameter p;
    if (!mn_jinja_charge(run, all->n_named)) return false;
    for (; next_parameter(&list, &p); position++) {
        value by_name = mn_jinja_missing();
        bool named = !unnamed && bind_named(all, p, &by_name, &n_used);
        given[position] = position < all->n ? all->values[position] : by_name;
        if (named && position < all->n)
            mn_jinja_fail(run, "'%s' got its argument '%.*s' twice", function->name, (int)p.length,
                          p.name);
        else if (!p.optional && !named && position >= all->n)
            mn_jinja_fail(run, "'%s' needs an argument '%.*s'", function->name, (int)p.length,
                          p.name);
    }
    if (all->n > position)
        mn_jinja_fail(run, "'%s' takes at most %zu arguments, not %zu", function->name, position,
                      all->n);
    if (all->n_named > n_used)
        mn_jinja_fail(run, "'%s' was given an argument with a name it does not know",
                      function->name);
    return !run->status;
}

mn_jinja_value mn_jinja_call_function(mn_jinja_run *run, const mn_jinja_function *function,
                                      mn_jinja_value self, const mn_jinja_arguments *all)
{
    value given[MN_JINJA_MAX_PARAMETERS] = { 0 };
    if (function->parameters && !bind(run, function, all, given)) return mn_jinja_none();
    if (!mn_jinja_charge(run, 1)) return mn_jinja_none();
    return function->call(run, self, given, all);
}

/* --- calling values -----------------------------------------------------------------------------
 */

static const mn_jinja_function loop_call = { "loop", "/ items", NULL };
static const mn_jinja_function joiner_call = { "joiner", "/", NULL };

static value call_kind(mn_jinja_run *run, value callee, const mn_jinja_arguments *all)
{
    value given[MN_JINJA_MAX_PARAMETERS] = { 0 };
    switch (callee.kind) {
    case MN_JINJA_FUNCTION:
        return mn_jinja_call_function(run, callee.function, mn_jinja_missing(), all);
    case MN_JINJA_METHOD:
        return mn_jinja_call_function(run, callee.method->function, callee.method->self, all);
    case MN_JINJA_MACRO:
        return mn_jinja_call_macro(run, callee.macro, all);
    case MN_JINJA_LOOP:
        if (!bind(run, &loop_call, all, given)) return mn_jinja_none();
        return mn_jinja_call_loop(run, callee.loop, given[0]);
    case MN_JINJA_JOINER:
        if (!bind(run, &joiner_call, all, given)) return mn_jinja_none();
        if (callee.joiner->used) return callee.joiner->separator;
        callee.joiner->used = true;
        return mn_jinja_text_literal(run, "", MN_FROM_TEMPLATE);
    case MN_JINJA_UNDEFINED:
        mn_jinja_fail_undefined(run, callee);
        return mn_jinja_none();
    default:
        mn_jinja_fail(run, "a value of type '%s' cannot be called", mn_jinja_kind_name(callee));
        return mn_jinja_none();
    }
}

mn_jinja_value mn_jinja_call(mn_jinja_run *run, mn_jinja_value callee,
                             const mn_jinja_arguments *all)
{
    value result = mn_jinja_none();
    if (mn_jinja_enter(run)) result = call_kind(run, callee, all);
    mn_jinja_leave(run);
    return run->status ? mn_jinja_none() : result;
}
