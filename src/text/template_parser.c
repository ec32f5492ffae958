/* SPDX-License-Identifier: Apache-2.0 */
/* template_parser.c - tokens to a tree, by recursive descent with Jinja's precedences. */
#include "text/template_syntax.h"
#include "text/template_run.h"
#include "text/template_string.h"

#include "base/error.h"

#include <string.h>

#define MAX_NESTING 128 /* of brackets, blocks and the like */
#define MAX_DEPTH 400   /* of the tree: chains of operators nest too */

typedef mn_jinja_node node;
typedef mn_jinja_token token;

typedef struct parser {
    mn_jinja_lexer lexer;
    struct mn_template *out;
    token current, ahead;
    unsigned nesting, n_loops, n_macros; /* loops and macros around this place */
    bool in_any_loop; /* also through a macro */
    bool in_target;
    uint8_t uses[MAX_NESTING + 1]; /* for each macro around: MN_JINJA_TAKES_* */
} parser;

static node *parse_expression(parser *p);
static node *parse_or(parser *p);
static node *parse_unary(parser *p, bool with_filter);
static node *parse_body(parser *p, const char *const *ends);

/* --- failing ------------------------------------------------------------------------------------ */

static bool failed(const parser *p)
{
    return p->lexer.status != MN_OK;
}

static node *fail_at(parser *p, uint32_t line, const char *what)
{
    if (!failed(p)) p->lexer.status = mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: %s", line, what);
    return NULL;
}

static void *out_of_memory(parser *p, size_t size_bytes)
{
    if (failed(p)) return NULL;
    if (p->out->arena.over_limit) fail_at(p, p->current.line, "the template is too large");
    else p->lexer.status = mn_fail_memory(p->lexer.error, size_bytes, "a template");
    return NULL;
}

static void *take(parser *p, size_t size_bytes)
{
    void *piece = failed(p) ? NULL : mn_jinja_arena_take(&p->out->arena, size_bytes);
    return piece ? piece : out_of_memory(p, size_bytes);
}

static const char *describe(const token *t, char out[64])
{
    static const char *const names[] = { "the end of the template", "text", "'{{'", "'}}'", "'{%'", "'%}'" };
    if (t->kind < MN_JINJA_NAME) return names[t->kind];
    size_t length = t->length < 40 ? t->length : 40;
    if (t->kind == MN_JINJA_STRING_TOKEN) return "a string";
    out[0] = out[length + 1] = '\'';
    memcpy(out + 1, t->text, length);
    out[length + 2] = '\0';
    return out;
}

static node *unexpected(parser *p, const char *expected)
{
    char found[64];
    if (!failed(p))
        p->lexer.status = mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: found %s, expected %s",
                                  p->current.line, describe(&p->current, found), expected);
    return NULL;
}

/* Counts one level of nesting; every true needs a leave(). */
static bool enter(parser *p)
{
    if (++p->nesting <= MAX_NESTING) return !failed(p);
    fail_at(p, p->current.line, "nested deeper than 128 levels");
    return false;
}

static void *leave(parser *p, void *result)
{
    p->nesting--;
    return failed(p) ? NULL : result;
}

/* --- tokens ------------------------------------------------------------------------------------- */

static token advance(parser *p)
{
    token t = p->current;
    p->current = p->ahead;
    p->ahead = mn_jinja_lexer_next(&p->lexer);
    return t;
}

static bool token_is(const token *t, mn_jinja_token_kind kind, const char *text)
{
    return t->kind == kind && t->length == strlen(text) && !memcmp(t->text, text, t->length);
}

static bool is_name(const parser *p, const char *name)
{
    return token_is(&p->current, MN_JINJA_NAME, name);
}

static bool is_operator(const parser *p, const char *text)
{
    return token_is(&p->current, MN_JINJA_OPERATOR, text);
}

static bool skip_name(parser *p, const char *name)
{
    bool found = is_name(p, name);
    if (found) advance(p);
    return found;
}

static bool skip_operator(parser *p, const char *text)
{
    bool found = is_operator(p, text);
    if (found) advance(p);
    return found;
}

static void expect_operator(parser *p, const char *text)
{
    char expected[8] = { '\'', text[0], '\'' };
    if (!skip_operator(p, text)) unexpected(p, expected);
}

static void expect_name(parser *p, const char *name)
{
    if (!skip_name(p, name)) unexpected(p, name);
}

/* --- nodes -------------------------------------------------------------------------------------- */

static node *make(parser *p, mn_jinja_node_kind kind, uint32_t line)
{
    node *n = take(p, sizeof *n);
    if (!n) return NULL;
    n->kind = (uint8_t)kind;
    n->line = line;
    n->depth = 1;
    return n;
}

static void deepen(parser *p, node *n, const node *child)
{
    if (!child || child->depth < n->depth) return;
    n->depth = child->depth + 1;
    if (n->depth > MAX_DEPTH) fail_at(p, n->line, "nested deeper than 400 operations");
}

static node *with(parser *p, node *n, node *a, node *b, node *c)
{
    if (!n || failed(p)) return NULL;
    n->a = a;
    n->b = b;
    n->c = c;
    deepen(p, n, a);
    deepen(p, n, b);
    deepen(p, n, c);
    return failed(p) ? NULL : n;
}

/* Appends to the list, whose room doubles whenever its length is a power of two. */
static void append(parser *p, node *n, node *child)
{
    if (failed(p) || !n) return;
    if (n->n >= 2 ? !(n->n & (n->n - 1)) : !n->n) {
        size_t room = n->n ? n->n : 1;
        node **list = mn_jinja_arena_grow(&p->out->arena, n->list, n->n * sizeof *list, room * 2 * sizeof *list);
        if (!list) {
            out_of_memory(p, room * 2 * sizeof *list);
            return;
        }
        n->list = list;
    }
    n->list[n->n++] = child;
    deepen(p, n, child);
}

static mn_jinja_value string_value(parser *p, const char *bytes, size_t length)
{
    mn_jinja_string *string = take(p, sizeof *string);
    if (!string) return mn_jinja_none();
    *string = (mn_jinja_string){ .data = bytes, .length = length, .n_chars = SIZE_MAX, .origin = MN_FROM_TEMPLATE };
    mn_jinja_string_count(string); /* now, since renderings only read it */
    return mn_jinja_text(string);
}

static node *constant(parser *p, mn_jinja_value value, uint32_t line)
{
    node *n = make(p, MN_JINJA_CONSTANT, line);
    if (n) n->constant = value;
    return n;
}

static node *string_node(parser *p, mn_jinja_node_kind kind, const token *t)
{
    node *n = make(p, kind, t->line);
    if (n) n->constant = string_value(p, t->text, t->length);
    return failed(p) ? NULL : n;
}

/* --- symbols ------------------------------------------------------------------------------------ */

static uint64_t name_hash(const char *name, size_t length)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)name[i]) * 0x100000001B3u;
    return hash;
}

static uint32_t *symbol_slot(mn_jinja_symbols *symbols, const char *name, size_t length)
{
    size_t i = name_hash(name, length) & (symbols->n_slots - 1);
    for (; symbols->slots[i]; i = (i + 1) & (symbols->n_slots - 1)) {
        const mn_jinja_string *known = symbols->names[symbols->slots[i] - 1];
        if (known->length == length && !memcmp(known->data, name, length)) break;
    }
    return &symbols->slots[i];
}

static bool symbols_grow(parser *p, mn_jinja_symbols *symbols)
{
    size_t capacity = symbols->capacity ? symbols->capacity * 2 : 32;
    mn_jinja_string **names = take(p, capacity * sizeof *names);
    uint32_t *slots = take(p, capacity * 2 * sizeof *slots);
    if (!names || !slots) return false;
    if (symbols->n) memcpy(names, symbols->names, symbols->n * sizeof *names);
    *symbols = (mn_jinja_symbols){ .names = names, .n = symbols->n, .capacity = capacity, .slots = slots,
                                   .n_slots = capacity * 2 };
    for (size_t i = 0; i < symbols->n; i++)
        *symbol_slot(symbols, names[i]->data, names[i]->length) = (uint32_t)i + 1;
    return true;
}

static uint32_t intern(parser *p, const char *name, size_t length)
{
    mn_jinja_symbols *symbols = &p->out->symbols;
    if (symbols->n == symbols->capacity && !symbols_grow(p, symbols)) return 0;
    uint32_t *slot = symbol_slot(symbols, name, length);
    if (*slot) return *slot - 1;
    mn_jinja_value string = string_value(p, name, length);
    if (failed(p)) return 0;
    symbols->names[symbols->n++] = string.string;
    return *slot = (uint32_t)symbols->n, *slot - 1;
}

static node *name_node(parser *p, const token *t)
{
    node *n = make(p, MN_JINJA_LOAD, t->line);
    if (n) n->symbol = intern(p, t->text, t->length);
    return n;
}

/* A macro takes `caller`, `kwargs` or `varargs` when its body names them. */
static void note_special(parser *p, const token *t)
{
    int use = token_is(t, MN_JINJA_NAME, "caller")    ? MN_JINJA_TAKES_CALLER
              : token_is(t, MN_JINJA_NAME, "kwargs")  ? MN_JINJA_TAKES_KEYWORDS
              : token_is(t, MN_JINJA_NAME, "varargs") ? MN_JINJA_TAKES_REST
                                                       : 0;
    for (unsigned i = 1; use && i <= p->n_macros; i++) p->uses[i] |= (uint8_t)use;
}

/* --- primary expressions ------------------------------------------------------------------------ */

typedef struct tuple_rules {
    bool simplified, no_condition, parentheses;
    const char *end; /* a name that ends the tuple too, or NULL */
} tuple_rules;

static node *parse_tuple(parser *p, tuple_rules rules);

static node *parse_name(parser *p)
{
    token t = advance(p);
    if (token_is(&t, MN_JINJA_NAME, "true") || token_is(&t, MN_JINJA_NAME, "True"))
        return constant(p, mn_jinja_bool(true), t.line);
    if (token_is(&t, MN_JINJA_NAME, "false") || token_is(&t, MN_JINJA_NAME, "False"))
        return constant(p, mn_jinja_bool(false), t.line);
    if (token_is(&t, MN_JINJA_NAME, "none") || token_is(&t, MN_JINJA_NAME, "None"))
        return constant(p, mn_jinja_none(), t.line);
    node *n = name_node(p, &t);
    if (p->in_target && is_operator(p, ".")) {
        advance(p);
        if (p->current.kind != MN_JINJA_NAME) return unexpected(p, "the name of an attribute");
        token attribute = advance(p);
        if (n) n->kind = MN_JINJA_NAMESPACE_TARGET;
        if (n) n->constant = string_value(p, attribute.text, attribute.length);
    } else if (!p->in_target) note_special(p, &t);
    return n;
}

/* Strings that follow one another are one string. */
static node *parse_string(parser *p)
{
    token t = advance(p);
    while (p->current.kind == MN_JINJA_STRING_TOKEN && !failed(p)) {
        token more = advance(p);
        char *joined = take(p, t.length + more.length);
        if (!joined) return NULL;
        memcpy(joined, t.text, t.length);
        memcpy(joined + t.length, more.text, more.length);
        t.text = joined;
        t.length += more.length;
    }
    return string_node(p, MN_JINJA_CONSTANT, &t);
}

static node *parse_list(parser *p)
{
    node *n = make(p, MN_JINJA_MAKE_LIST, advance(p).line);
    while (!is_operator(p, "]") && !failed(p)) {
        if (n && n->n) expect_operator(p, ",");
        if (is_operator(p, "]")) break;
        append(p, n, parse_expression(p));
    }
    expect_operator(p, "]");
    return n;
}

static node *parse_dict(parser *p)
{
    node *n = make(p, MN_JINJA_MAKE_DICT, advance(p).line);
    while (!is_operator(p, "}") && !failed(p)) {
        if (n && n->n) expect_operator(p, ",");
        if (is_operator(p, "}")) break;
        append(p, n, parse_expression(p));
        expect_operator(p, ":");
        append(p, n, parse_expression(p));
    }
    expect_operator(p, "}");
    return n;
}

static node *parse_primary(parser *p)
{
    token t = p->current;
    if (failed(p)) return NULL;
    switch (t.kind) {
    case MN_JINJA_NAME: return parse_name(p);
    case MN_JINJA_STRING_TOKEN: return parse_string(p);
    case MN_JINJA_INTEGER_TOKEN:
        advance(p);
        return constant(p, mn_jinja_int(t.integer, MN_FROM_TEMPLATE), t.line);
    case MN_JINJA_FLOAT_TOKEN:
        advance(p);
        return constant(p, mn_jinja_float(t.real, MN_FROM_TEMPLATE), t.line);
    default: break;
    }
    if (skip_operator(p, "(")) {
        bool in_target = p->in_target;
        p->in_target = false;
        node *n = parse_tuple(p, (tuple_rules){ .parentheses = true });
        p->in_target = in_target;
        expect_operator(p, ")");
        return n;
    }
    if (is_operator(p, "[")) return parse_list(p);
    if (is_operator(p, "{")) return parse_dict(p);
    return unexpected(p, "an expression");
}

static bool at_tuple_end(const parser *p, const char *end)
{
    return p->current.kind == MN_JINJA_VARIABLE_END || p->current.kind == MN_JINJA_BLOCK_END
           || is_operator(p, ")") || (end && is_name(p, end));
}

static node *parse_tuple_items(parser *p, tuple_rules rules)
{
    node *tuple = make(p, MN_JINJA_MAKE_TUPLE, p->current.line);
    bool is_tuple = false;
    while (!failed(p)) {
        if (tuple->n) expect_operator(p, ",");
        if (at_tuple_end(p, rules.end)) break;
        append(p, tuple, rules.simplified     ? parse_primary(p)
                         : rules.no_condition ? parse_or(p)
                                              : parse_expression(p));
        if (!is_operator(p, ",")) break;
        is_tuple = true;
    }
    if (failed(p)) return NULL;
    if (!is_tuple && tuple->n) return tuple->list[0];
    if (!is_tuple && !rules.parentheses) return unexpected(p, "an expression");
    return tuple;
}

static node *parse_tuple(parser *p, tuple_rules rules)
{
    return leave(p, enter(p) ? parse_tuple_items(p, rules) : NULL);
}

/* --- what may follow an expression -------------------------------------------------------------- */

static node *parse_argument(parser *p, int *stage)
{
    uint32_t line = p->current.line;
    bool one = is_operator(p, "*"), two = is_operator(p, "**");
    if (one || two) {
        if (*stage >= (one ? 2 : 3)) return fail_at(p, line, "the arguments of a call are out of order");
        *stage = one ? 2 : 3;
        advance(p);
        return with(p, make(p, one ? MN_JINJA_STAR : MN_JINJA_STAR_STAR, line), parse_expression(p), NULL, NULL);
    }
    if (p->current.kind == MN_JINJA_NAME && token_is(&p->ahead, MN_JINJA_OPERATOR, "=")) {
        if (*stage == 3) return fail_at(p, line, "the arguments of a call are out of order");
        if (*stage < 1) *stage = 1;
        token name = advance(p);
        advance(p);
        node *n = string_node(p, MN_JINJA_KEYWORD, &name);
        return with(p, n, parse_expression(p), NULL, NULL);
    }
    if (*stage) return fail_at(p, line, "the arguments of a call are out of order");
    return parse_expression(p);
}

static bool same_keyword(const node *a, const node *b)
{
    return a->kind == MN_JINJA_KEYWORD && b->kind == MN_JINJA_KEYWORD
           && mn_jinja_string_equal(a->constant.string, b->constant.string);
}

static void check_keywords(parser *p, const node *n)
{
    if (n->n > 256) fail_at(p, n->line, "a call has more than 256 arguments");
    for (uint32_t i = 0; i < n->n && !failed(p); i++)
        for (uint32_t k = 0; k < i; k++)
            if (same_keyword(n->list[i], n->list[k])) fail_at(p, n->line, "an argument is named twice in a call");
}

/* Appends the arguments in parentheses to `n`'s list. */
static void parse_arguments(parser *p, node *n)
{
    int stage = 0; /* 0: positions, 1: names, 2: after *, 3: after ** */
    bool more = false;
    if (!enter(p)) n = NULL;
    expect_operator(p, "(");
    while (!is_operator(p, ")") && !failed(p)) {
        if (more) {
            expect_operator(p, ",");
            if (is_operator(p, ")")) break;
        }
        append(p, n, parse_argument(p, &stage));
        more = true;
    }
    expect_operator(p, ")");
    if (leave(p, n)) check_keywords(p, n);
}

static node *parse_call(parser *p, node *called)
{
    node *n = with(p, make(p, MN_JINJA_CALL, p->current.line), called, NULL, NULL);
    parse_arguments(p, n);
    return n;
}

/* One part of a subscript: an expression, or up to three joined by colons. */
static node *parse_subscribed(parser *p)
{
    node *parts[3] = { NULL }, *n;
    uint32_t line = p->current.line;
    size_t part = 0;
    if (!is_operator(p, ":")) {
        parts[0] = parse_expression(p);
        if (!is_operator(p, ":")) return parts[0];
    }
    while (part < 2 && skip_operator(p, ":")) {
        part++;
        if (!is_operator(p, ":") && !is_operator(p, "]") && !is_operator(p, ",")) parts[part] = parse_expression(p);
    }
    n = make(p, MN_JINJA_SLICE, line);
    for (size_t i = 0; i < 3; i++) append(p, n, parts[i]);
    return n;
}

static node *parse_subscript(parser *p, node *target)
{
    uint32_t line = advance(p).line;
    node *only = NULL, *tuple = make(p, MN_JINJA_MAKE_TUPLE, line);
    while (!is_operator(p, "]") && !failed(p)) {
        if (only) expect_operator(p, ",");
        only = parse_subscribed(p);
        append(p, tuple, only);
    }
    expect_operator(p, "]");
    if (failed(p)) return NULL;
    if (tuple->n == 1 && only->kind == MN_JINJA_SLICE) return with(p, only, target, NULL, NULL);
    for (uint32_t i = 0; i < tuple->n; i++)
        if (tuple->list[i]->kind == MN_JINJA_SLICE) return fail_at(p, line, "a slice must be alone in its brackets");
    return with(p, make(p, MN_JINJA_ITEM, line), target, tuple->n == 1 ? only : tuple, NULL);
}

static node *parse_attribute(parser *p, node *target)
{
    uint32_t line = advance(p).line;
    token t = p->current;
    if (t.kind == MN_JINJA_NAME) {
        advance(p);
        return with(p, string_node(p, MN_JINJA_ATTRIBUTE, &t), target, NULL, NULL);
    }
    if (t.kind != MN_JINJA_INTEGER_TOKEN) return unexpected(p, "a name or a number after '.'");
    advance(p);
    node *index = constant(p, mn_jinja_int(t.integer, MN_FROM_TEMPLATE), t.line);
    return with(p, make(p, MN_JINJA_ITEM, line), target, index, NULL);
}

static node *parse_postfix(parser *p, node *n)
{
    while (!failed(p)) {
        if (is_operator(p, ".")) n = parse_attribute(p, n);
        else if (is_operator(p, "[")) n = leave(p, enter(p) ? parse_subscript(p, n) : NULL);
        else if (is_operator(p, "(")) n = parse_call(p, n);
        else break;
    }
    return n;
}

/* A name that may have dots, as a constant of a new node. */
static node *parse_dotted(parser *p, mn_jinja_node_kind kind)
{
    token t = p->current;
    if (t.kind != MN_JINJA_NAME) return unexpected(p, "a name");
    advance(p);
    if (is_operator(p, ".")) return fail_at(p, t.line, "filters and tests with a dotted name do not exist");
    return string_node(p, kind, &t);
}

/* A filter behind its '|' (or at the start of a filter block) applied to `n`. */
static node *parse_one_filter(parser *p, node *n)
{
    node *filter = with(p, parse_dotted(p, MN_JINJA_FILTER), n, NULL, NULL);
    if (!filter) return NULL;
    filter->function = mn_jinja_find_filter(filter->constant.string);
    if (is_operator(p, "(")) parse_arguments(p, filter);
    return filter;
}

static bool starts_test_argument(const parser *p)
{
    switch (p->current.kind) {
    case MN_JINJA_NAME: return !is_name(p, "else") && !is_name(p, "or") && !is_name(p, "and");
    case MN_JINJA_STRING_TOKEN:
    case MN_JINJA_INTEGER_TOKEN:
    case MN_JINJA_FLOAT_TOKEN: return true;
    default: return is_operator(p, "[") || is_operator(p, "{");
    }
}

static node *parse_test(parser *p, node *n)
{
    uint32_t line = advance(p).line;
    bool negated = skip_name(p, "not");
    node *test = with(p, parse_dotted(p, MN_JINJA_TEST), n, NULL, NULL);
    if (!test) return NULL;
    test->function = mn_jinja_find_test(test->constant.string);
    if (is_operator(p, "(")) parse_arguments(p, test);
    else if (starts_test_argument(p)) {
        if (is_name(p, "is")) return fail_at(p, line, "tests cannot be chained with 'is'");
        node *argument = parse_postfix(p, parse_primary(p));
        append(p, test, argument);
    }
    return negated ? with(p, make(p, MN_JINJA_NOT, line), test, NULL, NULL) : test;
}

static node *parse_filters(parser *p, node *n)
{
    while (!failed(p)) {
        if (skip_operator(p, "|")) n = parse_one_filter(p, n);
        else if (is_name(p, "is")) n = parse_test(p, n);
        else if (n && is_operator(p, "(")) n = parse_call(p, n);
        else break;
    }
    return n;
}

/* --- operators ---------------------------------------------------------------------------------- */

static node *parse_unary_levels(parser *p, bool with_filter)
{
    node *n;
    uint32_t line = p->current.line;
    if (skip_operator(p, "-")) n = with(p, make(p, MN_JINJA_NEGATE, line), parse_unary(p, false), NULL, NULL);
    else if (skip_operator(p, "+")) n = with(p, make(p, MN_JINJA_PLUS, line), parse_unary(p, false), NULL, NULL);
    else n = parse_primary(p);
    n = parse_postfix(p, n);
    return with_filter ? parse_filters(p, n) : n;
}

static node *parse_unary(parser *p, bool with_filter)
{
    return leave(p, enter(p) ? parse_unary_levels(p, with_filter) : NULL);
}

typedef struct operator_row {
    const char *text;
    mn_jinja_operator op;
} operator_row;

/* Operators of one level, from left to right. */
static node *parse_level(parser *p, node *(*parse_next)(parser *), const operator_row *rows, size_t n_rows)
{
    node *left = parse_next(p);
    for (size_t i = 0; i < n_rows && !failed(p); i++) {
        uint32_t line = p->current.line;
        if (!skip_operator(p, rows[i].text)) continue;
        left = with(p, make(p, MN_JINJA_BINARY, line), left, parse_next(p), NULL);
        if (left) left->op = (uint8_t)rows[i].op;
        i = SIZE_MAX; /* again from the first row */
    }
    return left;
}

static node *parse_power_operand(parser *p)
{
    return parse_unary(p, true);
}

static node *parse_power(parser *p)
{
    static const operator_row rows[] = { { "**", MN_JINJA_POWER } };
    return parse_level(p, parse_power_operand, rows, 1);
}

static node *parse_product(parser *p)
{
    static const operator_row rows[] = { { "*", MN_JINJA_MULTIPLY }, { "/", MN_JINJA_DIVIDE },
                                         { "//", MN_JINJA_FLOOR_DIVIDE }, { "%", MN_JINJA_REMAINDER } };
    return parse_level(p, parse_power, rows, 4);
}

static node *parse_concat(parser *p)
{
    uint32_t line = p->current.line;
    node *first = parse_product(p);
    if (!is_operator(p, "~")) return first;
    node *n = make(p, MN_JINJA_CONCAT, line);
    append(p, n, first);
    while (skip_operator(p, "~")) append(p, n, parse_product(p));
    return n;
}

static node *parse_sum(parser *p)
{
    static const operator_row rows[] = { { "+", MN_JINJA_ADD }, { "-", MN_JINJA_SUBTRACT } };
    return parse_level(p, parse_concat, rows, 2);
}

/* The comparison that starts here; false if there is none. */
static bool skip_comparison(parser *p, mn_jinja_operator *op)
{
    static const operator_row rows[] = { { "==", MN_JINJA_IS_EQUAL }, { "!=", MN_JINJA_NOT_EQUAL },
                                         { "<", MN_JINJA_LESS },      { "<=", MN_JINJA_LESS_EQUAL },
                                         { ">", MN_JINJA_GREATER },   { ">=", MN_JINJA_GREATER_EQUAL } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!skip_operator(p, rows[i].text)) continue;
        *op = rows[i].op;
        return true;
    }
    *op = MN_JINJA_IN;
    if (skip_name(p, "in")) return true;
    if (!is_name(p, "not") || !token_is(&p->ahead, MN_JINJA_NAME, "in")) return false;
    advance(p);
    advance(p);
    *op = MN_JINJA_NOT_IN;
    return true;
}

static node *parse_compare(parser *p)
{
    uint32_t line = p->current.line;
    mn_jinja_operator op;
    node *first = parse_sum(p), *n = NULL;
    while (!failed(p) && skip_comparison(p, &op)) {
        if (!n) n = with(p, make(p, MN_JINJA_COMPARE, line), first, NULL, NULL);
        node *step = with(p, make(p, MN_JINJA_COMPARE_WITH, line), parse_sum(p), NULL, NULL);
        if (step) step->op = (uint8_t)op;
        append(p, n, step);
    }
    return n ? n : first;
}

static node *parse_not(parser *p)
{
    uint32_t line = p->current.line;
    if (!skip_name(p, "not")) return parse_compare(p);
    node *operand = leave(p, enter(p) ? parse_not(p) : NULL);
    return with(p, make(p, MN_JINJA_NOT, line), operand, NULL, NULL);
}

static node *parse_and(parser *p)
{
    node *left = parse_not(p);
    while (is_name(p, "and") && !failed(p)) {
        uint32_t line = advance(p).line;
        left = with(p, make(p, MN_JINJA_AND, line), left, parse_not(p), NULL);
    }
    return left;
}

static node *parse_or(parser *p)
{
    node *left = parse_and(p);
    while (is_name(p, "or") && !failed(p)) {
        uint32_t line = advance(p).line;
        left = with(p, make(p, MN_JINJA_OR, line), left, parse_and(p), NULL);
    }
    return left;
}

static node *parse_condition(parser *p)
{
    node *n = parse_or(p);
    while (is_name(p, "if") && !failed(p)) {
        uint32_t line = advance(p).line;
        node *test = parse_or(p);
        node *otherwise = skip_name(p, "else") ? parse_expression(p) : NULL;
        n = with(p, make(p, MN_JINJA_CONDITION, line), n, test, otherwise);
    }
    return n;
}

static node *parse_expression(parser *p)
{
    return leave(p, enter(p) ? parse_condition(p) : NULL);
}

/* --- targets of assignments --------------------------------------------------------------------- */

static bool assignable(const parser *p, const node *n)
{
    if (n->kind == MN_JINJA_LOAD || n->kind == MN_JINJA_NAMESPACE_TARGET) return true;
    if (n->kind != MN_JINJA_MAKE_TUPLE) return false;
    for (uint32_t i = 0; i < n->n; i++)
        if (!assignable(p, n->list[i])) return false;
    return true;
}

static bool stores_loop(const parser *p, const node *n)
{
    if (n->kind == MN_JINJA_LOAD) return mn_jinja_string_is(p->out->symbols.names[n->symbol], "loop");
    for (uint32_t i = 0; n->kind == MN_JINJA_MAKE_TUPLE && i < n->n; i++)
        if (stores_loop(p, n->list[i])) return true;
    return false;
}

static node *parse_target(parser *p, const char *end, bool with_namespace)
{
    uint32_t line = p->current.line;
    p->in_target = with_namespace;
    unsigned n_macros = p->n_macros;
    p->n_macros = 0; /* storing a name is no use of it */
    node *target = parse_tuple(p, (tuple_rules){ .simplified = true, .end = end });
    p->n_macros = n_macros;
    p->in_target = false;
    if (failed(p)) return NULL;
    if (!assignable(p, target)) return fail_at(p, line, "this cannot be assigned to");
    if ((end || p->in_any_loop) && stores_loop(p, target)) return fail_at(p, line, "'loop' cannot be assigned to in a loop");
    return target;
}

static node *parse_plain_name(parser *p)
{
    token t = p->current;
    if (t.kind != MN_JINJA_NAME) return unexpected(p, "a name");
    advance(p);
    static const char *const reserved[] = { "true", "false", "none", "True", "False", "None" };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (token_is(&t, MN_JINJA_NAME, reserved[i])) return fail_at(p, t.line, "this cannot be assigned to");
    return name_node(p, &t);
}

/* --- statements --------------------------------------------------------------------------------- */

/* The body up to one of `ends`, which stays the current token. */
static node *parse_block_body(parser *p, const char *const *ends)
{
    skip_operator(p, ":");
    if (p->current.kind != MN_JINJA_BLOCK_END) return unexpected(p, "'%}'");
    advance(p);
    return leave(p, enter(p) ? parse_body(p, ends) : NULL);
}

/* The body up to `end`, which is skipped. */
static node *parse_body_until(parser *p, const char *end)
{
    node *body = parse_block_body(p, (const char *const[]){ end, NULL });
    if (!failed(p)) advance(p);
    return body;
}

static node *parse_if(parser *p)
{
    static const char *const ends[] = { "elif", "else", "endif", NULL };
    node *n = make(p, MN_JINJA_IF, advance(p).line);
    while (!failed(p)) {
        append(p, n, parse_tuple(p, (tuple_rules){ .no_condition = true }));
        append(p, n, parse_block_body(p, ends));
        if (skip_name(p, "elif")) continue;
        if (skip_name(p, "else")) return with(p, n, NULL, NULL, parse_body_until(p, "endif"));
        if (!failed(p)) advance(p);
        break;
    }
    return n;
}

static node *parse_for(parser *p)
{
    static const char *const ends[] = { "endfor", "else", NULL };
    node *n = make(p, MN_JINJA_FOR, advance(p).line), *target, *source, *test = NULL;
    target = parse_target(p, "in", false);
    expect_name(p, "in");
    source = parse_tuple(p, (tuple_rules){ .no_condition = true, .end = "recursive" });
    if (skip_name(p, "if")) test = parse_expression(p);
    n = with(p, n, target, source, test);
    if (n) n->flag = skip_name(p, "recursive");
    bool in_any_loop = p->in_any_loop;
    p->n_loops++;
    p->in_any_loop = true;
    append(p, n, parse_block_body(p, ends));
    p->n_loops--;
    if (skip_name(p, "else")) append(p, n, parse_body_until(p, "endfor"));
    else if (!failed(p)) advance(p);
    p->in_any_loop = in_any_loop;
    return n;
}

static node *parse_set(parser *p)
{
    uint32_t line = advance(p).line;
    node *target = parse_target(p, NULL, true), *filter = NULL;
    if (skip_operator(p, "="))
        return with(p, make(p, MN_JINJA_SET, line), target, parse_tuple(p, (tuple_rules){ 0 }), NULL);
    while (skip_operator(p, "|")) filter = parse_one_filter(p, filter);
    node *n = make(p, MN_JINJA_SET_BLOCK, line);
    return with(p, n, target, filter, parse_body_until(p, "endset"));
}

static void parse_signature(parser *p, node *macro)
{
    bool defaults = false;
    expect_operator(p, "(");
    while (!is_operator(p, ")") && !failed(p)) {
        if (macro && macro->n) expect_operator(p, ",");
        node *argument = parse_plain_name(p);
        if (skip_operator(p, "=")) {
            argument = with(p, argument, parse_expression(p), NULL, NULL);
            defaults = true;
        } else if (defaults) unexpected(p, "a default value, as the argument before has one");
        append(p, macro, argument);
    }
    expect_operator(p, ")");
    if (macro && macro->n > 128) fail_at(p, macro->line, "a macro has more than 128 arguments");
}

static bool has_argument(const parser *p, const node *macro, const char *name, bool *has_default)
{
    for (uint32_t i = 0; i < macro->n; i++) {
        if (!mn_jinja_string_is(p->out->symbols.names[macro->list[i]->symbol], name)) continue;
        *has_default = macro->list[i]->a != NULL;
        return true;
    }
    return false;
}

/* The body of a macro or a caller; finds out which of the special names it takes. */
static node *parse_macro_body(parser *p, node *macro, const char *end)
{
    unsigned n_loops = p->n_loops;
    bool has_default = false;
    if (failed(p)) return NULL;
    if (p->n_macros == MAX_NESTING) return fail_at(p, macro->line, "macros are nested deeper than 128 levels");
    p->n_loops = 0;
    p->uses[++p->n_macros] = 0;
    node *body = parse_body_until(p, end);
    macro->special = p->uses[p->n_macros--];
    p->n_loops = n_loops;
    if (failed(p)) return NULL;
    if (has_argument(p, macro, "kwargs", &has_default)) macro->special &= (uint8_t)~MN_JINJA_TAKES_KEYWORDS;
    if (has_argument(p, macro, "varargs", &has_default)) macro->special &= (uint8_t)~MN_JINJA_TAKES_REST;
    if ((macro->special & MN_JINJA_TAKES_CALLER) && has_argument(p, macro, "caller", &has_default) && !has_default)
        return fail_at(p, macro->line, "the argument 'caller' needs a default value");
    return with(p, macro, NULL, NULL, body);
}

static node *parse_macro(parser *p)
{
    node *n = make(p, MN_JINJA_MACRO_NODE, advance(p).line), *name = parse_plain_name(p);
    if (n && name) n->symbol = name->symbol;
    parse_signature(p, n);
    return parse_macro_body(p, n, "endmacro");
}

static node *parse_call_block(parser *p)
{
    uint32_t line = advance(p).line;
    node *n = make(p, MN_JINJA_CALL_BLOCK, line), *caller = make(p, MN_JINJA_MACRO_NODE, line);
    if (caller) caller->symbol = intern(p, "caller", 6);
    if (is_operator(p, "(")) parse_signature(p, caller);
    node *call = parse_expression(p);
    if (call && call->kind != MN_JINJA_CALL) return fail_at(p, line, "expected a call");
    caller = parse_macro_body(p, caller, "endcall");
    return with(p, n, call, caller, NULL);
}

static node *parse_filter_block(parser *p)
{
    uint32_t line = advance(p).line;
    node *filter = parse_one_filter(p, NULL), *n = make(p, MN_JINJA_FILTER_BLOCK, line);
    while (skip_operator(p, "|")) filter = parse_one_filter(p, filter);
    return with(p, n, NULL, filter, parse_body_until(p, "endfilter"));
}

static node *parse_with(parser *p)
{
    node *n = make(p, MN_JINJA_WITH, advance(p).line);
    while (p->current.kind != MN_JINJA_BLOCK_END && !failed(p)) {
        if (n->n) expect_operator(p, ",");
        bool in_any_loop = p->in_any_loop;
        p->in_any_loop = false;
        append(p, n, parse_target(p, NULL, false));
        p->in_any_loop = in_any_loop;
        expect_operator(p, "=");
        append(p, n, parse_expression(p));
    }
    return with(p, n, NULL, NULL, parse_body_until(p, "endwith"));
}

static node *parse_print(parser *p)
{
    node *n = make(p, MN_JINJA_PRINT, advance(p).line);
    while (p->current.kind != MN_JINJA_BLOCK_END && !failed(p)) {
        if (n->n) expect_operator(p, ",");
        append(p, n, parse_expression(p));
    }
    return n;
}

static node *parse_block(parser *p)
{
    node *n = make(p, MN_JINJA_BLOCK, advance(p).line), *name = parse_plain_name(p);
    if (!n || !name) return NULL;
    n->symbol = name->symbol;
    n->flag = skip_name(p, "scoped");
    if (is_name(p, "required")) return fail_at(p, n->line, "required blocks are not supported");
    unsigned n_loops = p->n_loops;
    p->n_loops = 0;
    node *body = parse_body_until(p, "endblock");
    p->n_loops = n_loops;
    const mn_jinja_string *spelled = p->out->symbols.names[n->symbol];
    if (p->current.kind == MN_JINJA_NAME && p->current.length == spelled->length
             && !memcmp(p->current.text, spelled->data, spelled->length)) advance(p);
    return with(p, n, NULL, NULL, body);
}

static node *parse_generation(parser *p)
{
    node *n = make(p, MN_JINJA_GENERATION, advance(p).line);
    unsigned n_loops = p->n_loops;
    p->n_loops = 0;
    node *body = parse_body_until(p, "endgeneration");
    p->n_loops = n_loops;
    return with(p, n, NULL, NULL, body);
}

/* Only `autoescape false`: that is how templates are rendered anyway. */
static node *parse_autoescape(parser *p)
{
    node *n = make(p, MN_JINJA_WITH, advance(p).line), *setting = parse_expression(p);
    if (failed(p)) return NULL;
    if (setting->kind != MN_JINJA_CONSTANT || setting->constant.kind != MN_JINJA_BOOL || setting->constant.truth)
        return fail_at(p, n->line, "escaping of HTML cannot be switched on");
    return with(p, n, NULL, NULL, parse_body_until(p, "endautoescape"));
}

static node *parse_jump(parser *p)
{
    mn_jinja_node_kind kind = is_name(p, "break") ? MN_JINJA_BREAK : MN_JINJA_CONTINUE;
    uint32_t line = advance(p).line;
    if (!p->n_loops) return fail_at(p, line, "'break' and 'continue' belong in a loop");
    return make(p, kind, line);
}

static node *parse_unsupported(parser *p)
{
    if (!failed(p))
        p->lexer.status = mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: '%.*s' is not supported",
                                  p->current.line, (int)p->current.length, p->current.text);
    return NULL;
}

static const struct statement_row {
    const char *name;
    node *(*parse)(parser *p);
} statements[] = {
    { "if", parse_if },           { "for", parse_for },
    { "set", parse_set },         { "macro", parse_macro },
    { "call", parse_call_block }, { "filter", parse_filter_block },
    { "with", parse_with },       { "print", parse_print },
    { "block", parse_block },     { "generation", parse_generation },
    { "break", parse_jump },      { "continue", parse_jump },
    { "extends", parse_unsupported }, { "include", parse_unsupported },
    { "import", parse_unsupported },  { "from", parse_unsupported },
    { "autoescape", parse_autoescape },
};

static node *parse_statement(parser *p)
{
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (!is_name(p, statements[i].name)) continue;
        node *n = statements[i].parse(p);
        if (!failed(p) && p->current.kind != MN_JINJA_BLOCK_END) return unexpected(p, "'%}'");
        advance(p);
        return n;
    }
    return p->current.kind == MN_JINJA_NAME ? unexpected(p, "a tag that exists here") : unexpected(p, "a tag");
}

static bool at_end(const parser *p, const char *const *ends)
{
    for (; ends && *ends; ends++)
        if (is_name(p, *ends)) return true;
    return false;
}

/* Everything up to the end of the template or, in a block, up to one of `ends`. */
static node *parse_body(parser *p, const char *const *ends)
{
    node *body = make(p, MN_JINJA_BODY, p->current.line);
    while (!failed(p) && p->current.kind != MN_JINJA_END) {
        if (p->current.kind == MN_JINJA_DATA) {
            token t = advance(p);
            append(p, body, string_node(p, MN_JINJA_WRITE, &t));
        } else if (p->current.kind == MN_JINJA_VARIABLE_BEGIN) {
            node *print = make(p, MN_JINJA_PRINT, advance(p).line);
            append(p, print, parse_tuple(p, (tuple_rules){ 0 }));
            append(p, body, print);
            if (p->current.kind != MN_JINJA_VARIABLE_END) return unexpected(p, "'}}'");
            advance(p);
        } else {
            advance(p);
            if (at_end(p, ends)) return body;
            append(p, body, parse_statement(p));
        }
    }
    if (ends) {
        char expected[64] = "'";
        unexpected(p, strcat(strcat(expected, *ends), "' before it"));
    }
    return body;
}

/* --- what can only be seen in the whole tree ------------------------------------------------------ */

/* A filter or test that does not exist is an error at once, save directly in an `if` or an inline
 * if, where it is one only when it is reached. */
static bool check(parser *p, const node *n, bool soft);

static bool check_list(parser *p, const node *n, bool soft)
{
    for (uint32_t i = 0; i < n->n; i++)
        if (!check(p, n->list[i], soft)) return false;
    return true;
}

static bool check(parser *p, const node *n, bool soft)
{
    if (!n) return true;
    if ((n->kind == MN_JINJA_FILTER || n->kind == MN_JINJA_TEST) && !n->function && !soft) {
        p->lexer.status = mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: there is no %s '%.*s'", n->line,
                                  n->kind == MN_JINJA_FILTER ? "filter" : "test", (int)n->constant.string->length,
                                  n->constant.string->data);
        return false;
    }
    switch (n->kind) {
    case MN_JINJA_IF:
    case MN_JINJA_CONDITION: soft = true; break;
    case MN_JINJA_FOR: return check(p, n->b, soft) && check(p, n->c, false) && check_list(p, n, false);
    case MN_JINJA_CALL_BLOCK: return check(p, n->a, soft) && check(p, n->b, false);
    case MN_JINJA_MACRO_NODE:
    case MN_JINJA_FILTER_BLOCK:
    case MN_JINJA_SET_BLOCK:
    case MN_JINJA_GENERATION:
    case MN_JINJA_BLOCK: soft = false; break;
    case MN_JINJA_WITH: return check_list(p, n, soft) && check(p, n->c, false);
    default: break;
    }
    return check(p, n->a, soft) && check(p, n->b, soft) && check(p, n->c, soft) && check_list(p, n, soft);
}

mn_status mn_jinja_parse(struct mn_template *out, const char *source, size_t length, mn_error *error)
{
    parser p = { .out = out };
    mn_jinja_lexer_init(&p.lexer, &out->arena, source, length, error);
    p.current = mn_jinja_lexer_next(&p.lexer);
    p.ahead = mn_jinja_lexer_next(&p.lexer);
    static const char *const first[] = { "loop", "caller", "kwargs", "varargs" };
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) intern(&p, first[i], strlen(first[i]));
    out->body = parse_body(&p, NULL);
    if (!failed(&p)) check(&p, out->body, false);
    return p.lexer.status;
}
