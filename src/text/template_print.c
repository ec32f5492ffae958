/* SPDX-License-Identifier: Apache-2.0 */
/* template_print.c - values to text: Python's str() and repr(), and JSON as json.dumps writes it.
 *
 * Quotes, brackets and commas that are made up here count as user text, since they stand among it.
 */
#include "text/template_run.h"

#include "text/template_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ORIGIN MN_FROM_USER

static void write_repr(mn_jinja_builder *b, mn_jinja_value value);

/* --- numbers and names --------------------------------------------------------------------------
 */

static void write_plain(mn_jinja_builder *b, mn_jinja_value value)
{
    char text[48];
    switch (value.kind) {
    case MN_JINJA_UNDEFINED:
        mn_jinja_add_text(b, "Undefined", MN_FROM_TEMPLATE);
        break;
    case MN_JINJA_NONE:
        mn_jinja_add_text(b, "None", value.origin);
        break;
    case MN_JINJA_BOOL:
        mn_jinja_add_text(b, value.truth ? "True" : "False", value.origin);
        break;
    case MN_JINJA_INT:
        snprintf(text, sizeof text, "%" PRId64, value.integer);
        mn_jinja_add_text(b, text, value.origin);
        break;
    case MN_JINJA_FLOAT:
        mn_jinja_print_float(text, value.real);
        mn_jinja_add_text(b, text, value.origin);
        break;
    default: /* what Python would show with an address */
        snprintf(text, sizeof text, "<%s object>", mn_jinja_kind_name(value));
        mn_jinja_add_text(b, text, MN_FROM_TEMPLATE);
        break;
    }
}

/* --- strings ------------------------------------------------------------------------------------
 */

static void write_escape(mn_jinja_builder *b, uint32_t c, unsigned origin)
{
    char text[16];
    if (c == '\n' || c == '\r' || c == '\t')
        snprintf(text, sizeof text, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < 0x100)
        snprintf(text, sizeof text, "\\x%02x", c);
    else if (c < 0x10000)
        snprintf(text, sizeof text, "\\u%04x", c);
    else
        snprintf(text, sizeof text, "\\U%08x", c);
    mn_jinja_add_text(b, text, origin);
}

static void write_string_repr(mn_jinja_builder *b, const mn_jinja_string *string)
{
    bool single = memchr(string->data, '\'', string->length),
         twofold = memchr(string->data, '"', string->length);
    char quote = single && !twofold ? '"' : '\'';
    unsigned origin = mn_jinja_string_own_origin(string);
    if (string->markup) mn_jinja_add_text(b, "Markup(", origin);
    mn_jinja_add_bytes(b, &quote, 1, ORIGIN);
    for (size_t i = 0; i < string->length && mn_jinja_charge(b->run, 1);) {
        size_t start = i;
        unsigned from = mn_jinja_string_origin(string, i);
        uint32_t c = mn_jinja_string_decode(string, &i);
        if (c == (uint32_t)quote || c == '\\') mn_jinja_add_text(b, "\\", from);
        if (c == ' ' || mn_jinja_is_printable(c))
            mn_jinja_add_part(b, string, start, i);
        else
            write_escape(b, c, from);
    }
    mn_jinja_add_bytes(b, &quote, 1, ORIGIN);
    if (string->markup) mn_jinja_add_text(b, ")", origin);
}

/* --- containers ---------------------------------------------------------------------------------
 */

static void write_items(mn_jinja_builder *b, const mn_jinja_list *list, const char *open,
                        const char *close)
{
    mn_jinja_add_text(b, open, ORIGIN);
    for (size_t i = 0; i < list->n && !b->run->status; i++) {
        if (i) mn_jinja_add_text(b, ", ", ORIGIN);
        write_repr(b, list->items[i]);
    }
    mn_jinja_add_text(b, close, ORIGIN);
}

static void write_dict(mn_jinja_builder *b, const mn_jinja_dict *dict)
{
    mn_jinja_add_text(b, "{", ORIGIN);
    for (size_t i = 0; i < dict->n && !b->run->status; i++) {
        if (i) mn_jinja_add_text(b, ", ", ORIGIN);
        write_repr(b, dict->entries[i].key);
        mn_jinja_add_text(b, ": ", ORIGIN);
        write_repr(b, dict->entries[i].value);
    }
    mn_jinja_add_text(b, "}", ORIGIN);
}

static void write_view(mn_jinja_builder *b, mn_jinja_value value)
{
    mn_jinja_list *list = mn_jinja_collect(b->run, value);
    mn_jinja_add_text(b, mn_jinja_kind_name(value), ORIGIN);
    if (list) write_items(b, list, "([", "])");
}

static void write_range(mn_jinja_builder *b, const mn_jinja_range *range)
{
    char text[96];
    int length =
        snprintf(text, sizeof text, "range(%" PRId64 ", %" PRId64, range->start, range->stop);
    if (range->step != 1)
        length += snprintf(text + length, sizeof text - (size_t)length, ", %" PRId64, range->step);
    snprintf(text + length, sizeof text - (size_t)length, ")");
    mn_jinja_add_text(b, text, range->origin);
}

static void write_macro(mn_jinja_builder *b, const mn_jinja_macro *macro)
{
    mn_jinja_add_text(b, "<Macro ", MN_FROM_TEMPLATE);
    if (macro->is_caller)
        mn_jinja_add_text(b, "anonymous", MN_FROM_TEMPLATE);
    else
        write_string_repr(b, b->run->source->symbols.names[macro->node->symbol]);
    mn_jinja_add_text(b, ">", MN_FROM_TEMPLATE);
}

static void write_loop(mn_jinja_builder *b, mn_jinja_loop *loop)
{
    char text[64];
    int64_t length = mn_jinja_loop_length(b->run, loop);
    snprintf(text, sizeof text, "<LoopContext %" PRId64 "/%" PRId64 ">", loop->index0 + 1, length);
    mn_jinja_add_text(b, text, MN_FROM_TEMPLATE);
}

static void write_kind(mn_jinja_builder *b, mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_STRING:
        write_string_repr(b, value.string);
        break;
    case MN_JINJA_LIST:
        write_items(b, value.list, "[", "]");
        break;
    case MN_JINJA_TUPLE:
        write_items(b, value.list, "(", value.list->n == 1 ? ",)" : ")");
        break;
    case MN_JINJA_DICT:
        write_dict(b, value.dict);
        break;
    case MN_JINJA_NAMESPACE:
        mn_jinja_add_text(b, "<Namespace ", ORIGIN);
        write_dict(b, value.dict);
        mn_jinja_add_text(b, ">", ORIGIN);
        break;
    case MN_JINJA_VIEW:
        write_view(b, value);
        break;
    case MN_JINJA_RANGE:
        write_range(b, value.range);
        break;
    case MN_JINJA_MACRO:
        write_macro(b, value.macro);
        break;
    case MN_JINJA_LOOP:
        write_loop(b, value.loop);
        break;
    default:
        write_plain(b, value);
        break;
    }
}

static void write_repr(mn_jinja_builder *b, mn_jinja_value value)
{
    if (mn_jinja_enter(b->run)) write_kind(b, value);
    mn_jinja_leave(b->run);
}

mn_jinja_string *mn_jinja_repr(mn_jinja_run *run, mn_jinja_value value)
{
    mn_jinja_builder b = { .run = run };
    write_repr(&b, value);
    return mn_jinja_built(&b);
}

mn_jinja_string *mn_jinja_string_of(mn_jinja_run *run, mn_jinja_value value)
{
    if (run->status) return NULL;
    if (value.kind == MN_JINJA_STRING) return value.string;
    if (value.kind == MN_JINJA_UNDEFINED) return mn_jinja_string_view(run, "", 0, MN_FROM_TEMPLATE);
    return mn_jinja_repr(run, value);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

typedef struct json_style {
    mn_jinja_builder *b;
    bool ascii, sort;
    const mn_jinja_string *indent; /* NULL: all on one line */
    const mn_jinja_string *item_separator, *key_separator;
    unsigned level;
} json_style;

static void write_json_value(json_style *s, mn_jinja_value value);

static void write_json_u16(json_style *s, unsigned unit, unsigned origin)
{
    char text[16];
    snprintf(text, sizeof text, "\\u%04x", unit);
    mn_jinja_add_text(s->b, text, origin);
}

static void write_json_char(json_style *s, const mn_jinja_string *string, size_t *i)
{
    static const char from[] = "\"\\\n\r\t\f\b", to[] = "\"\\nrtfb";
    size_t start = *i;
    unsigned origin = mn_jinja_string_origin(string, start);
    uint32_t c = mn_jinja_string_decode(string, i);
    const char *special = c && c < 0x80 ? strchr(from, (int)c) : NULL;
    if (special) {
        char text[3] = { '\\', to[special - from] };
        mn_jinja_add_text(s->b, text, origin);
    } else if (c < 0x20 || (s->ascii && c >= 0x7F && c < 0x10000 && c != 0x7F))
        write_json_u16(s, c, origin);
    else if (s->ascii && c >= 0x10000) {
        write_json_u16(s, 0xD800 + ((c - 0x10000) >> 10), origin);
        write_json_u16(s, 0xDC00 + ((c - 0x10000) & 0x3FF), origin);
    } else
        mn_jinja_add_part(s->b, string, start, *i);
}

static bool write_json_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void write_json_string(json_style *s, const mn_jinja_string *string)
{
    mn_jinja_add_text(s->b, "\"", ORIGIN);
    for (size_t i = 0; i < string->length && mn_jinja_charge(s->b->run, 1);) {
        size_t start = i;
        while (i < string->length && write_json_is_plain((unsigned char)string->data[i])) i++;
        mn_jinja_add_part(s->b, string, start, i);
        if (i < string->length) write_json_char(s, string, &i);
    }
    mn_jinja_add_text(s->b, "\"", ORIGIN);
}

static void write_json_number(json_style *s, mn_jinja_value value)
{
    if (value.kind == MN_JINJA_FLOAT && isnan(value.real))
        mn_jinja_add_text(s->b, "NaN", value.origin);
    else if (value.kind == MN_JINJA_FLOAT && isinf(value.real))
        mn_jinja_add_text(s->b, value.real > 0 ? "Infinity" : "-Infinity", value.origin);
    else
        write_plain(s->b, value);
}

static void write_json_break(json_style *s)
{
    if (!s->indent) return;
    mn_jinja_add_text(s->b, "\n", ORIGIN);
    mn_jinja_add_fill(s->b, s->indent, s->level);
}

static void write_json_list(json_style *s, const mn_jinja_list *list)
{
    mn_jinja_add_text(s->b, "[", ORIGIN);
    s->level++;
    for (size_t i = 0; i < list->n && !s->b->run->status; i++) {
        if (i) mn_jinja_add_string(s->b, s->item_separator);
        write_json_break(s);
        write_json_value(s, list->items[i]);
    }
    s->level--;
    if (list->n) write_json_break(s);
    mn_jinja_add_text(s->b, "]", ORIGIN);
}

static void write_json_key(json_style *s, mn_jinja_value key)
{
    switch (key.kind) {
    case MN_JINJA_STRING:
        write_json_string(s, key.string);
        return;
    case MN_JINJA_NONE:
    case MN_JINJA_BOOL:
    case MN_JINJA_INT:
    case MN_JINJA_FLOAT:
        mn_jinja_add_text(s->b, "\"", ORIGIN);
        write_json_value(s, key);
        mn_jinja_add_text(s->b, "\"", ORIGIN);
        return;
    default:
        mn_jinja_fail(s->b->run, "a key of type '%s' cannot be written as JSON",
                      mn_jinja_kind_name(key));
    }
}

/* The entries in order of their keys, or as they are. */
static mn_jinja_value *sorted_pairs(json_style *s, const mn_jinja_dict *dict)
{
    mn_jinja_run *run = s->b->run;
    mn_jinja_value *pairs = mn_jinja_take(run, dict->n, sizeof *pairs);
    mn_jinja_value *keys = mn_jinja_take(run, dict->n, sizeof *keys);
    if (!pairs || !keys) return NULL;
    for (size_t i = 0; i < dict->n; i++) {
        keys[i] = dict->entries[i].key;
        pairs[i] = mn_jinja_int((int64_t)i, MN_FROM_TEMPLATE);
    }
    if (s->sort) mn_jinja_sort(run, pairs, keys, dict->n, false);
    return pairs;
}

static void write_json_dict(json_style *s, const mn_jinja_dict *dict)
{
    mn_jinja_value *order = sorted_pairs(s, dict);
    if (!order) return;
    mn_jinja_add_text(s->b, "{", ORIGIN);
    s->level++;
    for (size_t i = 0; i < dict->n && !s->b->run->status; i++) {
        const mn_jinja_entry *entry = &dict->entries[order[i].integer];
        if (i) mn_jinja_add_string(s->b, s->item_separator);
        write_json_break(s);
        write_json_key(s, entry->key);
        mn_jinja_add_string(s->b, s->key_separator);
        write_json_value(s, entry->value);
    }
    s->level--;
    if (dict->n) write_json_break(s);
    mn_jinja_add_text(s->b, "}", ORIGIN);
}

static void write_json_kind(json_style *s, mn_jinja_value value)
{
    switch (value.kind) {
    case MN_JINJA_STRING:
        write_json_string(s, value.string);
        break;
    case MN_JINJA_NONE:
        mn_jinja_add_text(s->b, "null", value.origin);
        break;
    case MN_JINJA_BOOL:
        mn_jinja_add_text(s->b, value.truth ? "true" : "false", value.origin);
        break;
    case MN_JINJA_INT:
    case MN_JINJA_FLOAT:
        write_json_number(s, value);
        break;
    case MN_JINJA_LIST:
    case MN_JINJA_TUPLE:
        write_json_list(s, value.list);
        break;
    case MN_JINJA_DICT:
        write_json_dict(s, value.dict);
        break;
    default:
        mn_jinja_fail(s->b->run, "a value of type '%s' cannot be written as JSON",
                      mn_jinja_kind_name(value));
    }
}

static void write_json_value(json_style *s, mn_jinja_value value)
{
    if (mn_jinja_enter(s->b->run)) write_json_kind(s, value);
    mn_jinja_leave(s->b->run);
}

/* What one level is indented by: NULL for none, spaces for a number. */
static const mn_jinja_string *write_json_indent(mn_jinja_run *run, mn_jinja_value indent)
{
    mn_jinja_builder b = { .run = run };
    int64_t n;
    if (indent.kind == MN_JINJA_MISSING || indent.kind == MN_JINJA_NONE) return NULL;
    if (indent.kind == MN_JINJA_STRING) return indent.string;
    if (!mn_jinja_index(run, indent, "the indentation", &n)) return NULL;
    mn_jinja_add_fill(&b, mn_jinja_string_view(run, " ", 1, ORIGIN), n > 0 ? (size_t)n : 0);
    return mn_jinja_built(&b);
}

/* options: ensure_ascii, indent, separators, sort_keys. */
mn_jinja_string *mn_jinja_json(mn_jinja_run *run, mn_jinja_value value,
                               const mn_jinja_value *options)
{
    mn_jinja_builder b = { .run = run };
    json_style s = { .b = &b,
                     .ascii = mn_jinja_truth(run, options[0]),
                     .indent = write_json_indent(run, options[1]),
                     .sort = mn_jinja_truth(run, options[3]) };
    s.item_separator = mn_jinja_string_view(run, s.indent ? "," : ", ", s.indent ? 1 : 2, ORIGIN);
    s.key_separator = mn_jinja_string_view(run, ": ", 2, ORIGIN);
    if (options[2].kind != MN_JINJA_MISSING && options[2].kind != MN_JINJA_NONE) {
        mn_jinja_list *list = mn_jinja_collect(run, options[2]);
        if (list && list->n != 2) mn_jinja_fail(run, "'separators' must be two strings");
        if (run->status) return NULL;
        s.item_separator = mn_jinja_want_string(run, list->items[0], "a separator");
        s.key_separator = mn_jinja_want_string(run, list->items[1], "a separator");
    }
    write_json_value(&s, value);
    return mn_jinja_built(&b);
}
