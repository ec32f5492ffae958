/* SPDX-License-Identifier: Apache-2.0 */
/* template_parser.h - what the parts of the parser share: tokens to look at, nodes to make.
 *
 * The first failure is remembered; after it nothing is read any more and nodes may be NULL. */
#ifndef MN_TEXT_TEMPLATE_PARSER_H
#define MN_TEXT_TEMPLATE_PARSER_H

#include "text/template_syntax.h"

#define MN_JINJA_MAX_NESTING 128 /* of brackets, blocks and the like */

typedef struct mn_jinja_parser {
    mn_jinja_lexer lexer;
    struct mn_template *out;
    mn_jinja_token current, ahead;
    unsigned nesting, n_loops, n_macros; /* loops and macros around this place */
    bool in_any_loop;                    /* also through a macro */
    bool in_target;
    uint8_t uses[MN_JINJA_MAX_NESTING + 1]; /* for each macro around: MN_JINJA_TAKES_* */
} mn_jinja_parser;

/* --- template_parser.c --- */
bool mn_jinja_parser_failed(const mn_jinja_parser *p);
mn_jinja_node *mn_jinja_parser_fail(mn_jinja_parser *p, uint32_t line, const char *what); /* NULL */
mn_jinja_node *mn_jinja_parser_unexpected(mn_jinja_parser *p, const char *expected);      /* NULL */
/* Counts one level of nesting; each call, true or false, needs a leave, which gives `result` or
 * NULL. */
bool mn_jinja_parser_enter(mn_jinja_parser *p);
void *mn_jinja_parser_leave(mn_jinja_parser *p, void *result);
void *mn_jinja_parser_take(mn_jinja_parser *p, size_t size_bytes);

mn_jinja_token mn_jinja_parser_advance(mn_jinja_parser *p); /* the token that was current */
bool mn_jinja_token_is(const mn_jinja_token *t, mn_jinja_token_kind kind, const char *text);
bool mn_jinja_at_name(const mn_jinja_parser *p, const char *name);
bool mn_jinja_at_operator(const mn_jinja_parser *p, const char *text);
bool mn_jinja_skip_name(mn_jinja_parser *p, const char *name);
bool mn_jinja_skip_operator(mn_jinja_parser *p, const char *text);
void mn_jinja_expect_name(mn_jinja_parser *p, const char *name);
void mn_jinja_expect_operator(mn_jinja_parser *p, const char *text);

mn_jinja_node *mn_jinja_node_make(mn_jinja_parser *p, mn_jinja_node_kind kind, uint32_t line);
mn_jinja_node *mn_jinja_node_with(mn_jinja_parser *p, mn_jinja_node *n, mn_jinja_node *a,
                                  mn_jinja_node *b, mn_jinja_node *c);
void mn_jinja_node_append(mn_jinja_parser *p, mn_jinja_node *n, mn_jinja_node *child);
mn_jinja_node *mn_jinja_node_constant(mn_jinja_parser *p, mn_jinja_value value, uint32_t line);
mn_jinja_node *mn_jinja_node_string(mn_jinja_parser *p, mn_jinja_node_kind kind,
                                    const mn_jinja_token *t);
mn_jinja_node *mn_jinja_node_name(mn_jinja_parser *p, const mn_jinja_token *t);
mn_jinja_value mn_jinja_parser_string(mn_jinja_parser *p, const char *bytes, size_t length);
uint32_t mn_jinja_intern(mn_jinja_parser *p, const char *name, size_t length);

/* --- template_expression.c --- */
typedef struct mn_jinja_tuple_rules {
    bool simplified, no_condition, parentheses;
    const char *end; /* a name that ends the tuple too, or NULL */
} mn_jinja_tuple_rules;

mn_jinja_node *mn_jinja_parse_expression(mn_jinja_parser *p);
mn_jinja_node *mn_jinja_parse_tuple(mn_jinja_parser *p, mn_jinja_tuple_rules rules);
/* A filter behind its '|' (or at the start of a filter block) applied to `n`. */
mn_jinja_node *mn_jinja_parse_filter(mn_jinja_parser *p, mn_jinja_node *n);
mn_jinja_node *mn_jinja_parse_target(mn_jinja_parser *p, const char *end, bool with_namespace);
mn_jinja_node *mn_jinja_parse_name(mn_jinja_parser *p);

/* --- template_parse_statement.c --- */
/* Everything up to the end of the template or, in a block, up to one of `ends`. */
mn_jinja_node *mn_jinja_parse_body(mn_jinja_parser *p, const char *const *ends);

#endif
