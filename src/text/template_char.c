/* SPDX-License-Identifier: Apache-2.0 */
/* template_char.c - what Python says of single characters, and their other case. */
#include "text/template_string.h"

#include "text/template_case_table.h"

#include <utf8proc.h>

static utf8proc_category_t category(uint32_t c) { return utf8proc_category((utf8proc_int32_t)c); }

bool mn_jinja_is_space(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || category(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 || c == 0x2029;
}

bool mn_jinja_is_line_end(uint32_t c)
{
    return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

bool mn_jinja_is_alpha(uint32_t c)
{
    switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return true;
    default:
        return false;
    }
}

bool mn_jinja_is_decimal(uint32_t c)
{
    return c < 0x80 ? c >= '0' && c <= '9' : category(c) == UTF8PROC_CATEGORY_ND;
}

static bool in_ranges(const uint32_t (*ranges)[2], size_t n, uint32_t c)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle][1])
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && c >= ranges[low][0];
}

bool mn_jinja_is_digit(uint32_t c)
{
    return mn_jinja_is_decimal(c) ||
           in_ranges(digit_ranges, sizeof digit_ranges / sizeof digit_ranges[0], c);
}

bool mn_jinja_is_numeric(uint32_t c)
{
    return mn_jinja_is_digit(c) ||
           in_ranges(numeric_ranges, sizeof numeric_ranges / sizeof numeric_ranges[0], c);
}

int mn_jinja_digit_value(uint32_t c)
{
    if (c < 0x80) return c >= '0' && c <= '9' ? (int)c - '0' : -1;
    if (category(c) != UTF8PROC_CATEGORY_ND) return -1;
    /* decimal digits come in runs of ten, in order; each run starts at a multiple of 16, or of 6 in
     * 16 */
    for (size_t i = 0; i < sizeof zero_digits / sizeof zero_digits[0]; i++)
        if (c >= zero_digits[i] && c < zero_digits[i] + 10) return (int)(c - zero_digits[i]);
    return -1;
}

bool mn_jinja_is_upper(uint32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LU ||
           in_ranges(other_upper_ranges, sizeof other_upper_ranges / sizeof other_upper_ranges[0],
                     c);
}

bool mn_jinja_is_lower(uint32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LL ||
           in_ranges(other_lower_ranges, sizeof other_lower_ranges / sizeof other_lower_ranges[0],
                     c);
}

bool mn_jinja_is_title(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }

bool mn_jinja_is_printable(uint32_t c)
{
    if (c < 0x80) return c >= 0x20 && c < 0x7F;
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

bool mn_jinja_is_word_start(uint32_t c)
{
    return c == '_' || mn_jinja_is_alpha(c) || category(c) == UTF8PROC_CATEGORY_NL;
}

bool mn_jinja_is_word(uint32_t c)
{
    if (c < 0x80)
        return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return mn_jinja_is_alpha(c) || mn_jinja_is_numeric(c);
}

/* --- case ---------------------------------------------------------------------------------------
 */

static size_t special_case(const case_row *rows, size_t n, uint32_t c, uint32_t out[3])
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > rows[middle].from)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || rows[low].from != c) return 0;
    size_t length = 0;
    while (length < 3 && rows[low].to[length]) out[length] = rows[low].to[length], length++;
    return length;
}

size_t mn_jinja_to_upper(uint32_t c, uint32_t out[3])
{
    size_t n =
        c < 0x80 ? 0 : special_case(upper_rows, sizeof upper_rows / sizeof upper_rows[0], c, out);
    if (n) return n;
    out[0] = c < 0x80 ? c - (c >= 'a' && c <= 'z' ? 32 : 0)
                      : (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
    return 1;
}

size_t mn_jinja_to_lower(uint32_t c, uint32_t out[3])
{
    if (c == 0x130) { /* a capital i with a dot keeps its dot */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = c < 0x80 ? c + (c >= 'A' && c <= 'Z' ? 32 : 0)
                      : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

size_t mn_jinja_to_title(uint32_t c, uint32_t out[3])
{
    size_t n =
        c < 0x80 ? 0 : special_case(title_rows, sizeof title_rows / sizeof title_rows[0], c, out);
    if (n) return n;
    out[0] = c < 0x80 ? c - (c >= 'a' && c <= 'z' ? 32 : 0)
                      : (uint32_t)utf8proc_totitle((utf8proc_int32_t)c);
    return 1;
}

size_t mn_jinja_to_folded(uint32_t c, uint32_t out[3])
{
    size_t n =
        c < 0x80 ? 0 : special_case(fold_rows, sizeof fold_rows / sizeof fold_rows[0], c, out);
    return n ? n : mn_jinja_to_lower(c, out);
}
