/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.h - what kind of character a code point is.
 *
 * Answers from our own table (Unicode 16, as the original tokenizers use it), so
 * that token ids do not depend on the system's libraries. */
#ifndef MN_TEXT_UNICODE_H
#define MN_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* General categories in the order of the table, one bit each. */
enum mn_unicode_bits {
    MN_UNICODE_LU = 1 << 0,
    MN_UNICODE_LL = 1 << 1,
    MN_UNICODE_LT = 1 << 2,
    MN_UNICODE_LM = 1 << 3,
    MN_UNICODE_LO = 1 << 4,
    MN_UNICODE_L = 0x1F,
    MN_UNICODE_M = 7 << 5,
    MN_UNICODE_ND = 1 << 8,
    MN_UNICODE_N = 7 << 8,
    MN_UNICODE_P = 0x7F << 11,
    MN_UNICODE_S = 0xF << 18,
    MN_UNICODE_Z = 7 << 22,
    MN_UNICODE_C = 0xF << 25,
    MN_UNICODE_SPACE = 1 << 30, /* the White_Space property, beside the category */
};

extern const unsigned mn_unicode_n_ranges;
extern const uint32_t mn_unicode_ranges[]; /* [n_ranges] code point << 5 | category, ascending */

extern const unsigned mn_unicode_n_unstable;
extern const uint32_t mn_unicode_unstable[][2]; /* [n_unstable] first and last, ascending */

/* The bit of its category, and MN_UNICODE_SPACE for white space. A value above U+10FFFF counts as
 * unassigned. */
uint32_t mn_unicode_bits(uint32_t code_point);

/* False when normal form C never changes, moves or joins this character to the one before it. */
bool mn_unicode_is_unstable(uint32_t code_point);

#endif
