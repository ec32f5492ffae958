/* SPDX-License-Identifier: Apache-2.0 */
/* template_tests.c - what may follow `is`. */
#include "text/template_run.h"

#include "text/template_number.h"

typedef mn_jinja_value value;

#define TEST(name)                                                                                 \
    static value test_##name(mn_jinja_run *run, value self, const value *given,                    \
                             const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all
/* A test that looks only at the value. */
#define KIND_TEST(name, condition)                                                                 \
    static value test_##name(mn_jinja_run *run, value self, const value *given,                    \
                             const mn_jinja_arguments *all)                                        \
    {                                                                                              \
        UNUSED;                                                                                    \
        return mn_jinja_bool(condition);                                                           \
    }

KIND_TEST(defined, self.kind != MN_JINJA_UNDEFINED)
KIND_TEST(undefined, self.kind == MN_JINJA_UNDEFINED)
KIND_TEST(none, self.kind == MN_JINJA_NONE)
KIND_TEST(boolean, self.kind == MN_JINJA_BOOL)
KIND_TEST(true, self.kind == MN_JINJA_BOOL && self.truth)
KIND_TEST(false, self.kind == MN_JINJA_BOOL && !self.truth)
KIND_TEST(integer, self.kind == MN_JINJA_INT)
KIND_TEST(float, self.kind == MN_JINJA_FLOAT)
KIND_TEST(number, mn_jinja_is_number(self))
KIND_TEST(string, self.kind == MN_JINJA_STRING)
KIND_TEST(mapping, self.kind == MN_JINJA_DICT)
KIND_TEST(sequence, mn_jinja_has_length(self) && self.kind != MN_JINJA_VIEW &&
                        self.kind != MN_JINJA_LOOP && self.kind != MN_JINJA_UNDEFINED)
KIND_TEST(iterable, mn_jinja_iterable(self))
KIND_TEST(callable, self.kind == MN_JINJA_FUNCTION || self.kind == MN_JINJA_METHOD ||
                        self.kind == MN_JINJA_MACRO || self.kind == MN_JINJA_LOOP ||
                        self.kind == MN_JINJA_JOINER || self.kind == MN_JINJA_UNDEFINED)
KIND_TEST(escaped, self.kind == MN_JINJA_STRING && self.string->markup)
KIND_TEST(sameas, mn_jinja_same(self, given[0]))
KIND_TEST(eq, mn_jinja_equal(run, self, given[0]))
KIND_TEST(ne, !mn_jinja_equal(run, self, given[0]))
KIND_TEST(lt, mn_jinja_compare(run, self, given[0], MN_JINJA_LT))
KIND_TEST(le, mn_jinja_compare(run, self, given[0], MN_JINJA_LE))
KIND_TEST(gt, mn_jinja_compare(run, self, given[0], MN_JINJA_GT))
KIND_TEST(ge, mn_jinja_compare(run, self, given[0], MN_JINJA_GE))
KIND_TEST(in, mn_jinja_contains(run, given[0], self))
KIND_TEST(filter, self.kind == MN_JINJA_STRING && mn_jinja_find_filter(self.string))
KIND_TEST(test, self.kind == MN_JINJA_STRING && mn_jinja_find_test(self.string))

static value in_case(mn_jinja_run *run, value self, bool upper)
{
    mn_jinja_string *s = mn_jinja_string_of(run, self);
    return mn_jinja_bool(s && mn_jinja_charge(run, s->length) && mn_jinja_string_is_case(s, upper));
}

TEST(upper)
{
    UNUSED;
    return in_case(run, self, true);
}
TEST(lower)
{
    UNUSED;
    return in_case(run, self, false);
}

static value remainder_is(mn_jinja_run *run, value self, value divisor, int64_t wanted)
{
    value rest = mn_jinja_operate(run, MN_JINJA_REMAINDER, self, divisor);
    return mn_jinja_bool(!run->status &&
                         mn_jinja_equal(run, rest, mn_jinja_int(wanted, MN_FROM_TEMPLATE)));
}

TEST(odd)
{
    UNUSED;
    return remainder_is(run, self, mn_jinja_int(2, MN_FROM_TEMPLATE), 1);
}
TEST(even)
{
    UNUSED;
    return remainder_is(run, self, mn_jinja_int(2, MN_FROM_TEMPLATE), 0);
}
TEST(divisibleby)
{
    UNUSED;
    return remainder_is(run, self, given[0], 0);
}

static const mn_jinja_function tests[] = {
    { "defined", "", test_defined },
    { "undefined", "", test_undefined },
    { "none", "", test_none },
    { "boolean", "", test_boolean },
    { "true", "", test_true },
    { "false", "", test_false },
    { "integer", "", test_integer },
    { "float", "", test_float },
    { "number", "", test_number },
    { "string", "", test_string },
    { "mapping", "", test_mapping },
    { "sequence", "", test_sequence },
    { "iterable", "", test_iterable },
    { "callable", "/", test_callable },
    { "escaped", "", test_escaped },
    { "sameas", "other", test_sameas },
    { "==", "/ other", test_eq },
    { "eq", "/ other", test_eq },
    { "equalto", "/ other", test_eq },
    { "!=", "/ other", test_ne },
    { "ne", "/ other", test_ne },
    { "<", "/ other", test_lt },
    { "lt", "/ other", test_lt },
    { "lessthan", "/ other", test_lt },
    { "<=", "/ other", test_le },
    { "le", "/ other", test_le },
    { ">", "/ other", test_gt },
    { "gt", "/ other", test_gt },
    { "greaterthan", "/ other", test_gt },
    { ">=", "/ other", test_ge },
    { "ge", "/ other", test_ge },
    { "in", "seq", test_in },
    { "filter", "", test_filter },
    { "test", "", test_test },
    { "upper", "", test_upper },
    { "lower", "", test_lower },
    { "odd", "", test_odd },
    { "even", "", test_even },
    { "divisibleby", "num", test_divisibleby },
};

const mn_jinja_function *mn_jinja_find_test(const mn_jinja_string *name)
{
    return mn_jinja_find_in(tests, sizeof tests / sizeof tests[0], name);
}
