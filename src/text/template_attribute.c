/* SPDX-License-Identifier: Apache-2.0 */
/* template_attribute.c - x.name, x[index] and x[a:b:c].
 *
 * A dot prefers attributes (methods, mostly) and falls back to items; brackets do the reverse. What
 * would change a list or a dict, or begins with an underscore, is refused. */
#include "text/template_run.h"

#include "text/template_number.h"

#include <string.h>

typedef mn_jinja_value value;

/* --- attributes ---------------------------------------------------------------------------------
 */

static value number_attribute(value object, const mn_jinja_string *name)
{
    bool real = object.kind == MN_JINJA_FLOAT;
    value itself = object;
    if (object.kind == MN_JINJA_BOOL) itself = mn_jinja_int(object.truth, object.origin);
    if (mn_jinja_string_is(name, "real")) return itself;
    if (mn_jinja_string_is(name, "imag"))
        return real ? mn_jinja_float(0, object.origin) : mn_jinja_int(0, object.origin);
    if (!real && mn_jinja_string_is(name, "numerator")) return itself;
    if (!real && mn_jinja_string_is(name, "denominator")) return mn_jinja_int(1, object.origin);
    return mn_jinja_missing();
}

static value macro_attribute(mn_jinja_run *run, const mn_jinja_macro *macro,
                             const mn_jinja_string *name)
{
    mn_jinja_string **names = run->source->symbols.names;
    if (mn_jinja_string_is(name, "name"))
        return macro->is_caller ? mn_jinja_none() : mn_jinja_text(names[macro->node->symbol]);
    if (mn_jinja_string_is(name, "catch_kwargs"))
        return mn_jinja_bool(macro->node->special & MN_JINJA_TAKES_KEYWORDS);
    if (mn_jinja_string_is(name, "catch_varargs"))
        return mn_jinja_bool(macro->node->special & MN_JINJA_TAKES_REST);
    if (mn_jinja_string_is(name, "caller"))
        return mn_jinja_bool(macro->node->special & MN_JINJA_TAKES_CALLER);
    if (!mn_jinja_string_is(name, "arguments")) return mn_jinja_missing();
    mn_jinja_list *list = mn_jinja_list_new(run, macro->node->n);
    for (uint32_t i = 0; i < macro->node->n; i++)
        mn_jinja_list_append(run, list, mn_jinja_text(names[macro->node->list[i]->symbol]));
    return mn_jinja_tuple_value(list);
}

static value range_attribute(const mn_jinja_range *range, const mn_jinja_string *name)
{
    if (mn_jinja_string_is(name, "start")) return mn_jinja_int(range->start, range->origin);
    if (mn_jinja_string_is(name, "stop")) return mn_jinja_int(range->stop, range->origin);
    if (mn_jinja_string_is(name, "step")) return mn_jinja_int(range->step, range->origin);
    return mn_jinja_missing();
}

static value plain_attribute(mn_jinja_run *run, value object, const mn_jinja_string *name)
{
    value found = mn_jinja_missing();
    switch (object.kind) {
    case MN_JINJA_BOOL:
    case MN_JINJA_INT:
    case MN_JINJA_FLOAT:
        return number_attribute(object, name);
    case MN_JINJA_NAMESPACE:
        if (!mn_jinja_dict_find(run, object.dict, mn_jinja_text((mn_jinja_string *)name), &found))
            return mn_jinja_missing();
        return found;
    case MN_JINJA_RANGE:
        return range_attribute(object.range, name);
    case MN_JINJA_LOOP:
        return mn_jinja_loop_attribute(run, object.loop, name);
    case MN_JINJA_MACRO:
        return macro_attribute(run, object.macro, name);
    case MN_JINJA_CYCLER:
        return mn_jinja_string_is(name, "current")
                   ? object.cycler->items->items[object.cycler->position]
                   : found;
    case MN_JINJA_JOINER:
        if (mn_jinja_string_is(name, "sep")) return object.joiner->separator;
        return mn_jinja_string_is(name, "used") ? mn_jinja_bool(object.joiner->used) : found;
    case MN_JINJA_TUPLE:
        if (object.list->group && mn_jinja_string_is(name, "grouper")) return object.list->items[0];
        if (object.list->group && mn_jinja_string_is(name, "list")) return object.list->items[1];
        return found;
    default:
        return found;
    }
}

/* What Python has but templates must not use: it would change what they were given. */
static bool is_refused(value object, const mn_jinja_string *name)
{
    static const char *const lists[] = { "append", "clear",  "pop",    "reverse", "insert",
                                         "sort",   "extend", "remove", NULL };
    static const char *const dicts[] = { "clear", "pop", "popitem", "setdefault", "update", NULL };
    const char *const *names = object.kind == MN_JINJA_LIST   ? lists
                               : object.kind == MN_JINJA_DICT ? dicts
                                                              : NULL;
    for (; names && *names; names++)
        if (mn_jinja_string_is(name, *names)) return true;
    /* every object has names such as __class__, all out of reach */
    return name->length > 4 && !memcmp(name->data, "__", 2) &&
           !memcmp(name->data + name->length - 2, "__", 2);
}

mn_jinja_value mn_jinja_own_attribute(mn_jinja_run *run, mn_jinja_value object,
                                      const mn_jinja_string *name)
{
    value found = plain_attribute(run, object, name);
    if (found.kind != MN_JINJA_MISSING || run->status) return found;
    if (object.kind != MN_JINJA_NAMESPACE && is_refused(object, name))
        return mn_jinja_undefined_hint(run, "this attribute is not safe to use in a template");
    const mn_jinja_function *function = mn_jinja_find_method(object, name);
    return function ? mn_jinja_bind_method(run, object, function) : mn_jinja_missing();
}

/* --- items --------------------------------------------------------------------------------------
 */

static value char_at(mn_jinja_run *run, mn_jinja_string *string, size_t i)
{
    size_t start = mn_jinja_string_offset(run, string, i), end = start;
    mn_jinja_string_decode(string, &end);
    return mn_jinja_text(mn_jinja_string_part(run, string, start, end));
}

/* The item of a sequence; MISSING if the index is no integer or out of range. */
static value sequence_item(mn_jinja_run *run, value object, value index)
{
    if (index.kind != MN_JINJA_INT && index.kind != MN_JINJA_BOOL) return mn_jinja_missing();
    int64_t n = (int64_t)mn_jinja_length(run, object), i = mn_jinja_integer(index);
    if (i < 0) i += n;
    if (i < 0 || i >= n) return mn_jinja_missing();
    if (object.kind == MN_JINJA_STRING) return char_at(run, object.string, (size_t)i);
    if (object.kind == MN_JINJA_RANGE)
        return mn_jinja_int(object.range->start + i * object.range->step, object.range->origin);
    return object.list->items[i];
}

/* Python's object[index]; MISSING where that raises. */
static value own_item(mn_jinja_run *run, value object, value index)
{
    value found = mn_jinja_missing();
    switch (object.kind) {
    case MN_JINJA_UNDEFINED:
        mn_jinja_fail_undefined(run, object);
        return found;
    case MN_JINJA_STRING:
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
    case MN_JINJA_RANGE:
        return sequence_item(run, object, index);
    case MN_JINJA_DICT:
        if (index.kind == MN_JINJA_LIST || index.kind == MN_JINJA_DICT ||
            index.kind == MN_JINJA_VIEW)
            return found;
        return mn_jinja_dict_find(run, object.dict, index, &found) ? found : mn_jinja_missing();
    default:
        return found;
    }
}

mn_jinja_value mn_jinja_item(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value index)
{
    value found = own_item(run, object, index);
    if (found.kind != MN_JINJA_MISSING || run->status) return found;
    if (index.kind == MN_JINJA_STRING) found = mn_jinja_own_attribute(run, object, index.string);
    return found.kind != MN_JINJA_MISSING ? found : mn_jinja_undefined_in(run, object, index);
}

mn_jinja_value mn_jinja_attribute(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value name)
{
    if (object.kind == MN_JINJA_UNDEFINED) {
        bool dunder = name.string->length > 4 && is_refused(object, name.string);
        if (!dunder) mn_jinja_fail_undefined(run, object);
    }
    value found = mn_jinja_own_attribute(run, object, name.string);
    if (found.kind != MN_JINJA_MISSING || run->status) return found;
    found = own_item(run, object, name);
    return found.kind != MN_JINJA_MISSING ? found : mn_jinja_undefined_in(run, object, name);
}

/* --- slices -------------------------------------------------------------------------------------
 */

typedef struct span {
    int64_t start, step;
    size_t n;
} span;

static int64_t clamp(int64_t i, int64_t n, bool backwards)
{
    if (i < 0) i = i < -n ? -1 : i + n;
    if (i < 0) return backwards ? -1 : 0;
    if (i >= n) return backwards ? n - 1 : n;
    return i;
}

static bool slice_bound(mn_jinja_run *run, value bound, int64_t otherwise, int64_t n,
                        bool backwards, int64_t *out)
{
    if (bound.kind == MN_JINJA_NONE) {
        *out = otherwise;
        return true;
    }
    if (!mn_jinja_index(run, bound, "the bound of a slice", out)) return false;
    *out = clamp(*out, n, backwards);
    return true;
}

static bool slice_span(mn_jinja_run *run, const value bounds[3], int64_t n, span *out)
{
    int64_t stop, step = 1;
    if (bounds[2].kind != MN_JINJA_NONE &&
        !mn_jinja_index(run, bounds[2], "the step of a slice", &step))
        return false;
    if (step == 0) mn_jinja_fail(run, "the step of a slice cannot be zero");
    if (step < -INT64_MAX) step = -INT64_MAX;
    bool back = step < 0;
    if (run->status || !slice_bound(run, bounds[0], back ? n - 1 : 0, n, back, &out->start) ||
        !slice_bound(run, bounds[1], back ? -1 : n, n, back, &stop))
        return false;
    out->step = step;
    int64_t distance = back ? out->start - stop : stop - out->start;
    out->n = distance > 0 ? (size_t)((distance - 1) / (back ? -step : step) + 1) : 0;
    return true;
}

static value slice_string(mn_jinja_run *run, mn_jinja_string *string, span s)
{
    mn_jinja_builder b = { .run = run };
    if (!s.n) return mn_jinja_text(mn_jinja_string_markup(run, mn_jinja_built(&b), string->markup));
    if (s.step == 1) {
        size_t start = mn_jinja_string_offset(run, string, (size_t)s.start);
        size_t end = mn_jinja_string_offset(run, string, (size_t)s.start + s.n);
        return mn_jinja_text(mn_jinja_string_part(run, string, start, end));
    }
    size_t first = mn_jinja_string_offset(run, string, (size_t)s.start);
    int64_t step = s.step < 0 ? -s.step : s.step;
    for (size_t i = 0; i < s.n && mn_jinja_charge(run, 1); i++) {
        size_t end = first;
        mn_jinja_string_decode(string, &end);
        mn_jinja_add_part(&b, string, first, end);
        for (int64_t k = 0; k < step && i + 1 < s.n && mn_jinja_charge(run, 1); k++) {
            if (s.step > 0)
                mn_jinja_string_decode(string, &first);
            else
                do first--;
                while (first && ((unsigned char)string->data[first] & 0xC0) == 0x80);
        }
    }
    return mn_jinja_text(mn_jinja_string_markup(run, mn_jinja_built(&b), string->markup));
}

static value slice_list(mn_jinja_run *run, value object, span s)
{
    if (s.step == 1) {
        mn_jinja_list *part = mn_jinja_take(run, 1, sizeof *part);
        if (!part) return mn_jinja_none();
        *part = (mn_jinja_list){ .items = object.list->items + (s.n ? s.start : 0), .n = s.n };
        return (value){ .kind = object.kind, .list = part };
    }
    mn_jinja_list *list = mn_jinja_list_new(run, s.n);
    for (size_t i = 0; i < s.n && !run->status; i++)
        mn_jinja_list_append(run, list, object.list->items[s.start + (int64_t)i * s.step]);
    return list ? (value){ .kind = object.kind, .list = list } : mn_jinja_none();
}

static value slice_range(mn_jinja_run *run, const mn_jinja_range *range, span s)
{
    mn_jinja_range *part = mn_jinja_take(run, 1, sizeof *part);
    if (!part) return mn_jinja_none();
    int64_t step = 0, start, length, stop = 0;
    bool fits = !__builtin_mul_overflow(range->step, s.n ? s.start : 0, &start) &&
                !__builtin_add_overflow(start, range->start, &start) &&
                !__builtin_mul_overflow(range->step, s.step, &step) &&
                !__builtin_mul_overflow(step, (int64_t)s.n, &length) &&
                !__builtin_add_overflow(start, length, &stop);
    if (!fits) mn_jinja_fail(run, "an integer does not fit 64 bits");
    *part = (mn_jinja_range){
        .start = start, .step = step, .n = s.n, .stop = stop, .origin = range->origin
    };
    return (value){ .kind = MN_JINJA_RANGE, .range = part };
}

mn_jinja_value mn_jinja_slice(mn_jinja_run *run, mn_jinja_value object,
                              const mn_jinja_value bounds[3])
{
    span s;
    bool sequence = object.kind == MN_JINJA_STRING || object.kind == MN_JINJA_LIST ||
                    object.kind == MN_JINJA_TUPLE || object.kind == MN_JINJA_RANGE;
    if (object.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, object);
    if (!sequence)
        mn_jinja_fail(run, "a value of type '%s' cannot be sliced", mn_jinja_kind_name(object));
    if (run->status || !slice_span(run, bounds, (int64_t)mn_jinja_length(run, object), &s))
        return mn_jinja_none();
    if (object.kind == MN_JINJA_STRING) return slice_string(run, object.string, s);
    return object.kind == MN_JINJA_RANGE ? slice_range(run, object.range, s)
                                         : slice_list(run, object, s);
}

/* --- paths --------------------------------------------------------------------------------------
 */

/* One step: digits are an index, all else is a name. */
static value path_part(mn_jinja_run *run, mn_jinja_string *part)
{
    int64_t index = 0;
    bool digits = part->length > 0 && part->length < 19;
    for (size_t i = 0; i < part->length && digits; i++) {
        digits = part->data[i] >= '0' && part->data[i] <= '9';
        if (digits) index = index * 10 + (part->data[i] - '0');
    }
    (void)run;
    return digits ? mn_jinja_int(index, MN_FROM_TEMPLATE) : mn_jinja_text(part);
}

mn_jinja_value mn_jinja_path(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value path,
                             mn_jinja_value otherwise)
{
    size_t start = 0;
    if (path.kind == MN_JINJA_NONE) return object;
    if (path.kind != MN_JINJA_STRING) {
        object = mn_jinja_item(run, object, path);
        return object.kind == MN_JINJA_UNDEFINED && otherwise.kind != MN_JINJA_MISSING ? otherwise
                                                                                       : object;
    }
    while (!run->status) {
        const char *dot = memchr(path.string->data + start, '.', path.string->length - start);
        size_t end = dot ? (size_t)(dot - path.string->data) : path.string->length;
        mn_jinja_string *part = mn_jinja_string_part(run, path.string, start, end);
        if (part) object = mn_jinja_item(run, object, path_part(run, part));
        if (object.kind == MN_JINJA_UNDEFINED && otherwise.kind != MN_JINJA_MISSING)
            object = otherwise;
        if (!dot) break;
        start = end + 1;
    }
    return object;
}
