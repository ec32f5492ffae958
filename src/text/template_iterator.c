/* SPDX-License-Identifier: Apache-2.0 */
/* template_iterator.c - walks over whatever can be walked over. */
#include "text/template_run.h"

bool mn_jinja_iterable(mn_jinja_value value)
{
    return (mn_jinja_has_length(value) && value.kind != MN_JINJA_MISSING) ||
           value.kind == MN_JINJA_ITERATOR;
}

bool mn_jinja_iterate(mn_jinja_run *run, mn_jinja_iterator *iterator, mn_jinja_value value)
{
    *iterator = (mn_jinja_iterator){ .source = value, .name = "iterator" };
    if (run->status) return false;
    switch (value.kind) {
    case MN_JINJA_UNDEFINED:
        iterator->walk = MN_JINJA_WALK_NOTHING;
        return true;
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
        iterator->walk = MN_JINJA_WALK_LIST;
        return true;
    case MN_JINJA_STRING:
        iterator->walk = MN_JINJA_WALK_STRING;
        return true;
    case MN_JINJA_RANGE:
        iterator->walk = MN_JINJA_WALK_RANGE;
        return true;
    case MN_JINJA_DICT:
    case MN_JINJA_VIEW:
        iterator->walk = MN_JINJA_WALK_VIEW;
        return true;
    case MN_JINJA_LOOP:
        iterator->walk = MN_JINJA_WALK_LOOP;
        return true;
    case MN_JINJA_ITERATOR:
        iterator->walk = MN_JINJA_WALK_OTHER;
        iterator->other = value.iterator;
        return true;
    default:
        mn_jinja_fail(run, "a value of type '%s' cannot be iterated over",
                      mn_jinja_kind_name(value));
        return false;
    }
}

static mn_jinja_value view_item(mn_jinja_run *run, mn_jinja_value view, size_t i)
{
    const mn_jinja_dict *dict = view.kind == MN_JINJA_DICT ? view.dict : view.view->dict;
    const mn_jinja_entry *entry = &dict->entries[i];
    if (view.kind == MN_JINJA_DICT || view.view->kind == MN_JINJA_KEYS) return entry->key;
    if (view.view->kind == MN_JINJA_VALUES) return entry->value;
    return mn_jinja_pair(run, entry->key, entry->value);
}

static mn_jinja_value range_item(const mn_jinja_range *range, size_t i)
{
    return mn_jinja_int(range->start + (int64_t)i * range->step, range->origin);
}

static bool next_back(mn_jinja_run *run, mn_jinja_iterator *it, mn_jinja_value *item)
{
    size_t n = mn_jinja_length(run, it->source);
    if (it->position >= n) return false;
    size_t i = n - ++it->position;
    if (it->source.kind == MN_JINJA_RANGE)
        *item = range_item(it->source.range, i);
    else if (it->source.kind == MN_JINJA_DICT || it->source.kind == MN_JINJA_VIEW)
        *item = view_item(run, it->source, i);
    else
        *item = it->source.list->items[i];
    return true;
}

static bool next_char(mn_jinja_run *run, mn_jinja_iterator *it, mn_jinja_value *item)
{
    const mn_jinja_string *string = it->source.string;
    size_t start = it->position;
    if (start >= string->length) return false;
    mn_jinja_string_decode(string, &it->position);
    *item = mn_jinja_text(mn_jinja_string_part(run, string, start, it->position));
    return true;
}

static bool next_item(mn_jinja_run *run, mn_jinja_iterator *it, mn_jinja_value *item)
{
    switch (it->walk) {
    case MN_JINJA_WALK_LIST:
        if (it->position >= it->source.list->n) return false;
        *item = it->source.list->items[it->position++];
        return true;
    case MN_JINJA_WALK_RANGE:
        if (it->position >= it->source.range->n) return false;
        *item = range_item(it->source.range, it->position++);
        return true;
    case MN_JINJA_WALK_VIEW:
        if (it->position >= mn_jinja_length(run, it->source)) return false;
        *item = view_item(run, it->source, it->position++);
        return true;
    case MN_JINJA_WALK_BACK:
        return next_back(run, it, item);
    case MN_JINJA_WALK_STRING:
        return next_char(run, it, item);
    case MN_JINJA_WALK_LOOP:
        return mn_jinja_loop_next(run, it->source.loop, item);
    case MN_JINJA_WALK_OTHER:
        return mn_jinja_next(run, it->other, item);
    case MN_JINJA_WALK_FILTER:
        return it->pull(run, it, item);
    default:
        return false;
    }
}

bool mn_jinja_next(mn_jinja_run *run, mn_jinja_iterator *iterator, mn_jinja_value *item)
{
    bool found = mn_jinja_enter(run) && !iterator->finished && next_item(run, iterator, item);
    mn_jinja_leave(run);
    if (!found) iterator->finished = true;
    return found && !run->status;
}

mn_jinja_list *mn_jinja_collect(mn_jinja_run *run, mn_jinja_value value)
{
    mn_jinja_iterator iterator;
    mn_jinja_value item;
    if (!mn_jinja_iterate(run, &iterator, value)) return NULL;
    mn_jinja_list *list =
        mn_jinja_list_new(run, mn_jinja_has_length(value) ? mn_jinja_length(run, value) : 0);
    while (mn_jinja_next(run, &iterator, &item)) mn_jinja_list_append(run, list, item);
    return run->status ? NULL : list;
}

mn_jinja_value mn_jinja_iterator_value(mn_jinja_iterator *iterator)
{
    return iterator ? (mn_jinja_value){ .kind = MN_JINJA_ITERATOR, .iterator = iterator }
                    : mn_jinja_none();
}
