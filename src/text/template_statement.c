/* SPDX-License-Identifier: Apache-2.0 */
/* template_statement.c - carries out statements; scopes, macros and captured text. */
#include "text/template_run.h"

#include <string.h>

typedef mn_jinja_value value;
typedef mn_jinja_node node;

#define MAX_MACRO_DEPTH 128

typedef enum flow { GO_ON, BREAK, CONTINUE } flow;

static flow execute(mn_jinja_run *run, const node *n);

/* --- scopes -------------------------------------------------------------------------------------
 */

mn_jinja_scope *mn_jinja_scope_open(mn_jinja_run *run, mn_jinja_scope *parent)
{
    mn_jinja_scope *scope = mn_jinja_take(run, 1, sizeof *scope);
    if (scope) scope->parent = parent;
    return scope;
}

static value *scope_find(mn_jinja_run *run, mn_jinja_scope *scope, uint32_t symbol)
{
    if (!scope->parent) return &scope->values[symbol];
    for (uint32_t i = 0; i < scope->n; i++)
        if (scope->symbols[i] == symbol) return &scope->values[i];
    if (scope->n > 16) mn_jinja_charge(run, scope->n / 16);
    return NULL;
}

void mn_jinja_scope_set(mn_jinja_run *run, mn_jinja_scope *scope, uint32_t symbol,
                        mn_jinja_value new_value)
{
    if (run->status || !scope) return;
    value *known = scope_find(run, scope, symbol);
    if (known) {
        *known = new_value;
        return;
    }
    if (scope->n == scope->capacity) {
        uint32_t capacity = scope->capacity ? scope->capacity * 2 : 4;
        uint32_t *symbols =
            mn_jinja_regrow(run, scope->symbols, scope->capacity, capacity, sizeof *symbols);
        value *values =
            mn_jinja_regrow(run, scope->values, scope->capacity, capacity, sizeof *values);
        if (!symbols || !values) return;
        scope->symbols = symbols;
        scope->values = values;
        scope->capacity = capacity;
    }
    scope->symbols[scope->n] = symbol;
    scope->values[scope->n++] = new_value;
}

mn_jinja_value mn_jinja_lookup(mn_jinja_run *run, uint32_t symbol)
{
    for (mn_jinja_scope *scope = run->scope; scope; scope = scope->parent) {
        const value *found = scope_find(run, scope, symbol);
        /* a parameter without a value yet hides what is outside */
        if (found && (found->kind != MN_JINJA_MISSING || scope->parent)) return *found;
    }
    return mn_jinja_missing();
}

/* --- text ---------------------------------------------------------------------------------------
 */

static void write_prompt(mn_jinja_run *run, const mn_jinja_string *string)
{
    size_t start = 0, n_runs = run->prompt->n_runs;
    while (start < string->length) {
        unsigned origin = mn_jinja_string_origin(string, start);
        size_t end = string->origins ? start + 1 : string->length;
        while (end < string->length && string->origins[end] == origin) end++;
        mn_prompt_append(run->prompt, string->data + start, end - start, (mn_origin)origin);
        start = end;
    }
    if (run->prompt->text.failed) mn_jinja_fail_memory(run, string->length);
    /* what grows by doubling is counted twice */
    size_t bytes = 2 * (string->length + (run->prompt->n_runs - n_runs) * sizeof(mn_prompt_run));
    if (!run->status && !mn_jinja_arena_count(&run->arena, bytes)) mn_jinja_fail_memory(run, bytes);
}

static void write_string(mn_jinja_run *run, const mn_jinja_string *string)
{
    if (run->status || !string || !string->length) return;
    if (run->sink)
        mn_jinja_add_string(run->sink, string);
    else if (mn_jinja_charge(run, string->length / 64))
        write_prompt(run, string);
}

/* Carries out a body in `scope` and gives what it wrote. */
static mn_jinja_string *capture(mn_jinja_run *run, const node *body, mn_jinja_scope *scope,
                                flow *out)
{
    mn_jinja_builder builder = { .run = run }, *sink = run->sink;
    mn_jinja_scope *outer = run->scope;
    if (!scope) return NULL;
    run->sink = &builder;
    run->scope = scope;
    flow f = execute(run, body);
    run->sink = sink;
    run->scope = outer;
    if (out) *out = f;
    return mn_jinja_built(&builder);
}

/* --- assignments --------------------------------------------------------------------------------
 */

static void set_attribute(mn_jinja_run *run, const node *target, value new_value)
{
    value space = mn_jinja_lookup(run, target->symbol);
    if (space.kind != MN_JINJA_NAMESPACE)
        mn_jinja_fail(run, "only a namespace can have its attributes set");
    else if (target->constant.string->length && target->constant.string->data[0] == '_')
        mn_jinja_fail(run, "attributes of a namespace cannot begin with '_'");
    else
        mn_jinja_dict_set(run, space.dict, target->constant, new_value);
}

static void check_namespaces(mn_jinja_run *run, const node *target)
{
    if (target->kind == MN_JINJA_NAMESPACE_TARGET &&
        mn_jinja_lookup(run, target->symbol).kind != MN_JINJA_NAMESPACE)
        mn_jinja_fail(run, "only a namespace can have its attributes set");
    for (uint32_t i = 0; target->kind == MN_JINJA_MAKE_TUPLE && i < target->n; i++)
        check_namespaces(run, target->list[i]);
}

static void assign(mn_jinja_run *run, mn_jinja_scope *scope, const node *target, value new_value);

static void unpack(mn_jinja_run *run, mn_jinja_scope *scope, const node *target, value items)
{
    mn_jinja_list *list = mn_jinja_collect(run, items);
    if (!list) return;
    if (list->n != target->n) {
        mn_jinja_fail(run, "%zu values cannot be unpacked to %u names", list->n, target->n);
        return;
    }
    for (uint32_t i = 0; i < target->n; i++) assign(run, scope, target->list[i], list->items[i]);
}

static void assign(mn_jinja_run *run, mn_jinja_scope *scope, const node *target, value new_value)
{
    if (run->status) return;
    if (target->kind == MN_JINJA_MAKE_TUPLE)
        unpack(run, scope, target, new_value);
    else if (target->kind == MN_JINJA_NAMESPACE_TARGET)
        set_attribute(run, target, new_value);
    else
        mn_jinja_scope_set(run, scope, target->symbol, new_value);
}

static void set(mn_jinja_run *run, const node *n)
{
    check_namespaces(run, n->a);
    if (run->status) return;
    assign(run, run->scope, n->a, mn_jinja_evaluate(run, n->b));
}

/* Applies filters from the innermost, whose subject is `text`. */
static value filter_text(mn_jinja_run *run, const node *filter, value text)
{
    if (!filter || run->status) return text;
    if (!mn_jinja_enter(run))
        text = mn_jinja_none();
    else
        text = mn_jinja_apply_filter(run, filter, filter_text(run, filter->a, text));
    mn_jinja_leave(run);
    return text;
}

static flow set_block(mn_jinja_run *run, const node *n)
{
    flow f = GO_ON;
    mn_jinja_scope *outer = run->scope, *scope = mn_jinja_scope_open(run, outer);
    value text = mn_jinja_text(capture(run, n->c, scope, &f));
    if (run->status || f != GO_ON) return f;
    run->scope = scope;
    text = filter_text(run, n->b, text);
    run->scope = outer;
    assign(run, outer, n->a, text);
    return GO_ON;
}

static flow filter_block(mn_jinja_run *run, const node *n)
{
    flow f = GO_ON;
    mn_jinja_scope *outer = run->scope, *scope = mn_jinja_scope_open(run, outer);
    value text = mn_jinja_text(capture(run, n->c, scope, &f));
    if (run->status || f != GO_ON) return f;
    run->scope = scope;
    write_string(run, mn_jinja_string_of(run, filter_text(run, n->b, text)));
    run->scope = outer;
    return GO_ON;
}

static flow with_block(mn_jinja_run *run, const node *n)
{
    mn_jinja_scope *outer = run->scope, *scope = mn_jinja_scope_open(run, outer);
    for (uint32_t i = 0; i + 1 < n->n; i += 2)
        assign(run, scope, n->list[i], mn_jinja_evaluate(run, n->list[i + 1]));
    if (run->status) return GO_ON;
    run->scope = scope;
    flow f = execute(run, n->c);
    run->scope = outer;
    return f;
}

/* --- macros -------------------------------------------------------------------------------------
 */

static void capture_scopes(mn_jinja_scope *scope)
{
    for (; scope && !scope->captured; scope = scope->parent) scope->captured = true;
}

static value make_macro(mn_jinja_run *run, const node *n, bool is_caller)
{
    mn_jinja_macro *macro = mn_jinja_take(run, 1, sizeof *macro);
    if (!macro) return mn_jinja_none();
    *macro = (mn_jinja_macro){ .node = n, .scope = run->scope, .is_caller = is_caller };
    capture_scopes(run->scope);
    return (value){ .kind = MN_JINJA_MACRO, .macro = macro };
}

/* Arguments that the macro does not name: what is left of them, by position and by name. */
typedef struct macro_rest {
    mn_jinja_list *values;
    mn_jinja_dict *named;
    value caller;
} macro_rest;

/* Sets the named parameters from `arguments`; what has no value yet stays MISSING. */
static void bind_parameters(mn_jinja_run *run, const node *n, const mn_jinja_arguments *all,
                            mn_jinja_scope *scope, macro_rest *rest)
{
    mn_jinja_string **names = run->source->symbols.names;
    bool *used = mn_jinja_take(run, all->n_named + 1, sizeof *used);
    for (uint32_t i = 0; i < n->n && !run->status; i++) {
        value given = i < all->n ? all->values[i] : mn_jinja_missing();
        mn_jinja_charge(run, 1 + all->n_named / 4);
        for (size_t k = 0; i >= all->n && k < all->n_named; k++) {
            if (!mn_jinja_string_equal(names[n->list[i]->symbol], all->names[k].string)) continue;
            given = all->named[k];
            used[k] = true;
        }
        mn_jinja_scope_set(run, scope, n->list[i]->symbol, given);
    }
    for (size_t k = 0; k < all->n_named && !run->status; k++) {
        if (used[k]) continue;
        if (mn_jinja_string_is(all->names[k].string, "caller") &&
            rest->caller.kind == MN_JINJA_UNDEFINED)
            rest->caller = all->named[k];
        else
            mn_jinja_dict_set(run, rest->named, all->names[k], all->named[k]);
    }
    for (size_t i = n->n; i < all->n && !run->status; i++)
        mn_jinja_list_append(run, rest->values, all->values[i]);
}

static bool names_caller(mn_jinja_run *run, const node *n)
{
    for (uint32_t i = 0; i < n->n; i++)
        if (mn_jinja_string_is(run->source->symbols.names[n->list[i]->symbol], "caller"))
            return true;
    return false;
}

static void check_rest(mn_jinja_run *run, const node *n, const macro_rest *rest)
{
    if (run->status) return;
    if (!(n->special & MN_JINJA_TAKES_KEYWORDS) && rest->named->n) {
        const mn_jinja_string *name = rest->named->entries[0].key.string;
        mn_jinja_fail(run, "a macro has no argument '%.*s'",
                      name->length > 100 ? 100 : (int)name->length, name->data);
    }
    if (!(n->special & MN_JINJA_TAKES_REST) && rest->values->n)
        mn_jinja_fail(run, "a macro takes at most %u arguments", n->n);
}

/* Values for the parameters that were left out; a default sees the parameters before it. */
static void set_defaults(mn_jinja_run *run, const node *n, mn_jinja_scope *scope)
{
    for (uint32_t i = 0; i < n->n && !run->status; i++) {
        const node *parameter = n->list[i];
        value *slot = scope_find(run, scope, parameter->symbol);
        if (!slot || slot->kind != MN_JINJA_MISSING) continue;
        value otherwise =
            parameter->a ? mn_jinja_evaluate(run, parameter->a)
                         : mn_jinja_undefined_hint(run, "an argument of a macro was not provided");
        mn_jinja_scope_set(run, scope, parameter->symbol, otherwise);
    }
}

static mn_jinja_scope *macro_scope(mn_jinja_run *run, mn_jinja_macro *macro,
                                   const mn_jinja_arguments *all)
{
    const node *n = macro->node;
    mn_jinja_scope *scope = mn_jinja_scope_open(run, macro->scope);
    macro_rest rest = { mn_jinja_list_new(run, 0), mn_jinja_dict_new(run), mn_jinja_none() };
    bool takes_caller = (n->special & MN_JINJA_TAKES_CALLER) && !names_caller(run, n);
    if (takes_caller) rest.caller = mn_jinja_undefined_hint(run, "no caller was defined");
    if (run->status) return NULL;
    bind_parameters(run, n, all, scope, &rest);
    check_rest(run, n, &rest);
    if (takes_caller) mn_jinja_scope_set(run, scope, MN_JINJA_SYMBOL_CALLER, rest.caller);
    if (n->special & MN_JINJA_TAKES_KEYWORDS)
        mn_jinja_scope_set(run, scope, MN_JINJA_SYMBOL_KWARGS, mn_jinja_dict_value(rest.named));
    if (n->special & MN_JINJA_TAKES_REST)
        mn_jinja_scope_set(run, scope, MN_JINJA_SYMBOL_VARARGS, mn_jinja_tuple_value(rest.values));
    return run->status ? NULL : scope;
}

mn_jinja_value mn_jinja_call_macro(mn_jinja_run *run, mn_jinja_macro *macro,
                                   const mn_jinja_arguments *all)
{
    value result = mn_jinja_none();
    mn_jinja_scope *outer = run->scope;
    if (++run->macro_depth > MAX_MACRO_DEPTH)
        mn_jinja_fail(run, "macros call one another deeper than %d levels", MAX_MACRO_DEPTH);
    mn_jinja_scope *scope = macro_scope(run, macro, all);
    if (scope) {
        run->scope = scope;
        set_defaults(run, macro->node, scope);
        run->scope = outer;
        result = mn_jinja_text(capture(run, macro->node->c, scope, NULL));
    }
    run->macro_depth--;
    return result;
}

static void call_block(mn_jinja_run *run, const node *n)
{
    mn_jinja_arguments all;
    value callee = mn_jinja_evaluate(run, n->a->a), caller = make_macro(run, n->b, true);
    if (!mn_jinja_evaluate_arguments(run, n->a, &all)) return;
    value *names = mn_jinja_take(run, all.n_named + 1, sizeof *names);
    value *named = mn_jinja_take(run, all.n_named + 1, sizeof *named);
    if (!names || !named) return;
    if (all.n_named) memcpy(names, all.names, all.n_named * sizeof *names);
    if (all.n_named) memcpy(named, all.named, all.n_named * sizeof *named);
    names[all.n_named] = mn_jinja_text_literal(run, "caller", MN_FROM_TEMPLATE);
    named[all.n_named] = caller;
    all.names = names;
    all.named = named;
    all.n_named++;
    if (run->status) return;
    run->line = n->line;
    write_string(run, mn_jinja_string_of(run, mn_jinja_call(run, callee, &all)));
}

/* --- loops --------------------------------------------------------------------------------------
 */

/* Gives the items of a loop's source for which its test holds. */
static bool pull_tested(mn_jinja_run *run, mn_jinja_iterator *it, mn_jinja_value *item)
{
    mn_jinja_loop *loop = it->user;
    while (mn_jinja_next(run, it->other, item)) {
        mn_jinja_scope *outer = run->scope, *scope = mn_jinja_scope_open(run, loop->scope);
        if (!scope) return false;
        assign(run, scope, loop->node->a, *item);
        run->scope = scope;
        bool chosen = !run->status && mn_jinja_truth(run, mn_jinja_evaluate(run, loop->node->c));
        run->scope = outer;
        if (chosen) return true;
    }
    return false;
}

static mn_jinja_loop *loop_open(mn_jinja_run *run, const node *n, value items, unsigned depth0,
                                mn_jinja_scope *scope)
{
    mn_jinja_loop *loop = mn_jinja_take(run, 1, sizeof *loop);
    mn_jinja_iterator *source = mn_jinja_take(run, 2, sizeof *source);
    if (!loop || !source || !mn_jinja_iterate(run, source, items)) return NULL;
    *loop = (mn_jinja_loop){ .iterator = source,
                             .source = items,
                             .index0 = -1,
                             .length = -1,
                             .depth0 = depth0,
                             .node = n,
                             .scope = scope };
    if (n->c) {
        source[1] = (mn_jinja_iterator){ .walk = MN_JINJA_WALK_FILTER,
                                         .pull = pull_tested,
                                         .other = source,
                                         .user = loop,
                                         .name = "generator" };
        loop->iterator = source + 1;
        loop->source = mn_jinja_iterator_value(source + 1);
    }
    return loop;
}

/* The scope of an iteration; the last one's is used again unless a macro still sees it. */
static mn_jinja_scope *iteration_scope(mn_jinja_run *run, mn_jinja_scope *last,
                                       mn_jinja_scope *outer)
{
    if (!last || last->captured) return mn_jinja_scope_open(run, outer);
    last->n = 0;
    return last;
}

static flow run_loop(mn_jinja_run *run, mn_jinja_loop *loop)
{
    const node *n = loop->node;
    mn_jinja_scope *outer = run->scope, *scope = NULL;
    value item;
    flow f = GO_ON;
    bool any = false;
    while (f != BREAK && mn_jinja_loop_next(run, loop, &item)) {
        scope = iteration_scope(run, scope, loop->scope);
        mn_jinja_scope_set(run, scope, MN_JINJA_SYMBOL_LOOP,
                           (value){ .kind = MN_JINJA_LOOP, .loop = loop });
        if (scope) assign(run, scope, n->a, item);
        if (run->status) break;
        run->scope = scope;
        f = execute(run, n->list[0]);
        run->scope = outer;
        if (f == GO_ON)
            any = true; /* as in Jinja, an iteration that was left early does not count */
    }
    run->scope = outer;
    if (any || n->n < 2 || run->status) return GO_ON;
    run->scope = mn_jinja_scope_open(run, loop->scope);
    f = run->scope ? execute(run, n->list[1]) : GO_ON;
    run->scope = outer;
    return f;
}

static flow for_loop(mn_jinja_run *run, const node *n)
{
    value items = mn_jinja_evaluate(run, n->b);
    run->line = n->line;
    mn_jinja_loop *loop = run->status ? NULL : loop_open(run, n, items, 0, run->scope);
    return loop ? run_loop(run, loop) : GO_ON;
}

mn_jinja_value mn_jinja_call_loop(mn_jinja_run *run, mn_jinja_loop *loop, mn_jinja_value items)
{
    mn_jinja_builder builder = { .run = run }, *sink = run->sink;
    if (!loop->node->flag) {
        mn_jinja_fail(run, "the loop needs 'recursive' to be called");
        return mn_jinja_none();
    }
    if (++run->macro_depth > MAX_MACRO_DEPTH)
        mn_jinja_fail(run, "a loop calls itself deeper than %d levels", MAX_MACRO_DEPTH);
    mn_jinja_loop *inner =
        run->status ? NULL : loop_open(run, loop->node, items, loop->depth0 + 1, loop->scope);
    run->sink = &builder;
    if (inner) run_loop(run, inner);
    run->sink = sink;
    run->macro_depth--;
    return mn_jinja_text(mn_jinja_built(&builder));
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static void print(mn_jinja_run *run, const node *n)
{
    for (uint32_t i = 0; i < n->n && !run->status; i++)
        write_string(run, mn_jinja_string_of(run, mn_jinja_evaluate(run, n->list[i])));
}

static flow choose(mn_jinja_run *run, const node *n)
{
    for (uint32_t i = 0; i + 1 < n->n && !run->status; i += 2) {
        bool truth = mn_jinja_truth(run, mn_jinja_evaluate(run, n->list[i]));
        if (!run->status && truth) return execute(run, n->list[i + 1]);
    }
    return n->c && !run->status ? execute(run, n->c) : GO_ON;
}

/* A block sees the outermost variables, and the ones around it only when it is `scoped`. */
static void block(mn_jinja_run *run, const node *n)
{
    mn_jinja_scope *outer = run->scope;
    run->scope = mn_jinja_scope_open(run, n->flag ? outer : run->root);
    if (run->scope) execute(run, n->c);
    run->scope = outer;
}

static void generation(mn_jinja_run *run, const node *n)
{
    write_string(run, capture(run, n->c, mn_jinja_scope_open(run, run->scope), NULL));
}

static flow execute_kind(mn_jinja_run *run, const node *n)
{
    switch (n->kind) {
    case MN_JINJA_WRITE:
        write_string(run, n->constant.string);
        return GO_ON;
    case MN_JINJA_PRINT:
        print(run, n);
        return GO_ON;
    case MN_JINJA_IF:
        return choose(run, n);
    case MN_JINJA_FOR:
        return for_loop(run, n);
    case MN_JINJA_SET:
        set(run, n);
        return GO_ON;
    case MN_JINJA_SET_BLOCK:
        return set_block(run, n);
    case MN_JINJA_MACRO_NODE:
        mn_jinja_scope_set(run, run->scope, n->symbol, make_macro(run, n, false));
        return GO_ON;
    case MN_JINJA_CALL_BLOCK:
        call_block(run, n);
        return GO_ON;
    case MN_JINJA_FILTER_BLOCK:
        return filter_block(run, n);
    case MN_JINJA_WITH:
        return with_block(run, n);
    case MN_JINJA_BLOCK:
        block(run, n);
        return GO_ON;
    case MN_JINJA_GENERATION:
        generation(run, n);
        return GO_ON;
    case MN_JINJA_BREAK:
        return BREAK;
    default:
        return CONTINUE;
    }
}

static flow execute(mn_jinja_run *run, const node *body)
{
    flow f = GO_ON;
    if (mn_jinja_enter(run)) {
        for (uint32_t i = 0; i < body->n && f == GO_ON && mn_jinja_charge(run, 1); i++) {
            run->line = body->list[i]->line;
            f = execute_kind(run, body->list[i]);
        }
    }
    mn_jinja_leave(run);
    return f;
}

void mn_jinja_execute(mn_jinja_run *run, const mn_jinja_node *body) { execute(run, body); }
