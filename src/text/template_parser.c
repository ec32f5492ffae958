/* SPDX-License-Identifier: Apache-2.0 */
/* template_parser.c - tokens to a tree, by recursive descent with Jinja's precedences: what all
 * parts of it use, and the checks of the whole tree. */
#include "text/template_parser.h"
#include "text/template_run.h"
#include "text/template_string.h"

#include "base/error.h"

#include <string.h>

#define MAX_DEPTH 400 /* of the tree: chains of operators nest too */

typedef mn_jinja_node node;
typedef mn_jinja_token token;

/* --- failing ------------------------------------------------------------------------------------
 */

bool mn_jinja_parser_failed(const mn_jinja_parser *p) { return p->lexer.status != MN_OK; }

node *mn_jinja_parser_fail(mn_jinja_parser *p, uint32_t line, const char *what)
{
    if (!mn_jinja_parser_failed(p))
        p->lexer.status = mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: %s", line, what);
    return NULL;
}

static void *out_of_memory(mn_jinja_parser *p, size_t size_bytes)
{
    if (mn_jinja_parser_failed(p)) return NULL;
    if (p->out->arena.over_limit)
        mn_jinja_parser_fail(p, p->current.line, "the template is too large");
    else
        p->lexer.status = mn_fail_memory(p->lexer.error, size_bytes, "a template");
    return NULL;
}

void *mn_jinja_parser_take(mn_jinja_parser *p, size_t size_bytes)
{
    void *piece =
        mn_jinja_parser_failed(p) ? NULL : mn_jinja_arena_take(&p->out->arena, size_bytes);
    return piece ? piece : out_of_memory(p, size_bytes);
}

static const char *describe(const token *t, char out[64])
{
    static const char *const names[] = {
        "the end of the template", "text", "'{{'", "'}}'", "'{%'", "'%}'"
    };
    if (t->kind < MN_JINJA_NAME) return names[t->kind];
    size_t length = t->length < 40 ? t->length : 40;
    if (t->kind == MN_JINJA_STRING_TOKEN) return "a string";
    out[0] = out[length + 1] = '\'';
    memcpy(out + 1, t->text, length);
    out[length + 2] = '\0';
    return out;
}

node *mn_jinja_parser_unexpected(mn_jinja_parser *p, const char *expected)
{
    char found[64];
    if (!mn_jinja_parser_failed(p))
        p->lexer.status =
            mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: found %s, expected %s",
                    p->current.line, describe(&p->current, found), expected);
    return NULL;
}

/* Counts one level of nesting; every true needs a leave(). */
bool mn_jinja_parser_enter(mn_jinja_parser *p)
{
    if (++p->nesting <= MN_JINJA_MAX_NESTING) return !mn_jinja_parser_failed(p);
    mn_jinja_parser_fail(p, p->current.line, "nested deeper than 128 levels");
    return false;
}

void *mn_jinja_parser_leave(mn_jinja_parser *p, void *result)
{
    p->nesting--;
    return mn_jinja_parser_failed(p) ? NULL : result;
}

/* --- tokens -------------------------------------------------------------------------------------
 */

token mn_jinja_parser_advance(mn_jinja_parser *p)
{
    token t = p->current;
    p->current = p->ahead;
    p->ahead = mn_jinja_lexer_next(&p->lexer);
    return t;
}

bool mn_jinja_token_is(const token *t, mn_jinja_token_kind kind, const char *text)
{
    return t->kind == kind && t->length == strlen(text) && !memcmp(t->text, text, t->length);
}

bool mn_jinja_at_name(const mn_jinja_parser *p, const char *name)
{
    return mn_jinja_token_is(&p->current, MN_JINJA_NAME, name);
}

bool mn_jinja_at_operator(const mn_jinja_parser *p, const char *text)
{
    return mn_jinja_token_is(&p->current, MN_JINJA_OPERATOR, text);
}

bool mn_jinja_skip_name(mn_jinja_parser *p, const char *name)
{
    bool found = mn_jinja_at_name(p, name);
    if (found) mn_jinja_parser_advance(p);
    return found;
}

bool mn_jinja_skip_operator(mn_jinja_parser *p, const char *text)
{
    bool found = mn_jinja_at_operator(p, text);
    if (found) mn_jinja_parser_advance(p);
    return found;
}

void mn_jinja_expect_operator(mn_jinja_parser *p, const char *text)
{
    char expected[8] = { '\'', text[0], '\'' };
    if (!mn_jinja_skip_operator(p, text)) mn_jinja_parser_unexpected(p, expected);
}

void mn_jinja_expect_name(mn_jinja_parser *p, const char *name)
{
    if (!mn_jinja_skip_name(p, name)) mn_jinja_parser_unexpected(p, name);
}

/* --- nodes --------------------------------------------------------------------------------------
 */

node *mn_jinja_node_make(mn_jinja_parser *p, mn_jinja_node_kind kind, uint32_t line)
{
    node *n = mn_jinja_parser_take(p, sizeof *n);
    if (!n) return NULL;
    n->kind = (uint8_t)kind;
    n->line = line;
    n->depth = 1;
    return n;
}

static void deepen(mn_jinja_parser *p, node *n, const node *child)
{
    if (!child || child->depth < n->depth) return;
    n->depth = child->depth + 1;
    if (n->depth > MAX_DEPTH) mn_jinja_parser_fail(p, n->line, "nested deeper than 400 operations");
}

node *mn_jinja_node_with(mn_jinja_parser *p, node *n, node *a, node *b, node *c)
{
    if (!n || mn_jinja_parser_failed(p)) return NULL;
    n->a = a;
    n->b = b;
    n->c = c;
    deepen(p, n, a);
    deepen(p, n, b);
    deepen(p, n, c);
    return mn_jinja_parser_failed(p) ? NULL : n;
}

/* Appends to the list, whose room doubles whenever its length is a power of two. */
void mn_jinja_node_append(mn_jinja_parser *p, node *n, node *child)
{
    if (mn_jinja_parser_failed(p) || !n) return;
    if (n->n >= 2 ? !(n->n & (n->n - 1)) : !n->n) {
        size_t room = n->n ? n->n : 1;
        node **list = mn_jinja_arena_grow(&p->out->arena, n->list, n->n * sizeof *list,
                                          room * 2 * sizeof *list);
        if (!list) {
            out_of_memory(p, room * 2 * sizeof *list);
            return;
        }
        n->list = list;
    }
    n->list[n->n++] = child;
    deepen(p, n, child);
}

mn_jinja_value mn_jinja_parser_string(mn_jinja_parser *p, const char *bytes, size_t length)
{
    mn_jinja_string *string = mn_jinja_parser_take(p, sizeof *string);
    if (!string) return mn_jinja_none();
    *string = (mn_jinja_string){
        .data = bytes, .length = length, .n_chars = SIZE_MAX, .origin = MN_FROM_TEMPLATE
    };
    mn_jinja_string_count(string); /* now, since renderings only read it */
    return mn_jinja_text(string);
}

node *mn_jinja_node_constant(mn_jinja_parser *p, mn_jinja_value value, uint32_t line)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_CONSTANT, line);
    if (n) n->constant = value;
    return n;
}

node *mn_jinja_node_string(mn_jinja_parser *p, mn_jinja_node_kind kind, const token *t)
{
    node *n = mn_jinja_node_make(p, kind, t->line);
    if (n) n->constant = mn_jinja_parser_string(p, t->text, t->length);
    return mn_jinja_parser_failed(p) ? NULL : n;
}

/* --- symbols ------------------------------------------------------------------------------------
 */

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

static bool symbols_grow(mn_jinja_parser *p, mn_jinja_symbols *symbols)
{
    size_t capacity = symbols->capacity ? symbols->capacity * 2 : 32;
    mn_jinja_string **names = mn_jinja_parser_take(p, capacity * sizeof *names);
    uint32_t *slots = mn_jinja_parser_take(p, capacity * 2 * sizeof *slots);
    if (!names || !slots) return false;
    if (symbols->n) memcpy(names, symbols->names, symbols->n * sizeof *names);
    *symbols = (mn_jinja_symbols){ .names = names,
                                   .n = symbols->n,
                                   .capacity = capacity,
                                   .slots = slots,
                                   .n_slots = capacity * 2 };
    for (size_t i = 0; i < symbols->n; i++)
        *symbol_slot(symbols, names[i]->data, names[i]->length) = (uint32_t)i + 1;
    return true;
}

uint32_t mn_jinja_intern(mn_jinja_parser *p, const char *name, size_t length)
{
    mn_jinja_symbols *symbols = &p->out->symbols;
    if (symbols->n == symbols->capacity && !symbols_grow(p, symbols)) return 0;
    uint32_t *slot = symbol_slot(symbols, name, length);
    if (*slot) return *slot - 1;
    mn_jinja_value string = mn_jinja_parser_string(p, name, length);
    if (mn_jinja_parser_failed(p)) return 0;
    symbols->names[symbols->n++] = string.string;
    return *slot = (uint32_t)symbols->n, *slot - 1;
}

node *mn_jinja_node_name(mn_jinja_parser *p, const token *t)
{
    node *n = mn_jinja_node_make(p, MN_JINJA_LOAD, t->line);
    if (n) n->symbol = mn_jinja_intern(p, t->text, t->length);
    return n;
}

/* --- what can only be seen in the whole tree
 * ------------------------------------------------------ */

/* A filter or test that does not exist is an error at once, save directly in an `if` or an inline
 * if, where it is one only when it is reached. */
static bool mn_jinja_check(mn_jinja_parser *p, const node *n, bool soft);

static bool check_list(mn_jinja_parser *p, const node *n, bool soft)
{
    for (uint32_t i = 0; i < n->n; i++)
        if (!mn_jinja_check(p, n->list[i], soft)) return false;
    return true;
}

static bool mn_jinja_check(mn_jinja_parser *p, const node *n, bool soft)
{
    if (!n) return true;
    if ((n->kind == MN_JINJA_FILTER || n->kind == MN_JINJA_TEST) && !n->function && !soft) {
        p->lexer.status =
            mn_fail(p->lexer.error, MN_BAD_FILE, "template line %u: there is no %s '%.*s'", n->line,
                    n->kind == MN_JINJA_FILTER ? "filter" : "test", (int)n->constant.string->length,
                    n->constant.string->data);
        return false;
    }
    switch (n->kind) {
    case MN_JINJA_IF:
    case MN_JINJA_CONDITION:
        soft = true;
        break;
    case MN_JINJA_FOR:
        return mn_jinja_check(p, n->b, soft) && mn_jinja_check(p, n->c, false) &&
               check_list(p, n, false);
    case MN_JINJA_CALL_BLOCK:
        return mn_jinja_check(p, n->a, soft) && mn_jinja_check(p, n->b, false);
    case MN_JINJA_MACRO_NODE:
    case MN_JINJA_FILTER_BLOCK:
    case MN_JINJA_SET_BLOCK:
    case MN_JINJA_GENERATION:
    case MN_JINJA_BLOCK:
        soft = false;
        break;
    case MN_JINJA_WITH:
        return check_list(p, n, soft) && mn_jinja_check(p, n->c, false);
    default:
        break;
    }
    return mn_jinja_check(p, n->a, soft) && mn_jinja_check(p, n->b, soft) &&
           mn_jinja_check(p, n->c, soft) && check_list(p, n, soft);
}

mn_status mn_jinja_parse(struct mn_template *out, const char *source, size_t length,
                         mn_error *error)
{
    mn_jinja_parser p = { .out = out };
    mn_jinja_lexer_init(&p.lexer, &out->arena, source, length, error);
    p.current = mn_jinja_lexer_next(&p.lexer);
    p.ahead = mn_jinja_lexer_next(&p.lexer);
    static const char *const first[] = { "loop", "caller", "kwargs", "varargs" };
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        mn_jinja_intern(&p, first[i], strlen(first[i]));
    out->body = mn_jinja_parse_body(&p, NULL);
    if (!mn_jinja_parser_failed(&p)) mn_jinja_check(&p, out->body, false);
    return p.lexer.status;
}
