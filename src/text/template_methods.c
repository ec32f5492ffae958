/* SPDX-License-Identifier: Apache-2.0 */
/* template_methods.c - the methods of strings. */
#include "text/template_run.h"

#include <string.h>

typedef mn_jinja_value value;
typedef mn_jinja_string string;

#define METHOD(name)                                                                               \
    static value method_##name(mn_jinja_run *run, value self, const value *given,                  \
                               const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

static bool is_given(value v) { return v.kind != MN_JINJA_MISSING && v.kind != MN_JINJA_NONE; }

/* An integer argument, or `otherwise` if it was left out. */
static int64_t integer(mn_jinja_run *run, value v, int64_t otherwise)
{
    int64_t out = otherwise;
    if (v.kind != MN_JINJA_MISSING) mn_jinja_index(run, v, "an argument", &out);
    return out;
}

/* A result made from `self`, marked safe if that was. */
static value like(mn_jinja_run *run, value self, string *made)
{
    return mn_jinja_text(made && self.string->markup != made->markup
                             ? mn_jinja_string_markup(run, made, self.string->markup)
                             : made);
}

/* --- case and padding ---------------------------------------------------------------------------
 */

METHOD(upper)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_UPPER));
}
METHOD(lower)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_LOWER));
}
METHOD(title)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_TITLE));
}
METHOD(capitalize)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_CAPITAL));
}
METHOD(swapcase)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_SWAP));
}
METHOD(casefold)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_case(run, self.string, MN_JINJA_FOLD));
}

static value pad(mn_jinja_run *run, value self, const value *given, mn_jinja_side side)
{
    int64_t width = integer(run, given[0], 0);
    string *fill = is_given(given[1])
                       ? mn_jinja_want_string(run, given[1], "the fill character")
                       : mn_jinja_string_view(run, " ", 1, mn_jinja_string_own_origin(self.string));
    if (run->status) return mn_jinja_none();
    if (mn_jinja_string_chars(run, fill) != 1)
        mn_jinja_fail(run, "the fill character must be exactly one character long");
    return mn_jinja_text(mn_jinja_string_pad(run, self.string, width, fill, side));
}

METHOD(ljust)
{
    UNUSED;
    return pad(run, self, given, MN_JINJA_LEFT);
}
METHOD(rjust)
{
    UNUSED;
    return pad(run, self, given, MN_JINJA_RIGHT);
}
METHOD(center)
{
    UNUSED;
    return pad(run, self, given, MN_JINJA_BOTH);
}

METHOD(zfill)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    int64_t missing = integer(run, given[0], 0) - (int64_t)mn_jinja_string_chars(run, self.string);
    size_t sign =
        self.string->length && (self.string->data[0] == '-' || self.string->data[0] == '+');
    if (missing <= 0) return self;
    mn_jinja_add_part(&b, self.string, 0, sign);
    mn_jinja_add_fill(&b,
                      mn_jinja_string_view(run, "0", 1, mn_jinja_string_own_origin(self.string)),
                      (size_t)missing);
    mn_jinja_add_part(&b, self.string, sign, self.string->length);
    return like(run, self, mn_jinja_built(&b));
}

METHOD(expandtabs)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    int64_t size = integer(run, given[0], 8), column = 0;
    string *space = mn_jinja_string_view(run, " ", 1, mn_jinja_string_own_origin(self.string));
    for (size_t i = 0; i < self.string->length && mn_jinja_charge(run, 1);) {
        size_t start = i;
        uint32_t c = mn_jinja_string_decode(self.string, &i);
        if (c == '\t') {
            int64_t n = size > 0 ? size - column % size : 0;
            mn_jinja_add_fill(&b, space, (size_t)n);
            column += n;
            continue;
        }
        mn_jinja_add_part(&b, self.string, start, i);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    return like(run, self, mn_jinja_built(&b));
}

/* --- ends ---------------------------------------------------------------------------------------
 */

static value strip_side(mn_jinja_run *run, value self, const value *given, mn_jinja_side side)
{
    string *chars =
        is_given(given[0]) ? mn_jinja_want_string(run, given[0], "the characters to strip") : NULL;
    return run->status ? mn_jinja_none()
                       : mn_jinja_text(mn_jinja_string_strip(run, self.string, chars, side));
}

METHOD(strip)
{
    UNUSED;
    return strip_side(run, self, given, MN_JINJA_BOTH);
}
METHOD(lstrip)
{
    UNUSED;
    return strip_side(run, self, given, MN_JINJA_LEFT);
}
METHOD(rstrip)
{
    UNUSED;
    return strip_side(run, self, given, MN_JINJA_RIGHT);
}

static bool has_prefix(const string *s, const string *prefix)
{
    return s->length >= prefix->length && !memcmp(s->data, prefix->data, prefix->length);
}

static bool has_suffix(const string *s, const string *suffix)
{
    return s->length >= suffix->length &&
           !memcmp(s->data + s->length - suffix->length, suffix->data, suffix->length);
}

METHOD(removeprefix)
{
    UNUSED;
    string *prefix = mn_jinja_want_string(run, given[0], "the prefix");
    if (!prefix || !mn_jinja_charge(run, prefix->length / 256) || !has_prefix(self.string, prefix))
        return self;
    return mn_jinja_text(
        mn_jinja_string_part(run, self.string, prefix->length, self.string->length));
}

METHOD(removesuffix)
{
    UNUSED;
    string *suffix = mn_jinja_want_string(run, given[0], "the suffix");
    if (!suffix || !mn_jinja_charge(run, suffix->length / 256) || !has_suffix(self.string, suffix))
        return self;
    return mn_jinja_text(
        mn_jinja_string_part(run, self.string, 0, self.string->length - suffix->length));
}

/* The bytes that `start` and `end`, counted in characters, leave; false if start is past the end.
 */
static bool span(mn_jinja_run *run, string *s, value start, value end, size_t *from, size_t *to)
{
    int64_t n = (int64_t)mn_jinja_string_chars(run, s);
    int64_t first = is_given(start) ? integer(run, start, 0) : 0,
            last = is_given(end) ? integer(run, end, 0) : n;
    if (first < 0) first = first < -n ? 0 : first + n;
    if (last < 0) last = last < -n ? 0 : last + n;
    if (last > n) last = n;
    if (run->status || first > last) return false;
    *from = mn_jinja_string_offset(run, s, (size_t)first);
    *to = mn_jinja_string_offset(run, s, (size_t)last);
    return true;
}

static value with_ends(mn_jinja_run *run, value self, const value *given, bool at_start)
{
    size_t from, to;
    bool in_range = span(run, self.string, given[1], given[2], &from, &to);
    value single[1] = { given[0] };
    mn_jinja_list one = { .items = single, .n = 1 };
    const mn_jinja_list *all = given[0].kind == MN_JINJA_TUPLE ? given[0].list : &one;
    for (size_t i = 0; i < all->n; i++) {
        string *affix =
            mn_jinja_want_string(run, all->items[i], at_start ? "the start" : "the end");
        if (!affix || !mn_jinja_charge(run, 1 + affix->length / 256)) return mn_jinja_none();
        if (!in_range || to - from < affix->length) continue;
        const char *place = self.string->data + (at_start ? from : to - affix->length);
        if (!memcmp(place, affix->data, affix->length)) return mn_jinja_bool(true);
    }
    return mn_jinja_bool(false);
}

METHOD(startswith)
{
    UNUSED;
    return with_ends(run, self, given, true);
}
METHOD(endswith)
{
    UNUSED;
    return with_ends(run, self, given, false);
}

/* --- finding ------------------------------------------------------------------------------------
 */

static int64_t find_in(mn_jinja_run *run, value self, const value *given, bool last)
{
    size_t from, to;
    string *needle = mn_jinja_want_string(run, given[0], "what is looked for");
    if (!needle || !span(run, self.string, given[1], given[2], &from, &to)) return -1;
    size_t found = last ? mn_jinja_string_find_last(run, self.string, from, to, needle)
                        : mn_jinja_string_find(run, self.string, from, to, needle);
    return found == SIZE_MAX ? -1 : (int64_t)mn_jinja_string_char_index(self.string, found);
}

static value found(int64_t index, value self)
{
    return mn_jinja_int(index, mn_jinja_string_own_origin(self.string));
}

METHOD(find)
{
    UNUSED;
    return found(find_in(run, self, given, false), self);
}
METHOD(rfind)
{
    UNUSED;
    return found(find_in(run, self, given, true), self);
}

static value index_in(mn_jinja_run *run, value self, const value *given, bool last)
{
    int64_t at = find_in(run, self, given, last);
    if (at < 0) mn_jinja_fail(run, "what is looked for is not in the string");
    return found(at, self);
}

METHOD(index_of)
{
    UNUSED;
    return index_in(run, self, given, false);
}
METHOD(rindex)
{
    UNUSED;
    return index_in(run, self, given, true);
}

METHOD(count)
{
    UNUSED;
    size_t from, to;
    int64_t n = 0;
    string *needle = mn_jinja_want_string(run, given[0], "what is counted");
    if (!needle || !span(run, self.string, given[1], given[2], &from, &to)) return found(0, self);
    if (!needle->length) {
        mn_jinja_charge(run, (to - from) / 64);
        for (n = 1; from < to; from++) n += ((unsigned char)self.string->data[from] & 0xC0) != 0x80;
        return found(n, self);
    }
    while (mn_jinja_charge(run, 1) &&
           (from = mn_jinja_string_find(run, self.string, from, to, needle)) != SIZE_MAX) {
        n++;
        from += needle->length;
    }
    return found(n, self);
}

METHOD(replace)
{
    UNUSED;
    string *old = mn_jinja_want_string(run, given[0], "the text to replace");
    string *fresh = mn_jinja_want_string(run, given[1], "the replacement");
    int64_t times = integer(run, given[2], -1);
    if (run->status) return mn_jinja_none();
    if (self.string->markup) fresh = mn_jinja_string_escape(run, fresh);
    return fresh ? like(run, self, mn_jinja_string_replace(run, self.string, old, fresh, times))
                 : mn_jinja_none();
}

/* --- splitting ----------------------------------------------------------------------------------
 */

static void add_part(mn_jinja_run *run, mn_jinja_list *list, const string *s, size_t start,
                     size_t end)
{
    mn_jinja_list_append(run, list, mn_jinja_text(mn_jinja_string_part(run, s, start, end)));
}

static size_t skip_spaces(mn_jinja_run *run, const string *s, size_t i, bool spaces)
{
    while (i < s->length && mn_jinja_charge(run, 1)) {
        size_t next = i;
        if (mn_jinja_is_space(mn_jinja_string_decode(s, &next)) != spaces) break;
        i = next;
    }
    return i;
}

static size_t skip_spaces_back(mn_jinja_run *run, const string *s, size_t i, bool spaces)
{
    while (i > 0 && mn_jinja_charge(run, 1)) {
        size_t last = i - 1, next;
        while (last && ((unsigned char)s->data[last] & 0xC0) == 0x80) last--;
        next = last;
        if (mn_jinja_is_space(mn_jinja_string_decode(s, &next)) != spaces) break;
        i = last;
    }
    return i;
}

static void split_spaces(mn_jinja_run *run, const string *s, int64_t times, mn_jinja_list *list)
{
    size_t i = skip_spaces(run, s, 0, true);
    for (; i < s->length && !run->status; times--) {
        size_t end = times == 0 ? s->length : skip_spaces(run, s, i, false);
        add_part(run, list, s, i, end);
        if (times == 0) return;
        i = skip_spaces(run, s, end, true);
    }
}

static void split_spaces_back(mn_jinja_run *run, const string *s, int64_t times,
                              mn_jinja_list *list)
{
    size_t end = skip_spaces_back(run, s, s->length, true);
    for (; end > 0 && !run->status; times--) {
        size_t start = times == 0 ? 0 : skip_spaces_back(run, s, end, false);
        add_part(run, list, s, start, end);
        if (times == 0) return;
        end = skip_spaces_back(run, s, start, true);
    }
}

static void reverse(mn_jinja_list *list)
{
    for (size_t i = 0; list && i < list->n / 2; i++) {
        value swapped = list->items[i];
        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = swapped;
    }
}

static void split_at(mn_jinja_run *run, const string *s, const string *separator, int64_t times,
                     mn_jinja_list *list)
{
    size_t start = 0, place;
    for (; times != 0 && !run->status; times--) {
        place = mn_jinja_string_find(run, s, start, s->length, separator);
        if (place == SIZE_MAX) break;
        add_part(run, list, s, start, place);
        start = place + separator->length;
    }
    add_part(run, list, s, start, s->length);
}

static void split_at_back(mn_jinja_run *run, const string *s, const string *separator,
                          int64_t times, mn_jinja_list *list)
{
    size_t end = s->length, place;
    for (; times != 0 && !run->status; times--) {
        place = mn_jinja_string_find_last(run, s, 0, end, separator);
        if (place == SIZE_MAX) break;
        add_part(run, list, s, place + separator->length, end);
        end = place;
    }
    add_part(run, list, s, 0, end);
}

static value split_string(mn_jinja_run *run, value self, const value *given, bool back)
{
    mn_jinja_list *list = mn_jinja_list_new(run, 0);
    string *separator =
        is_given(given[0]) ? mn_jinja_want_string(run, given[0], "the separator") : NULL;
    int64_t times = integer(run, given[1], -1);
    if (separator && !separator->length) mn_jinja_fail(run, "the separator is empty");
    if (run->status) return mn_jinja_none();
    if (separator)
        (back ? split_at_back : split_at)(run, self.string, separator, times, list);
    else
        (back ? split_spaces_back : split_spaces)(run, self.string, times, list);
    if (back) reverse(list);
    return mn_jinja_list_value(list);
}

METHOD(split)
{
    UNUSED;
    return split_string(run, self, given, false);
}
METHOD(rsplit)
{
    UNUSED;
    return split_string(run, self, given, true);
}

METHOD(splitlines)
{
    UNUSED;
    bool keep = given[0].kind != MN_JINJA_MISSING && mn_jinja_truth(run, given[0]);
    return mn_jinja_list_value(mn_jinja_string_lines(run, self.string, keep));
}

static value cut(mn_jinja_run *run, value self, const value *given, bool last)
{
    const string *s = self.string;
    string *separator = mn_jinja_want_string(run, given[0], "the separator");
    mn_jinja_list *list = mn_jinja_list_new(run, 3);
    if (separator && !separator->length) mn_jinja_fail(run, "the separator is empty");
    if (run->status) return mn_jinja_none();
    size_t at = last ? mn_jinja_string_find_last(run, s, 0, s->length, separator)
                     : mn_jinja_string_find(run, s, 0, s->length, separator);
    size_t missing = last ? 0 : s->length, start = at == SIZE_MAX ? missing : at;
    size_t end = at == SIZE_MAX ? missing : at + separator->length;
    add_part(run, list, s, 0, start);
    add_part(run, list, s, start, end);
    add_part(run, list, s, end, s->length);
    return mn_jinja_tuple_value(list);
}

METHOD(partition)
{
    UNUSED;
    return cut(run, self, given, false);
}
METHOD(rpartition)
{
    UNUSED;
    return cut(run, self, given, true);
}

METHOD(join)
{
    UNUSED;
    mn_jinja_list *list = mn_jinja_collect(run, given[0]);
    mn_jinja_builder b = { .run = run };
    bool markup = self.string->markup;
    for (size_t i = 0; list && i < list->n && !run->status; i++) {
        string *item = mn_jinja_want_string(run, list->items[i], "an item to join");
        if (item && markup) item = mn_jinja_string_escape(run, item);
        if (i) mn_jinja_add_string(&b, self.string);
        mn_jinja_add_string(&b, item);
    }
    return like(run, self, mn_jinja_built(&b));
}

/* --- asking -------------------------------------------------------------------------------------
 */

static value all_chars(mn_jinja_run *run, value self, bool (*test)(uint32_t c), bool when_empty)
{
    if (!self.string->length) return mn_jinja_bool(when_empty);
    for (size_t i = 0; i < self.string->length && mn_jinja_charge(run, 1);)
        if (!test(mn_jinja_string_decode(self.string, &i))) return mn_jinja_bool(false);
    return mn_jinja_bool(true);
}

static bool is_alnum(uint32_t c) { return mn_jinja_is_alpha(c) || mn_jinja_is_numeric(c); }
static bool is_ascii_char(uint32_t c) { return c < 0x80; }

METHOD(isalpha)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_alpha, false);
}
METHOD(isalnum)
{
    UNUSED;
    return all_chars(run, self, is_alnum, false);
}
METHOD(isdigit)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_digit, false);
}
METHOD(isdecimal)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_decimal, false);
}
METHOD(isnumeric)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_numeric, false);
}
METHOD(isspace)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_space, false);
}
METHOD(isascii)
{
    UNUSED;
    return all_chars(run, self, is_ascii_char, true);
}
METHOD(isprintable)
{
    UNUSED;
    return all_chars(run, self, mn_jinja_is_printable, true);
}
static value is_case(mn_jinja_run *run, value self, bool upper)
{
    mn_jinja_charge(run, self.string->length);
    return mn_jinja_bool(!run->status && mn_jinja_string_is_case(self.string, upper));
}

METHOD(isupper)
{
    UNUSED;
    return is_case(run, self, true);
}
METHOD(islower)
{
    UNUSED;
    return is_case(run, self, false);
}

METHOD(istitle)
{
    UNUSED;
    bool any = false, within = false;
    for (size_t i = 0; i < self.string->length && mn_jinja_charge(run, 1);) {
        uint32_t c = mn_jinja_string_decode(self.string, &i);
        bool high = mn_jinja_is_upper(c) || mn_jinja_is_title(c), low = mn_jinja_is_lower(c);
        if ((high && within) || (low && !within)) return mn_jinja_bool(false);
        within = high || low;
        any |= within;
    }
    return mn_jinja_bool(any);
}

METHOD(isidentifier)
{
    UNUSED;
    size_t i = 0;
    if (!self.string->length || !mn_jinja_is_word_start(mn_jinja_string_decode(self.string, &i)))
        return mn_jinja_bool(false);
    while (i < self.string->length && mn_jinja_charge(run, 1))
        if (!mn_jinja_is_word(mn_jinja_string_decode(self.string, &i))) return mn_jinja_bool(false);
    return mn_jinja_bool(true);
}

/* --- formatting ---------------------------------------------------------------------------------
 */

METHOD(format)
{
    UNUSED;
    return mn_jinja_format_braces(run, self.string, all, mn_jinja_missing());
}

METHOD(format_map)
{
    UNUSED;
    mn_jinja_arguments none = { 0 };
    return mn_jinja_format_braces(run, self.string, &none, given[0]);
}

static const mn_jinja_function methods[] = {
    { "upper", "/", method_upper },
    { "lower", "/", method_lower },
    { "title", "/", method_title },
    { "capitalize", "/", method_capitalize },
    { "swapcase", "/", method_swapcase },
    { "casefold", "/", method_casefold },
    { "ljust", "/ width fill?", method_ljust },
    { "rjust", "/ width fill?", method_rjust },
    { "center", "/ width fill?", method_center },
    { "zfill", "/ width", method_zfill },
    { "expandtabs", "tabsize?", method_expandtabs },
    { "strip", "/ chars?", method_strip },
    { "lstrip", "/ chars?", method_lstrip },
    { "rstrip", "/ chars?", method_rstrip },
    { "removeprefix", "/ prefix", method_removeprefix },
    { "removesuffix", "/ suffix", method_removesuffix },
    { "startswith", "/ prefix start? end?", method_startswith },
    { "endswith", "/ suffix start? end?", method_endswith },
    { "find", "/ sub start? end?", method_find },
    { "rfind", "/ sub start? end?", method_rfind },
    { "index", "/ sub start? end?", method_index_of },
    { "rindex", "/ sub start? end?", method_rindex },
    { "count", "/ sub start? end?", method_count },
    { "replace", "/ old new count?", method_replace },
    { "split", "sep? maxsplit?", method_split },
    { "rsplit", "sep? maxsplit?", method_rsplit },
    { "splitlines", "keepends?", method_splitlines },
    { "partition", "/ sep", method_partition },
    { "rpartition", "/ sep", method_rpartition },
    { "join", "/ items", method_join },
    { "isalpha", "/", method_isalpha },
    { "isalnum", "/", method_isalnum },
    { "isdigit", "/", method_isdigit },
    { "isdecimal", "/", method_isdecimal },
    { "isnumeric", "/", method_isnumeric },
    { "isspace", "/", method_isspace },
    { "isascii", "/", method_isascii },
    { "isprintable", "/", method_isprintable },
    { "isupper", "/", method_isupper },
    { "islower", "/", method_islower },
    { "istitle", "/", method_istitle },
    { "isidentifier", "/", method_isidentifier },
    { "format", NULL, method_format },
    { "format_map", "/ mapping", method_format_map },
};

const mn_jinja_function *mn_jinja_string_methods(size_t *n)
{
    *n = sizeof methods / sizeof methods[0];
    return methods;
}
