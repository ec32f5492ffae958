/* SPDX-License-Identifier: Apache-2.0 */
/* template_pretty.c - the filter pprint: as Python's pprint lays values out in 80 columns. */
#include "text/template_run.h"

#include <string.h>

#define WIDTH  80
#define ORIGIN MN_FROM_USER

typedef mn_jinja_value value;

static void pretty(mn_jinja_builder *b, value v, int64_t indent, int64_t allowance);

/* The value on one line, its dicts sorted by their keys. */
static mn_jinja_string *flat(mn_jinja_run *run, value v);

static int64_t columns(mn_jinja_builder *b, mn_jinja_string *s)
{
    return s ? (int64_t)mn_jinja_string_chars(b->run, s) : 0;
}

static void new_line(mn_jinja_builder *b, int64_t indent)
{
    mn_jinja_add_text(b, "\n", ORIGIN);
    mn_jinja_add_fill(b, mn_jinja_string_view(b->run, " ", 1, ORIGIN), (size_t)indent);
}

static bool all_strings(const mn_jinja_dict *dict)
{
    for (size_t i = 0; i < dict->n; i++)
        if (dict->entries[i].key.kind != MN_JINJA_STRING) return false;
    return true;
}

/* A dict in order of its keys; keys that are not all strings stay in their order. */
static const mn_jinja_dict *sorted(mn_jinja_run *run, const mn_jinja_dict *dict)
{
    if (!all_strings(dict) || dict->n < 2) return dict;
    value *keys = mn_jinja_take(run, dict->n, sizeof *keys),
          *order = mn_jinja_take(run, dict->n, sizeof *order);
    mn_jinja_dict *out = mn_jinja_dict_new(run);
    if (run->status) return dict;
    for (size_t i = 0; i < dict->n; i++) {
        keys[i] = dict->entries[i].key;
        order[i] = mn_jinja_int((int64_t)i, 0);
    }
    mn_jinja_sort(run, order, keys, dict->n, false);
    for (size_t i = 0; i < dict->n && !run->status; i++)
        mn_jinja_dict_set(run, out, dict->entries[order[i].integer].key,
                          dict->entries[order[i].integer].value);
    return run->status ? dict : out;
}

static void flat_list(mn_jinja_builder *b, const mn_jinja_list *list, const char *open,
                      const char *close)
{
    mn_jinja_add_text(b, open, ORIGIN);
    for (size_t i = 0; i < list->n && !b->run->status; i++) {
        if (i) mn_jinja_add_text(b, ", ", ORIGIN);
        mn_jinja_add_string(b, flat(b->run, list->items[i]));
    }
    mn_jinja_add_text(b, close, ORIGIN);
}

static void flat_dict(mn_jinja_builder *b, const mn_jinja_dict *dict)
{
    dict = sorted(b->run, dict);
    mn_jinja_add_text(b, "{", ORIGIN);
    for (size_t i = 0; i < dict->n && !b->run->status; i++) {
        if (i) mn_jinja_add_text(b, ", ", ORIGIN);
        mn_jinja_add_string(b, flat(b->run, dict->entries[i].key));
        mn_jinja_add_text(b, ": ", ORIGIN);
        mn_jinja_add_string(b, flat(b->run, dict->entries[i].value));
    }
    mn_jinja_add_text(b, "}", ORIGIN);
}

static mn_jinja_string *flat(mn_jinja_run *run, value v)
{
    mn_jinja_builder b = { .run = run };
    if (mn_jinja_enter(run)) {
        if (v.kind == MN_JINJA_DICT)
            flat_dict(&b, v.dict);
        else if (v.kind == MN_JINJA_LIST)
            flat_list(&b, v.list, "[", "]");
        else if (v.kind == MN_JINJA_TUPLE)
            flat_list(&b, v.list, "(", v.list->n == 1 ? ",)" : ")");
        else
            mn_jinja_add_string(&b, mn_jinja_repr(run, v));
    }
    mn_jinja_leave(run);
    return mn_jinja_built(&b);
}

static void pretty_items(mn_jinja_builder *b, const mn_jinja_list *list, int64_t indent,
                         int64_t allowance)
{
    for (size_t i = 0; i < list->n && !b->run->status; i++) {
        bool last = i + 1 == list->n;
        pretty(b, list->items[i], indent, last ? allowance : 1);
        if (last) return;
        mn_jinja_add_text(b, ",", ORIGIN);
        new_line(b, indent);
    }
}

static void pretty_dict(mn_jinja_builder *b, const mn_jinja_dict *dict, int64_t indent,
                        int64_t allowance)
{
    dict = sorted(b->run, dict);
    mn_jinja_add_text(b, "{", ORIGIN);
    for (size_t i = 0; i < dict->n && !b->run->status; i++) {
        bool last = i + 1 == dict->n;
        mn_jinja_string *key = flat(b->run, dict->entries[i].key);
        mn_jinja_add_string(b, key);
        mn_jinja_add_text(b, ": ", ORIGIN);
        pretty(b, dict->entries[i].value, indent + 1 + columns(b, key) + 2,
               last ? allowance + 1 : 1);
        if (last) break;
        mn_jinja_add_text(b, ",", ORIGIN);
        new_line(b, indent + 1);
    }
    mn_jinja_add_text(b, "}", ORIGIN);
}

static void pretty_kind(mn_jinja_builder *b, value v, int64_t indent, int64_t allowance)
{
    mn_jinja_string *line = flat(b->run, v);
    bool fits = columns(b, line) <= WIDTH - indent - allowance;
    if (fits || (v.kind != MN_JINJA_DICT && v.kind != MN_JINJA_LIST && v.kind != MN_JINJA_TUPLE))
        mn_jinja_add_string(b, line);
    else if (v.kind == MN_JINJA_DICT)
        pretty_dict(b, v.dict, indent, allowance);
    else {
        bool tuple = v.kind == MN_JINJA_TUPLE, lone = tuple && v.list->n == 1;
        mn_jinja_add_text(b, tuple ? "(" : "[", ORIGIN);
        pretty_items(b, v.list, indent + 1, allowance + (lone ? 2 : 1));
        mn_jinja_add_text(b, lone ? ",)" : tuple ? ")" : "]", ORIGIN);
    }
}

static void pretty(mn_jinja_builder *b, value v, int64_t indent, int64_t allowance)
{
    if (mn_jinja_enter(b->run)) pretty_kind(b, v, indent, allowance);
    mn_jinja_leave(b->run);
}

mn_jinja_string *mn_jinja_pretty(mn_jinja_run *run, mn_jinja_value v)
{
    mn_jinja_builder b = { .run = run };
    pretty(&b, v, 0, 0);
    return mn_jinja_built(&b);
}
