/* SPDX-License-Identifier: Apache-2.0 */
/* template_syntax.h - a template as tokens and as a tree. */
#ifndef MN_TEXT_TEMPLATE_SYNTAX_H
#define MN_TEXT_TEMPLATE_SYNTAX_H

#include "text/template_memory.h"
#include "text/template_value.h"

#include <minnow/status.h>

typedef enum mn_jinja_token_kind {
    MN_JINJA_END,
    MN_JINJA_DATA,
    MN_JINJA_VARIABLE_BEGIN,
    MN_JINJA_VARIABLE_END,
    MN_JINJA_BLOCK_BEGIN,
    MN_JINJA_BLOCK_END,
    MN_JINJA_NAME,
    MN_JINJA_STRING_TOKEN,
    MN_JINJA_INTEGER_TOKEN,
    MN_JINJA_FLOAT_TOKEN,
    MN_JINJA_OPERATOR, /* `text` has it */
} mn_jinja_token_kind;

typedef struct mn_jinja_token {
    mn_jinja_token_kind kind;
    uint32_t line;
    const char *text; /* [length], in the source; decoded for strings */
    size_t length;
    int64_t integer;
    double real;
} mn_jinja_token;

typedef struct mn_jinja_lexer {
    mn_jinja_arena *arena;
    const char *source; /* newlines are all '\n' */
    size_t length, position;
    uint32_t line;
    enum { MN_JINJA_IN_DATA, MN_JINJA_IN_BLOCK, MN_JINJA_IN_VARIABLE } state;
    bool line_starting;
    char brackets[128]; /* the closing ones awaited */
    size_t n_brackets;
    mn_jinja_token pending; /* what follows the piece of data just returned */
    bool has_pending;
    mn_status status;
    mn_error *error;
} mn_jinja_lexer;

void mn_jinja_lexer_init(mn_jinja_lexer *lexer, mn_jinja_arena *arena, const char *source,
                         size_t length, mn_error *error);
/* Gives END after a failure. */
mn_jinja_token mn_jinja_lexer_next(mn_jinja_lexer *lexer);

typedef enum mn_jinja_node_kind {
    /* expressions */
    MN_JINJA_CONSTANT,   /* constant */
    MN_JINJA_LOAD,       /* symbol */
    MN_JINJA_MAKE_LIST,  /* list */
    MN_JINJA_MAKE_TUPLE, /* list */
    MN_JINJA_MAKE_DICT,  /* list: key, value, key, ... */
    MN_JINJA_ATTRIBUTE,  /* a.constant */
    MN_JINJA_ITEM,       /* a[b] */
    MN_JINJA_SLICE,      /* a[list[0]:list[1]:list[2]], each may be NULL */
    MN_JINJA_CALL,       /* a(list) */
    MN_JINJA_FILTER,     /* a|function(list); a NULL: the body of a filter block */
    MN_JINJA_TEST,       /* a is function(list) */
    MN_JINJA_NEGATE,     /* -a */
    MN_JINJA_PLUS,       /* +a */
    MN_JINJA_NOT,        /* not a */
    MN_JINJA_AND,
    MN_JINJA_OR,
    MN_JINJA_BINARY,           /* a op b */
    MN_JINJA_CONCAT,           /* list joined by ~ */
    MN_JINJA_COMPARE,          /* a, then list of COMPARE_WITH */
    MN_JINJA_COMPARE_WITH,     /* op a */
    MN_JINJA_CONDITION,        /* a if b else c; c may be NULL */
    MN_JINJA_KEYWORD,          /* constant = a, in a call */
    MN_JINJA_STAR,             /* *a, in a call */
    MN_JINJA_STAR_STAR,        /* **a, in a call */
    MN_JINJA_NAMESPACE_TARGET, /* symbol.constant, as a target */
    /* statements */
    MN_JINJA_BODY,         /* list */
    MN_JINJA_WRITE,        /* constant: text of the template */
    MN_JINJA_PRINT,        /* list of expressions */
    MN_JINJA_IF,           /* list: test, body, test, body, ...; c: else or NULL */
    MN_JINJA_FOR,          /* for a in b if c: list[0], else list[1] */
    MN_JINJA_SET,          /* a = b */
    MN_JINJA_SET_BLOCK,    /* a = c, filtered by b or NULL */
    MN_JINJA_MACRO_NODE,   /* symbol, list: arguments (LOAD with a: default), c: body */
    MN_JINJA_CALL_BLOCK,   /* a: call, b: MACRO_NODE of the caller */
    MN_JINJA_FILTER_BLOCK, /* b: filter, c: body */
    MN_JINJA_WITH,         /* list: target, value, ...; c: body */
    MN_JINJA_BLOCK,        /* symbol, c: body */
    MN_JINJA_GENERATION,   /* c: body */
    MN_JINJA_BREAK,
    MN_JINJA_CONTINUE,
} mn_jinja_node_kind;

typedef enum mn_jinja_operator {
    MN_JINJA_ADD,
    MN_JINJA_SUBTRACT,
    MN_JINJA_MULTIPLY,
    MN_JINJA_DIVIDE,
    MN_JINJA_FLOOR_DIVIDE,
    MN_JINJA_REMAINDER,
    MN_JINJA_POWER,
    MN_JINJA_IS_EQUAL,
    MN_JINJA_NOT_EQUAL,
    MN_JINJA_LESS,
    MN_JINJA_LESS_EQUAL,
    MN_JINJA_GREATER,
    MN_JINJA_GREATER_EQUAL,
    MN_JINJA_IN,
    MN_JINJA_NOT_IN,
} mn_jinja_operator;

typedef struct mn_jinja_node mn_jinja_node;
struct mn_jinja_node {
    uint8_t kind, op;
    bool flag;       /* FOR: recursive; BLOCK: scoped; ITEM: none */
    uint8_t special; /* MACRO_NODE: MN_JINJA_TAKES_* */
    uint32_t line;
    uint32_t depth; /* of the tree below */
    uint32_t symbol;
    uint32_t n;
    mn_jinja_node *a, *b, *c;
    mn_jinja_node **list; /* [n] */
    const mn_jinja_function *function;
    mn_jinja_value constant;
};

/* The first symbols of every template. */
enum {
    MN_JINJA_SYMBOL_LOOP,
    MN_JINJA_SYMBOL_CALLER,
    MN_JINJA_SYMBOL_KWARGS,
    MN_JINJA_SYMBOL_VARARGS
};

enum { MN_JINJA_TAKES_CALLER = 1, MN_JINJA_TAKES_KEYWORDS = 2, MN_JINJA_TAKES_REST = 4 };

typedef struct mn_jinja_symbols {
    mn_jinja_string **names; /* [n] */
    size_t n, capacity;
    uint32_t *slots; /* [n_slots] index + 1, 0 if free */
    size_t n_slots;
} mn_jinja_symbols;

struct mn_template {
    mn_jinja_arena arena;
    char *source;
    mn_jinja_node *body;
    mn_jinja_symbols symbols;
};

/* Parses into `out` (body, symbols); `source` must live as long, with '\n' for each newline. */
mn_status mn_jinja_parse(struct mn_template *out, const char *source, size_t length,
                         mn_error *error);

#endif
