/* SPDX-License-Identifier: Apache-2.0 */
/* template_text.c - what filters and methods do with whole strings. */
#include "text/template_run.h"

#include <string.h>

mn_jinja_string *mn_jinja_want_string(mn_jinja_run *run, mn_jinja_value value, const char *what)
{
    if (run->status) return NULL;
    if (value.kind == MN_JINJA_STRING) return value.string;
    if (value.kind == MN_JINJA_UNDEFINED) mn_jinja_fail_undefined(run, value);
    mn_jinja_fail(run, "%s must be a string, not '%s'", what, mn_jinja_kind_name(value));
    return NULL;
}

/* --- case ---------------------------------------------------------------------------------------
 */

static bool is_cased(uint32_t c)
{
    return mn_jinja_is_upper(c) || mn_jinja_is_lower(c) || mn_jinja_is_title(c);
}

/* Marks that stand within a word without being letters: what the rule for the final sigma skips. */
static bool is_case_ignorable(uint32_t c)
{
    return c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xA8 || c == 0xAD ||
           c == 0xB7 || c == 0x2018 || c == 0x2019 || (c >= 0x300 && c < 0x370);
}

/* A capital sigma at the end of a word becomes the final small one. */
static bool is_final_sigma(const mn_jinja_string *string, size_t start, size_t end)
{
    bool before = false;
    for (size_t i = start; i > 0;) {
        size_t at = --i;
        if (((unsigned char)string->data[i] & 0xC0) == 0x80) continue;
        uint32_t c = mn_jinja_string_decode(string, &at);
        if (is_case_ignorable(c)) continue;
        before = is_cased(c);
        break;
    }
    while (before && end < string->length) {
        uint32_t c = mn_jinja_string_decode(string, &end);
        if (is_case_ignorable(c)) continue;
        return !is_cased(c);
    }
    return before;
}

/* One character in the wanted case; `within` tells that a cased one stands before it. */
static size_t char_case(const mn_jinja_string *string, size_t start, size_t end, uint32_t c,
                        mn_jinja_case what, bool within, uint32_t out[3])
{
    bool lower = what == MN_JINJA_LOWER ||
                 (within && (what == MN_JINJA_TITLE || what == MN_JINJA_CAPITAL)) ||
                 (what == MN_JINJA_SWAP && mn_jinja_is_upper(c));
    if (what == MN_JINJA_FOLD) return mn_jinja_to_folded(c, out);
    if (lower && c == 0x3A3) {
        out[0] = is_final_sigma(string, start, end) ? 0x3C2 : 0x3C3;
        return 1;
    }
    if (lower) return mn_jinja_to_lower(c, out);
    if (what == MN_JINJA_TITLE || what == MN_JINJA_CAPITAL) return mn_jinja_to_title(c, out);
    if (what == MN_JINJA_SWAP && !mn_jinja_is_lower(c)) {
        out[0] = c;
        return 1;
    }
    return mn_jinja_to_upper(c, out);
}

mn_jinja_string *mn_jinja_string_case(mn_jinja_run *run, const mn_jinja_string *string,
                                      mn_jinja_case what)
{
    mn_jinja_builder b = { .run = run };
    bool within = false;
    for (size_t i = 0; i < string->length && mn_jinja_charge(run, 1);) {
        size_t start = i;
        uint32_t out[3], c = mn_jinja_string_decode(string, &i);
        size_t n = char_case(string, start, i, c, what, within, out);
        for (size_t k = 0; k < n; k++)
            mn_jinja_add_char(&b, out[k], mn_jinja_string_origin(string, start));
        within = what == MN_JINJA_CAPITAL || is_cased(c);
    }
    mn_jinja_string *built = mn_jinja_built(&b);
    if (built) built->markup = string->markup;
    return built;
}

bool mn_jinja_string_is_case(const mn_jinja_string *string, bool upper)
{
    bool any = false;
    for (size_t i = 0; i < string->length;) {
        uint32_t c = mn_jinja_string_decode(string, &i);
        if (mn_jinja_is_title(c) || (upper ? mn_jinja_is_lower(c) : mn_jinja_is_upper(c)))
            return false;
        any |= upper ? mn_jinja_is_upper(c) : mn_jinja_is_lower(c);
    }
    return any;
}

/* --- the ends -----------------------------------------------------------------------------------
 */

static bool is_among(mn_jinja_run *run, uint32_t c, const mn_jinja_string *chars)
{
    if (!chars) return mn_jinja_is_space(c);
    for (size_t i = 0; i < chars->length && mn_jinja_charge(run, 1);)
        if (mn_jinja_string_decode(chars, &i) == c) return true;
    return false;
}

mn_jinja_string *mn_jinja_string_strip(mn_jinja_run *run, mn_jinja_string *string,
                                       const mn_jinja_string *chars, mn_jinja_side side)
{
    size_t start = 0, end = string->length;
    while ((side & MN_JINJA_LEFT) && start < end && mn_jinja_charge(run, 1)) {
        size_t next = start;
        if (!is_among(run, mn_jinja_string_decode(string, &next), chars)) break;
        start = next;
    }
    while ((side & MN_JINJA_RIGHT) && end > start && mn_jinja_charge(run, 1)) {
        size_t last = end - 1, next;
        while (last > start && ((unsigned char)string->data[last] & 0xC0) == 0x80) last--;
        next = last;
        if (!is_among(run, mn_jinja_string_decode(string, &next), chars)) break;
        end = last;
    }
    return mn_jinja_string_part(run, string, start, end);
}

/* How many of `total` fill characters go to the left of centred text, as Python has it. */
static int64_t left_share(int64_t total, int64_t width, mn_jinja_side side)
{
    if (side == MN_JINJA_LEFT) return 0; /* the text is on the left */
    if (side == MN_JINJA_RIGHT) return total;
    return total / 2 + (total & width & 1);
}

mn_jinja_string *mn_jinja_string_pad(mn_jinja_run *run, mn_jinja_string *string, int64_t width,
                                     const mn_jinja_string *fill, mn_jinja_side side)
{
    mn_jinja_builder b = { .run = run };
    int64_t total = width - (int64_t)mn_jinja_string_chars(run, string);
    if (total <= 0) return string;
    int64_t left = left_share(total, width, side);
    mn_jinja_add_fill(&b, fill, (size_t)left);
    mn_jinja_add_string(&b, string);
    mn_jinja_add_fill(&b, fill, (size_t)(total - left));
    mn_jinja_string *built = mn_jinja_built(&b);
    if (built) built->markup = string->markup;
    return built;
}

/* --- parts --------------------------------------------------------------------------------------
 */

/* An empty `old` stands before each character and at the end. */
static mn_jinja_string *replace_between(mn_jinja_run *run, mn_jinja_string *string,
                                        const mn_jinja_string *fresh, int64_t count)
{
    mn_jinja_builder b = { .run = run };
    size_t i = 0;
    while (count != 0 && mn_jinja_charge(run, 1)) {
        size_t start = i;
        mn_jinja_add_string(&b, fresh);
        if (count > 0) count--;
        if (i >= string->length) break;
        mn_jinja_string_decode(string, &i);
        mn_jinja_add_part(&b, string, start, i);
    }
    mn_jinja_add_part(&b, string, i, string->length);
    return mn_jinja_built(&b);
}

mn_jinja_string *mn_jinja_string_replace(mn_jinja_run *run, mn_jinja_string *string,
                                         const mn_jinja_string *old, const mn_jinja_string *fresh,
                                         int64_t count)
{
    mn_jinja_builder b = { .run = run };
    size_t start = 0, found;
    if (!old->length) return replace_between(run, string, fresh, count);
    while (count != 0 && mn_jinja_charge(run, 1) &&
           (found = mn_jinja_string_find(run, string, start, string->length, old)) != SIZE_MAX) {
        mn_jinja_add_part(&b, string, start, found);
        mn_jinja_add_string(&b, fresh);
        start = found + old->length;
        if (count > 0) count--;
    }
    if (!start) return string;
    mn_jinja_add_part(&b, string, start, string->length);
    return mn_jinja_built(&b);
}

mn_jinja_list *mn_jinja_string_lines(mn_jinja_run *run, const mn_jinja_string *string,
                                     bool keep_ends)
{
    mn_jinja_list *list = mn_jinja_list_new(run, 0);
    size_t start = 0;
    for (size_t i = 0; i < string->length && mn_jinja_charge(run, 1);) {
        size_t end = i;
        uint32_t c = mn_jinja_string_decode(string, &i);
        if (!mn_jinja_is_line_end(c)) continue;
        if (c == '\r' && i < string->length && string->data[i] == '\n') i++;
        mn_jinja_list_append(
            run, list,
            mn_jinja_text(mn_jinja_string_part(run, string, start, keep_ends ? i : end)));
        start = i;
    }
    if (start < string->length)
        mn_jinja_list_append(
            run, list, mn_jinja_text(mn_jinja_string_part(run, string, start, string->length)));
    return run->status ? NULL : list;
}
