/* SPDX-License-Identifier: Apache-2.0 */
/* template_filters_value.c - filters that take any value: defaults, conversions, numbers, JSON. */
#include "text/template_run.h"

#include "text/template_number.h"

#include <math.h>
#include <string.h>

typedef mn_jinja_value value;

#define FILTER(name)                                                                               \
    static value filter_##name(mn_jinja_run *run, value self, const value *given,                  \
                               const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

FILTER(default)
{
    UNUSED;
    bool use = self.kind == MN_JINJA_UNDEFINED;
    if (!use && given[1].kind != MN_JINJA_MISSING && mn_jinja_truth(run, given[1]))
        use = !mn_jinja_truth(run, self);
    if (!use) return self;
    return given[0].kind != MN_JINJA_MISSING ? given[0]
                                             : mn_jinja_text_literal(run, "", MN_FROM_TEMPLATE);
}

FILTER(attr)
{
    UNUSED;
    mn_jinja_string *name = mn_jinja_want_string(run, given[0], "the name of an attribute");
    if (!name) return mn_jinja_none();
    if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
    value found = mn_jinja_own_attribute(run, self, name);
    return found.kind != MN_JINJA_MISSING ? found : mn_jinja_undefined_in(run, self, given[0]);
}

/* --- numbers ------------------------------------------------------------------------------------
 */

FILTER(abs)
{
    UNUSED;
    if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
    if (!mn_jinja_is_number(self)) {
        mn_jinja_fail(run, "'abs' needs a number, not '%s'", mn_jinja_kind_name(self));
        return mn_jinja_none();
    }
    bool minus = self.kind == MN_JINJA_FLOAT ? signbit(self.real) : mn_jinja_integer(self) < 0;
    return mn_jinja_negate(run, self, minus);
}

/* The number that `self` is or spells; false: none. */
static bool to_real(mn_jinja_run *run, value self, double *out)
{
    if (self.kind == MN_JINJA_STRING) return mn_jinja_read_float(run, self.string, out);
    if (!mn_jinja_is_number(self)) return false;
    *out = mn_jinja_real(self);
    return true;
}

FILTER(float)
{
    UNUSED;
    double real;
    if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
    if (to_real(run, self, &real)) return mn_jinja_float(real, mn_jinja_origin_of(self));
    return given[0].kind != MN_JINJA_MISSING ? given[0] : mn_jinja_float(0, MN_FROM_TEMPLATE);
}

FILTER(int)
{
    UNUSED;
    int64_t base = 10, integer;
    double real;
    if (given[1].kind != MN_JINJA_MISSING) mn_jinja_index(run, given[1], "the base", &base);
    if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
    if (run->status) return mn_jinja_none();
    if (self.kind == MN_JINJA_STRING && mn_jinja_read_int(run, self.string, base, &integer))
        return mn_jinja_int(integer, mn_jinja_origin_of(self));
    bool number = to_real(run, self, &real);
    if (number && isfinite(real)) {
        value as_real = mn_jinja_float(real, mn_jinja_origin_of(self));
        return mn_jinja_truncate(run, self.kind == MN_JINJA_STRING ? as_real : self);
    }
    return given[0].kind != MN_JINJA_MISSING ? given[0] : mn_jinja_int(0, MN_FROM_TEMPLATE);
}

/* Rounds an integer to a power of ten, halves to even. */
static value round_integer(mn_jinja_run *run, value number, int64_t places)
{
    int64_t unit = 1, n = mn_jinja_integer(number);
    for (; places < 0; places++)
        if (__builtin_mul_overflow(unit, 10, &unit)) return mn_jinja_int(0, number.origin);
    int64_t rest = n % unit, low = n - rest;
    if (rest < 0) {
        rest += unit;
        if (__builtin_sub_overflow(low, unit, &low)) rest = 0;
    }
    bool up = rest > unit - rest || (rest == unit - rest && (low / unit) % 2 != 0);
    if (up && unit > 1 && __builtin_add_overflow(low, unit, &low))
        mn_jinja_fail(run, "an integer does not fit 64 bits");
    return mn_jinja_int(low, number.origin);
}

/* The nearest multiple of 10**-places above or below. */
static value round_to_side(mn_jinja_run *run, value number, value places, bool up)
{
    value ten = mn_jinja_int(10, number.origin),
          power = mn_jinja_operate(run, MN_JINJA_POWER, ten, places);
    value product = mn_jinja_operate(run, MN_JINJA_MULTIPLY, number, power);
    if (run->status) return mn_jinja_none();
    if (product.kind == MN_JINJA_FLOAT)
        product = mn_jinja_truncate(
            run, mn_jinja_float(up ? ceil(product.real) : floor(product.real), product.origin));
    return mn_jinja_operate(run, MN_JINJA_DIVIDE, product, power);
}

FILTER(round)
{
    UNUSED;
    int64_t places = 0;
    value method = given[1];
    if (given[0].kind != MN_JINJA_MISSING) mn_jinja_index(run, given[0], "the precision", &places);
    bool common = method.kind == MN_JINJA_MISSING ||
                  (method.kind == MN_JINJA_STRING && mn_jinja_string_is(method.string, "common"));
    bool up = method.kind == MN_JINJA_STRING && mn_jinja_string_is(method.string, "ceil");
    bool down = method.kind == MN_JINJA_STRING && mn_jinja_string_is(method.string, "floor");
    if (!common && !up && !down)
        mn_jinja_fail(run, "'round' knows the methods common, ceil and floor");
    if (self.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, self);
    if (!mn_jinja_is_number(self))
        mn_jinja_fail(run, "'round' needs a number, not '%s'", mn_jinja_kind_name(self));
    if (run->status) return mn_jinja_none();
    if (!common) return round_to_side(run, self, mn_jinja_int(places, self.origin), up);
    if (self.kind != MN_JINJA_FLOAT)
        return places < 0 ? round_integer(run, self, places)
                          : mn_jinja_int(mn_jinja_integer(self), self.origin);
    double rounded = mn_jinja_round(self.real, places);
    if (isinf(rounded) && isfinite(self.real)) mn_jinja_fail(run, "a result is too large");
    return mn_jinja_float(rounded, self.origin);
}

/* --- text of any value --------------------------------------------------------------------------
 */

FILTER(tojson)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_json(run, self, given));
}

FILTER(pprint)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_pretty(run, self));
}

static const mn_jinja_function filters[] = {
    { "default", "default_value? boolean?", filter_default },
    { "d", "default_value? boolean?", filter_default },
    { "attr", "name", filter_attr },
    { "abs", "/", filter_abs },
    { "float", "default?", filter_float },
    { "int", "default? base?", filter_int },
    { "round", "precision? method?", filter_round },
    { "tojson", "ensure_ascii? indent? separators? sort_keys?", filter_tojson },
    { "pprint", "", filter_pprint },
};

const mn_jinja_function *mn_jinja_value_filters(size_t *n)
{
    *n = sizeof filters / sizeof filters[0];
    return filters;
}
