/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - well-formed UTF-8 and nothing else (The Unicode Standard, table 3-7). */
#include "base/utf8.h"

#include <stdbool.h>

/* Bytes the sequence that starts with `lead` must have, and the bounds of its second byte. */
static size_t expected_length(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    if (lead == 0xE0) *low = 0xA0;
    if (lead == 0xED) *high = 0x9F;
    if (lead == 0xF0) *low = 0x90;
    if (lead == 0xF4) *high = 0x8F;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* How many of the first bytes fit a sequence of `*expected` bytes. */
static size_t matching_bytes(const char *bytes, size_t available, size_t *expected)
{
    unsigned char low, high;
    if (!available) return *expected = 0;
    *expected = expected_length((unsigned char)bytes[0], &low, &high);
    size_t n = *expected ? 1 : 0;
    while (n && n < *expected && n < available) {
        unsigned char byte = (unsigned char)bytes[n];
        if (byte < (n == 1 ? low : 0x80) || byte > (n == 1 ? high : 0xBF)) break;
        n++;
    }
    return n;
}

size_t mn_utf8_length(const char *bytes, size_t available)
{
    size_t expected;
    return matching_bytes(bytes, available, &expected) == expected ? expected : 0;
}

uint32_t mn_utf8_decode(const char *bytes, size_t available, size_t *length)
{
    static const unsigned char lead_mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    size_t n = *length = mn_utf8_length(bytes, available);
    if (!n) return 0xFFFD;
    uint32_t code_point = (unsigned char)bytes[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++) code_point = code_point << 6 | ((unsigned char)bytes[i] & 0x3F);
    return code_point;
}

size_t mn_utf8_encode(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        if (c >= 0xD800 && c < 0xE000) return 0;
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    if (c > 0x10FFFF) return 0;
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t mn_utf8_incomplete_tail(const char *bytes, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        size_t expected, n = matching_bytes(bytes + length - back, back, &expected);
        if (n == back && n < expected) return back;
        if (((unsigned char)bytes[length - back] & 0xC0) != 0x80) break;
    }
    return 0;
}
