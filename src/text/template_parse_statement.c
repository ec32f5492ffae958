/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse_statement.c - the part of the parser that reads statements: one row for each tag.
 */
#include "text/template_parser.h"
#include "text/template_run.h"
#include "text/template_string.h"

#include "base/error.h"

#include <string.h>

typedef mn_jinja_node node;
typedef mn_jinja_token token;

/* --- statements ---------------------------------------------------------------------------------
 */

/* The body up to one of `ends`, which stays the current token. */
static node *parse_block_body(mn_jinja_parser *p, const char *const *ends)
{
    mn_jinja_skip_operator(p, ":");
    if (p->current.kind != MN_JINJA_BLOCK_END) return mn_jinja_parser_unexpected(p, "'%}'");
    mn_jinja_parser_advance(p);
    return mn_jinja_parser_leave(p, mn_jinja_parser_enter(p) ? mn_jinja_parse_body(p, ends) : NULL);
}

/* The body up to `end`, which is skipped. */
static node *parse_body_until(mn_jinja_parser *p, const char *end)
{
    node *body = parse_block_body(p, (const char *const[]){ end, NULL });
    if (!mn_jinja_parser_failed(p)) mn_jinja_parser_advance(p);
    return body;
}

static node *parse_if(mn_jinja_parser *p)
{
    static const char *const ends[] = { "elif", "else", "endif", NULL };
    node *n = mn_jinja_node_make(p, MN_JINJA_IF, mn_jinja_parser_advance(p).line);
    while (!mn_jinja_parser_failed(p)) {
        mn_jinja_node_append(
            p, n, mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ .no_condition = true }));
        mn_jinja_node_append(p, n, parse_block_body(p, ends));
        if (mn_jinja_skip_name(p, "elif")) continue;
        if (mn_jinja_skip_name(p, "else"))
            return mn_jinja_node_with(p, n, NULL, NULL, parse_body_until(p, "endif"));
        if (!mn_jinja_parser_failed(p)) mn_jinja_parser_advance(p);
        break;
    }
    return n;
}

static node *parse_for(mn_jinja_parser *p)
{
    static const char *const ends[] = { "endfor", "else", NULL };
    node *n = mn_jinja_node_make(p, MN_JINJA_FOR, mn_jinja_parser_advance(p).line), *target,
         *source, *test = NULL;
    target = mn_jinja_parse_target(p, "in", false);
    mn_jinja_expect_name(p, "in");
    source =
        mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ .no_condition = true, .end = "recursive" });
    if (mn_jinja_skip_name(p, "if")) test = mn_jinja_parse_expression(p);
    n = mn_jinja_node_with(p, n, target, source, test);
    if (n) n->flag = mn_jinja_skip_name(p, "recursive");
    bool in_any_loop = p->in_any_loop;
    p->n_loops++;
    p->in_any_loop = true;
    mn_jinja_node_append(p, n, parse_block_body(p, ends));
    p->n_loops--;
    if (mn_jinja_skip_name(p, "else"))
        mn_jinja_node_append(p, n, parse_body_until(p, "endfor"));
    else if (!mn_jinja_parser_failed(p))
        mn_jinja_parser_advance(p);
    p->in_any_loop = in_any_loop;
    return n;
}

static node *parse_set(mn_jinja_parser *p)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    node *target = mn_jinja_parse_target(p, NULL, true), *filter = NULL;
    if (mn_jinja_skip_operator(p, "="))
        return mn_jinja_node_with(p, mn_jinja_node_make(p, MN_JINJA_SET, line), target,
                                  mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ 0 }), NULL);
    while (mn_jinja_skip_operator(p, "|")) filter = mn_jinja_parse_filter(p, filter);
    node *n = mn_jinja_node_make(p, MN_JINJA_SET_BLOCK, line);
    return mn_jinja_node_with(p, n, target, filter, parse_body_until(p, "endset"));
}

static void parse_signature(mn_jinja_parser *p, node *macro)
{
    bool defaults = false;
    mn_jinja_expect_operator(p, "(");
    while (!mn_jinja_at_operator(p, ")") && !mn_jinja_parser_failed(p)) {
        if (macro && macro->n) mn_jinja_expect_operator(p, ",");
        node *argument = mn_jinja_parse_name(p);
        if (mn_jinja_skip_operator(p, "=")) {
            argument = mn_jinja_node_with(p, argument, mn_jinja_parse_expression(p), NULL, NULL);
            defaults = true;
        } else if (defaults)
            mn_jinja_parser_unexpected(p, "a default value, as the argument before has one");
        mn_jinja_node_append(p, macro, argument);
    }
    mn_jinja_expect_operator(p, ")");
    if (macro && macro->n > 128)
        mn_jinja_parser_fail(p, macro->line, "a macro has more than 128 arguments");
}

static bool has_argument(const mn_jinja_parser *p, const node *macro, const char *name,
                         bool *has_default)
{
    for (uint32_t i = 0; i < macro->n; i++) {
        if (!mn_jinja_string_is(p->out->symbols.names[macro->list[i]->symbol], name)) continue;
        *has_default = macro->list[i]->a != NULL;
        return true;
    }
    return false;
}

/* The body of a macro or a caller; finds out which of the special names it takes. */
static node *parse_macro_body(mn_jinja_parser *p, node *macro, const char *end)
{
    unsigned n_loops = p->n_loops;
    bool has_default = false;
    if (mn_jinja_parser_failed(p)) return NULL;
    if (p->n_macros == MN_JINJA_MAX_NESTING)
        return mn_jinja_parser_fail(p, macro->line, "macros are nested deeper than 128 levels");
    p->n_loops = 0;
    p->uses[++p->n_macros] = 0;
    node *body = parse_body_until(p, end);
    macro->special = p->uses[p->n_macros--];
    p->n_loops = n_loops;
    if (mn_jinja_parser_failed(p)) return NULL;
    if (has_argument(p, macro, "kwargs", &has_default))
        macro->special &= (uint8_t)~MN_JINJA_TAKES_KEYWORDS;
    if (has_argument(p, macro, "varargs", &has_default))
        macro->special &= (uint8_t)~MN_JINJA_TAKES_REST;
    if ((macro->special & MN_JINJA_TAKES_CALLER) &&
        has_argument(p, macro, "caller", &has_default) && !has_default)
        return mn_jinja_parser_fail(p, macro->line, "the argument 'caller' needs a default value");
    return mn_jinja_node_with(p, macro, NULL, NULL, body);
}

static node *parse_macro(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_MACRO_NODE, mn_jinja_parser_advance(p).line),
         *name = mn_jinja_parse_name(p);
    if (n && name) n->symbol = name->symbol;
    parse_signature(p, n);
    return parse_macro_body(p, n, "endmacro");
}

static node *parse_call_block(mn_jinja_parser *p)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    node *n = mn_jinja_node_make(p, MN_JINJA_CALL_BLOCK, line),
         *caller = mn_jinja_node_make(p, MN_JINJA_MACRO_NODE, line);
    if (caller) caller->symbol = mn_jinja_intern(p, "caller", 6);
    if (mn_jinja_at_operator(p, "(")) parse_signature(p, caller);
    node *call = mn_jinja_parse_expression(p);
    if (call && call->kind != MN_JINJA_CALL)
        return mn_jinja_parser_fail(p, line, "expected a call");
    caller = parse_macro_body(p, caller, "endcall");
    return mn_jinja_node_with(p, n, call, caller, NULL);
}

static node *parse_filter_block(mn_jinja_parser *p)
{
    uint32_t line = mn_jinja_parser_advance(p).line;
    node *filter = mn_jinja_parse_filter(p, NULL),
         *n = mn_jinja_node_make(p, MN_JINJA_FILTER_BLOCK, line);
    while (mn_jinja_skip_operator(p, "|")) filter = mn_jinja_parse_filter(p, filter);
    return mn_jinja_node_with(p, n, NULL, filter, parse_body_until(p, "endfilter"));
}

static node *parse_with(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_WITH, mn_jinja_parser_advance(p).line);
    while (p->current.kind != MN_JINJA_BLOCK_END && !mn_jinja_parser_failed(p)) {
        if (n->n) mn_jinja_expect_operator(p, ",");
        bool in_any_loop = p->in_any_loop;
        p->in_any_loop = false;
        mn_jinja_node_append(p, n, mn_jinja_parse_target(p, NULL, false));
        p->in_any_loop = in_any_loop;
        mn_jinja_expect_operator(p, "=");
        mn_jinja_node_append(p, n, mn_jinja_parse_expression(p));
    }
    return mn_jinja_node_with(p, n, NULL, NULL, parse_body_until(p, "endwith"));
}

static node *parse_print(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_PRINT, mn_jinja_parser_advance(p).line);
    while (p->current.kind != MN_JINJA_BLOCK_END && !mn_jinja_parser_failed(p)) {
        if (n->n) mn_jinja_expect_operator(p, ",");
        mn_jinja_node_append(p, n, mn_jinja_parse_expression(p));
    }
    return n;
}

static node *parse_block(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_BLOCK, mn_jinja_parser_advance(p).line),
         *name = mn_jinja_parse_name(p);
    if (!n || !name) return NULL;
    n->symbol = name->symbol;
    n->flag = mn_jinja_skip_name(p, "scoped");
    if (mn_jinja_at_name(p, "required"))
        return mn_jinja_parser_fail(p, n->line, "required blocks are not supported");
    unsigned n_loops = p->n_loops;
    p->n_loops = 0;
    node *body = parse_body_until(p, "endblock");
    p->n_loops = n_loops;
    const mn_jinja_string *spelled = p->out->symbols.names[n->symbol];
    if (p->current.kind == MN_JINJA_NAME && p->current.length == spelled->length &&
        !memcmp(p->current.text, spelled->data, spelled->length))
        mn_jinja_parser_advance(p);
    return mn_jinja_node_with(p, n, NULL, NULL, body);
}

static node *parse_generation(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_GENERATION, mn_jinja_parser_advance(p).line);
    unsigned n_loops = p->n_loops;
    p->n_loops = 0;
    node *body = parse_body_until(p, "endgeneration");
    p->n_loops = n_loops;
    return mn_jinja_node_with(p, n, NULL, NULL, body);
}

/* Only `autoescape false`: that is how templates are rendered anyway. */
static node *parse_autoescape(mn_jinja_parser *p)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_WITH, mn_jinja_parser_advance(p).line),
         *setting = mn_jinja_parse_expression(p);
    if (mn_jinja_parser_failed(p)) return NULL;
    if (setting->kind != MN_JINJA_CONSTANT || setting->constant.kind != MN_JINJA_BOOL ||
        setting->constant.truth)
        return mn_jinja_parser_fail(p, n->line, "escaping of HTML cannot be switched on");
    return mn_jinja_node_with(p, n, NULL, NULL, parse_body_until(p, "endautoescape"));
}

static node *parse_jump(mn_jinja_parser *p)
{
    mn_jinja_node_kind kind = mn_jinja_at_name(p, "break") ? MN_JINJA_BREAK : MN_JINJA_CONTINUE;
    uint32_t line = mn_jinja_parser_advance(p).line;
    if (!p->n_loops)
        return mn_jinja_parser_fail(p, line, "'break' and 'continue' belong in a loop");
    return mn_jinja_node_make(p, kind, line);
}

static node *parse_unsupported(mn_jinja_parser *p)
{
    if (!mn_jinja_parser_failed(p))
        p->lexer.status =
            mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: '%.*s' is not supported",
                    p->current.line, (int)p->current.length, p->current.text);
    return NULL;
}

static const struct statement_row {
    const char *name;
    node *(*parse)(mn_jinja_parser *p);
} statements[] = {
    { "if", parse_if },
    { "for", parse_for },
    { "set", parse_set },
    { "macro", parse_macro },
    { "call", parse_call_block },
    { "filter", parse_filter_block },
    { "with", parse_with },
    { "print", parse_print },
    { "block", parse_block },
    { "generation", parse_generation },
    { "break", parse_jump },
    { "continue", parse_jump },
    { "extends", parse_unsupported },
    { "include", parse_unsupported },
    { "import", parse_unsupported },
    { "from", parse_unsupported },
    { "autoescape", parse_autoescape },
};

static node *parse_statement(mn_jinja_parser *p)
{
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (!mn_jinja_at_name(p, statements[i].name)) continue;
        node *n = statements[i].parse(p);
        if (!mn_jinja_parser_failed(p) && p->current.kind != MN_JINJA_BLOCK_END)
            return mn_jinja_parser_unexpected(p, "'%}'");
        mn_jinja_parser_advance(p);
        return n;
    }
    return p->current.kind == MN_JINJA_NAME
               ? mn_jinja_parser_unexpected(p, "a tag that exists here")
               : mn_jinja_parser_unexpected(p, "a tag");
}

static bool at_end(const mn_jinja_parser *p, const char *const *ends)
{
    for (; ends && *ends; ends++)
        if (mn_jinja_at_name(p, *ends)) return true;
    return false;
}

/* Everything up to the end of the template or, in a block, up to one of `ends`. */
node *mn_jinja_parse_body(mn_jinja_parser *p, const char *const *ends)
{
    node *body = mn_jinja_node_make(p, MN_JINJA_BODY, p->current.line);
    while (!mn_jinja_parser_failed(p) && p->current.kind != MN_JINJA_END) {
        if (p->current.kind == MN_JINJA_DATA) {
            token t = mn_jinja_parser_advance(p);
            mn_jinja_node_append(p, body, mn_jinja_node_string(p, MN_JINJA_WRITE, &t));
        } else if (p->current.kind == MN_JINJA_VARIABLE_BEGIN) {
            node *print = mn_jinja_node_make(p, MN_JINJA_PRINT, mn_jinja_parser_advance(p).line);
            mn_jinja_node_append(p, print, mn_jinja_parse_tuple(p, (mn_jinja_tuple_rules){ 0 }));
            mn_jinja_node_append(p, body, print);
            if (p->current.kind != MN_JINJA_VARIABLE_END)
                return mn_jinja_parser_unexpected(p, "'}}'");
            mn_jinja_parser_advance(p);
        } else {
            mn_jinja_parser_advance(p);
            if (at_end(p, ends)) return body;
            mn_jinja_node_append(p, body, parse_statement(p));
        }
    }
    if (ends) {
        char expected[64] = "'";
        mn_jinja_parser_unexpected(p, strcat(strcat(expected, *ends), "' before it"));
    }
    return body;
}
