/* SPDX-License-Identifier: Apache-2.0 */
/* template_functions.c - the functions that every template can call. */
#include "text/template_run.h"

#include "text/template_number.h"

typedef mn_jinja_value value;

#define MAX_RANGE 100000 /* as Jinja's sandbox has it */

#define FUNCTION(name)                                                                             \
    static value call_##name(mn_jinja_run *run, value self, const value *given,                    \
                             const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

/* The number of steps from start to stop. */
static uint64_t range_length(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0 ? start >= stop : start <= stop) return 0;
    uint64_t distance =
        step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    return (distance - 1) / stride + 1;
}

FUNCTION(range)
{
    UNUSED;
    int64_t first, start = 0, stop, step = 1;
    unsigned origin = MN_FROM_TEMPLATE;
    for (size_t i = 0; i < 3; i++)
        if (given[i].kind != MN_JINJA_MISSING) origin &= mn_jinja_origin_of(given[i]);
    if (!mn_jinja_index(run, given[0], "an argument of 'range'", &first)) return mn_jinja_none();
    stop = first;
    if (given[1].kind != MN_JINJA_MISSING) {
        start = first;
        mn_jinja_index(run, given[1], "an argument of 'range'", &stop);
    }
    if (given[2].kind != MN_JINJA_MISSING)
        mn_jinja_index(run, given[2], "an argument of 'range'", &step);
    if (!run->status && step == 0) mn_jinja_fail(run, "the step of a range cannot be zero");
    uint64_t n = run->status ? 0 : range_length(start, stop, step);
    if (n > MAX_RANGE) mn_jinja_fail(run, "a range has more than %d items", MAX_RANGE);
    mn_jinja_range *range = mn_jinja_take(run, 1, sizeof *range);
    if (!range) return mn_jinja_none();
    *range = (mn_jinja_range){
        .start = start, .stop = stop, .step = step, .n = (size_t)n, .origin = (uint8_t)origin
    };
    return (value){ .kind = MN_JINJA_RANGE, .range = range };
}

static void add_pairs(mn_jinja_run *run, mn_jinja_dict *dict, value source)
{
    if (source.kind == MN_JINJA_DICT) {
        for (size_t i = 0; i < source.dict->n && !run->status; i++)
            mn_jinja_dict_set(run, dict, source.dict->entries[i].key,
                              source.dict->entries[i].value);
        return;
    }
    mn_jinja_list *list = mn_jinja_collect(run, source);
    for (size_t i = 0; list && i < list->n && !run->status; i++) {
        mn_jinja_list *pair = mn_jinja_collect(run, list->items[i]);
        if (pair && pair->n != 2)
            mn_jinja_fail(run, "a dict is made of pairs, but an item has %zu parts", pair->n);
        if (!run->status) mn_jinja_dict_set(run, dict, pair->items[0], pair->items[1]);
    }
}

static mn_jinja_dict *make_dict(mn_jinja_run *run, const mn_jinja_arguments *all)
{
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    if (all->n > 1) mn_jinja_fail(run, "a dict is made of at most one value, not %zu", all->n);
    if (all->n == 1 && !run->status) add_pairs(run, dict, all->values[0]);
    for (size_t i = 0; i < all->n_named && !run->status; i++)
        mn_jinja_dict_set(run, dict, all->names[i], all->named[i]);
    return run->status ? NULL : dict;
}

FUNCTION(dict)
{
    UNUSED;
    return mn_jinja_dict_value(make_dict(run, all));
}

FUNCTION(namespace)
{
    UNUSED;
    mn_jinja_dict *dict = make_dict(run, all);
    for (size_t i = 0; dict && i < dict->n; i++) {
        value key = dict->entries[i].key;
        if (key.kind == MN_JINJA_STRING && key.string->length && key.string->data[0] == '_')
            mn_jinja_fail(run, "attributes of a namespace cannot begin with '_'");
    }
    return dict ? (value){ .kind = MN_JINJA_NAMESPACE, .dict = dict } : mn_jinja_none();
}

FUNCTION(cycler)
{
    UNUSED;
    mn_jinja_cycler *cycler = mn_jinja_take(run, 1, sizeof *cycler);
    mn_jinja_list *items = mn_jinja_list_new(run, all->n);
    if (all->n_named) mn_jinja_fail(run, "'cycler' takes no named arguments");
    if (!all->n) mn_jinja_fail(run, "'cycler' needs at least one item");
    for (size_t i = 0; i < all->n; i++) mn_jinja_list_append(run, items, all->values[i]);
    if (run->status) return mn_jinja_none();
    cycler->items = items;
    return (value){ .kind = MN_JINJA_CYCLER, .cycler = cycler };
}

FUNCTION(joiner)
{
    UNUSED;
    mn_jinja_joiner *joiner = mn_jinja_take(run, 1, sizeof *joiner);
    if (!joiner) return mn_jinja_none();
    joiner->separator = given[0].kind != MN_JINJA_MISSING
                            ? given[0]
                            : mn_jinja_text_literal(run, ", ", MN_FROM_TEMPLATE);
    return (value){ .kind = MN_JINJA_JOINER, .joiner = joiner };
}

FUNCTION(raise_exception)
{
    UNUSED;
    mn_jinja_string *message = mn_jinja_string_of(run, given[0]);
    if (message) mn_jinja_fail_raised(run, message);
    return mn_jinja_none();
}

FUNCTION(strftime_now)
{
    UNUSED;
    mn_jinja_string *format = mn_jinja_want_string(run, given[0], "the format of a time");
    return format ? mn_jinja_text(mn_jinja_strftime(run, format)) : mn_jinja_none();
}

FUNCTION(lipsum)
{
    UNUSED;
    mn_jinja_fail(run, "'lipsum' is not supported: a prompt must not depend on chance");
    return mn_jinja_none();
}

static const mn_jinja_function functions[] = {
    { "range", "/ start stop? step?", call_range },
    { "dict", NULL, call_dict },
    { "namespace", NULL, call_namespace },
    { "cycler", NULL, call_cycler },
    { "joiner", "sep?", call_joiner },
    { "raise_exception", "message", call_raise_exception },
    { "strftime_now", "format", call_strftime_now },
    { "lipsum", NULL, call_lipsum },
};

const mn_jinja_function *mn_jinja_find_global(const mn_jinja_string *name)
{
    return mn_jinja_find_in(functions, sizeof functions / sizeof functions[0], name);
}
