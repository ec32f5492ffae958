/* SPDX-License-Identifier: Apache-2.0 */
/* template_value.h - the values of a template: what Python has, as far as templates see it.
 *
 * A value is 16 bytes and copied freely; what it points to lives in the arena of
 * the rendering and never changes, save namespaces, iterators, cyclers and joiners.
 * Whatever may fail takes the run, which remembers the first failure: after one,
 * calls return NONE (or NULL, false) quickly, so that callers may check late. */
#ifndef MN_TEXT_TEMPLATE_VALUE_H
#define MN_TEXT_TEMPLATE_VALUE_H

#include "text/prompt.h"
#include "text/template_memory.h"

#include <minnow/status.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mn_jinja_run mn_jinja_run;
typedef struct mn_jinja_list mn_jinja_list;
typedef struct mn_jinja_dict mn_jinja_dict;
typedef struct mn_jinja_iterator mn_jinja_iterator;
typedef struct mn_jinja_loop mn_jinja_loop;
typedef struct mn_jinja_macro mn_jinja_macro;
typedef struct mn_jinja_function mn_jinja_function;

typedef enum mn_jinja_kind {
    MN_JINJA_MISSING, /* no value at all: an argument left out, a name not found */
    MN_JINJA_UNDEFINED,
    MN_JINJA_NONE,
    MN_JINJA_BOOL,
    MN_JINJA_INT,
    MN_JINJA_FLOAT,
    MN_JINJA_STRING,
    MN_JINJA_LIST,
    MN_JINJA_TUPLE,
    MN_JINJA_DICT,
    MN_JINJA_NAMESPACE,
    MN_JINJA_RANGE,
    MN_JINJA_VIEW, /* the keys, values or items of a dict */
    MN_JINJA_ITERATOR,
    MN_JINJA_LOOP,
    MN_JINJA_MACRO,
    MN_JINJA_FUNCTION, /* a function of the environment */
    MN_JINJA_METHOD,   /* a function bound to a value */
    MN_JINJA_CYCLER,
    MN_JINJA_JOINER,
} mn_jinja_kind;

/* A piece of UTF-8. `origins` has one mn_origin for each byte, or is NULL when all are `origin`. */
typedef struct mn_jinja_string {
    const char *data;       /* [length] */
    const uint8_t *origins; /* [length] or NULL */
    size_t length;
    size_t n_chars;                 /* SIZE_MAX: not counted yet */
    struct mn_jinja_buffer *buffer; /* where the bytes live, if something may be appended there */
    uint8_t origin;
    bool markup; /* was marked safe: joining it with other text escapes that text */
} mn_jinja_string;

typedef struct mn_jinja_value {
    uint8_t kind;   /* mn_jinja_kind */
    uint8_t origin; /* of the text that a number or a truth value becomes */
    union {
        bool truth;
        int64_t integer;
        double real;
        mn_jinja_string *string;
        mn_jinja_list *list; /* LIST and TUPLE */
        mn_jinja_dict *dict; /* DICT and NAMESPACE */
        struct mn_jinja_range *range;
        struct mn_jinja_view *view;
        mn_jinja_iterator *iterator;
        mn_jinja_loop *loop;
        mn_jinja_macro *macro;
        const mn_jinja_function *function;
        struct mn_jinja_method *method;
        struct mn_jinja_cycler *cycler;
        struct mn_jinja_joiner *joiner;
        struct mn_jinja_undefined *undefined; /* NULL: nothing more is known */
    };
} mn_jinja_value;

struct mn_jinja_list {
    mn_jinja_value *items; /* [n] */
    size_t n;
    struct mn_jinja_room *room; /* where the items live, if more may be appended there */
    bool group;                 /* a tuple with the names `grouper` and `list` */
};

typedef struct mn_jinja_entry {
    mn_jinja_value key, value;
    uint64_t hash;
} mn_jinja_entry;

struct mn_jinja_dict {       /* in order of insertion */
    mn_jinja_entry *entries; /* [n] */
    size_t n, capacity;
    uint32_t *slots; /* [n_slots] index + 1 into entries, 0 if free; NULL while small */
    size_t n_slots;  /* a power of two */
};

typedef struct mn_jinja_range {
    int64_t start, stop, step;
    size_t n;
    uint8_t origin;
} mn_jinja_range;

typedef enum mn_jinja_view_kind {
    MN_JINJA_KEYS,
    MN_JINJA_VALUES,
    MN_JINJA_ITEMS
} mn_jinja_view_kind;

typedef struct mn_jinja_view {
    mn_jinja_dict *dict;
    mn_jinja_view_kind kind;
} mn_jinja_view;

typedef struct mn_jinja_method {
    mn_jinja_value self;
    const mn_jinja_function *function;
} mn_jinja_method;

typedef struct mn_jinja_cycler {
    mn_jinja_list *items;
    size_t position;
} mn_jinja_cycler;

typedef struct mn_jinja_joiner {
    mn_jinja_value separator;
    bool used;
} mn_jinja_joiner;

typedef struct mn_jinja_undefined {
    const char *hint;      /* the whole message, or NULL */
    mn_jinja_value object; /* MISSING for a variable */
    mn_jinja_value name;
} mn_jinja_undefined;

/* --- making values (template_value.c) --- */
static inline mn_jinja_value mn_jinja_none(void)
{
    return (mn_jinja_value){ .kind = MN_JINJA_NONE, .origin = MN_FROM_TEMPLATE };
}
static inline mn_jinja_value mn_jinja_missing(void)
{
    return (mn_jinja_value){ .kind = MN_JINJA_MISSING };
}
static inline mn_jinja_value mn_jinja_bool(bool truth)
{
    return (mn_jinja_value){ .kind = MN_JINJA_BOOL, .origin = MN_FROM_TEMPLATE, .truth = truth };
}
static inline mn_jinja_value mn_jinja_int(int64_t integer, unsigned origin)
{
    return (mn_jinja_value){ .kind = MN_JINJA_INT, .origin = (uint8_t)origin, .integer = integer };
}
static inline mn_jinja_value mn_jinja_float(double real, unsigned origin)
{
    return (mn_jinja_value){ .kind = MN_JINJA_FLOAT, .origin = (uint8_t)origin, .real = real };
}
static inline mn_jinja_value mn_jinja_text(mn_jinja_string *string)
{
    return string ? (mn_jinja_value){ .kind = MN_JINJA_STRING, .string = string } : mn_jinja_none();
}
mn_jinja_value mn_jinja_undefined_hint(mn_jinja_run *run, const char *hint);
mn_jinja_value mn_jinja_undefined_in(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value name);
mn_jinja_value mn_jinja_from_json(mn_jinja_run *run, const json_t *json, unsigned origin,
                                  unsigned depth);

mn_jinja_list *mn_jinja_list_new(mn_jinja_run *run, size_t capacity);
void mn_jinja_list_append(mn_jinja_run *run, mn_jinja_list *list, mn_jinja_value item);
mn_jinja_value mn_jinja_list_join(mn_jinja_run *run, mn_jinja_value a,
                                  mn_jinja_value b); /* a + b */
mn_jinja_value mn_jinja_list_value(mn_jinja_list *list);
mn_jinja_value mn_jinja_tuple_value(mn_jinja_list *list);
mn_jinja_value mn_jinja_pair(mn_jinja_run *run, mn_jinja_value first, mn_jinja_value second);

mn_jinja_dict *mn_jinja_dict_new(mn_jinja_run *run);
mn_jinja_value mn_jinja_dict_value(mn_jinja_dict *dict);
/* False without a failure: the key is not there. A key that cannot be one is a failure. */
bool mn_jinja_dict_find(mn_jinja_run *run, const mn_jinja_dict *dict, mn_jinja_value key,
                        mn_jinja_value *out);
bool mn_jinja_dict_find_name(mn_jinja_run *run, const mn_jinja_dict *dict, const char *name,
                             mn_jinja_value *out);
void mn_jinja_dict_set(mn_jinja_run *run, mn_jinja_dict *dict, mn_jinja_value key,
                       mn_jinja_value value);

/* --- asking values (template_value.c) --- */
const char *mn_jinja_kind_name(mn_jinja_value value); /* as Python names its type */
bool mn_jinja_truth(mn_jinja_run *run, mn_jinja_value value);
bool mn_jinja_is_number(mn_jinja_value value); /* also a truth value */
/* Fails when it has no length. */
size_t mn_jinja_length(mn_jinja_run *run, mn_jinja_value value);
bool mn_jinja_has_length(mn_jinja_value value);
/* An integer for counting, as Python's __index__; fails naming `what`. */
bool mn_jinja_index(mn_jinja_run *run, mn_jinja_value value, const char *what, int64_t *out);
unsigned
mn_jinja_origin_of(mn_jinja_value value); /* of a number's or a string's text; others: the user */

/* --- comparing (template_compare.c) --- */
typedef enum mn_jinja_relation {
    MN_JINJA_LT,
    MN_JINJA_LE,
    MN_JINJA_GT,
    MN_JINJA_GE
} mn_jinja_relation;
bool mn_jinja_equal(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b);
bool mn_jinja_same(mn_jinja_value a, mn_jinja_value b); /* Python's `is` */
bool mn_jinja_compare(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b,
                      mn_jinja_relation relation);
bool mn_jinja_contains(mn_jinja_run *run, mn_jinja_value container, mn_jinja_value item);
uint64_t mn_jinja_hash(mn_jinja_run *run, mn_jinja_value value);

/* --- walking (template_iterator.c) --- */
typedef enum mn_jinja_walk {
    MN_JINJA_WALK_NOTHING,
    MN_JINJA_WALK_LIST,
    MN_JINJA_WALK_BACK, /* a list, range or dict from its end */
    MN_JINJA_WALK_RANGE,
    MN_JINJA_WALK_STRING,
    MN_JINJA_WALK_VIEW,
    MN_JINJA_WALK_LOOP,
    MN_JINJA_WALK_OTHER,  /* on behalf of another iterator */
    MN_JINJA_WALK_FILTER, /* pulled out of a source by `pull` */
} mn_jinja_walk;

typedef bool mn_jinja_pull(mn_jinja_run *run, mn_jinja_iterator *iterator, mn_jinja_value *item);

struct mn_jinja_iterator {
    mn_jinja_walk walk;
    size_t position;
    bool started, finished;
    const char *name; /* as Python names its type */
    mn_jinja_value source;
    mn_jinja_iterator *other;
    mn_jinja_pull *pull;
    const struct mn_jinja_arguments *arguments; /* what `pull` was called with */
    mn_jinja_dict *seen;
    mn_jinja_list *items;
    void *user;
    int64_t numbers[4];
};

bool mn_jinja_iterable(mn_jinja_value value);
/* Starts walking; fails when `value` cannot be walked. */
bool mn_jinja_iterate(mn_jinja_run *run, mn_jinja_iterator *iterator, mn_jinja_value value);
bool mn_jinja_next(mn_jinja_run *run, mn_jinja_iterator *iterator, mn_jinja_value *item);
/* A list of what is left to walk; NULL after a failure. */
mn_jinja_list *mn_jinja_collect(mn_jinja_run *run, mn_jinja_value value);
mn_jinja_value mn_jinja_iterator_value(mn_jinja_iterator *iterator);

/* --- to text (template_print.c) --- */
mn_jinja_string *mn_jinja_string_of(mn_jinja_run *run, mn_jinja_value value); /* Python's str() */
mn_jinja_string *mn_jinja_repr(mn_jinja_run *run, mn_jinja_value value);

#endif
