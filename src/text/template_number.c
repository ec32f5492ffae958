/* SPDX-License-Identifier: Apache-2.0 */
/* template_number.c - numbers as Python reads, writes and reckons with them; integers have 64 bits.
 */
#include "text/template_number.h"

#include "text/template_run.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- text ---------------------------------------------------------------------------------------
 */

static bool is_float_text(const char *text, size_t length)
{
    size_t i = 0, digits = 0;
    if (i < length && (text[i] == '+' || text[i] == '-')) i++;
    for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) digits++;
    if (i < length && text[i] == '.')
        for (i++; i < length && text[i] >= '0' && text[i] <= '9'; i++) digits++;
    if (!digits) return false;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-')) i++;
        size_t start = i;
        while (i < length && text[i] >= '0' && text[i] <= '9') i++;
        if (i == start) return false;
    }
    return i == length;
}

bool mn_jinja_parse_float(const char *text, size_t length, double *out)
{
    char plain[512];
    const char *point = localeconv()->decimal_point;
    size_t n = 0, point_length = strlen(point);
    if (!is_float_text(text, length) || length + point_length >= sizeof plain) return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            memcpy(plain + n, point, point_length);
            n += point_length;
        } else
            plain[n++] = text[i];
    }
    plain[n] = '\0';
    *out = strtod(plain, NULL);
    return true;
}

int mn_jinja_print_digits(char *out, size_t size, double real, int precision, char type)
{
    char format[8] = { '%', '.', '*', type, '\0' };
    int length = snprintf(out, size, format, precision, real);
    if (length < 0 || (size_t)length >= size) return -1;
    const char *point = localeconv()->decimal_point;
    char *found = strcmp(point, ".") ? strstr(out, point) : NULL;
    if (found) {
        size_t point_length = strlen(point);
        *found = '.';
        memmove(found + 1, found + point_length, strlen(found + point_length) + 1);
        length -= (int)point_length - 1;
    }
    return length;
}

void mn_jinja_print_float(char out[32], double real)
{
    char digits[40], *exponent_mark;
    double back;
    if (isnan(real)) {
        strcpy(out, "nan");
        return;
    }
    if (isinf(real)) {
        strcpy(out, real > 0 ? "inf" : "-inf");
        return;
    }
    for (int precision = 0; precision < 17; precision++) {
        mn_jinja_print_digits(digits, sizeof digits, real, precision, 'e');
        if (mn_jinja_parse_float(digits, strlen(digits), &back) && back == real) break;
    }
    exponent_mark = strchr(digits, 'e');
    int exponent = atoi(exponent_mark + 1);
    size_t n_digits = (size_t)(exponent_mark - digits) - (digits[0] == '-');
    if (n_digits > 1) n_digits--; /* the point */
    if (exponent < -4 || exponent >= 16) {
        *exponent_mark = '\0';
        snprintf(out, 32, "%.24se%c%02d", digits, exponent < 0 ? '-' : '+', abs(exponent) % 1000);
        return;
    }
    int places = (int)n_digits - 1 - exponent;
    mn_jinja_print_digits(out, 32, real, places > 1 ? places : 1, 'f');
}

/* Without white space around it and underscores between digits; false if it cannot be a number. */
static bool clean_number(const mn_jinja_string *text, char *out, size_t size, size_t *length)
{
    size_t start = 0, end, i = 0, n = 0;
    while (i < text->length && mn_jinja_is_space(mn_jinja_string_decode(text, &i))) start = i;
    for (i = end = start; i < text->length;) {
        if (!mn_jinja_is_space(mn_jinja_string_decode(text, &i))) end = i;
    }
    for (i = start; i < end;) {
        uint32_t c = mn_jinja_string_decode(text, &i);
        int digit = mn_jinja_digit_value(c);
        if (n + 1 >= size) return false;
        if (c == '_' && n && out[n - 1] != '_' && i < end)
            out[n++] = '_';
        else if (digit >= 0)
            out[n++] = (char)('0' + digit);
        else if (c < 0x80 && c != '_' && c)
            out[n++] = (char)c;
        else
            return false;
    }
    *length = n;
    return n > 0;
}

static int any_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    char lower = c | 0x20;
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

/* Skips "0x" and the like where the base allows it; base 0 takes the base from it. */
static size_t skip_base(const char *text, size_t i, size_t n, int64_t *base)
{
    char mark = n - i > 2 && text[i] == '0' ? text[i + 1] | 0x20 : '\0';
    int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (*base == 0)
        *base = marked ? marked : 10;
    else if (marked != *base)
        marked = 0;
    return marked ? i + 2 + (text[i + 2] == '_') : i;
}

bool mn_jinja_read_int(mn_jinja_run *run, const mn_jinja_string *text, int64_t base, int64_t *out)
{
    char plain[512];
    size_t n, i = 0;
    if (base != 0 && (base < 2 || base > 36)) return false;
    if (!clean_number(text, plain, sizeof plain, &n)) return false;
    bool minus = plain[0] == '-', any = base == 0;
    if (minus || plain[0] == '+') i++;
    i = skip_base(plain, i, n, &base);
    if (i >= n || plain[i] == '_' ||
        (any && base == 10 && plain[i] == '0' && strspn(plain + i, "0_") < n - i))
        return false;
    int64_t value = 0;
    bool overflow = false;
    for (; i < n; i++) {
        if (plain[i] == '_' && i + 1 < n) continue;
        if (any_digit(plain[i]) >= base) return false;
        overflow |= __builtin_mul_overflow(value, base, &value);
        overflow |= __builtin_sub_overflow(value, any_digit(plain[i]),
                                           &value); /* towards the larger side */
    }
    if (overflow || (!minus && value == INT64_MIN))
        mn_jinja_fail(run, "an integer does not fit 64 bits");
    *out = overflow ? 0 : minus ? value : value == INT64_MIN ? 0 : -value;
    return true;
}

bool mn_jinja_read_float(mn_jinja_run *run, const mn_jinja_string *text, double *out)
{
    static const struct {
        const char *name;
        double value;
    } names[] = { { "inf", INFINITY }, { "infinity", INFINITY }, { "nan", NAN } };
    char plain[512], dense[512];
    size_t n, m = 0;
    (void)run;
    if (!clean_number(text, plain, sizeof plain, &n)) return false;
    for (size_t i = 0; i < n; i++) {
        bool between =
            i && i + 1 < n && any_digit(plain[i - 1]) < 10 && any_digit(plain[i + 1]) < 10;
        if (plain[i] == '_' && !between) return false;
        if (plain[i] != '_') dense[m++] = plain[i];
    }
    dense[m] = '\0';
    const char *word = dense + (dense[0] == '-' || dense[0] == '+');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(word, names[i].name)) continue;
        *out = dense[0] == '-' ? -names[i].value : names[i].value;
        return true;
    }
    return mn_jinja_parse_float(dense, m, out);
}

/* --- reckoning ----------------------------------------------------------------------------------
 */

double mn_jinja_real(mn_jinja_value number)
{
    return number.kind == MN_JINJA_FLOAT ? number.real : (double)mn_jinja_integer(number);
}

int64_t mn_jinja_integer(mn_jinja_value number)
{
    return number.kind == MN_JINJA_BOOL ? number.truth : number.integer;
}

mn_jinja_value mn_jinja_truncate(mn_jinja_run *run, mn_jinja_value number)
{
    if (number.kind != MN_JINJA_FLOAT) return mn_jinja_int(mn_jinja_integer(number), number.origin);
    if (!(number.real < 0x1p63 && number.real >= -0x1p63)) {
        mn_jinja_fail(run, isfinite(number.real) ? "an integer does not fit 64 bits"
                                                 : "infinity and NaN are no integers");
        return mn_jinja_none();
    }
    return mn_jinja_int((int64_t)number.real, number.origin);
}

double mn_jinja_round(double real, int64_t places)
{
    char text[400];
    double rounded;
    if (!isfinite(real) || real == 0) return real;
    if (places < -308) return copysign(0, real);
    if (places > 323) return real;
    if (places >= 0) {
        if (mn_jinja_print_digits(text, sizeof text, real, (int)places, 'f') < 0) return real;
        return mn_jinja_parse_float(text, strlen(text), &rounded) ? rounded : real;
    }
    /* a float this far left of the point: through its exact decimal digits */
    int exponent = (int)floor(log10(fabs(real)));
    int digits = exponent + (int)places;
    if (digits < -1) return copysign(0, real);
    if (digits == -1)
        return fabs(real) > 5 * pow(10, (double)(-places - 1))
                   ? copysign(pow(10, (double)-places), real)
                   : copysign(0, real);
    if (mn_jinja_print_digits(text, sizeof text, real, digits, 'e') < 0) return real;
    return mn_jinja_parse_float(text, strlen(text), &rounded) ? rounded : real;
}

/* Rounds towards minus infinity, as Python divides. */
static double floor_remainder(double a, double b)
{
    double remainder = fmod(a, b);
    if (remainder != 0 && (b < 0) != (remainder < 0)) return remainder + b;
    return remainder != 0 ? remainder : copysign(0, b);
}

static double floor_quotient(double a, double b)
{
    double remainder = fmod(a, b), quotient = (a - remainder) / b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1;
    if (quotient == 0) return copysign(0, a / b);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static double real_power(mn_jinja_run *run, double a, double b)
{
    if (a == 0 && b < 0) mn_jinja_fail(run, "zero cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        mn_jinja_fail(run, "complex numbers are not supported");
    double power = pow(a, b);
    if (isinf(power) && isfinite(a) && isfinite(b)) mn_jinja_fail(run, "a result is too large");
    return power;
}

static double operate_real(mn_jinja_run *run, int op, double a, double b)
{
    if ((op == MN_JINJA_DIVIDE || op == MN_JINJA_FLOOR_DIVIDE || op == MN_JINJA_REMAINDER) &&
        b == 0) {
        mn_jinja_fail(run, "division by zero");
        return 0;
    }
    switch (op) {
    case MN_JINJA_ADD:
        return a + b;
    case MN_JINJA_SUBTRACT:
        return a - b;
    case MN_JINJA_MULTIPLY:
        return a * b;
    case MN_JINJA_DIVIDE:
        return a / b;
    case MN_JINJA_FLOOR_DIVIDE:
        return floor_quotient(a, b);
    case MN_JINJA_REMAINDER:
        return floor_remainder(a, b);
    default:
        return real_power(run, a, b);
    }
}

static bool integer_power(int64_t base, int64_t exponent, int64_t *out)
{
    bool overflow = false, base_overflow = false;
    *out = 1;
    if (base == 1 || base == 0) exponent = exponent ? 1 : 0;
    if (base == -1) exponent &= 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) overflow |= base_overflow || __builtin_mul_overflow(*out, base, out);
        base_overflow |= __builtin_mul_overflow(base, base, &base);
        if (overflow) return false;
    }
    return true;
}

static bool operate_integer(int op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case MN_JINJA_ADD:
        return !__builtin_add_overflow(a, b, out);
    case MN_JINJA_SUBTRACT:
        return !__builtin_sub_overflow(a, b, out);
    case MN_JINJA_MULTIPLY:
        return !__builtin_mul_overflow(a, b, out);
    case MN_JINJA_FLOOR_DIVIDE:
        if (a == INT64_MIN && b == -1) return false;
        *out = a / b - (a % b != 0 && (a % b < 0) != (b < 0));
        return true;
    case MN_JINJA_REMAINDER:
        *out = b == -1 ? 0 : a % b;
        if (*out && (*out < 0) != (b < 0)) *out += b;
        return true;
    default:
        return integer_power(a, b, out);
    }
}

static mn_jinja_value operate_numbers(mn_jinja_run *run, int op, mn_jinja_value a, mn_jinja_value b)
{
    unsigned origin = a.origin & b.origin;
    bool real = a.kind == MN_JINJA_FLOAT || b.kind == MN_JINJA_FLOAT || op == MN_JINJA_DIVIDE;
    if (!real && op == MN_JINJA_POWER && mn_jinja_integer(b) < 0) real = true;
    if (real)
        return mn_jinja_float(operate_real(run, op, mn_jinja_real(a), mn_jinja_real(b)), origin);
    int64_t x = mn_jinja_integer(a), y = mn_jinja_integer(b), out = 0;
    if ((op == MN_JINJA_FLOOR_DIVIDE || op == MN_JINJA_REMAINDER) && y == 0)
        mn_jinja_fail(run, "division by zero");
    else if (!operate_integer(op, x, y, &out))
        mn_jinja_fail(run, "an integer does not fit 64 bits");
    return mn_jinja_int(out, origin);
}

/* --- other operands -----------------------------------------------------------------------------
 */

static mn_jinja_value repeat_string(mn_jinja_run *run, mn_jinja_string *string, int64_t times)
{
    mn_jinja_builder b = { .run = run };
    mn_jinja_add_fill(&b, string, times > 0 && string->length ? (size_t)times : 0);
    mn_jinja_string *built = mn_jinja_built(&b);
    if (built) built->markup = string->markup;
    return mn_jinja_text(built);
}

static mn_jinja_value repeat_list(mn_jinja_run *run, mn_jinja_value list, int64_t times)
{
    mn_jinja_list *out = mn_jinja_list_new(run, 0);
    for (int64_t i = 0; list.list->n && i < times && !run->status; i++)
        for (size_t k = 0; k < list.list->n && !run->status; k++)
            mn_jinja_list_append(run, out, list.list->items[k]);
    return out ? (mn_jinja_value){ .kind = list.kind, .list = out } : mn_jinja_none();
}

static bool repeat(mn_jinja_run *run, mn_jinja_value a, mn_jinja_value b, mn_jinja_value *out)
{
    if (b.kind != MN_JINJA_INT && b.kind != MN_JINJA_BOOL) return false;
    if (a.kind == MN_JINJA_STRING)
        *out = repeat_string(run, a.string, mn_jinja_integer(b));
    else if (a.kind == MN_JINJA_LIST || a.kind == MN_JINJA_TUPLE)
        *out = repeat_list(run, a, mn_jinja_integer(b));
    else
        return false;
    return true;
}

static mn_jinja_value no_operation(mn_jinja_run *run, int op, mn_jinja_value a, mn_jinja_value b)
{
    static const char *const signs[] = { "+", "-", "*", "/", "//", "%", "**" };
    if (a.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, a);
    if (b.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, b);
    mn_jinja_fail(run, "'%s' cannot be applied to '%s' and '%s'", signs[op], mn_jinja_kind_name(a),
                  mn_jinja_kind_name(b));
    return mn_jinja_none();
}

mn_jinja_value mn_jinja_operate(mn_jinja_run *run, int op, mn_jinja_value a, mn_jinja_value b)
{
    mn_jinja_value out;
    if (run->status) return mn_jinja_none();
    if (mn_jinja_is_number(a) && mn_jinja_is_number(b)) return operate_numbers(run, op, a, b);
    if (op == MN_JINJA_ADD && a.kind == MN_JINJA_STRING && b.kind == MN_JINJA_STRING)
        return mn_jinja_text(mn_jinja_string_join(run, a.string, b.string));
    if (op == MN_JINJA_ADD && a.kind == b.kind &&
        (a.kind == MN_JINJA_LIST || a.kind == MN_JINJA_TUPLE))
        return mn_jinja_list_join(run, a, b);
    if (op == MN_JINJA_MULTIPLY && (repeat(run, a, b, &out) || repeat(run, b, a, &out))) return out;
    if (op == MN_JINJA_REMAINDER && a.kind == MN_JINJA_STRING)
        return mn_jinja_format_percent(run, a.string, b);
    return no_operation(run, op, a, b);
}

mn_jinja_value mn_jinja_negate(mn_jinja_run *run, mn_jinja_value value, bool minus)
{
    if (value.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, value);
    if (!mn_jinja_is_number(value)) {
        mn_jinja_fail(run, "'%s' cannot be applied to '%s'", minus ? "-" : "+",
                      mn_jinja_kind_name(value));
        return mn_jinja_none();
    }
    if (value.kind == MN_JINJA_FLOAT)
        return mn_jinja_float(minus ? -value.real : value.real, value.origin);
    int64_t integer = mn_jinja_integer(value), out = integer;
    if (minus && __builtin_sub_overflow(0, integer, &out))
        mn_jinja_fail(run, "an integer does not fit 64 bits");
    return mn_jinja_int(out, value.origin);
}
