/* SPDX-License-Identifier: Apache-2.0 */
/* template_filters_list.c - filters that walk over lists, dicts and whatever else can be walked. */
#include "text/template_run.h"

#include "text/template_number.h"

#include <string.h>

typedef mn_jinja_value value;
typedef mn_jinja_iterator iterator;

#define FILTER(name)                                                                               \
    static value filter_##name(mn_jinja_run *run, value self, const value *given,                  \
                               const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

static bool is_given(value v) { return v.kind != MN_JINJA_MISSING && v.kind != MN_JINJA_NONE; }

static bool flag(mn_jinja_run *run, value v)
{
    return v.kind != MN_JINJA_MISSING && mn_jinja_truth(run, v);
}

/* --- keys to sort and to compare by -------------------------------------------------------------
 */

static value fold(mn_jinja_run *run, value v, bool sensitive)
{
    if (sensitive || v.kind != MN_JINJA_STRING || run->status) return v;
    return mn_jinja_text(mn_jinja_string_case(run, v.string, MN_JINJA_LOWER));
}

static value key_of(mn_jinja_run *run, value item, value attribute, bool sensitive)
{
    if (is_given(attribute)) item = mn_jinja_path(run, item, attribute, mn_jinja_missing());
    return fold(run, item, sensitive);
}

/* "a,b.c": a list of one key for each attribute. */
static value keys_of(mn_jinja_run *run, value item, value attribute, bool sensitive)
{
    mn_jinja_list *keys = mn_jinja_list_new(run, 1);
    size_t start = 0;
    if (attribute.kind != MN_JINJA_STRING) return key_of(run, item, attribute, sensitive);
    while (!run->status) {
        const char *comma =
            memchr(attribute.string->data + start, ',', attribute.string->length - start);
        size_t end = comma ? (size_t)(comma - attribute.string->data) : attribute.string->length;
        value part = mn_jinja_text(mn_jinja_string_part(run, attribute.string, start, end));
        if (run->status) break;
        mn_jinja_list_append(run, keys, key_of(run, item, part, sensitive));
        if (!comma) break;
        start = end + 1;
    }
    return mn_jinja_list_value(keys);
}

/* A stable merge sort of [0, n); `spare` has room for as many. */
static void merge_sort(mn_jinja_run *run, mn_jinja_value *keys, size_t *order, size_t *spare,
                       size_t n, bool reverse)
{
    for (size_t width = 1; width < n && !run->status; width *= 2) {
        for (size_t left = 0; left < n; left += 2 * width) {
            size_t middle = left + width < n ? left + width : n,
                   right = left + 2 * width < n ? left + 2 * width : n;
            size_t i = left, k = middle;
            for (size_t out = left; out < right; out++) {
                bool take_right = i == middle;
                if (i < middle && k < right)
                    take_right =
                        reverse
                            ? mn_jinja_compare(run, keys[order[i]], keys[order[k]], MN_JINJA_LT)
                            : mn_jinja_compare(run, keys[order[k]], keys[order[i]], MN_JINJA_LT);
                spare[out] = take_right ? order[k++] : order[i++];
            }
            if (run->status) return;
        }
        memcpy(order, spare, n * sizeof *order);
    }
}

void mn_jinja_sort(mn_jinja_run *run, mn_jinja_value *items, mn_jinja_value *keys, size_t n,
                   bool reverse)
{
    size_t *order = mn_jinja_take(run, n * 2, sizeof *order);
    value *sorted = mn_jinja_take(run, n, sizeof *sorted);
    if (!order || !sorted) return;
    for (size_t i = 0; i < n; i++) order[i] = i;
    merge_sort(run, keys, order, order + n, n, reverse);
    for (size_t i = 0; i < n; i++) sorted[i] = items[order[i]];
    if (!run->status && n) memcpy(items, sorted, n * sizeof *items);
}

FILTER(sort)
{
    UNUSED;
    mn_jinja_list *list = mn_jinja_collect(run, self);
    value *keys = list ? mn_jinja_take(run, list->n, sizeof *keys) : NULL;
    if (!keys) return mn_jinja_none();
    for (size_t i = 0; i < list->n && !run->status; i++)
        keys[i] = keys_of(run, list->items[i], given[2], flag(run, given[1]));
    mn_jinja_sort(run, list->items, keys, list->n, flag(run, given[0]));
    return mn_jinja_list_value(list);
}

FILTER(dictsort)
{
    UNUSED;
    bool by_value =
        given[1].kind == MN_JINJA_STRING && mn_jinja_string_is(given[1].string, "value");
    bool by_key = given[1].kind == MN_JINJA_MISSING ||
                  (given[1].kind == MN_JINJA_STRING && mn_jinja_string_is(given[1].string, "key"));
    if (!by_key && !by_value) mn_jinja_fail(run, "'dictsort' sorts by \"key\" or \"value\"");
    if (self.kind != MN_JINJA_DICT)
        mn_jinja_fail(run, "'dictsort' needs a mapping, not '%s'", mn_jinja_kind_name(self));
    if (run->status) return mn_jinja_none();
    mn_jinja_list *list = mn_jinja_list_new(run, self.dict->n);
    value *keys = mn_jinja_take(run, self.dict->n, sizeof *keys);
    for (size_t i = 0; i < self.dict->n && !run->status; i++) {
        const mn_jinja_entry *entry = &self.dict->entries[i];
        mn_jinja_list_append(run, list, mn_jinja_pair(run, entry->key, entry->value));
        keys[i] = fold(run, by_value ? entry->value : entry->key, flag(run, given[0]));
    }
    if (!run->status) mn_jinja_sort(run, list->items, keys, list->n, flag(run, given[2]));
    return mn_jinja_list_value(list);
}

static value extreme(mn_jinja_run *run, value self, const value *given, mn_jinja_relation relation)
{
    iterator it;
    value best = mn_jinja_missing(), best_key = best, item;
    if (!mn_jinja_iterate(run, &it, self)) return mn_jinja_none();
    while (mn_jinja_next(run, &it, &item)) {
        value key = key_of(run, item, given[1], flag(run, given[0]));
        if (best.kind != MN_JINJA_MISSING && !mn_jinja_compare(run, key, best_key, relation))
            continue;
        best = item;
        best_key = key;
    }
    if (best.kind == MN_JINJA_MISSING)
        return mn_jinja_undefined_hint(run, "no item was found, the sequence was empty");
    return best;
}

FILTER(min)
{
    UNUSED;
    return extreme(run, self, given, MN_JINJA_LT);
}
FILTER(max)
{
    UNUSED;
    return extreme(run, self, given, MN_JINJA_GT);
}

static value group_key(mn_jinja_run *run, value item, const value *given)
{
    value otherwise = is_given(given[1]) ? given[1] : mn_jinja_missing();
    return mn_jinja_path(run, item, given[0], otherwise);
}

static void add_group(mn_jinja_run *run, mn_jinja_list *groups, mn_jinja_list *members,
                      const value *given)
{
    if (!members || run->status) return;
    value group =
        mn_jinja_pair(run, group_key(run, members->items[0], given), mn_jinja_list_value(members));
    if (run->status) return;
    group.list->group = true;
    mn_jinja_list_append(run, groups, group);
}

FILTER(groupby)
{
    UNUSED;
    mn_jinja_list *list = mn_jinja_collect(run, self), *groups = mn_jinja_list_new(run, 0),
                  *members = NULL;
    bool sensitive = flag(run, given[2]);
    value *keys = list ? mn_jinja_take(run, list->n, sizeof *keys) : NULL,
          last = mn_jinja_missing();
    if (!keys) return mn_jinja_none();
    for (size_t i = 0; i < list->n && !run->status; i++)
        keys[i] = fold(run, group_key(run, list->items[i], given), sensitive);
    mn_jinja_sort(run, list->items, keys, list->n, false);
    for (size_t i = 0; i < list->n && !run->status; i++) {
        value key = fold(run, group_key(run, list->items[i], given), sensitive);
        if (!members || !mn_jinja_equal(run, key, last)) {
            add_group(run, groups, members, given);
            members = mn_jinja_list_new(run, 0);
        }
        last = key;
        mn_jinja_list_append(run, members, list->items[i]);
    }
    add_group(run, groups, members, given);
    return mn_jinja_list_value(groups);
}

/* --- one value from many ------------------------------------------------------------------------
 */

FILTER(length)
{
    UNUSED;
    unsigned origin =
        self.kind == MN_JINJA_STRING ? mn_jinja_string_own_origin(self.string) : MN_FROM_TEMPLATE;
    return mn_jinja_int((int64_t)mn_jinja_length(run, self), origin);
}

FILTER(first)
{
    UNUSED;
    iterator it;
    value item;
    if (!mn_jinja_iterate(run, &it, self)) return mn_jinja_none();
    if (mn_jinja_next(run, &it, &item)) return item;
    return mn_jinja_undefined_hint(run, "there is no first item, the sequence was empty");
}

/* The items from the end, for what Python can reverse without walking it; false otherwise. */
static bool walk_back(value self, iterator *it)
{
    static const char *const names[] = { "list_reverseiterator", "reversed" };
    bool list = self.kind == MN_JINJA_LIST;
    *it = (iterator){ .walk = MN_JINJA_WALK_BACK, .source = self, .name = names[!list] };
    return list || self.kind == MN_JINJA_TUPLE || self.kind == MN_JINJA_RANGE ||
           self.kind == MN_JINJA_DICT || self.kind == MN_JINJA_VIEW;
}

FILTER(last)
{
    UNUSED;
    iterator it;
    value item;
    int64_t n;
    if (self.kind == MN_JINJA_STRING && (n = (int64_t)mn_jinja_length(run, self)) > 0)
        return mn_jinja_item(run, self, mn_jinja_int(n - 1, MN_FROM_TEMPLATE));
    if (self.kind != MN_JINJA_STRING && !walk_back(self, &it)) {
        if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
        mn_jinja_fail(run, "a value of type '%s' cannot be walked from its end",
                      mn_jinja_kind_name(self));
        return mn_jinja_none();
    }
    if (self.kind != MN_JINJA_STRING && mn_jinja_next(run, &it, &item)) return item;
    return mn_jinja_undefined_hint(run, "there is no last item, the sequence was empty");
}

FILTER(join)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    iterator it;
    value item;
    mn_jinja_string *separator =
        given[0].kind != MN_JINJA_MISSING ? mn_jinja_string_of(run, given[0]) : NULL;
    bool first = true;
    if (!mn_jinja_iterate(run, &it, self)) return mn_jinja_none();
    while (mn_jinja_next(run, &it, &item)) {
        if (is_given(given[1])) item = mn_jinja_path(run, item, given[1], mn_jinja_missing());
        if (!first) mn_jinja_add_string(&b, separator);
        mn_jinja_add_string(&b, mn_jinja_string_of(run, item));
        first = false;
    }
    return mn_jinja_text(mn_jinja_built(&b));
}

FILTER(sum)
{
    UNUSED;
    iterator it;
    value item,
        total = given[1].kind != MN_JINJA_MISSING ? given[1] : mn_jinja_int(0, MN_FROM_TEMPLATE);
    if (total.kind == MN_JINJA_STRING) mn_jinja_fail(run, "'sum' does not join strings");
    if (!mn_jinja_iterate(run, &it, self)) return mn_jinja_none();
    while (mn_jinja_next(run, &it, &item)) {
        if (is_given(given[0])) item = mn_jinja_path(run, item, given[0], mn_jinja_missing());
        total = mn_jinja_operate(run, MN_JINJA_ADD, total, item);
    }
    return total;
}

FILTER(list)
{
    UNUSED;
    return mn_jinja_list_value(mn_jinja_collect(run, self));
}

FILTER(reverse)
{
    UNUSED;
    const value back[3] = { mn_jinja_none(), mn_jinja_none(), mn_jinja_int(-1, MN_FROM_TEMPLATE) };
    iterator *it = mn_jinja_take(run, 1, sizeof *it);
    if (!it) return mn_jinja_none();
    if (self.kind == MN_JINJA_STRING) return mn_jinja_slice(run, self, back);
    if (walk_back(self, it)) return mn_jinja_iterator_value(it);
    return mn_jinja_slice(run, mn_jinja_list_value(mn_jinja_collect(run, self)), back);
}

/* --- iterators ----------------------------------------------------------------------------------
 */

/* An iterator over `self` that pulls its items with `pull` and remembers its arguments. */
static value make_iterator(mn_jinja_run *run, value self, mn_jinja_pull *pull,
                           const mn_jinja_arguments *all)
{
    iterator *it = mn_jinja_take(run, 1, sizeof *it);
    mn_jinja_arguments *kept = mn_jinja_take(run, 1, sizeof *kept);
    if (!it || !kept) return mn_jinja_none();
    *kept = *all;
    *it = (iterator){ .walk = MN_JINJA_WALK_FILTER,
                      .pull = pull,
                      .source = self,
                      .name = "generator",
                      .arguments = kept };
    return mn_jinja_iterator_value(it);
}

/* Begins to walk the source at the first pull; false when that fails. */
static bool start(mn_jinja_run *run, iterator *it)
{
    if (it->started) return it->other != NULL;
    it->started = true;
    iterator *other = mn_jinja_take(run, 1, sizeof *other);
    if (!other || !mn_jinja_iterate(run, other, it->source)) return false;
    it->other = other;
    return true;
}

/* As start(), but what is false counts as empty. */
static bool start_unless_false(mn_jinja_run *run, iterator *it)
{
    return it->started ? it->other != NULL : mn_jinja_truth(run, it->source) && start(run, it);
}

/* The arguments behind the first `n`. */
static mn_jinja_arguments behind(const mn_jinja_arguments *all, size_t n)
{
    mn_jinja_arguments rest = *all;
    rest.values += n;
    rest.n -= n;
    return rest;
}

static const mn_jinja_function *named_function(mn_jinja_run *run, value name, bool filter)
{
    const mn_jinja_function *found = NULL;
    if (name.kind == MN_JINJA_STRING)
        found = filter ? mn_jinja_find_filter(name.string) : mn_jinja_find_test(name.string);
    if (!found && name.kind == MN_JINJA_STRING)
        mn_jinja_fail(run, "there is no %s '%.*s'", filter ? "filter" : "test",
                      name.string->length > 100 ? 100 : (int)name.string->length,
                      name.string->data);
    else if (!found)
        mn_jinja_fail(run, "the name of a %s must be a string", filter ? "filter" : "test");
    return found;
}

static value mapped(mn_jinja_run *run, value item, const mn_jinja_arguments *all)
{
    if (!mn_jinja_charge(run, all->n_named)) return mn_jinja_none();
    value attribute = mn_jinja_named(all, "attribute"), otherwise = mn_jinja_named(all, "default");
    if (!all->n && attribute.kind != MN_JINJA_MISSING) {
        size_t known = 1 + (otherwise.kind != MN_JINJA_MISSING);
        if (all->n_named > known)
            mn_jinja_fail(run, "'map' was given an argument with a name it does not know");
        if (otherwise.kind == MN_JINJA_NONE) otherwise = mn_jinja_missing();
        return mn_jinja_path(run, item, attribute, otherwise);
    }
    if (!all->n) mn_jinja_fail(run, "'map' needs the name of a filter");
    const mn_jinja_function *function =
        run->status ? NULL : named_function(run, all->values[0], true);
    mn_jinja_arguments rest = function ? behind(all, 1) : (mn_jinja_arguments){ 0 };
    return function ? mn_jinja_call_function(run, function, item, &rest) : mn_jinja_none();
}

static bool pull_mapped(mn_jinja_run *run, iterator *it, value *item)
{
    if (!start_unless_false(run, it) || !mn_jinja_next(run, it->other, item)) return false;
    *item = mapped(run, *item, it->arguments);
    return true;
}

FILTER(map)
{
    UNUSED;
    return make_iterator(run, self, pull_mapped, all);
}

enum { REJECT = 1, BY_ATTRIBUTE = 2 };

static bool chosen(mn_jinja_run *run, value item, const mn_jinja_arguments *all, int64_t how)
{
    size_t n_used = how & BY_ATTRIBUTE ? 1 : 0;
    if (all->n < n_used) mn_jinja_fail(run, "the name of an attribute is missing");
    if (run->status) return false;
    if (n_used) item = mn_jinja_path(run, item, all->values[0], mn_jinja_missing());
    if (all->n > n_used && !run->status) {
        const mn_jinja_function *test = named_function(run, all->values[n_used], false);
        mn_jinja_arguments rest = test ? behind(all, n_used + 1) : (mn_jinja_arguments){ 0 };
        item = test ? mn_jinja_call_function(run, test, item, &rest) : mn_jinja_none();
    }
    return mn_jinja_truth(run, item) != ((how & REJECT) != 0);
}

static bool pull_chosen(mn_jinja_run *run, iterator *it, value *item)
{
    if (!start_unless_false(run, it)) return false;
    while (mn_jinja_next(run, it->other, item))
        if (chosen(run, *item, it->arguments, it->numbers[0])) return true;
    return false;
}

static value choose(mn_jinja_run *run, value self, const mn_jinja_arguments *all, int64_t how)
{
    value made = make_iterator(run, self, pull_chosen, all);
    if (!run->status) made.iterator->numbers[0] = how;
    return made;
}

FILTER(select)
{
    UNUSED;
    return choose(run, self, all, 0);
}
FILTER(reject)
{
    UNUSED;
    return choose(run, self, all, REJECT);
}
FILTER(selectattr)
{
    UNUSED;
    return choose(run, self, all, BY_ATTRIBUTE);
}
FILTER(rejectattr)
{
    UNUSED;
    return choose(run, self, all, BY_ATTRIBUTE | REJECT);
}

/* An iterator that keeps its bound arguments as a list: `given` lives only during the call. */
static value make_bound(mn_jinja_run *run, value self, mn_jinja_pull *pull, const value *given,
                        size_t n)
{
    mn_jinja_arguments bound = { .values = mn_jinja_take(run, n, sizeof *bound.values), .n = n };
    if (!bound.values) return mn_jinja_none();
    memcpy(bound.values, given, n * sizeof *given);
    return make_iterator(run, self, pull, &bound);
}

static bool pull_unique(mn_jinja_run *run, iterator *it, value *item)
{
    const value *given = it->arguments->values;
    if (!it->seen) it->seen = mn_jinja_dict_new(run);
    if (!it->seen || !start(run, it)) return false;
    while (mn_jinja_next(run, it->other, item)) {
        value known, key = key_of(run, *item, given[1], flag(run, given[0]));
        if (mn_jinja_dict_find(run, it->seen, key, &known)) continue;
        mn_jinja_dict_set(run, it->seen, key, mn_jinja_none());
        return true;
    }
    return false;
}

FILTER(unique)
{
    UNUSED;
    return make_bound(run, self, pull_unique, given, 2);
}

static bool pull_batch(mn_jinja_run *run, iterator *it, value *item)
{
    const value *given = it->arguments->values;
    if (!start(run, it)) return false;
    mn_jinja_list *batch = mn_jinja_list_new(run, 0);
    value next;
    if (it->items) mn_jinja_list_append(run, batch, it->items->items[0]); /* the one read ahead */
    it->items = NULL;
    while (mn_jinja_next(run, it->other, &next)) {
        if (mn_jinja_equal(run, mn_jinja_int((int64_t)batch->n, 0), given[0])) {
            it->items = mn_jinja_list_new(run, 1);
            mn_jinja_list_append(run, it->items, next);
            break;
        }
        mn_jinja_list_append(run, batch, next);
    }
    if (run->status || (!batch->n && !it->items)) return false;
    if (!it->items && is_given(given[1])) {
        int64_t wanted = 0;
        if (!mn_jinja_is_number(given[0]))
            mn_jinja_fail(run, "the size of a batch must be a number");
        else
            wanted = mn_jinja_truncate(run, given[0]).integer;
        while (!run->status && (int64_t)batch->n < wanted)
            mn_jinja_list_append(run, batch, given[1]);
    }
    *item = mn_jinja_list_value(batch);
    return true;
}

FILTER(batch)
{
    UNUSED;
    return make_bound(run, self, pull_batch, given, 2);
}

/* numbers: how many slices, items in each, slices with one more, how many are given already. */
static bool start_slices(mn_jinja_run *run, iterator *it)
{
    if (it->items) return true;
    int64_t slices;
    it->items = mn_jinja_collect(run, it->source);
    if (!it->items ||
        !mn_jinja_index(run, it->arguments->values[0], "the number of slices", &slices))
        return false;
    if (slices == 0) mn_jinja_fail(run, "division by zero");
    if (run->status || slices < 0) return false;
    it->numbers[0] = slices;
    it->numbers[1] = (int64_t)it->items->n / slices;
    it->numbers[2] = (int64_t)it->items->n % slices;
    return true;
}

static bool pull_slice(mn_jinja_run *run, iterator *it, value *item)
{
    value fill = it->arguments->values[1];
    if (!start_slices(run, it) || it->numbers[3] >= it->numbers[0]) return false;
    bool longer = it->numbers[3] < it->numbers[2];
    mn_jinja_list *slice = mn_jinja_list_new(run, 0);
    for (int64_t i = 0; i < it->numbers[1] + longer && !run->status; i++)
        mn_jinja_list_append(run, slice, it->items->items[it->position++]);
    if (is_given(fill) && !longer) mn_jinja_list_append(run, slice, fill);
    it->numbers[3]++;
    *item = mn_jinja_list_value(slice);
    return true;
}

FILTER(slice)
{
    UNUSED;
    value made = make_bound(run, self, pull_slice, given, 2);
    if (!run->status) made.iterator->position = 0;
    return made;
}

static bool pull_item(mn_jinja_run *run, iterator *it, value *item)
{
    if (it->source.kind == MN_JINJA_UNDEFINED) return false;
    if (it->source.kind != MN_JINJA_DICT) {
        mn_jinja_fail(run, "'items' needs a mapping, not '%s'", mn_jinja_kind_name(it->source));
        return false;
    }
    if (it->numbers[0] >= (int64_t)it->source.dict->n) return false;
    const mn_jinja_entry *entry = &it->source.dict->entries[it->numbers[0]++];
    *item = mn_jinja_pair(run, entry->key, entry->value);
    return true;
}

FILTER(items)
{
    UNUSED;
    return make_iterator(run, self, pull_item, all);
}

FILTER(refused)
{
    UNUSED;
    mn_jinja_fail(run, "this filter is not supported: a prompt must not depend on chance");
    return mn_jinja_none();
}

static const mn_jinja_function filters[] = {
    { "sort", "reverse? case_sensitive? attribute?", filter_sort },
    { "dictsort", "case_sensitive? by? reverse?", filter_dictsort },
    { "min", "case_sensitive? attribute?", filter_min },
    { "max", "case_sensitive? attribute?", filter_max },
    { "groupby", "attribute default? case_sensitive?", filter_groupby },
    { "length", "/", filter_length },
    { "count", "/", filter_length },
    { "first", "", filter_first },
    { "last", "", filter_last },
    { "join", "d? attribute?", filter_join },
    { "sum", "attribute? start?", filter_sum },
    { "list", "", filter_list },
    { "reverse", "", filter_reverse },
    { "map", NULL, filter_map },
    { "select", NULL, filter_select },
    { "reject", NULL, filter_reject },
    { "selectattr", NULL, filter_selectattr },
    { "rejectattr", NULL, filter_rejectattr },
    { "unique", "case_sensitive? attribute?", filter_unique },
    { "batch", "linecount fill_with?", filter_batch },
    { "slice", "slices fill_with?", filter_slice },
    { "items", "", filter_items },
    { "random", NULL, filter_refused },
};

const mn_jinja_function *mn_jinja_list_filters(size_t *n)
{
    *n = sizeof filters / sizeof filters[0];
    return filters;
}
