/* SPDX-License-Identifier: Apache-2.0 */
/* template_format.c - one value as a format asks for it: Python's format(value, spec). */
#include "text/template_format.h"

#include "text/template_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_PRECISION 400
#define MAX_DIGITS    800

/* --- reading a spec -----------------------------------------------------------------------------
 */

static bool is_align(uint32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

static bool read_number(mn_jinja_run *run, const mn_jinja_string *s, size_t *i, int64_t *out)
{
    int64_t n = 0;
    size_t start = *i;
    for (; *i < s->length && s->data[*i] >= '0' && s->data[*i] <= '9'; ++*i) {
        n = n * 10 + (s->data[*i] - '0');
        if (n > INT32_MAX) mn_jinja_fail(run, "a format has too large a number");
        if (run->status) return false;
    }
    if (*i > start) *out = n;
    return *i > start;
}

static bool skip_char(const mn_jinja_string *s, size_t *i, const char *any, char *out)
{
    if (*i >= s->length || !s->data[*i] || !strchr(any, s->data[*i])) return false;
    *out = s->data[(*i)++];
    return true;
}

static void read_fill(const mn_jinja_string *s, size_t *i, mn_jinja_spec *spec)
{
    size_t next = *i;
    if (*i >= s->length) return;
    uint32_t first = mn_jinja_string_decode(s, &next);
    if (next < s->length && is_align((unsigned char)s->data[next])) {
        spec->fill = first;
        spec->fill_origin = mn_jinja_string_origin(s, *i);
        spec->align = s->data[next];
        *i = next + 1;
    } else
        skip_char(s, i, "<>=^", &spec->align);
}

static bool read_spec(mn_jinja_run *run, const mn_jinja_string *s, mn_jinja_spec *spec)
{
    size_t i = 0;
    char c;
    *spec = (mn_jinja_spec){ .fill = ' ',
                             .fill_origin = mn_jinja_string_own_origin(s),
                             .precision = -1 };
    read_fill(s, &i, spec);
    skip_char(s, &i, "+- ", &spec->sign);
    if (skip_char(s, &i, "z", &c)) mn_jinja_fail(run, "the format code 'z' is not supported");
    spec->alternate = skip_char(s, &i, "#", &c);
    if (i < s->length && s->data[i] == '0') {
        i++;
        if (!spec->align)
            spec->zero = true;
        else if (spec->fill == ' ' && s->data[0] != ' ')
            spec->fill = '0';
    }
    read_number(run, s, &i, &spec->width);
    skip_char(s, &i, ",_", &spec->group);
    if (skip_char(s, &i, ".", &c) && !read_number(run, s, &i, &spec->precision))
        mn_jinja_fail(run, "a format lacks its precision");
    if (i < s->length && (unsigned char)s->data[i] < 0x80) spec->type = s->data[i++];
    if (i != s->length) mn_jinja_fail(run, "a format is not valid");
    return !run->status;
}

/* --- numbers ------------------------------------------------------------------------------------
 */

/* The digits of |n| in a base, with leading zeros up to `least`. */
static void integer_digits(char out[MAX_DIGITS], uint64_t n, unsigned base, bool upper,
                           int64_t least)
{
    char reversed[MAX_DIGITS];
    size_t length = 0;
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    do reversed[length++] = digits[n % base];
    while (n /= base);
    while ((int64_t)length < least && length < MAX_PRECISION) reversed[length++] = '0';
    for (size_t i = 0; i < length; i++) out[i] = reversed[length - 1 - i];
    out[length] = '\0';
}

/* Puts a separator between groups of whole digits. */
static void group_digits(char *text, size_t size, char separator, size_t per_group)
{
    size_t whole = strspn(text, "0123456789abcdefABCDEF"), length = strlen(text);
    if (strpbrk(text, ".eE") && per_group == 3) whole = strspn(text, "0123456789");
    for (size_t i = whole; i > per_group && length + 1 < size;) {
        i -= per_group;
        memmove(text + i + 1, text + i, length - i + 1);
        text[i] = separator;
        length++;
    }
}

/* Sign, prefix and digits of an integer; false if the type is none for integers. */
static bool integer_text(mn_jinja_run *run, const mn_jinja_spec *spec, int64_t n,
                         mn_jinja_digits *out)
{
    char type = spec->type ? spec->type : 'd';
    unsigned base = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
    if (!strchr("bdoxXniu", type)) return false;
    out->negative = n < 0;
    integer_digits(out->digits, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, base, type == 'X',
                   spec->percent ? spec->precision : 0);
    if (!spec->percent && spec->precision >= 0)
        mn_jinja_fail(run, "an integer is formatted without a precision");
    if (spec->group) group_digits(out->digits, sizeof out->digits, spec->group, base == 10 ? 3 : 4);
    if (spec->alternate && base != 10) snprintf(out->prefix, sizeof out->prefix, "0%c", type);
    return true;
}

static void add_point(char *text, size_t size, bool zero)
{
    size_t length = strlen(text), at = strcspn(text, "eE");
    if (strchr(text, '.') || !strpbrk(text, "0123456789") || length + 3 > size ||
        (zero && text[at]))
        return;
    memmove(text + at + (zero ? 2 : 1), text + at, length - at + 1);
    text[at] = '.';
    if (zero) text[at + 1] = '0';
}

static bool real_text(mn_jinja_run *run, const mn_jinja_spec *spec, double real,
                      mn_jinja_digits *out)
{
    char type = spec->type;
    bool percent = type == '%';
    if (type && !strchr("eEfFgGn%", type)) return false;
    if (spec->precision > MAX_PRECISION)
        mn_jinja_fail(run, "a precision is larger than %d", MAX_PRECISION);
    int precision = spec->precision < 0               ? 6
                    : spec->precision > MAX_PRECISION ? 0
                                                      : (int)spec->precision;
    if (percent) real *= 100;
    out->negative = signbit(real) && !isnan(real);
    real = fabs(real);
    bool upper = type == 'E' || type == 'F' || type == 'G';
    if (!isfinite(real))
        strcpy(out->digits, isnan(real) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
    else if (!type && spec->precision < 0)
        mn_jinja_print_float(out->digits, real);
    else {
        char c = !type || type == 'n' ? 'g' : percent ? 'f' : type;
        if (c == 'g' || c == 'G') precision = precision ? precision : 1;
        if (mn_jinja_print_digits(out->digits, sizeof out->digits - 8, real, precision, c) < 0)
            mn_jinja_fail(run, "a number is too long to be formatted");
        if (!type) add_point(out->digits, sizeof out->digits, true);
        if (spec->alternate) add_point(out->digits, sizeof out->digits, false);
    }
    if (spec->group) group_digits(out->digits, sizeof out->digits, spec->group, 3);
    if (percent) strcat(out->digits, "%");
    return true;
}

static void add_fill(mn_jinja_builder *b, const mn_jinja_spec *spec, int64_t n)
{
    for (int64_t i = 0; i < n && mn_jinja_charge(b->run, 1); i++)
        mn_jinja_add_char(b, spec->fill, spec->fill_origin);
}

static void add_zeros(mn_jinja_builder *b, int64_t n, unsigned origin)
{
    for (int64_t i = 0; i < n && mn_jinja_charge(b->run, 1); i++) mn_jinja_add_text(b, "0", origin);
}

static mn_jinja_string *number_string(mn_jinja_run *run, const mn_jinja_spec *spec,
                                      mn_jinja_digits *d, unsigned origin)
{
    mn_jinja_builder b = { .run = run };
    char sign[2] = { d->negative                              ? '-'
                     : spec->sign == '+' || spec->sign == ' ' ? spec->sign
                                                              : '\0' };
    int64_t missing = spec->width - (int64_t)(strlen(sign) + strlen(d->prefix) + strlen(d->digits));
    if (missing < 0) missing = 0;
    char align = spec->align ? spec->align : spec->zero ? '0' : '>';
    int64_t left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
    add_fill(&b, spec, left);
    mn_jinja_add_text(&b, sign, origin);
    mn_jinja_add_text(&b, d->prefix, origin);
    if (align == '=') add_fill(&b, spec, missing);
    if (align == '0') add_zeros(&b, missing, origin);
    mn_jinja_add_text(&b, d->digits, origin);
    if (align == '<' || align == '^') add_fill(&b, spec, missing - left);
    return mn_jinja_built(&b);
}

mn_jinja_string *mn_jinja_format_number(mn_jinja_run *run, mn_jinja_value number,
                                        const mn_jinja_spec *spec)
{
    mn_jinja_digits d = { .negative = false };
    bool real_type = spec->type && strchr("eEfFgG%", spec->type);
    bool done = number.kind == MN_JINJA_FLOAT || real_type
                    ? real_text(run, spec, mn_jinja_real(number), &d)
                    : integer_text(run, spec, mn_jinja_integer(number), &d);
    if (!done)
        mn_jinja_fail(run, "the format code '%c' does not fit a value of type '%s'", spec->type,
                      mn_jinja_kind_name(number));
    if (run->status) return NULL;
    if (spec->zero && spec->group && spec->width > (int64_t)strlen(d.digits))
        mn_jinja_fail(run, "zeros with separators are not supported");
    return number_string(run, spec, &d, number.origin);
}

/* --- text ---------------------------------------------------------------------------------------
 */

mn_jinja_string *mn_jinja_format_text(mn_jinja_run *run, mn_jinja_string *text,
                                      const mn_jinja_spec *spec)
{
    mn_jinja_builder b = { .run = run };
    if (spec->precision >= 0 && (uint64_t)spec->precision < mn_jinja_string_chars(run, text))
        text = mn_jinja_string_part(run, text, 0,
                                    mn_jinja_string_offset(run, text, (size_t)spec->precision));
    if (!text) return NULL;
    int64_t missing = spec->width - (int64_t)mn_jinja_string_chars(run, text);
    if (missing <= 0) return text;
    int64_t left = spec->align == '>' ? missing : spec->align == '^' ? missing / 2 : 0;
    add_fill(&b, spec, left);
    mn_jinja_add_string(&b, text);
    add_fill(&b, spec, missing - left);
    return mn_jinja_built(&b);
}

static mn_jinja_string *format_string(mn_jinja_run *run, mn_jinja_string *text, mn_jinja_spec *spec)
{
    if ((spec->type && spec->type != 's') || spec->sign || spec->alternate || spec->group ||
        spec->align == '=') {
        mn_jinja_fail(run, "a format for numbers does not fit a string");
        return NULL;
    }
    if (spec->zero) spec->fill = '0';
    return mn_jinja_format_text(run, text, spec);
}

static mn_jinja_string *format_char(mn_jinja_run *run, mn_jinja_value number, mn_jinja_spec *spec)
{
    mn_jinja_builder b = { .run = run };
    int64_t c = mn_jinja_integer(number);
    if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        mn_jinja_fail(run, "%" PRId64 " is no character", c);
    else
        mn_jinja_add_char(&b, (uint32_t)c, number.origin);
    mn_jinja_string *text = mn_jinja_built(&b);
    if (!spec->align) spec->align = '<';
    return text ? mn_jinja_format_text(run, text, spec) : NULL;
}

mn_jinja_string *mn_jinja_format_value(mn_jinja_run *run, mn_jinja_value value,
                                       const mn_jinja_string *text)
{
    mn_jinja_spec spec;
    if (!text->length) return mn_jinja_string_of(run, value);
    if (value.kind != MN_JINJA_STRING && !mn_jinja_is_number(value))
        mn_jinja_fail(run, "a value of type '%s' takes no format", mn_jinja_kind_name(value));
    if (run->status || !read_spec(run, text, &spec)) return NULL;
    if (value.kind == MN_JINJA_STRING) return format_string(run, value.string, &spec);
    if (spec.type == 'c' && value.kind != MN_JINJA_FLOAT) return format_char(run, value, &spec);
    if (spec.type == 'i' || spec.type == 'u') mn_jinja_fail(run, "a format is not valid");
    return mn_jinja_format_number(run, value, &spec);
}
