/* SPDX-License-Identifier: Apache-2.0 */
/* template_run.h - one rendering: its limits, its variables, and everything that can be called. */
#ifndef MN_TEXT_TEMPLATE_RUN_H
#define MN_TEXT_TEMPLATE_RUN_H

#include "text/template_string.h"
#include "text/template_syntax.h"
#include "text/template_value.h"

#include <time.h>

typedef struct mn_jinja_scope mn_jinja_scope;
struct mn_jinja_scope {
    mn_jinja_scope *parent; /* NULL: the outermost, whose values are indexed by symbol */
    uint32_t n, capacity;
    bool captured;          /* a macro sees it: it must not be used again */
    uint32_t *symbols;      /* [n] */
    mn_jinja_value *values; /* [n] */
};

struct mn_jinja_run {
    mn_jinja_arena arena;
    uint64_t steps; /* left */
    unsigned depth; /* of calls in C */
    unsigned macro_depth;
    uint32_t line;
    mn_status status;
    mn_error *error;
    const struct mn_template *source;
    const struct tm *now;
    mn_prompt *prompt;
    mn_jinja_builder *sink; /* where text goes; NULL: to the prompt */
    mn_jinja_scope *root, *scope;
};

/* --- failing and limits (template_run.c) --- */
void mn_jinja_fail(mn_jinja_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mn_jinja_fail_memory(mn_jinja_run *run, size_t size_bytes);
void mn_jinja_fail_undefined(mn_jinja_run *run, mn_jinja_value undefined);
void mn_jinja_fail_raised(mn_jinja_run *run, const mn_jinja_string *message); /* raise_exception */
/* Cleared memory of the rendering; NULL after the failure it then sets. */
void *mn_jinja_take(mn_jinja_run *run, size_t count, size_t each_bytes);
void *mn_jinja_regrow(mn_jinja_run *run, void *piece, size_t old_count, size_t new_count,
                      size_t each_bytes);
void mn_jinja_charge_slow(mn_jinja_run *run);
/* Pays for `steps` pieces of work; false when the run failed. */
static inline bool mn_jinja_charge(mn_jinja_run *run, uint64_t steps)
{
    if (steps < run->steps)
        run->steps -= steps;
    else
        mn_jinja_charge_slow(run);
    return !run->status;
}
/* Counts one level of C calls; each true needs a mn_jinja_leave. */
bool mn_jinja_enter(mn_jinja_run *run);
static inline void mn_jinja_leave(mn_jinja_run *run)
{
    run->depth--;
}

/* --- calling (template_call.c) --- */
typedef struct mn_jinja_arguments {
    mn_jinja_value *values; /* [n] */
    size_t n;
    mn_jinja_value *names; /* [n_named] strings */
    mn_jinja_value *named; /* [n_named] */
    size_t n_named;
} mn_jinja_arguments;

#define MN_JINJA_MAX_PARAMETERS 8
/* `given` has one value for each parameter, MISSING if it was left out. */
typedef mn_jinja_value mn_jinja_native(mn_jinja_run *run, mn_jinja_value self,
                                       const mn_jinja_value *given, const mn_jinja_arguments *all);

struct mn_jinja_function {
    const char *name;
    const char *parameters; /* "old new count?": '?' may be left out; '/' first: no names; NULL:
                               takes anything */
    mn_jinja_native *call;
};

struct mn_jinja_macro {
    const mn_jinja_node *node;
    mn_jinja_scope *scope; /* what its body sees */
    bool is_caller;
};

mn_jinja_value mn_jinja_call_function(mn_jinja_run *run, const mn_jinja_function *function,
                                      mn_jinja_value self, const mn_jinja_arguments *arguments);
mn_jinja_value mn_jinja_call(mn_jinja_run *run, mn_jinja_value callee,
                             const mn_jinja_arguments *arguments);
/* The value of `name` among the named arguments; MISSING if it is not there. */
mn_jinja_value mn_jinja_named(const mn_jinja_arguments *arguments, const char *name);
mn_jinja_value mn_jinja_bind_method(mn_jinja_run *run, mn_jinja_value self,
                                    const mn_jinja_function *function);

/* --- attributes (template_attribute.c) --- */
mn_jinja_value mn_jinja_attribute(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value name);
mn_jinja_value mn_jinja_item(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value index);
/* Attributes only, no items; MISSING if there is none. */
mn_jinja_value mn_jinja_own_attribute(mn_jinja_run *run, mn_jinja_value object,
                                      const mn_jinja_string *name);
mn_jinja_value mn_jinja_slice(mn_jinja_run *run, mn_jinja_value object,
                              const mn_jinja_value bounds[3]);
/* "a.b.0" or an index, looked up step by step; `otherwise` (unless MISSING) stands for what is
 * undefined. */
mn_jinja_value mn_jinja_path(mn_jinja_run *run, mn_jinja_value object, mn_jinja_value path,
                             mn_jinja_value otherwise);

/* --- evaluating (template_evaluate.c, template_statement.c) --- */
mn_jinja_value mn_jinja_evaluate(mn_jinja_run *run, const mn_jinja_node *node);
mn_jinja_value mn_jinja_apply_filter(mn_jinja_run *run, const mn_jinja_node *node,
                                     mn_jinja_value value);
/* Evaluates a call's arguments; false after a failure. */
bool mn_jinja_evaluate_arguments(mn_jinja_run *run, const mn_jinja_node *node,
                                 mn_jinja_arguments *out);
mn_jinja_value mn_jinja_call_macro(mn_jinja_run *run, mn_jinja_macro *macro,
                                   const mn_jinja_arguments *arguments);
mn_jinja_value mn_jinja_call_loop(mn_jinja_run *run, mn_jinja_loop *loop, mn_jinja_value items);
void mn_jinja_execute(mn_jinja_run *run, const mn_jinja_node *body);
mn_jinja_value mn_jinja_lookup(mn_jinja_run *run, uint32_t symbol); /* MISSING if there is none */
mn_jinja_scope *mn_jinja_scope_open(mn_jinja_run *run, mn_jinja_scope *parent);
void mn_jinja_scope_set(mn_jinja_run *run, mn_jinja_scope *scope, uint32_t symbol,
                        mn_jinja_value value);

struct mn_jinja_loop {
    mn_jinja_iterator *iterator;
    mn_jinja_value source;
    mn_jinja_value before, current, after; /* `after` MISSING: not looked at yet */
    bool looked_ahead, at_end;
    int64_t index0; /* -1 before the first item */
    int64_t length; /* -1: not known */
    unsigned depth0;
    mn_jinja_list *changed; /* what changed() saw last, or NULL */
    const mn_jinja_node *node;
    mn_jinja_scope *scope; /* around the loop */
};
bool mn_jinja_loop_next(mn_jinja_run *run, mn_jinja_loop *loop, mn_jinja_value *item);
mn_jinja_value mn_jinja_loop_attribute(mn_jinja_run *run, mn_jinja_loop *loop,
                                       const mn_jinja_string *name);
int64_t mn_jinja_loop_length(mn_jinja_run *run, mn_jinja_loop *loop);

/* --- tables --- */
const mn_jinja_function *mn_jinja_find_in(const mn_jinja_function *rows, size_t n,
                                          const mn_jinja_string *name);
const mn_jinja_function *mn_jinja_find_filter(const mn_jinja_string *name);
const mn_jinja_function *mn_jinja_find_test(const mn_jinja_string *name);
const mn_jinja_function *mn_jinja_find_global(const mn_jinja_string *name);
const mn_jinja_function *mn_jinja_find_method(mn_jinja_value self, const mn_jinja_string *name);
/* Each file of filters offers its rows. */
const mn_jinja_function *mn_jinja_text_filters(size_t *n);
const mn_jinja_function *mn_jinja_list_filters(size_t *n);
const mn_jinja_function *mn_jinja_value_filters(size_t *n);
const mn_jinja_function *mn_jinja_string_methods(size_t *n);
const mn_jinja_function *mn_jinja_container_methods(mn_jinja_value self, size_t *n);

/* --- shared by filters, methods and operators --- */
mn_jinja_string *mn_jinja_want_string(mn_jinja_run *run, mn_jinja_value value,
                                      const char *what); /* NULL: fails */
mn_jinja_value mn_jinja_format_percent(mn_jinja_run *run, mn_jinja_string *format,
                                       mn_jinja_value values);
mn_jinja_value mn_jinja_format_braces(mn_jinja_run *run, mn_jinja_string *format,
                                      const mn_jinja_arguments *arguments, mn_jinja_value mapping);
/* Python's format(value, spec). */
mn_jinja_string *mn_jinja_format_value(mn_jinja_run *run, mn_jinja_value value,
                                       const mn_jinja_string *spec);
mn_jinja_string *mn_jinja_json(mn_jinja_run *run, mn_jinja_value value,
                               const mn_jinja_value *options);
mn_jinja_string *mn_jinja_pretty(mn_jinja_run *run,
                                 mn_jinja_value value); /* as Python's pprint.pformat */
mn_jinja_native mn_jinja_wordwrap;
mn_jinja_string *mn_jinja_strftime(mn_jinja_run *run, const mn_jinja_string *format);

typedef enum mn_jinja_case {
    MN_JINJA_UPPER,
    MN_JINJA_LOWER,
    MN_JINJA_TITLE,
    MN_JINJA_CAPITAL,
    MN_JINJA_SWAP,
    MN_JINJA_FOLD
} mn_jinja_case;
mn_jinja_string *mn_jinja_string_case(mn_jinja_run *run, const mn_jinja_string *string,
                                      mn_jinja_case what);
typedef enum mn_jinja_side {
    MN_JINJA_LEFT = 1,
    MN_JINJA_RIGHT = 2,
    MN_JINJA_BOTH = 3
} mn_jinja_side;
/* `chars` NULL: white space. */
mn_jinja_string *mn_jinja_string_strip(mn_jinja_run *run, mn_jinja_string *string,
                                       const mn_jinja_string *chars, mn_jinja_side side);
mn_jinja_string *mn_jinja_string_replace(mn_jinja_run *run, mn_jinja_string *string,
                                         const mn_jinja_string *old, const mn_jinja_string *fresh,
                                         int64_t count);
mn_jinja_list *mn_jinja_string_lines(mn_jinja_run *run, const mn_jinja_string *string,
                                     bool keep_ends);
mn_jinja_string *mn_jinja_string_pad(mn_jinja_run *run, mn_jinja_string *string, int64_t width,
                                     const mn_jinja_string *fill, mn_jinja_side side);
bool mn_jinja_string_is_case(const mn_jinja_string *string, bool upper);
void mn_jinja_sort(mn_jinja_run *run, mn_jinja_value *items, mn_jinja_value *keys, size_t n,
                   bool reverse);

#endif
