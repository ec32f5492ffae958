/* SPDX-License-Identifier: Apache-2.0 */
/* template_percent.c - text % values, as printf does it and Python. */
#include "text/template_format.h"

#include "text/template_number.h"

#include <string.h>

typedef mn_jinja_value value;

typedef struct percent {
    mn_jinja_run *run;
    mn_jinja_builder *b;
    mn_jinja_string *format;
    size_t i; /* in the format */
    value values;
    const mn_jinja_list *list; /* NULL: `values` is the only one */
    size_t n_used;
    bool has_key; /* the value of the current code was found by name */
    value keyed;
} percent;

static value next_value(percent *p)
{
    if (p->has_key) return p->keyed;
    size_t n = p->list ? p->list->n : 1;
    if (p->n_used >= n) {
        mn_jinja_fail(p->run, "a format asks for more values than there are");
        return mn_jinja_none();
    }
    size_t i = p->n_used++;
    return p->list ? p->list->items[i] : p->values;
}

/* "(name)" behind the percent sign. */
static void read_key(percent *p)
{
    size_t start = p->i + 1, depth = 1;
    p->has_key = false;
    if (p->i >= p->format->length || p->format->data[p->i] != '(') return;
    for (p->i++; p->i < p->format->length && depth; p->i++) {
        if (p->format->data[p->i] == '(') depth++;
        if (p->format->data[p->i] == ')') depth--;
    }
    if (depth) mn_jinja_fail(p->run, "a format has a name that does not end");
    if (p->values.kind != MN_JINJA_DICT)
        mn_jinja_fail(p->run, "a format with names needs a mapping");
    if (p->run->status) return;
    value key = mn_jinja_text(mn_jinja_string_part(p->run, p->format, start, p->i - 1));
    if (!p->run->status && !mn_jinja_dict_find(p->run, p->values.dict, key, &p->keyed))
        mn_jinja_fail(p->run, "a format names a value that is not there");
    p->has_key = true;
}

/* A number, or '*' for one among the values. */
static int64_t read_number(percent *p)
{
    int64_t n = 0;
    if (p->i < p->format->length && p->format->data[p->i] == '*') {
        p->i++;
        mn_jinja_index(p->run, next_value(p), "a width", &n);
        if (n > INT32_MAX || n < -INT32_MAX)
            mn_jinja_fail(p->run, "a format has too large a number");
        return n;
    }
    for (; p->i < p->format->length && p->format->data[p->i] >= '0' && p->format->data[p->i] <= '9';
         p->i++) {
        n = n * 10 + (p->format->data[p->i] - '0');
        if (n <= INT32_MAX) continue;
        mn_jinja_fail(p->run, "a format has too large a number");
        return 0;
    }
    return n;
}

static void read_flags(percent *p, mn_jinja_spec *spec)
{
    for (; p->i < p->format->length; p->i++) {
        switch (p->format->data[p->i]) {
        case '-':
            spec->align = '<';
            break;
        case '+':
            spec->sign = '+';
            break;
        case ' ':
            if (spec->sign != '+') spec->sign = ' ';
            break;
        case '#':
            spec->alternate = true;
            break;
        case '0':
            spec->zero = true;
            break;
        default:
            return;
        }
    }
}

static void add_char(percent *p, value v, mn_jinja_spec *spec)
{
    mn_jinja_builder b = { .run = p->run };
    bool is_char = v.kind == MN_JINJA_STRING && mn_jinja_string_chars(p->run, v.string) == 1;
    if (is_char)
        mn_jinja_add_string(&b, v.string);
    else {
        int64_t c = -1;
        if (v.kind == MN_JINJA_INT || v.kind == MN_JINJA_BOOL) c = mn_jinja_integer(v);
        if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
            mn_jinja_fail(p->run, "'%%c' needs one character");
        else
            mn_jinja_add_char(&b, (uint32_t)c, v.origin);
    }
    mn_jinja_string *text = mn_jinja_built(&b);
    spec->precision = -1;
    if (text) mn_jinja_add_string(p->b, mn_jinja_format_text(p->run, text, spec));
}

static void add_number(percent *p, value v, mn_jinja_spec *spec)
{
    if (!mn_jinja_is_number(v)) {
        if (v.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(p->run, v);
        mn_jinja_fail(p->run, "'%%%c' needs a number, not '%s'", spec->type, mn_jinja_kind_name(v));
        return;
    }
    if (v.kind == MN_JINJA_FLOAT && strchr("xXo", spec->type)) {
        mn_jinja_fail(p->run, "'%%%c' needs an integer, not 'float'", spec->type);
        return;
    }
    if (strchr("diu", spec->type)) v = mn_jinja_truncate(p->run, v);
    if (spec->align == '<') spec->zero = false;
    if (!p->run->status) mn_jinja_add_string(p->b, mn_jinja_format_number(p->run, v, spec));
}

static void add_text(percent *p, value v, mn_jinja_spec *spec)
{
    mn_jinja_string *text =
        spec->type == 's' ? mn_jinja_string_of(p->run, v) : mn_jinja_repr(p->run, v);
    if (text && p->format->markup) text = mn_jinja_string_escape(p->run, text);
    if (!spec->align) spec->align = '>';
    if (text) mn_jinja_add_string(p->b, mn_jinja_format_text(p->run, text, spec));
}

static void add_code(percent *p)
{
    mn_jinja_spec spec = { .fill = ' ',
                           .fill_origin = mn_jinja_string_own_origin(p->format),
                           .precision = -1,
                           .percent = true };
    size_t start = p->i;
    read_key(p);
    read_flags(p, &spec);
    spec.width = p->run->status ? 0 : read_number(p);
    if (spec.width < 0) {
        spec.align = '<';
        spec.width = -spec.width;
    }
    if (p->i < p->format->length && p->format->data[p->i] == '.') {
        p->i++;
        spec.precision = read_number(p);
        if (spec.precision < 0) spec.precision = 0;
    }
    while (p->i < p->format->length && strchr("hlL", p->format->data[p->i]) &&
           p->format->data[p->i])
        p->i++;
    if (p->i >= p->format->length) mn_jinja_fail(p->run, "a format is not complete");
    if (p->run->status) return;
    spec.type = p->format->data[p->i++];
    if (spec.type == '%')
        mn_jinja_add_part(p->b, p->format, start - 1, start);
    else if (spec.type == 's' || spec.type == 'r' || spec.type == 'a')
        add_text(p, next_value(p), &spec);
    else if (spec.type == 'c') {
        if (!spec.align) spec.align = '>';
        add_char(p, next_value(p), &spec);
    } else if (spec.type && strchr("diuxXoeEfFgG", spec.type))
        add_number(p, next_value(p), &spec);
    else
        mn_jinja_fail(p->run, "a format has a code that does not exist");
}

mn_jinja_value mn_jinja_format_percent(mn_jinja_run *run, mn_jinja_string *format,
                                       mn_jinja_value values)
{
    mn_jinja_builder b = { .run = run };
    percent p = { .run = run,
                  .b = &b,
                  .format = format,
                  .values = values,
                  .list = values.kind == MN_JINJA_TUPLE ? values.list : NULL };
    while (p.i < format->length && mn_jinja_charge(run, 1)) {
        const char *sign = memchr(format->data + p.i, '%', format->length - p.i);
        size_t at = sign ? (size_t)(sign - format->data) : format->length;
        mn_jinja_add_part(&b, format, p.i, at);
        p.i = at + 1;
        if (sign) add_code(&p);
    }
    bool may_have_more = values.kind == MN_JINJA_DICT || values.kind == MN_JINJA_LIST ||
                         values.kind == MN_JINJA_RANGE || values.kind == MN_JINJA_UNDEFINED;
    if (!may_have_more && p.n_used < (p.list ? p.list->n : 1))
        mn_jinja_fail(run, "a format does not ask for all its values");
    mn_jinja_string *built = mn_jinja_built(&b);
    if (built) built->markup = format->markup;
    return mn_jinja_text(built);
}
