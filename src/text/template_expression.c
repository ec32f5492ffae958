/* SPDX-License-Identifier: Apache-2.0 */
/* template_expression.c - the part of the parser that reads expressions and targets of assignments.
 */
#include "text/template_parser.h"
#include "text/template_run.h"
#include "text/template_string.h"

#include "base/error.h"

#include <string.h>

typedef mn_jinja_node node;
typedef mn_jinja_token token;

static node *parse_or(mn_jinja_parser *p);
static node *parse_unary(mn_jinja_parser *p, bool with_filter);

/* --- primary expressions ------------------------------------------------------------------------
 */

/* A macro takes `caller`, `kwargs` or `varargs` when its body names them. */
static void note_special(mn_jinja_parser *p, const token *t)
{
    int use = mn_jinja_token_is(t, MN_JINJA_NAME, "caller")    ? MN_JINJA_TAKES_CALLER
              : mn_jinja_token_is(t, MN_JINJA_NAME, "kwargs")  ? MN_JINJA_TAKES_KEYWORDS
              : mn_jinja_token_is(t, MN_JINJA_NAME, "varargs") ? MN_JINJA_TAKES_REST
                                                               : 0;
    for (unsigned i = 1; use && i <= p->n_macros; i++) p->uses[i] |= (uint8_t)use;
}

static node *parse_name(mn_jinja_parser *p)
{
    token t = mn_jinja_parser_advance(p);
    if (mn_jinja_token_is(&t, MN_JINJA_NAME, "true") ||
        mn_jinja_token_is(&t, MN_JINJA_NAME, "True"))
        return mn_jinja_node_constant(p, mn_jinja_bool(true), t.line);
    if (mn_jinja_token_is(&t, MN_JINJA_NAME, "false") ||
        mn_jinja_token_is(&t, MN_JINJA_NAME, "False"))
        return mn_jinja_node_constant(p, mn_jinja_bool(false), t.line);
    if (mn_jinja_token_is(&t, MN_JINJA_NAME, "none") ||
        mn_jinja_token_is(&t, MN_JINJA_NAME, "None"))
        return mn_jinja_node_constant(p, mn_jinja_none(), t.line);
    node *n = mn_jinja_node_name(p, &t);
    if (p->in_target && mn_jinja_at_operator(p, ".")) {
        mn_jinja_parser_advance(p);
        if (p->current.kind != MN_JINJA_NAME)
            return mn_jinja_parser_unexpected(p, "the name of an attribute");
        token attribute = mn_jinja_parser_advance(p);
        if (n) n->kind = MN_JINJA_NAMESPACE_TARGET;
        if (n) n->constant = mn_jinja_parser_string(p, attribute.text, attribute.length);
    } else if (!p->in_target)
        note_special(p, &t);
    return n;
}

/* Strings that follow one another are one string. */
static node *parse_string(mn_jinja_parser *p)
{
    token t = mn_jinja_parser_advance(p);
    while (p->current.kind == MN_JINJA_STRING_TOKEN && !mn_jinja_parser_failed(p)) {
        token more = mn_jinja_parser_advance(p);
        char *joined = mn_jinja_parser_take(p, t.length + more.length);
        if (!joined) return NULL;
        memcpy(joined, t.text, t.length);
        memcpy(joined + t.length, more.text, more.length);
        t.text = joined;
        t.length += more.length;
    }
    return mn_jinja_node_string(p, MN_JINJA_CONSTANT, &t);
}

static node *parse_list(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_MAKE_LIST, mn_jinja_parser_advance(p).line);
    while (!mn_jinja_at_operator(p, "]") && !mn_jinja_parser_failed(p)) {
        if (n && n->n) mn_jinja_expect_operator(p, ",");
        if (mn_jinja_at_operator(p, "]")) break;
        mn_jinja_node_append(p, n, mn_jinja_parse_expression(p));
    }
    mn_jinja_expect_operator(p, "]");
    return n;
}

static node *parse_dict(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_MAKE_DICT, mn_jinja_parser_advance(p).line);
    while (!mn_jinja_at_operator(p, "}") && !mn_jinja_parser_failed(p)) {
        if (n && n->n) mn_jinja_expect_operator(p, ",");
        if (mn_jinja_at_operator(p, "}")) break;
        mn_jinja_node_append(p, n, mn_jinja_parse_expression(p));
        mn_jinja_expect_operator(p, ":");
        mn_jinja_node_append(p, n, mn_jinja_parse_expression(p));
    }
    mn_jinja_expect_operator(p, "}");
    return n;
}

static node *parse_primary(mn_jinja_parser *p)
{
    token t = p->current;
    if (mn_jinja_parser_failed(p)) return NULL;
    switch (t.kind) {
    case MN_JINJA_NAME:
        return parse_name(p);
    case MN_JINJA_STRING_TOKEN:
        return parse_string(p);
    case MN_JINJA_INTEGER_TOKEN:
        mn_jinja_parser_advance(p);
        return mn_jinja_node_constant(p, mn_jinja_int(t.integer, MN_FROM_TEMPLATE), t.line);
    case MN_JINJA_FLOAT_TOKEN:
        mn_jinja_parser_advance(p);
        return mn_jinja_node_constant(p, mn_jinja_float(t.real, MN_FROM_TEMPLATE), t.line);
    default:
        break;
    }
    if (mn_jinja_skip_operator(p, "(")) {
        bool in_target = p->in_target;
        p->in_target = false;
        node *n = mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ .parentheses = true });
        p->in_target = in_target;
        mn_jinja_expect_operator(p, ")");
        return n;
    }
    if (mn_jinja_at_operator(p, "[")) return parse_list(p);
    if (mn_jinja_at_operator(p, "{")) return parse_dict(p);
    return mn_jinja_parser_unexpected(p, "an expression");
}

static bool at_tuple_end(const mn_jinja_parser *p, const char *end)
{
    return p->current.kind == MN_JINJA_VARIABLE_END || p->current.kind == MN_JINJA_BLOCK_END ||
           mn_jinja_at_operator(p, ")") || (end && mn_jinja_at_name(p, end));
}

static node *parse_tuple_items(mn_jinja_parser *p, mn_jinja_tuple_rules rules)
{
    node *tuple = mn_jinja_node_make(p, MN_JINJA_MAKE_TUPLE, p->current.line);
    bool is_tuple = false;
    while (!mn_jinja_parser_failed(p)) {
        if (tuple->n) mn_jinja_expect_operator(p, ",");
        if (at_tuple_end(p, rules.end)) break;
        mn_jinja_node_append(p, tuple,
                             rules.simplified     ? parse_primary(p)
                             : rules.no_condition ? parse_or(p)
                                                  : mn_jinja_parse_expression(p));
        if (!mn_jinja_at_operator(p, ",")) break;
        is_tuple = true;
    }
    if (mn_jinja_parser_failed(p)) return NULL;
    if (!is_tuple && tuple->n) return tuple->list[0];
    if (!is_tuple && !rules.parentheses) return mn_jinja_parser_unexpected(p, "an expression");
    return tuple;
}

node *mn_jinja_parse_tuple(mn_jinja_parser *p, mn_jinja_tuple_rules rules)
{
    return mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? parse_tuple_items(p, rules) : NULL);
}

/* --- what may follow an expression --------------------------------------------------------------
 */

static node *parse_argument(mn_jinja_parser *p, int *stage)
{
    uint32_t line = p->current.line;
    bool one = mn_jinja_at_operator(p, "*"), two = mn_jinja_at_operator(p, "**");
    if (one || two) {
        if (*stage >= (one ? 2 : 3))
            return mn_jinja_parser_fail(p, line, "the arguments of a call are out of order");
        *stage = one ? 2 : 3;
        mn_jinja_parser_advance(p);
        return mn_jinja_node_with(
            p, mn_jinja_node_make(p, one ? MN_JINJA_STAR : MN_JINJA_STAR_STAR, line),
            mn_jinja_parse_expression(p), NULL, NULL);
    }
    if (p->current.kind == MN_JINJA_NAME && mn_jinja_token_is(&p->ahead, MN_JINJA_OPERATOR, "=")) {
        if (*stage == 3)
            return mn_jinja_parser_fail(p, line, "the arguments of a call are out of order");
        if (*stage < 1) *stage = 1;
        token name = mn_jinja_parser_advance(p);
        mn_jinja_parser_advance(p);
        node *n = mn_jinja_node_string(p, MN_JINJA_KEYWORD, &name);
        return mn_jinja_node_with(p, n, mn_jinja_parse_expression(p), NULL, NULL);
    }
    if (*stage) return mn_jinja_parser_fail(p, line, "the arguments of a call are out of order");
    return mn_jinja_parse_expression(p);
}

static bool same_keyword(const node *a, const node *b)
{
    return a->kind == MN_JINJA_KEYWORD && b->kind == MN_JINJA_KEYWORD &&
           mn_jinja_string_equal(a->constant.string, b->constant.string);
}

static void check_keywords(mn_jinja_parser *p, const node *n)
{
    if (n->n > 256) mn_jinja_parser_fail(p, n->line, "a call has more than 256 arguments");
    for (uint32_t i = 0; i < n->n && !mn_jinja_parser_failed(p); i++)
        for (uint32_t k = 0; k < i; k++)
            if (same_keyword(n->list[i], n->list[k]))
                mn_jinja_parser_fail(p, n->line, "an argument is named twice in a call");
}

/* Appends the arguments in parentheses to `n`'s list. */
static void parse_arguments(mn_jinja_parser *p, node *n)
{
    int stage = 0; /* 0: positions, 1: names, 2: after *, 3: after ** */
    bool more = false;
    if (!mn_jinja_parser_enter(p)) n = NULL;
    mn_jinja_expect_operator(p, "(");
    while (!mn_jinja_at_operator(p, ")") && !mn_jinja_parser_failed(p)) {
        if (more) {
            mn_jinja_expect_operator(p, ",");
            if (mn_jinja_at_operator(p, ")")) break;
        }
        mn_jinja_node_append(p, n, parse_argument(p, &stage));
        more = true;
    }
    mn_jinja_expect_operator(p, ")");
    if (mn_jinja_parser_leave(p, n)) check_keywords(p, n);
}

static node *parse_call(mn_jinja_parser *p, node *called)
{
    node *n = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_CALL, p->current.line), called,
                                 NULL, NULL);
    parse_arguments(p, n);
    return n;
}

/* One part of a subscript: an expression, or up to three joined by colons. */
static node *parse_subscribed(mn_jinja_parser *p)
{
    node *parts[3] = { NULL }, *n;
    uint32_t line = p->current.line;
    size_t part = 0;
    if (!mn_jinja_at_operator(p, ":")) {
        parts[0] = mn_jinja_parse_expression(p);
        if (!mn_jinja_at_operator(p, ":")) return parts[0];
    }
    while (part < 2 && mn_jinja_skip_operator(p, ":")) {
        part++;
        if (!mn_jinja_at_operator(p, ":") && !mn_jinja_at_operator(p, "]") &&
            !mn_jinja_at_operator(p, ","))
            parts[part] = mn_jinja_parse_expression(p);
    }
    n = mn_jinja_node_make(p, MN_JINJA_SLICE, line);
    for (size_t i = 0; i < 3; i++) mn_jinja_node_append(p, n, parts[i]);
    return n;
}

static node *parse_subscript(mn_jinja_parser *p, node *target)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    node *only = NULL, *tuple = mn_jinja_node_make(p, MN_JINJA_MAKE_TUPLE, line);
    while (!mn_jinja_at_operator(p, "]") && !mn_jinja_parser_failed(p)) {
        if (only) mn_jinja_expect_operator(p, ",");
        only = parse_subscribed(p);
        mn_jinja_node_append(p, tuple, only);
    }
    mn_jinja_expect_operator(p, "]");
    if (mn_jinja_parser_failed(p)) return NULL;
    if (tuple->n == 1 && only->kind == MN_JINJA_SLICE)
        return mn_jinja_node_with(p, only, target, NULL, NULL);
    for (uint32_t i = 0; i < tuple->n; i++)
        if (tuple->list[i]->kind == MN_JINJA_SLICE)
            return mn_jinja_parser_fail(p, line, "a slice must be alone in its brackets");
    return mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_ITEM, line), target,
                              tuple->n == 1 ? only : tuple, NULL);
}

static node *parse_attribute(mn_jinja_parser *p, node *target)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    token t = p->current;
    if (t.kind == MN_JINJA_NAME) {
        mn_jinja_parser_advance(p);
        return mn_jinja_node_with(p, mn_jinja_node_string(p, MN_JINJA_ATTRIBUTE, &t), target, NULL,
                                  NULL);
    }
    if (t.kind != MN_JINJA_INTEGER_TOKEN)
        return mn_jinja_parser_unexpected(p, "a name or a number after '.'");
    mn_jinja_parser_advance(p);
    node *index = mn_jinja_node_constant(p, mn_jinja_int(t.integer, MN_FROM_TEMPLATE), t.line);
    return mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_ITEM, line), target, index, NULL);
}

static node *parse_postfix(mn_jinja_parser *p, node *n)
{
    while (!mn_jinja_parser_failed(p)) {
        if (mn_jinja_at_operator(p, "."))
            n = parse_attribute(p, n);
        else if (mn_jinja_at_operator(p, "["))
            n = mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? parse_subscript(p, n) : NULL);
        else if (mn_jinja_at_operator(p, "("))
            n = parse_call(p, n);
        else
            break;
    }
    return n;
}

/* A name that may have dots, as a constant of a new node. */
static node *parse_dotted(mn_jinja_parser *p, mn_jinja_node_kind kind)
{
    token t = p->current;
    if (t.kind != MN_JINJA_NAME) return mn_jinja_parser_unexpected(p, "a name");
    mn_jinja_parser_advance(p);
    if (mn_jinja_at_operator(p, "."))
        return mn_jinja_parser_fail(p, t.line, "filters and tests with a dotted name do not exist");
    return mn_jinja_node_string(p, kind, &t);
}

/* A filter behind its '|' (or at the start of a filter block) applied to `n`. */
node *mn_jinja_parse_filter(mn_jinja_parser *p, node *n)
{
    node *filter = mn_jinja_node_with(p, parse_dotted(p, MN_JINJA_FILTER), n, NULL, NULL);
    if (!filter) return NULL;
    filter->function = mn_jinja_find_filter(filter->constant.string);
    if (mn_jinja_at_operator(p, "(")) parse_arguments(p, filter);
    return filter;
}

static bool starts_test_argument(const mn_jinja_parser *p)
{
    switch (p->current.kind) {
    case MN_JINJA_NAME:
        return !mn_jinja_at_name(p, "else") && !mn_jinja_at_name(p, "or") &&
               !mn_jinja_at_name(p, "and");
    case MN_JINJA_STRING_TOKEN:
    case MN_JINJA_INTEGER_TOKEN:
    case MN_JINJA_FLOAT_TOKEN:
        return true;
    default:
        return mn_jinja_at_operator(p, "[") || mn_jinja_at_operator(p, "{");
    }
}

static node *parse_test(mn_jinja_parser *p, node *n)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    bool negated = mn_jinja_skip_name(p, "not");
    node *test = mn_jinja_node_with(p, parse_dotted(p, MN_JINJA_TEST), n, NULL, NULL);
    if (!test) return NULL;
    test->function = mn_jinja_find_test(test->constant.string);
    if (mn_jinja_at_operator(p, "("))
        parse_arguments(p, test);
    else if (starts_test_argument(p)) {
        if (mn_jinja_at_name(p, "is"))
            return mn_jinja_parser_fail(p, line, "tests cannot be chained with 'is'");
        node *argument = parse_postfix(p, parse_primary(p));
        mn_jinja_node_append(p, test, argument);
    }
    return negated
               ? mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_NOT, line), test, NULL, NULL)
               : test;
}

static node *parse_filters(mn_jinja_parser *p, node *n)
{
    while (!mn_jinja_parser_failed(p)) {
        if (mn_jinja_skip_operator(p, "|"))
            n = mn_jinja_parse_filter(p, n);
        else if (mn_jinja_at_name(p, "is"))
            n = parse_test(p, n);
        else if (n && mn_jinja_at_operator(p, "("))
            n = parse_call(p, n);
        else
            break;
    }
    return n;
}

/* --- operators ----------------------------------------------------------------------------------
 */

static node *parse_unary_levels(mn_jinja_parser *p, bool with_filter)
{
    node *n;
    uint32_t line = p->current.line;
    if (mn_jinja_skip_operator(p, "-"))
        n = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_NEGATE, line),
                               parse_unary(p, false), NULL, NULL);
    else if (mn_jinja_skip_operator(p, "+"))
        n = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_PLUS, line), parse_unary(p, false),
                               NULL, NULL);
    else
        n = parse_primary(p);
    n = parse_postfix(p, n);
    return with_filter ? parse_filters(p, n) : n;
}

static node *parse_unary(mn_jinja_parser *p, bool with_filter)
{
    return mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? parse_unary_levels(p, with_filter)
                                                             : NULL);
}

typedef struct operator_row {
    const char *text;
    mn_jinja_operator op;
} operator_row;

/* Operators of one level, from left to right. */
static node *parse_level(mn_jinja_parser *p, node *(*parse_next)(mn_jinja_parser *),
                         const operator_row *rows, size_t n_rows)
{
    node *left = parse_next(p);
    for (size_t i = 0; i < n_rows && !mn_jinja_parser_failed(p); i++) {
        uint32_t line = p->current.line;
        if (!mn_jinja_skip_operator(p, rows[i].text)) continue;
        left = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_BINARY, line), left,
                                  parse_next(p), NULL);
        if (left) left->op = (uint8_t)rows[i].op;
        i = SIZE_MAX; /* again from the first row */
    }
    return left;
}

static node *parse_power_operand(mn_jinja_parser *p) { return parse_unary(p, true); }

static node *parse_power(mn_jinja_parser *p)
{
    static const operator_row rows[] = { { "**", MN_JINJA_POWER } };
    return parse_level(p, parse_power_operand, rows, 1);
}

static node *parse_product(mn_jinja_parser *p)
{
    static const operator_row rows[] = { { "*", MN_JINJA_MULTIPLY },
                                         { "/", MN_JINJA_DIVIDE },
                                         { "//", MN_JINJA_FLOOR_DIVIDE },
                                         { "%", MN_JINJA_REMAINDER } };
    return parse_level(p, parse_power, rows, 4);
}

static node *parse_concat(mn_jinja_parser *p)
{
    uint32_t line = p->current.line;
    node *first = parse_product(p);
    if (!mn_jinja_at_operator(p, "~")) return first;
    node *n = mn_jinja_node_make(p, MN_JINJA_CONCAT, line);
    mn_jinja_node_append(p, n, first);
    while (mn_jinja_skip_operator(p, "~")) mn_jinja_node_append(p, n, parse_product(p));
    return n;
}

static node *parse_sum(mn_jinja_parser *p)
{
    static const operator_row rows[] = { { "+", MN_JINJA_ADD }, { "-", MN_JINJA_SUBTRACT } };
    return parse_level(p, parse_concat, rows, 2);
}

/* The comparison that starts here; false if there is none. */
static bool skip_comparison(mn_jinja_parser *p, mn_jinja_operator *op)
{
    static const operator_row rows[] = {
        { "==", MN_JINJA_IS_EQUAL }, { "!=", MN_JINJA_NOT_EQUAL },
        { "<", MN_JINJA_LESS },      { "<=", MN_JINJA_LESS_EQUAL },
        { ">", MN_JINJA_GREATER },   { ">=", MN_JINJA_GREATER_EQUAL }
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!mn_jinja_skip_operator(p, rows[i].text)) continue;
        *op = rows[i].op;
        return true;
    }
    *op = MN_JINJA_IN;
    if (mn_jinja_skip_name(p, "in")) return true;
    if (!mn_jinja_at_name(p, "not") || !mn_jinja_token_is(&p->ahead, MN_JINJA_NAME, "in"))
        return false;
    mn_jinja_parser_advance(p);
    mn_jinja_parser_advance(p);
    *op = MN_JINJA_NOT_IN;
    return true;
}

static node *parse_compare(mn_jinja_parser *p)
{
    uint32_t line = p->current.line;
    mn_jinja_operator op;
    node *first = parse_sum(p), *n = NULL;
    while (!mn_jinja_parser_failed(p) && skip_comparison(p, &op)) {
        if (!n)
            n = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_COMPARE, line), first, NULL,
                                   NULL);
        node *step = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_COMPARE_WITH, line),
                                        parse_sum(p), NULL, NULL);
        if (step) step->op = (uint8_t)op;
        mn_jinja_node_append(p, n, step);
    }
    return n ? n : first;
}

static node *parse_not(mn_jinja_parser *p)
{
    uint32_t line = p->current.line;
    if (!mn_jinja_skip_name(p, "not")) return parse_compare(p);
    node *operand = mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? parse_not(p) : NULL);
    return mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_NOT, line), operand, NULL, NULL);
}

static node *parse_and(mn_jinja_parser *p)
{
    node *left = parse_not(p);
    while (mn_jinja_at_name(p, "and") && !mn_jinja_parser_failed(p)) {
        uint32_t line = mn_jinja_parser_advance(p).line;
        left = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_AND, line), left, parse_not(p),
                                  NULL);
    }
    return left;
}

static node *parse_or(mn_jinja_parser *p)
{
    node *left = parse_and(p);
    while (mn_jinja_at_name(p, "or") && !mn_jinja_parser_failed(p)) {
        uint32_t line = mn_jinja_parser_advance(p).line;
        left = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_OR, line), left, parse_and(p),
                                  NULL);
    }
    return left;
}

static node *parse_condition(mn_jinja_parser *p)
{
    node *n = parse_or(p);
    while (mn_jinja_at_name(p, "if") && !mn_jinja_parser_failed(p)) {
        uint32_t line = mn_jinja_parser_advance(p).line;
        node *test = parse_or(p);
        node *otherwise = mn_jinja_skip_name(p, "else") ? mn_jinja_parse_expression(p) : NULL;
        n = mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_CONDITION, line), n, test,
                               otherwise);
    }
    return n;
}

node *mn_jinja_parse_expression(mn_jinja_parser *p)
{
    return mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? parse_condition(p) : NULL);
}

/* --- targets of assignments ---------------------------------------------------------------------
 */

static bool assignable(const mn_jinja_parser *p, const node *n)
{
    if (n->kind == MN_JINJA_LOAD || n->kind == MN_JINJA_NAMESPACE_TARGET) return true;
    if (n->kind != MN_JINJA_MAKE_TUPLE) return false;
    for (uint32_t i = 0; i < n->n; i++)
        if (!assignable(p, n->list[i])) return false;
    return true;
}

static bool stores_loop(const mn_jinja_parser *p, const node *n)
{
    if (n->kind == MN_JINJA_LOAD)
        return mn_jinja_string_is(p->out->symbols.names[n->symbol], "loop");
    for (uint32_t i = 0; n->kind == MN_JINJA_MAKE_TUPLE && i < n->n; i++)
        if (stores_loop(p, n->list[i])) return true;
    return false;
}

node *mn_jinja_parse_target(mn_jinja_parser *p, const char *end, bool with_namespace)
{
    uint32_t line = p->current.line;
    p->in_target = with_namespace;
    unsigned n_macros = p->n_macros;
    p->n_macros = 0; /* storing a name is no use of it */
    node *target =
        mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ .simplified = true, .end = end });
    p->n_macros = n_macros;
    p->in_target = false;
    if (mn_jinja_parser_failed(p)) return NULL;
    if (!assignable(p, target)) return mn_jinja_parser_fail(p, line, "this cannot be assigned to");
    if ((end || p->in_any_loop) && stores_loop(p, target))
        return mn_jinja_parser_fail(p, line, "'loop' cannot be assigned to in a loop");
    return target;
}

node *mn_jinja_parse_name(mn_jinja_parser *p)
{
    token t = p->current;
    if (t.kind != MN_JINJA_NAME) return mn_jinja_parser_unexpected(p, "a name");
    mn_jinja_parser_advance(p);
    static const char *const reserved[] = { "true", "false", "none", "True", "False", "None" };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (mn_jinja_token_is(&t, MN_JINJA_NAME, reserved[i]))
            return mn_jinja_parser_fail(p, t.line, "this cannot be assigned to");
    return mn_jinja_node_name(p, &t);
}
