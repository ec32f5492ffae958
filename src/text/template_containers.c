/* SPDX-License-Identifier: Apache-2.0 */
/* template_containers.c - the methods of lists, tuples, dicts, ranges, cyclers, loops and numbers.
 */
#include "text/template_run.h"

#include "text/template_number.h"

#include <math.h>

typedef mn_jinja_value value;

#define METHOD(name)                                                                               \
    static value method_##name(mn_jinja_run *run, value self, const value *given,                  \
                               const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

/* --- sequences ----------------------------------------------------------------------------------
 */

METHOD(count)
{
    UNUSED;
    mn_jinja_iterator it;
    value item;
    int64_t n = 0;
    if (!mn_jinja_iterate(run, &it, self)) return mn_jinja_none();
    while (mn_jinja_next(run, &it, &item)) n += mn_jinja_equal(run, item, given[0]);
    return mn_jinja_int(n, MN_FROM_TEMPLATE);
}

METHOD(index_of)
{
    UNUSED;
    int64_t n = (int64_t)mn_jinja_length(run, self), start = 0, stop = n;
    if (given[1].kind != MN_JINJA_MISSING) mn_jinja_index(run, given[1], "the start", &start);
    if (given[2].kind != MN_JINJA_MISSING) mn_jinja_index(run, given[2], "the stop", &stop);
    if (start < 0) start = start < -n ? 0 : start + n;
    if (stop < 0) stop = stop < -n ? 0 : stop + n;
    for (int64_t i = start; i < stop && i < n && !run->status; i++) {
        value item = mn_jinja_item(run, self, mn_jinja_int(i, MN_FROM_TEMPLATE));
        if (mn_jinja_equal(run, item, given[0])) return mn_jinja_int(i, MN_FROM_TEMPLATE);
    }
    mn_jinja_fail(run, "the value looked for is not in the %s", mn_jinja_kind_name(self));
    return mn_jinja_none();
}

METHOD(copy_list)
{
    UNUSED;
    return mn_jinja_list_value(mn_jinja_collect(run, self));
}

/* --- dicts --------------------------------------------------------------------------------------
 */

static value make_view(mn_jinja_run *run, value self, mn_jinja_view_kind kind)
{
    mn_jinja_view *view = mn_jinja_take(run, 1, sizeof *view);
    if (!view) return mn_jinja_none();
    *view = (mn_jinja_view){ .dict = self.dict, .kind = kind };
    return (value){ .kind = MN_JINJA_VIEW, .view = view };
}

METHOD(keys)
{
    UNUSED;
    return make_view(run, self, MN_JINJA_KEYS);
}
METHOD(values)
{
    UNUSED;
    return make_view(run, self, MN_JINJA_VALUES);
}
METHOD(items)
{
    UNUSED;
    return make_view(run, self, MN_JINJA_ITEMS);
}

METHOD(get)
{
    UNUSED;
    value found;
    if (mn_jinja_dict_find(run, self.dict, given[0], &found)) return found;
    return given[1].kind != MN_JINJA_MISSING ? given[1] : mn_jinja_none();
}

METHOD(copy_dict)
{
    UNUSED;
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    for (size_t i = 0; i < self.dict->n && !run->status; i++)
        mn_jinja_dict_set(run, dict, self.dict->entries[i].key, self.dict->entries[i].value);
    return mn_jinja_dict_value(dict);
}

METHOD(fromkeys)
{
    UNUSED;
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    mn_jinja_list *list = mn_jinja_collect(run, given[0]);
    value shared = given[1].kind != MN_JINJA_MISSING ? given[1] : mn_jinja_none();
    for (size_t i = 0; list && i < list->n && !run->status; i++)
        mn_jinja_dict_set(run, dict, list->items[i], shared);
    return mn_jinja_dict_value(dict);
}

/* --- others -------------------------------------------------------------------------------------
 */

METHOD(next)
{
    UNUSED;
    mn_jinja_cycler *cycler = self.cycler;
    value item = cycler->items->items[cycler->position];
    cycler->position = (cycler->position + 1) % cycler->items->n;
    return item;
}

METHOD(reset)
{
    UNUSED;
    self.cycler->position = 0;
    return mn_jinja_none();
}

METHOD(cycle)
{
    UNUSED;
    if (all->n_named) mn_jinja_fail(run, "'cycle' takes no named arguments");
    if (!all->n) mn_jinja_fail(run, "'cycle' needs at least one value");
    if (run->status) return mn_jinja_none();
    int64_t n = (int64_t)all->n, i = self.loop->index0 % n;
    return all->values[i < 0 ? i + n : i];
}

METHOD(changed)
{
    UNUSED;
    mn_jinja_list *now = mn_jinja_list_new(run, all->n), *last = self.loop->changed;
    for (size_t i = 0; i < all->n; i++) mn_jinja_list_append(run, now, all->values[i]);
    if (run->status) return mn_jinja_none();
    if (last && mn_jinja_equal(run, mn_jinja_tuple_value(last), mn_jinja_tuple_value(now)))
        return mn_jinja_bool(false);
    self.loop->changed = now;
    return mn_jinja_bool(true);
}

METHOD(is_integer)
{
    UNUSED;
    return mn_jinja_bool(isfinite(self.real) && self.real == floor(self.real));
}

METHOD(bit_length)
{
    UNUSED;
    int64_t n = mn_jinja_integer(self), bits = 0;
    for (uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; rest; rest >>= 1) bits++;
    return mn_jinja_int(bits, self.origin);
}

METHOD(itself)
{
    UNUSED;
    return self.kind == MN_JINJA_BOOL ? mn_jinja_int(self.truth, self.origin) : self;
}

static const mn_jinja_function list_methods[] = { { "count", "/ value", method_count },
                                                  { "index", "/ value start? stop?",
                                                    method_index_of },
                                                  { "copy", "/", method_copy_list } };
static const mn_jinja_function tuple_methods[] = {
    { "count", "/ value", method_count }, { "index", "/ value start? stop?", method_index_of }
};
static const mn_jinja_function range_methods[] = { { "count", "/ value", method_count },
                                                   { "index", "/ value", method_index_of } };
static const mn_jinja_function dict_methods[] = {
    { "keys", "/", method_keys },      { "values", "/", method_values },
    { "items", "/", method_items },    { "get", "/ key default?", method_get },
    { "copy", "/", method_copy_dict }, { "fromkeys", "/ items value?", method_fromkeys },
};
static const mn_jinja_function cycler_methods[] = { { "next", "/", method_next },
                                                    { "reset", "/", method_reset } };
static const mn_jinja_function loop_methods[] = { { "cycle", NULL, method_cycle },
                                                  { "changed", NULL, method_changed } };
static const mn_jinja_function float_methods[] = { { "is_integer", "/", method_is_integer },
                                                   { "conjugate", "/", method_itself } };
static const mn_jinja_function int_methods[] = { { "bit_length", "/", method_bit_length },
                                                 { "conjugate", "/", method_itself } };
/* `dict` itself is a function with a method */
static const mn_jinja_function function_methods[] = { { "fromkeys", "/ items value?",
                                                        method_fromkeys } };

#define ROWS(table) (*n = sizeof table / sizeof table[0], table)

const mn_jinja_function *mn_jinja_container_methods(mn_jinja_value self, size_t *n)
{
    static const mn_jinja_string dict_name = { .data = "dict", .length = 4 };
    *n = 0;
    switch (self.kind) {
    case MN_JINJA_LIST:
        return ROWS(list_methods);
    case MN_JINJA_TUPLE:
        return ROWS(tuple_methods);
    case MN_JINJA_RANGE:
        return ROWS(range_methods);
    case MN_JINJA_DICT:
        return ROWS(dict_methods);
    case MN_JINJA_CYCLER:
        return ROWS(cycler_methods);
    case MN_JINJA_LOOP:
        return ROWS(loop_methods);
    case MN_JINJA_FLOAT:
        return ROWS(float_methods);
    case MN_JINJA_INT:
    case MN_JINJA_BOOL:
        return ROWS(int_methods);
    case MN_JINJA_FUNCTION:
        return mn_jinja_string_is(&dict_name, self.function->name) ? ROWS(function_methods) : NULL;
    default:
        return NULL;
    }
}
