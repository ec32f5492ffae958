/* SPDX-License-Identifier: Apache-2.0 */
/* template_filters_text.c - filters whose subject is text. */
#include "text/template_run.h"

#include "text/template_number.h"

#include <stdio.h>
#include <string.h>

typedef mn_jinja_value value;
typedef mn_jinja_string string;

#define FILTER(name)                                                                               \
    static value filter_##name(mn_jinja_run *run, value self, const value *given,                  \
                               const mn_jinja_arguments *all)
#define UNUSED (void)run, (void)self, (void)given, (void)all

static bool is_given(value v) { return v.kind != MN_JINJA_MISSING; }

/* The subject as text; safe text stays safe. */
static string *text_of(mn_jinja_run *run, value self) { return mn_jinja_string_of(run, self); }

/* The subject as text that is not safe any more. */
static string *plain_text_of(mn_jinja_run *run, value self)
{
    string *s = mn_jinja_string_of(run, self);
    return s && s->markup ? mn_jinja_string_markup(run, s, false) : s;
}

static value in_case(mn_jinja_run *run, value self, mn_jinja_case what)
{
    string *s = text_of(run, self);
    return s ? mn_jinja_text(mn_jinja_string_case(run, s, what)) : mn_jinja_none();
}

FILTER(upper)
{
    UNUSED;
    return in_case(run, self, MN_JINJA_UPPER);
}
FILTER(lower)
{
    UNUSED;
    return in_case(run, self, MN_JINJA_LOWER);
}
FILTER(capitalize)
{
    UNUSED;
    return in_case(run, self, MN_JINJA_CAPITAL);
}
FILTER(string)
{
    UNUSED;
    return mn_jinja_text(text_of(run, self));
}

/* Words begin after white space and after - ( { [ <. */
static bool starts_word(uint32_t c)
{
    return mn_jinja_is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
}

FILTER(title)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    string *s = text_of(run, self);
    for (size_t i = 0; s && i < s->length && mn_jinja_charge(run, 1);) {
        size_t start = i, end;
        bool separator = starts_word(mn_jinja_string_decode(s, &i));
        while (i < s->length) {
            size_t next = i;
            if (starts_word(mn_jinja_string_decode(s, &next)) != separator) break;
            i = next;
        }
        end = start;
        mn_jinja_string_decode(s, &end);
        string *first = mn_jinja_string_part(run, s, start, end),
               *rest = mn_jinja_string_part(run, s, end, i);
        if (!first || !rest) break;
        mn_jinja_add_string(&b, mn_jinja_string_case(run, first, MN_JINJA_UPPER));
        mn_jinja_add_string(&b, mn_jinja_string_case(run, rest, MN_JINJA_LOWER));
    }
    return mn_jinja_text(mn_jinja_built(&b));
}

FILTER(trim)
{
    UNUSED;
    string *s = text_of(run, self), *chars = NULL;
    if (is_given(given[0]) && given[0].kind != MN_JINJA_NONE)
        chars = mn_jinja_want_string(run, given[0], "the characters to trim");
    return run->status ? mn_jinja_none()
                       : mn_jinja_text(mn_jinja_string_strip(run, s, chars, MN_JINJA_BOTH));
}

FILTER(replace)
{
    UNUSED;
    int64_t count = -1;
    string *s = plain_text_of(run, self), *old = text_of(run, given[0]),
           *fresh = text_of(run, given[1]);
    if (is_given(given[2]) && given[2].kind != MN_JINJA_NONE)
        mn_jinja_index(run, given[2], "the count", &count);
    return run->status ? mn_jinja_none()
                       : mn_jinja_text(mn_jinja_string_replace(run, s, old, fresh, count));
}

FILTER(center)
{
    UNUSED;
    int64_t width = 80;
    string *s = text_of(run, self);
    if (is_given(given[0])) mn_jinja_index(run, given[0], "the width", &width);
    if (run->status) return mn_jinja_none();
    string *space = mn_jinja_string_view(run, " ", 1, mn_jinja_string_own_origin(s));
    return space ? mn_jinja_text(mn_jinja_string_pad(run, s, width, space, MN_JINJA_BOTH))
                 : mn_jinja_none();
}

/* --- lines --------------------------------------------------------------------------------------
 */

static string *indentation(mn_jinja_run *run, const string *s, value width)
{
    mn_jinja_builder b = { .run = run };
    int64_t n = 4;
    if (width.kind == MN_JINJA_STRING) return width.string;
    if (is_given(width) && !mn_jinja_index(run, width, "the width", &n)) return NULL;
    mn_jinja_add_fill(&b, mn_jinja_string_view(run, " ", 1, mn_jinja_string_own_origin(s)),
                      n > 0 ? (size_t)n : 0);
    return mn_jinja_built(&b);
}

FILTER(indent)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    string *s = mn_jinja_want_string(run, self, "what is indented");
    string *indent = s ? indentation(run, s, given[0]) : NULL;
    bool first = is_given(given[1]) && mn_jinja_truth(run, given[1]);
    bool blank = is_given(given[2]) && mn_jinja_truth(run, given[2]);
    if (!indent) return mn_jinja_none();
    bool markup = s->markup;
    if (markup) indent = mn_jinja_string_escape(run, indent);
    /* a newline at the end makes an empty last line count */
    string newline = {
        .data = "\n", .length = 1, .n_chars = 1, .origin = (uint8_t)mn_jinja_string_own_origin(s)
    };
    string *ended = mn_jinja_string_join(run, mn_jinja_string_markup(run, s, false), &newline);
    mn_jinja_list *lines = ended ? mn_jinja_string_lines(run, ended, false) : NULL;
    for (size_t i = 0; lines && i < lines->n && !run->status; i++) {
        string *line = lines->items[i].string;
        if (i) mn_jinja_add_string(&b, &newline);
        if (i ? blank || line->length : first) mn_jinja_add_string(&b, indent);
        mn_jinja_add_string(&b, line);
    }
    return mn_jinja_text(mn_jinja_string_markup(run, mn_jinja_built(&b), markup));
}

FILTER(truncate)
{
    UNUSED;
    int64_t length = 255, leeway = 5;
    bool kill = is_given(given[1]) && mn_jinja_truth(run, given[1]);
    if (is_given(given[0])) mn_jinja_index(run, given[0], "the length", &length);
    if (is_given(given[3]) && given[3].kind != MN_JINJA_NONE)
        mn_jinja_index(run, given[3], "the leeway", &leeway);
    if (!run->status && self.kind != MN_JINJA_STRING && !mn_jinja_length(run, self)) return self;
    string *s = mn_jinja_want_string(run, self, "what is truncated");
    string *end = !s ? NULL
                  : is_given(given[2])
                      ? mn_jinja_want_string(run, given[2], "the end")
                      : mn_jinja_string_view(run, "...", 3, mn_jinja_string_own_origin(s));
    if (run->status) return mn_jinja_none();
    int64_t n_end = (int64_t)mn_jinja_string_chars(run, end);
    if (length < n_end || leeway < 0) mn_jinja_fail(run, "the length to truncate to is too small");
    if (run->status || (int64_t)mn_jinja_string_chars(run, s) - leeway <= length) return self;
    size_t cut = mn_jinja_string_offset(run, s, (size_t)(length - n_end));
    string space = { .data = " ", .length = 1, .n_chars = 1 };
    size_t last = kill ? SIZE_MAX : mn_jinja_string_find_last(run, s, 0, cut, &space);
    return mn_jinja_text(mn_jinja_string_join(
        run, mn_jinja_string_part(run, s, 0, last == SIZE_MAX ? cut : last), end));
}

/* --- words --------------------------------------------------------------------------------------
 */

FILTER(wordcount)
{
    UNUSED;
    string *s = text_of(run, self);
    int64_t n = 0;
    bool within = false;
    for (size_t i = 0; s && i < s->length && mn_jinja_charge(run, 1);) {
        bool word = mn_jinja_is_word(mn_jinja_string_decode(s, &i));
        n += word && !within;
        within = word;
    }
    return mn_jinja_int(n, s ? mn_jinja_string_own_origin(s) : MN_FROM_USER);
}

/* --- markup -------------------------------------------------------------------------------------
 */

FILTER(escape)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_escape(run, text_of(run, self)));
}

FILTER(forceescape)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_escape(run, plain_text_of(run, self)));
}

FILTER(safe)
{
    UNUSED;
    return mn_jinja_text(mn_jinja_string_markup(run, text_of(run, self), true));
}

/* The character that an HTML reference such as "&amp;" stands for; 0 if it is not known. */
static uint32_t reference(const char *name, size_t length)
{
    static const struct {
        const char *name;
        uint32_t c;
    } names[] = { { "amp", '&' },  { "lt", '<' },    { "gt", '>' },
                  { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xA0 } };
    uint32_t c = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == length && !memcmp(name, names[i].name, length))
            return names[i].c;
    if (length < 2 || length > 8 || name[0] != '#') return 0;
    bool hex = name[1] == 'x' || name[1] == 'X';
    for (size_t i = hex ? 2 : 1; i < length; i++) {
        int digit = name[i] >= '0' && name[i] <= '9' ? name[i] - '0'
                    : hex && (name[i] | 0x20) >= 'a' && (name[i] | 0x20) <= 'f'
                        ? (name[i] | 0x20) - 'a' + 10
                        : 99;
        if (digit > (hex ? 15 : 9)) return 0;
        c = c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    return c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c;
}

static void add_unescaped(mn_jinja_builder *b, const string *s)
{
    for (size_t i = 0; i < s->length && mn_jinja_charge(b->run, 1);) {
        const char *start = s->data + i;
        const char *end =
            *start == '&' ? memchr(start, ';', s->length - i < 12 ? s->length - i : 12) : NULL;
        uint32_t c = end ? reference(start + 1, (size_t)(end - start) - 1) : 0;
        if (c)
            mn_jinja_add_char(b, c, mn_jinja_string_origin(s, i));
        else
            mn_jinja_add_part(b, s, i, i + 1);
        i += c ? (size_t)(end - start) + 1 : 1;
    }
}

/* Without "<!-- ... -->" and then without "<...>". */
static string *without_tags(mn_jinja_run *run, string *s, const char *open, const char *close)
{
    mn_jinja_builder b = { .run = run };
    string opening = { .data = open, .length = strlen(open) },
           closing = { .data = close, .length = strlen(close) };
    size_t start = 0, from, to;
    while ((from = mn_jinja_string_find(run, s, start, s->length, &opening)) != SIZE_MAX &&
           (to = mn_jinja_string_find(run, s, from, s->length, &closing)) != SIZE_MAX &&
           !run->status) {
        mn_jinja_add_part(&b, s, start, from);
        start = to + closing.length;
    }
    mn_jinja_add_part(&b, s, start, s->length);
    return mn_jinja_built(&b);
}

FILTER(striptags)
{
    UNUSED;
    string *s = text_of(run, self);
    if (s) s = without_tags(run, s, "<!--", "-->");
    if (s) s = without_tags(run, s, "<", ">");
    mn_jinja_builder words = { .run = run }, b = { .run = run };
    bool pending = false;
    for (size_t i = 0; s && i < s->length && mn_jinja_charge(run, 1);) {
        size_t start = i;
        if (mn_jinja_is_space(mn_jinja_string_decode(s, &i))) {
            pending = words.length > 0;
            continue;
        }
        if (pending) mn_jinja_add_text(&words, " ", mn_jinja_string_own_origin(s));
        mn_jinja_add_part(&words, s, start, i);
        pending = false;
    }
    string *joined = mn_jinja_built(&words);
    if (joined) add_unescaped(&b, joined);
    return mn_jinja_text(mn_jinja_built(&b));
}

FILTER(xmlattr)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    bool space = !is_given(given[0]) || mn_jinja_truth(run, given[0]);
    if (self.kind != MN_JINJA_DICT)
        mn_jinja_fail(run, "'xmlattr' needs a mapping, not '%s'", mn_jinja_kind_name(self));
    for (size_t i = 0; !run->status && i < self.dict->n; i++) {
        const mn_jinja_entry *entry = &self.dict->entries[i];
        if (entry->value.kind == MN_JINJA_NONE || entry->value.kind == MN_JINJA_UNDEFINED) continue;
        string *key = mn_jinja_want_string(run, entry->key, "the name of an attribute");
        for (size_t k = 0; key && k < key->length; k++)
            if (strchr(" \t\n\r\f\v/>=", key->data[k]))
                mn_jinja_fail(run, "an attribute has an invalid character in its name");
        string *escaped = mn_jinja_string_escape(run, text_of(run, entry->value));
        if (b.length || space) mn_jinja_add_text(&b, " ", MN_FROM_USER);
        mn_jinja_add_string(&b, mn_jinja_string_escape(run, key));
        mn_jinja_add_text(&b, "=\"", MN_FROM_USER);
        mn_jinja_add_string(&b, escaped);
        mn_jinja_add_text(&b, "\"", MN_FROM_USER);
    }
    return mn_jinja_text(mn_jinja_built(&b));
}

/* --- URLs ---------------------------------------------------------------------------------------
 */

static void add_quoted(mn_jinja_builder *b, const string *s, bool for_query)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
    for (size_t i = 0; s && i < s->length && mn_jinja_charge(b->run, 1); i++) {
        unsigned char c = (unsigned char)s->data[i];
        char text[8];
        if (c && (strchr(kept, c) || (c == '/' && !for_query)))
            mn_jinja_add_part(b, s, i, i + 1);
        else if (c == ' ' && for_query)
            mn_jinja_add_text(b, "+", mn_jinja_string_origin(s, i));
        else {
            snprintf(text, sizeof text, "%%%02X", c);
            mn_jinja_add_text(b, text, mn_jinja_string_origin(s, i));
        }
    }
}

FILTER(urlencode)
{
    UNUSED;
    mn_jinja_builder b = { .run = run };
    if (self.kind == MN_JINJA_STRING || !mn_jinja_iterable(self)) {
        add_quoted(&b, text_of(run, self), false);
        return mn_jinja_text(mn_jinja_built(&b));
    }
    mn_jinja_list *list = mn_jinja_collect(run, self);
    for (size_t i = 0; list && i < list->n && !run->status; i++) {
        value key = list->items[i], item = mn_jinja_none();
        if (self.kind == MN_JINJA_DICT)
            mn_jinja_dict_find(run, self.dict, key, &item);
        else {
            mn_jinja_list *pair = mn_jinja_collect(run, key);
            if (pair && pair->n != 2) mn_jinja_fail(run, "'urlencode' needs pairs");
            if (run->status) break;
            key = pair->items[0];
            item = pair->items[1];
        }
        if (i) mn_jinja_add_text(&b, "&", MN_FROM_USER);
        add_quoted(&b, text_of(run, key), true);
        mn_jinja_add_text(&b, "=", MN_FROM_USER);
        add_quoted(&b, text_of(run, item), true);
    }
    return mn_jinja_text(mn_jinja_built(&b));
}

/* --- formatting ---------------------------------------------------------------------------------
 */

FILTER(format)
{
    UNUSED;
    string *s = text_of(run, self);
    mn_jinja_list *list = mn_jinja_list_new(run, all->n);
    mn_jinja_dict *dict = mn_jinja_dict_new(run);
    if (all->n && all->n_named)
        mn_jinja_fail(run, "'format' takes arguments by position or by name, not both");
    for (size_t i = 0; i < all->n; i++) mn_jinja_list_append(run, list, all->values[i]);
    for (size_t i = 0; i < all->n_named; i++)
        mn_jinja_dict_set(run, dict, all->names[i], all->named[i]);
    if (run->status) return mn_jinja_none();
    return mn_jinja_format_percent(
        run, s, all->n_named ? mn_jinja_dict_value(dict) : mn_jinja_tuple_value(list));
}

FILTER(filesizeformat)
{
    UNUSED;
    static const char letters[] = "kMGTPEZY";
    bool binary = is_given(given[0]) && mn_jinja_truth(run, given[0]);
    double base = binary ? 1024 : 1000, bytes = 0, unit = base;
    char text[64], number[48];
    size_t i = 0;
    if (mn_jinja_is_number(self))
        bytes = mn_jinja_real(self);
    else if (self.kind != MN_JINJA_STRING || !mn_jinja_read_float(run, self.string, &bytes))
        mn_jinja_fail(run, "'filesizeformat' needs a number");
    unsigned origin = mn_jinja_origin_of(self);
    if (bytes == 1) return mn_jinja_text_literal(run, "1 Byte", origin);
    if (bytes < base)
        snprintf(text, sizeof text, "%.0f Bytes",
                 bytes < 0 ? -(double)(int64_t)-bytes : (double)(int64_t)bytes);
    else {
        for (i = 0, unit = base * base; i < 7 && bytes >= unit; i++) unit *= base;
        if (mn_jinja_print_digits(number, sizeof number, base * bytes / unit, 1, 'f') < 0)
            mn_jinja_fail(run, "a number is too large for 'filesizeformat'");
        char letter = binary && letters[i] == 'k' ? 'K' : letters[i];
        snprintf(text, sizeof text, "%s %c%s", run->status ? "" : number, letter,
                 binary ? "iB" : "B");
    }
    mn_jinja_builder b = { .run = run };
    mn_jinja_add_text(&b, text, origin);
    return mn_jinja_text(mn_jinja_built(&b));
}

FILTER(refused)
{
    UNUSED;
    mn_jinja_fail(run, "this filter is not supported");
    return mn_jinja_none();
}

static const mn_jinja_function filters[] = {
    { "upper", "", filter_upper },
    { "lower", "", filter_lower },
    { "capitalize", "", filter_capitalize },
    { "title", "", filter_title },
    { "string", "", filter_string },
    { "trim", "chars?", filter_trim },
    { "replace", "old new count?", filter_replace },
    { "center", "width?", filter_center },
    { "indent", "width? first? blank?", filter_indent },
    { "truncate", "length? killwords? end? leeway?", filter_truncate },
    { "wordcount", "", filter_wordcount },
    { "e", "", filter_escape },
    { "escape", "", filter_escape },
    { "forceescape", "", filter_forceescape },
    { "safe", "", filter_safe },
    { "striptags", "", filter_striptags },
    { "xmlattr", "autospace?", filter_xmlattr },
    { "urlencode", "", filter_urlencode },
    { "urlize", NULL, filter_refused },
    { "wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", mn_jinja_wordwrap },
    { "format", NULL, filter_format },
    { "filesizeformat", "binary?", filter_filesizeformat },
};

const mn_jinja_function *mn_jinja_text_filters(size_t *n)
{
    *n = sizeof filters / sizeof filters[0];
    return filters;
}
