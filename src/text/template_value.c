/* SPDX-License-Identifier: Apache-2.0 */
/* template_value.c - makes values and asks them simple questions. */
#include "text/template_run.h"

#include "base/size.h"

#include <string.h>

#define MAX_JSON_DEPTH 128
#define SMALL_DICT     8 /* entries that are searched one by one */

/* --- undefined ----------------------------------------------------------------------------------
 */

mn_jinja_value mn_jinja_undefined_hint(mn_jinja_run *run, const char *hint)
{
    mn_jinja_undefined *undefined = mn_jinja_take(run, 1, sizeof *undefined);
    if (undefined) undefined->hint = hint;
    return (mn_jinja_value){ .kind = MN_JINJA_UNDEFINED, .undefined = undefined };
}

mn_jinja_value mn_jinja_undefined_in(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value name)
{
    mn_jinja_undefined *undefined = mn_jinja_take(run, 1, sizeof *undefined);
    if (undefined) *undefined = (mn_jinja_undefined){ .object = object, .name = name };
    return (mn_jinja_value){ .kind = MN_JINJA_UNDEFINED, .undefined = undefined };
}

/* --- lists --------------------------------------------------------------------------------------
 */

/* Room that lists share: what is in it never changes, so a list that ends where it ends can be
 * lengthened in place. */
typedef struct mn_jinja_room {
    mn_jinja_value *items;
    size_t used, capacity;
} list_room;

mn_jinja_list *mn_jinja_list_new(mn_jinja_run *run, size_t capacity)
{
    mn_jinja_list *list = mn_jinja_take(run, 1, sizeof *list);
    list_room *room = mn_jinja_take(run, 1, sizeof *room);
    mn_jinja_value *items = capacity ? mn_jinja_take(run, capacity, sizeof *items) : NULL;
    if (run->status) return NULL;
    *room = (list_room){ .items = items, .capacity = capacity };
    *list = (mn_jinja_list){ .items = items, .room = room };
    return list;
}

static bool room_grow(mn_jinja_run *run, list_room *room, size_t needed)
{
    if (needed <= room->capacity) return true;
    size_t capacity = room->capacity < 4 ? 8 : room->capacity * 2;
    if (capacity < needed) capacity = needed;
    /* lists may still look at the old items, so these are copied, never moved */
    mn_jinja_value *items = mn_jinja_take(run, capacity, sizeof *items);
    if (!items || !mn_jinja_charge(run, room->used / 16)) return false;
    if (room->used) memcpy(items, room->items, room->used * sizeof *items);
    room->items = items;
    room->capacity = capacity;
    return true;
}

void mn_jinja_list_append(mn_jinja_run *run, mn_jinja_list *list, mn_jinja_value item)
{
    if (run->status || !list || !room_grow(run, list->room, list->n + 1)) return;
    list->items = list->room->items;
    list->items[list->n++] = item;
    list->room->used = list->n;
    mn_jinja_charge(run, 1);
}

mn_jinja_value mn_jinja_list_join(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b)
{
    mn_jinja_list *first = a.list, *second = b.list, *joined;
    size_t total;
    if (!mn_size_add(&total, first->n, second->n)) return mn_jinja_none();
    bool append = first->room && first->items &&
                  first->items + first->n == first->room->items + first->room->used &&
                  first->room->items && first->room->capacity - first->room->used >= second->n;
    joined = append ? mn_jinja_take(run, 1, sizeof *joined)
                    : mn_jinja_list_new(run, total + total / 2 + 4);
    if (!joined || !mn_jinja_charge(run, second->n / 8 + (append ? 0 : first->n / 8)))
        return mn_jinja_none();
    if (append)
        *joined = (mn_jinja_list){ .items = first->items, .room = first->room };
    else if (first->n)
        memcpy(joined->items, first->items, first->n * sizeof *joined->items);
    if (second->n)
        memcpy(joined->items + first->n, second->items, second->n * sizeof *joined->items);
    joined->n = total;
    joined->room->used = (size_t)(joined->items - joined->room->items) + total;
    return (mn_jinja_value){ .kind = a.kind, .list = joined };
}

mn_jinja_value mn_jinja_list_value(mn_jinja_list *list)
{
    return list ? (mn_jinja_value){ .kind = MN_JINJA_LIST, .list = list } : mn_jinja_none();
}

mn_jinja_value mn_jinja_tuple_value(mn_jinja_list *list)
{
    return list ? (mn_jinja_value){ .kind = MN_JINJA_TUPLE, .list = list } : mn_jinja_none();
}

mn_jinja_value mn_jinja_pair(mn_jinja_run *run, mn_jinja_value first, mn_jinja_value second)
{
    mn_jinja_list *list = mn_jinja_list_new(run, 2);
    mn_jinja_list_append(run, list, first);
    mn_jinja_list_append(run, list, second);
    return mn_jinja_tuple_value(list);
}

/* --- dicts --------------------------------------------------------------------------------------
 */

mn_jinja_dict *mn_jinja_dict_new(mn_jinja_run *run)
{
    return mn_jinja_take(run, 1, sizeof(mn_jinja_dict));
}

mn_jinja_value mn_jinja_dict_value(mn_jinja_dict *dict)
{
    return dict ? (mn_jinja_value){ .kind = MN_JINJA_DICT, .dict = dict } : mn_jinja_none();
}

static bool entry_is(mn_jinja_run *run, const mn_jinja_entry *entry, mn_jinja_value key,
                     uint64_t hash)
{
    return entry->hash == hash && mn_jinja_charge(run, 1) && mn_jinja_equal(run, entry->key, key);
}

/* The slot of `key`, or the free one where it belongs. */
static uint32_t *dict_slot(mn_jinja_run *run, const mn_jinja_dict *dict, mn_jinja_value key,
                           uint64_t hash)
{
    size_t mask = dict->n_slots - 1, i = (hash ^ hash >> 32) & mask;
    while (dict->slots[i] && !run->status &&
           !entry_is(run, &dict->entries[dict->slots[i] - 1], key, hash)) {
        i = (i + 1) & mask;
        mn_jinja_charge(run, 1);
    }
    return &dict->slots[i];
}

static mn_jinja_entry *dict_entry(mn_jinja_run *run, const mn_jinja_dict *dict, mn_jinja_value key,
                                  uint64_t hash)
{
    if (dict->slots) {
        uint32_t slot = *dict_slot(run, dict, key, hash);
        return slot && !run->status ? &dict->entries[slot - 1] : NULL;
    }
    for (size_t i = 0; i < dict->n; i++)
        if (entry_is(run, &dict->entries[i], key, hash)) return &dict->entries[i];
    return NULL;
}

bool mn_jinja_dict_find(mn_jinja_run *run, const mn_jinja_dict *dict, mn_jinja_value key,
                        mn_jinja_value *out)
{
    uint64_t hash = mn_jinja_hash(run, key);
    const mn_jinja_entry *entry = run->status ? NULL : dict_entry(run, dict, key, hash);
    if (entry) *out = entry->value;
    return entry != NULL && !run->status;
}

bool mn_jinja_dict_find_name(mn_jinja_run *run, const mn_jinja_dict *dict, const char *name,
                             mn_jinja_value *out)
{
    mn_jinja_string key = { .data = name, .length = strlen(name), .n_chars = SIZE_MAX };
    return mn_jinja_dict_find(run, dict, mn_jinja_text(&key), out);
}

static void dict_index(mn_jinja_run *run, mn_jinja_dict *dict)
{
    size_t n_slots = dict->n_slots ? dict->n_slots * 2 : 4 * SMALL_DICT;
    uint32_t *slots = mn_jinja_take(run, n_slots, sizeof *slots);
    if (!slots || !mn_jinja_charge(run, dict->n / 4)) return;
    dict->slots = slots;
    dict->n_slots = n_slots;
    for (size_t i = 0; i < dict->n; i++) {
        size_t k = (dict->entries[i].hash ^ dict->entries[i].hash >> 32) & (n_slots - 1);
        while (slots[k] && mn_jinja_charge(run, 1)) k = (k + 1) & (n_slots - 1);
        slots[k] = (uint32_t)i + 1;
    }
}

void mn_jinja_dict_set(mn_jinja_run *run, mn_jinja_dict *dict, mn_jinja_value key,
                       mn_jinja_value value)
{
    uint64_t hash = mn_jinja_hash(run, key);
    mn_jinja_entry *entry = run->status || !dict ? NULL : dict_entry(run, dict, key, hash);
    if (entry) entry->value = value;
    if (entry || run->status || !dict) return;
    if (dict->n == dict->capacity) {
        size_t capacity = dict->capacity ? dict->capacity * 2 : 4;
        mn_jinja_entry *entries =
            mn_jinja_regrow(run, dict->entries, dict->capacity, capacity, sizeof *entries);
        if (!entries) return;
        dict->entries = entries;
        dict->capacity = capacity;
    }
    dict->entries[dict->n++] = (mn_jinja_entry){ .key = key, .value = value, .hash = hash };
    if (dict->n > SMALL_DICT && dict->n * 2 > dict->n_slots)
        dict_index(run, dict);
    else if (dict->slots)
        *dict_slot(run, dict, key, hash) = (uint32_t)dict->n;
    mn_jinja_charge(run, 1);
}

/* --- from JSON ----------------------------------------------------------------------------------
 */

static mn_jinja_value array_from_json(mn_jinja_run *run, const json_t *json, unsigned origin,
                                      unsigned depth)
{
    size_t n = json_array_size(json);
    mn_jinja_list *list = mn_jinja_list_new(run, n);
    for (size_t i = 0; i < n && !run->status; i++)
        mn_jinja_list_append(run, list,
                             mn_jinja_from_json(run, json_array_get(json, i), origin, depth + 1));
    return mn_jinja_list_value(list);
}

static mn_jinja_value object_from_json(mn_jinja_run *run, const json_t *json, unsigned origin,
                                       unsigned depth)
{
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    json_t *object = (json_t *)json; /* only the iterator's type asks for it */
    for (void *i = json_object_iter(object); i && !run->status;
         i = json_object_iter_next(object, i)) {
        const char *name = json_object_iter_key(i);
        mn_jinja_string *key = mn_jinja_string_view(run, name, json_object_iter_key_len(i), origin);
        mn_jinja_value value =
            mn_jinja_from_json(run, json_object_iter_value(i), origin, depth + 1);
        mn_jinja_dict_set(run, dict, mn_jinja_text(key), value);
    }
    return mn_jinja_dict_value(dict);
}

mn_jinja_value mn_jinja_from_json(mn_jinja_run *run, const json_t *json, unsigned origin,
                                  unsigned depth)
{
    mn_jinja_value value = { .origin = (uint8_t)origin };
    if (depth > MAX_JSON_DEPTH)
        mn_jinja_fail(run, "the variables are nested deeper than %d levels", MAX_JSON_DEPTH);
    if (!mn_jinja_charge(run, 1)) return mn_jinja_none();
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return object_from_json(run, json, origin, depth);
    case JSON_ARRAY:
        return array_from_json(run, json, origin, depth);
    case JSON_STRING:
        return mn_jinja_text(
            mn_jinja_string_view(run, json_string_value(json), json_string_length(json), origin));
    case JSON_INTEGER:
        return mn_jinja_int(json_integer_value(json), origin);
    case JSON_REAL:
        return mn_jinja_float(json_real_value(json), origin);
    case JSON_TRUE:
    case JSON_FALSE:
        value.kind = MN_JINJA_BOOL;
        value.truth = json_is_true(json);
        return value;
    default:
        value.kind = MN_JINJA_NONE;
        return value;
    }
}

/* --- asking -------------------------------------------------------------------------------------
 */

const char *mn_jinja_kind_name(mn_jinja_value value)
{
    static const char *const views[] = { "dict_keys", "dict_values", "dict_items" };
    switch (value.kind) {
    case MN_JINJA_UNDEFINED:
        return "Undefined";
    case MN_JINJA_NONE:
        return "NoneType";
    case MN_JINJA_BOOL:
        return "bool";
    case MN_JINJA_INT:
        return "int";
    case MN_JINJA_FLOAT:
        return "float";
    case MN_JINJA_STRING:
        return value.string->markup ? "Markup" : "str";
    case MN_JINJA_LIST:
        return "list";
    case MN_JINJA_TUPLE:
        return "tuple";
    case MN_JINJA_DICT:
        return "dict";
    case MN_JINJA_NAMESPACE:
        return "Namespace";
    case MN_JINJA_RANGE:
        return "range";
    case MN_JINJA_VIEW:
        return views[value.view->kind];
    case MN_JINJA_ITERATOR:
        return value.iterator->name;
    case MN_JINJA_LOOP:
        return "LoopContext";
    case MN_JINJA_MACRO:
        return "Macro";
    case MN_JINJA_FUNCTION:
        return "function";
    case MN_JINJA_METHOD:
        return "method";
    case MN_JINJA_CYCLER:
        return "Cycler";
    case MN_JINJA_JOINER:
        return "Joiner";
    default:
        return "nothing";
    }
}

bool mn_jinja_truth(mn_jinja_run *run, mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_MISSING:
    case MN_JINJA_UNDEFINED:
    case MN_JINJA_NONE:
        return false;
    case MN_JINJA_BOOL:
        return value.truth;
    case MN_JINJA_INT:
        return value.integer != 0;
    case MN_JINJA_FLOAT:
        return value.real != 0;
    case MN_JINJA_LOOP:
        return mn_jinja_loop_length(run, value.loop) != 0;
    default:
        return !mn_jinja_has_length(value) || mn_jinja_length(run, value) != 0;
    }
}

bool mn_jinja_is_number(mn_jinja_value value)
{
    return value.kind == MN_JINJA_BOOL || value.kind == MN_JINJA_INT ||
           value.kind == MN_JINJA_FLOAT;
}

bool mn_jinja_has_length(mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_UNDEFINED:
    case MN_JINJA_STRING:
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
    case MN_JINJA_DICT:
    case MN_JINJA_RANGE:
    case MN_JINJA_VIEW:
    case MN_JINJA_LOOP:
        return true;
    default:
        return false;
    }
}

size_t mn_jinja_length(mn_jinja_run *run, mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_UNDEFINED:
        return 0;
    case MN_JINJA_STRING:
        return mn_jinja_string_chars(run, value.string);
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
        return value.list->n;
    case MN_JINJA_DICT:
        return value.dict->n;
    case MN_JINJA_RANGE:
        return value.range->n;
    case MN_JINJA_VIEW:
        return value.view->dict->n;
    case MN_JINJA_LOOP:
        return (size_t)mn_jinja_loop_length(run, value.loop);
    default:
        mn_jinja_fail(run, "a value of type '%s' has no length", mn_jinja_kind_name(value));
        return 0;
    }
}

bool mn_jinja_index(mn_jinja_run *run, mn_jinja_value value, const char *what, int64_t *out)
{
    *out = value.kind == MN_JINJA_BOOL ? value.truth : value.integer;
    if (value.kind == MN_JINJA_INT || value.kind == MN_JINJA_BOOL) return !run->status;
    if (value.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, value);
    mn_jinja_fail(run, "%s must be an integer, not '%s'", what, mn_jinja_kind_name(value));
    *out = 0;
    return false;
}

unsigned mn_jinja_origin_of(mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_BOOL:
    case MN_JINJA_INT:
    case MN_JINJA_FLOAT:
    case MN_JINJA_NONE:
        return value.origin;
    case MN_JINJA_STRING:
        return mn_jinja_string_own_origin(value.string);
    default:
        return MN_FROM_USER;
    }
}
