/* SPDX-License-Identifier: Apache-2.0 */
/* template_compare.c - equality, order, membership and hashes, as Python has them. */
#include "text/template_run.h"

#include "text/template_number.h"

#include <math.h>
#include <string.h>

/* --- numbers ------------------------------------------------------------------------------------
 */

/* Compares an integer with a float without rounding the integer: -1, 0, 1, or 2 for NaN. */
static int compare_mixed(int64_t integer, double real)
{
    if (isnan(real)) return 2;
    if (real >= 0x1p63) return -1;
    if (real < -0x1p63) return 1;
    int64_t whole = (int64_t)real;
    if (integer != whole) return integer < whole ? -1 : 1;
    double fraction = real - (double)whole;
    return fraction > 0 ? -1 : fraction < 0 ? 1 : 0;
}

static int compare_numbers(mn_jinja_value a, mn_jinja_value b)
{
    bool real_a = a.kind == MN_JINJA_FLOAT, real_b = b.kind == MN_JINJA_FLOAT;
    if (real_a && real_b)
        return isnan(a.real) || isnan(b.real) ? 2 : (a.real > b.real) - (a.real < b.real);
    if (real_b) return compare_mixed(mn_jinja_integer(a), b.real);
    if (real_a) {
        int order = compare_mixed(mn_jinja_integer(b), a.real);
        return order == 2 ? 2 : -order;
    }
    int64_t x = mn_jinja_integer(a), y = mn_jinja_integer(b);
    return (x > y) - (x < y);
}

/* --- equality -----------------------------------------------------------------------------------
 */

static bool lists_equal(mn_jinja_run *run, const mn_jinja_list *a, const mn_jinja_list *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!mn_jinja_equal(run, a->items[i], b->items[i])) return false;
    return true;
}

static bool dicts_equal(mn_jinja_run *run, const mn_jinja_dict *a, const mn_jinja_dict *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        mn_jinja_value other;
        if (!mn_jinja_dict_find(run, b, a->entries[i].key, &other) ||
            !mn_jinja_equal(run, a->entries[i].value, other))
            return false;
    }
    return true;
}

static mn_jinja_value view_item(mn_jinja_run *run, const mn_jinja_view *view, size_t i)
{
    const mn_jinja_entry *entry = &view->dict->entries[i];
    return view->kind == MN_JINJA_KEYS ? entry->key : mn_jinja_pair(run, entry->key, entry->value);
}

/* Keys and items compare as sets. */
static bool views_equal(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b)
{
    if (a.view->kind == MN_JINJA_VALUES || b.view->kind == MN_JINJA_VALUES) return a.view == b.view;
    if (a.view->dict->n != b.view->dict->n) return false;
    for (size_t i = 0; i < a.view->dict->n; i++)
        if (!mn_jinja_contains(run, b, view_item(run, a.view, i))) return false;
    return true;
}

static bool ranges_equal(const mn_jinja_range *a, const mn_jinja_range *b)
{
    return a->n == b->n &&
           (a->n == 0 || (a->start == b->start && (a->n == 1 || a->step == b->step)));
}

static bool equal_kinds(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b)
{
    if (mn_jinja_is_number(a) && mn_jinja_is_number(b)) return compare_numbers(a, b) == 0;
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case MN_JINJA_MISSING:
    case MN_JINJA_UNDEFINED:
    case MN_JINJA_NONE:
        return true;
    case MN_JINJA_STRING:
        mn_jinja_charge(run, a.string->length / 256);
        return mn_jinja_string_equal(a.string, b.string);
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
        return a.list == b.list || lists_equal(run, a.list, b.list);
    case MN_JINJA_DICT:
        return a.dict == b.dict || dicts_equal(run, a.dict, b.dict);
    case MN_JINJA_VIEW:
        return views_equal(run, a, b);
    case MN_JINJA_RANGE:
        return ranges_equal(a.range, b.range);
    default:
        return mn_jinja_same(a, b);
    }
}

bool mn_jinja_equal(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b)
{
    bool equal = mn_jinja_enter(run) && equal_kinds(run, a, b);
    mn_jinja_leave(run);
    return equal && !run->status;
}

bool mn_jinja_same(mn_jinja_value a, mn_jinja_value b)
{
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case MN_JINJA_NONE:
        return true;
    case MN_JINJA_BOOL:
        return a.truth == b.truth;
    /* Python keeps one object for each small integer only */
    case MN_JINJA_INT:
        return a.integer == b.integer && a.integer >= -5 && a.integer <= 256;
    case MN_JINJA_STRING:
        return a.string->data == b.string->data && a.string->length == b.string->length;
    case MN_JINJA_FLOAT:
        return false;
    case MN_JINJA_METHOD:
        return a.method->function == b.method->function &&
               mn_jinja_same(a.method->self, b.method->self);
    default:
        return a.list == b.list; /* any pointer */
    }
}

/* --- order --------------------------------------------------------------------------------------
 */

static bool holds(int order, mn_jinja_relation relation)
{
    switch (relation) {
    case MN_JINJA_LT:
        return order < 0;
    case MN_JINJA_LE:
        return order <= 0 && order != 2;
    case MN_JINJA_GT:
        return order > 0 && order != 2;
    default:
        return order >= 0 && order != 2;
    }
}

static int compare_strings(const mn_jinja_string *a, const mn_jinja_string *b)
{
    /* the order of bytes in UTF-8 is the order of code points */
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter ? memcmp(a->data, b->data, shorter) : 0;
    return order ? (order > 0) - (order < 0) : (a->length > b->length) - (a->length < b->length);
}

static bool compare_lists(mn_jinja_run *run, const mn_jinja_list *a, const mn_jinja_list *b,
                          mn_jinja_relation relation)
{
    for (size_t i = 0; i < a->n && i < b->n && !run->status; i++)
        if (!mn_jinja_equal(run, a->items[i], b->items[i]))
            return !run->status && mn_jinja_compare(run, a->items[i], b->items[i], relation);
    return holds((a->n > b->n) - (a->n < b->n), relation);
}

static bool compare_kinds(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b,
                          mn_jinja_relation relation)
{
    static const char *const signs[] = { "<", "<=", ">", ">=" };
    if (mn_jinja_is_number(a) && mn_jinja_is_number(b))
        return holds(compare_numbers(a, b), relation);
    if (a.kind == MN_JINJA_STRING && b.kind == MN_JINJA_STRING) {
        mn_jinja_charge(run, a.string->length / 256);
        return holds(compare_strings(a.string, b.string), relation);
    }
    if (a.kind == b.kind && (a.kind == MN_JINJA_LIST || a.kind == MN_JINJA_TUPLE))
        return compare_lists(run, a.list, b.list, relation);
    if (a.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, a);
    if (b.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, b);
    mn_jinja_fail(run, "'%s' cannot compare '%s' with '%s'", signs[relation], mn_jinja_kind_name(a),
                  mn_jinja_kind_name(b));
    return false;
}

bool mn_jinja_compare(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b,
                      mn_jinja_relation relation)
{
    bool result = mn_jinja_enter(run) && compare_kinds(run, a, b, relation);
    mn_jinja_leave(run);
    return result && !run->status;
}

/* --- membership ---------------------------------------------------------------------------------
 */

static bool range_contains(const mn_jinja_range *range, mn_jinja_value item)
{
    if (!mn_jinja_is_number(item) || !range->n) return false;
    double real = mn_jinja_real(item);
    if (item.kind == MN_JINJA_FLOAT && (real != floor(real) || fabs(real) >= 0x1p62)) return false;
    int64_t value = item.kind == MN_JINJA_FLOAT ? (int64_t)real : mn_jinja_integer(item);
    int64_t last = range->start + (int64_t)(range->n - 1) * range->step;
    int64_t low = range->step > 0 ? range->start : last,
            high = range->step > 0 ? last : range->start;
    return value >= low && value <= high &&
           ((uint64_t)value - (uint64_t)low) %
                   (uint64_t)(range->step > 0 ? range->step : -range->step) ==
               0;
}

static bool string_contains(mn_jinja_run *run, const mn_jinja_string *string, mn_jinja_value item)
{
    if (item.kind == MN_JINJA_STRING)
        return mn_jinja_string_find(run, string, 0, string->length, item.string) != SIZE_MAX;
    mn_jinja_fail(run, "'in <string>' needs a string, not '%s'", mn_jinja_kind_name(item));
    return false;
}

static bool walk_contains(mn_jinja_run *run, mn_jinja_value container, mn_jinja_value item)
{
    mn_jinja_iterator iterator;
    mn_jinja_value other;
    if (!mn_jinja_iterate(run, &iterator, container)) return false;
    while (mn_jinja_next(run, &iterator, &other))
        if (mn_jinja_equal(run, other, item)) return true;
    return false;
}

bool mn_jinja_contains(mn_jinja_run *run, mn_jinja_value container, mn_jinja_value item)
{
    mn_jinja_value found;
    switch (container.kind) {
    case MN_JINJA_STRING:
        return string_contains(run, container.string, item);
    case MN_JINJA_DICT:
        return mn_jinja_dict_find(run, container.dict, item, &found);
    case MN_JINJA_RANGE:
        return range_contains(container.range, item);
    case MN_JINJA_VIEW:
        if (container.view->kind == MN_JINJA_KEYS)
            return mn_jinja_dict_find(run, container.view->dict, item, &found);
        return walk_contains(run, container, item);
    default:
        return walk_contains(run, container, item);
    }
}

/* --- hashes -------------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_string(mn_jinja_run *run, const mn_jinja_string *string)
{
    uint64_t hash = string->length, word = 0;
    mn_jinja_charge(run, string->length / 256);
    for (size_t i = 0; i < string->length; i++) {
        word = word << 8 | (unsigned char)string->data[i];
        if (i % 8 == 7) hash = mix(hash, word), word = 0;
    }
    return mix(hash, word);
}

static uint64_t hash_kind(mn_jinja_run *run, mn_jinja_value value)
{
    uint64_t bits = 0, hash = 0x51ED27;
    switch (value.kind) {
    case MN_JINJA_BOOL:
        return mix(1, value.truth);
    case MN_JINJA_INT:
        return mix(1, (uint64_t)value.integer);
    case MN_JINJA_FLOAT: /* equal to an integer: the same hash */
        if (value.real == floor(value.real) && fabs(value.real) < 0x1p63)
            return mix(1, (uint64_t)(int64_t)value.real);
        memcpy(&bits, &value.real, sizeof bits);
        return mix(2, bits);
    case MN_JINJA_STRING:
        return hash_string(run, value.string);
    case MN_JINJA_TUPLE:
        for (size_t i = 0; i < value.list->n && !run->status; i++)
            hash = mix(hash, mn_jinja_hash(run, value.list->items[i]));
        return hash;
    case MN_JINJA_NONE:
    case MN_JINJA_UNDEFINED:
        return mix(3, value.kind);
    case MN_JINJA_LIST:
    case MN_JINJA_DICT:
    case MN_JINJA_VIEW:
        mn_jinja_fail(run, "a value of type '%s' cannot be a key", mn_jinja_kind_name(value));
        return 0;
    default:
        return mix(4, (uint64_t)(uintptr_t)value.list);
    }
}

uint64_t mn_jinja_hash(mn_jinja_run *run, mn_jinja_value value)
{
    uint64_t hash = mn_jinja_enter(run) ? hash_kind(run, value) : 0;
    mn_jinja_leave(run);
    return hash;
}
