/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.c - what kind of character a code point is. */
#include "text/unicode.h"

static bool is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

uint32_t mn_unicode_bits(uint32_t code_point) {
    unsigned low = 0, high = mn_unicode_n_ranges; /* the range is in [low, high) */
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        if (mn_unicode_ranges[middle] >> 5 <= code_point)
            low = middle;
        else
            high = middle;
    }
    uint32_t bit = (uint32_t)1 << (mn_unicode_ranges[low] & 31);
    return is_space(code_point) ? bit | MN_UNICODE_SPACE : bit;
}

bool mn_unicode_is_unstable(uint32_t code_point) {
    unsigned low = 0, high = mn_unicode_n_unstable; /* the first range that ends at or after it */
    if (code_point < mn_unicode_unstable[0][0]) return false;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (mn_unicode_unstable[middle][1] < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < mn_unicode_n_unstable && mn_unicode_unstable[low][0] <= code_point;
}
