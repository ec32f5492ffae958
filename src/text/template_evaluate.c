/* SPDX-License-Identifier: Apache-2.0 */
/* template_evaluate.c - the value of an expression, straight from its tree. */
#include "text/template_run.h"

#include "text/template_number.h"

typedef mn_jinja_value value;
typedef mn_jinja_node node;

static value load(mn_jinja_run *run, const node *n)
{
    value found = mn_jinja_lookup(run, n->symbol);
    if (found.kind != MN_JINJA_MISSING) return found;
    return mn_jinja_undefined_in(run, found, mn_jinja_text(run->source->symbols.names[n->symbol]));
}

static value make_list(mn_jinja_run *run, const node *n)
{
    mn_jinja_list *list = mn_jinja_list_new(run, n->n);
    for (uint32_t i = 0; i < n->n && !run->status; i++)
        mn_jinja_list_append(run, list, mn_jinja_evaluate(run, n->list[i]));
    return n->kind == MN_JINJA_MAKE_LIST ? mn_jinja_list_value(list) : mn_jinja_tuple_value(list);
}

static value make_dict(mn_jinja_run *run, const node *n)
{
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    for (uint32_t i = 0; i + 1 < n->n && !run->status; i += 2) {
        value key = mn_jinja_evaluate(run, n->list[i]);
        mn_jinja_dict_set(run, dict, key, mn_jinja_evaluate(run, n->list[i + 1]));
    }
    return mn_jinja_dict_value(dict);
}

static value slice(mn_jinja_run *run, const node *n)
{
    value object = mn_jinja_evaluate(run, n->a), bounds[3];
    for (uint32_t i = 0; i < 3; i++)
        bounds[i] = n->list[i] ? mn_jinja_evaluate(run, n->list[i]) : mn_jinja_none();
    return run->status ? mn_jinja_none() : mn_jinja_slice(run, object, bounds);
}

/* Operands are joined as plain text: what was marked safe is so no longer. */
static value concat(mn_jinja_run *run, const node *n)
{
    mn_jinja_string *joined = NULL;
    mn_jinja_list *list = mn_jinja_list_new(run, n->n);
    for (uint32_t i = 0; i < n->n && !run->status; i++)
        mn_jinja_list_append(run, list, mn_jinja_evaluate(run, n->list[i]));
    for (uint32_t i = 0; i < n->n && !run->status; i++) {
        mn_jinja_string *piece = mn_jinja_string_of(run, list->items[i]);
        if (piece && piece->markup) piece = mn_jinja_string_markup(run, piece, false);
        joined = i ? mn_jinja_string_join(run, joined, piece) : piece;
    }
    return mn_jinja_text(joined);
}

static bool relation(mn_jinja_run *run, int op, value a, value b)
{
    switch (op) {
    case MN_JINJA_IS_EQUAL:
        return mn_jinja_equal(run, a, b);
    case MN_JINJA_NOT_EQUAL:
        return !mn_jinja_equal(run, a, b);
    case MN_JINJA_LESS:
        return mn_jinja_compare(run, a, b, MN_JINJA_LT);
    case MN_JINJA_LESS_EQUAL:
        return mn_jinja_compare(run, a, b, MN_JINJA_LE);
    case MN_JINJA_GREATER:
        return mn_jinja_compare(run, a, b, MN_JINJA_GT);
    case MN_JINJA_GREATER_EQUAL:
        return mn_jinja_compare(run, a, b, MN_JINJA_GE);
    case MN_JINJA_IN:
        return mn_jinja_contains(run, b, a);
    default:
        return !mn_jinja_contains(run, b, a);
    }
}

static value compare(mn_jinja_run *run, const node *n)
{
    value left = mn_jinja_evaluate(run, n->a);
    for (uint32_t i = 0; i < n->n && !run->status; i++) {
        value right = mn_jinja_evaluate(run, n->list[i]->a);
        if (run->status || !relation(run, n->list[i]->op, left, right)) return mn_jinja_bool(false);
        left = right;
    }
    return mn_jinja_bool(true);
}

static value condition(mn_jinja_run *run, const node *n)
{
    if (mn_jinja_truth(run, mn_jinja_evaluate(run, n->b))) return mn_jinja_evaluate(run, n->a);
    if (n->c) return mn_jinja_evaluate(run, n->c);
    return mn_jinja_undefined_hint(run, "an inline 'if' was false and has no 'else'");
}

/* `a and b` and `a or b` give one of the operands. */
static value logic(mn_jinja_run *run, const node *n)
{
    value left = mn_jinja_evaluate(run, n->a);
    bool truth = mn_jinja_truth(run, left);
    return truth == (n->kind == MN_JINJA_AND) && !run->status ? mn_jinja_evaluate(run, n->b) : left;
}

/* --- calls --------------------------------------------------------------------------------------
 */

static void spread_list(mn_jinja_run *run, value items, mn_jinja_list *out)
{
    mn_jinja_list *list = mn_jinja_collect(run, items);
    for (size_t i = 0; list && i < list->n; i++) mn_jinja_list_append(run, out, list->items[i]);
}

static void spread_dict(mn_jinja_run *run, value items, mn_jinja_dict *out)
{
    if (items.kind != MN_JINJA_DICT) {
        mn_jinja_fail(run, "'**' needs a mapping, not '%s'", mn_jinja_kind_name(items));
        return;
    }
    for (size_t i = 0; i < items.dict->n && !run->status; i++) {
        value known, key = items.dict->entries[i].key;
        if (key.kind != MN_JINJA_STRING)
            mn_jinja_fail(run, "the name of an argument must be a string");
        else if (mn_jinja_dict_find(run, out, key, &known))
            mn_jinja_fail(run, "an argument is given twice");
        else
            mn_jinja_dict_set(run, out, key, items.dict->entries[i].value);
    }
}

static void gather(mn_jinja_run *run, const node *n, mn_jinja_list *values, mn_jinja_dict *named)
{
    for (uint32_t i = 0; i < n->n && !run->status; i++) {
        const node *argument = n->list[i];
        switch (argument->kind) {
        case MN_JINJA_KEYWORD:
            mn_jinja_dict_set(run, named, argument->constant, mn_jinja_evaluate(run, argument->a));
            break;
        case MN_JINJA_STAR:
            spread_list(run, mn_jinja_evaluate(run, argument->a), values);
            break;
        case MN_JINJA_STAR_STAR:
            spread_dict(run, mn_jinja_evaluate(run, argument->a), named);
            break;
        default:
            mn_jinja_list_append(run, values, mn_jinja_evaluate(run, argument));
            break;
        }
    }
}

bool mn_jinja_evaluate_arguments(mn_jinja_run *run, const mn_jinja_node *n, mn_jinja_arguments *out)
{
    *out = (mn_jinja_arguments){ 0 };
    if (!n->n) return !run->status;
    mn_jinja_list *values = mn_jinja_list_new(run, n->n);
    mn_jinja_dict *named = mn_jinja_dict_new(run);
    gather(run, n, values, named);
    if (run->status) return false;
    *out = (mn_jinja_arguments){ .values = values->items, .n = values->n, .n_named = named->n };
    if (!named->n) return true;
    out->names = mn_jinja_take(run, named->n, sizeof *out->names);
    out->named = mn_jinja_take(run, named->n, sizeof *out->named);
    for (size_t i = 0; i < named->n && !run->status; i++) {
        out->names[i] = named->entries[i].key;
        out->named[i] = named->entries[i].value;
    }
    return !run->status;
}

static value call(mn_jinja_run *run, const node *n)
{
    mn_jinja_arguments arguments;
    value callee = mn_jinja_evaluate(run, n->a);
    if (!mn_jinja_evaluate_arguments(run, n, &arguments)) return mn_jinja_none();
    run->line = n->line;
    return mn_jinja_call(run, callee, &arguments);
}

mn_jinja_value mn_jinja_apply_filter(mn_jinja_run *run, const mn_jinja_node *n,
                                     mn_jinja_value subject)
{
    mn_jinja_arguments arguments;
    if (!n->function) {
        mn_jinja_fail(run, "there is no %s '%.*s'", n->kind == MN_JINJA_FILTER ? "filter" : "test",
                      (int)n->constant.string->length, n->constant.string->data);
        return mn_jinja_none();
    }
    if (!mn_jinja_evaluate_arguments(run, n, &arguments)) return mn_jinja_none();
    run->line = n->line;
    return mn_jinja_call_function(run, n->function, subject, &arguments);
}

/* --- all kinds ----------------------------------------------------------------------------------
 */

static value binary(mn_jinja_run *run, const node *n)
{
    value left = mn_jinja_evaluate(run, n->a), right = mn_jinja_evaluate(run, n->b);
    run->line = n->line;
    return mn_jinja_operate(run, n->op, left, right);
}

static value evaluate_kind(mn_jinja_run *run, const node *n)
{
    switch (n->kind) {
    case MN_JINJA_LOAD:
        return load(run, n);
    case MN_JINJA_MAKE_LIST:
    case MN_JINJA_MAKE_TUPLE:
        return make_list(run, n);
    case MN_JINJA_MAKE_DICT:
        return make_dict(run, n);
    case MN_JINJA_SLICE:
        return slice(run, n);
    case MN_JINJA_CALL:
        return call(run, n);
    case MN_JINJA_CONCAT:
        return concat(run, n);
    case MN_JINJA_COMPARE:
        return compare(run, n);
    case MN_JINJA_CONDITION:
        return condition(run, n);
    case MN_JINJA_AND:
    case MN_JINJA_OR:
        return logic(run, n);
    case MN_JINJA_BINARY:
        return binary(run, n);
    case MN_JINJA_NOT:
        return mn_jinja_bool(!mn_jinja_truth(run, mn_jinja_evaluate(run, n->a)));
    default:
        break;
    }
    value first = mn_jinja_evaluate(run, n->a);
    if (run->status) return mn_jinja_none();
    run->line = n->line;
    switch (n->kind) {
    case MN_JINJA_ATTRIBUTE:
        return mn_jinja_attribute(run, first, n->constant);
    case MN_JINJA_ITEM:
        return mn_jinja_item(run, first, mn_jinja_evaluate(run, n->b));
    case MN_JINJA_FILTER:
        return mn_jinja_apply_filter(run, n, first);
    case MN_JINJA_TEST:
        return mn_jinja_apply_filter(run, n, first);
    case MN_JINJA_NEGATE:
        return mn_jinja_negate(run, first, true);
    case MN_JINJA_PLUS:
        return mn_jinja_negate(run, first, false);
    default:
        mn_jinja_fail(run, "this cannot be evaluated");
        return mn_jinja_none();
    }
}

mn_jinja_value mn_jinja_evaluate(mn_jinja_run *run, const mn_jinja_node *n)
{
    if (n->kind == MN_JINJA_CONSTANT) return n->constant;
    value result = mn_jinja_none();
    if (mn_jinja_enter(run)) {
        run->line = n->line;
        result = evaluate_kind(run, n);
    }
    mn_jinja_leave(run);
    return run->status ? mn_jinja_none() : result;
}
