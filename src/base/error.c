/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - writes the one message of a failure. */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int mn_status_exit_code(mn_status status)
{
    switch (status) {
    case MN_OK: return 0;
    case MN_USAGE: return 2;
    case MN_NO_FIT: return 3;
    case MN_GATE: return 4;
    case MN_NETWORK: return 5;
    case MN_BAD_FILE: return 6;
    case MN_CANCELLED: return 130;
    default: return 1;
    }
}

const char *mn_status_name(mn_status status)
{
    static const char *const names[] = { "ok",           "failed",   "usage",    "does not fit",
                                         "gate missed",  "network",  "bad file", "no memory",
                                         "input/output", "cancelled" };
    unsigned index = (unsigned)status;
    return index < sizeof names / sizeof names[0] ? names[index] : "failed";
}

/* The length of the valid UTF-8 sequence at s, 0 if there is none. */
static size_t sequence_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : (s[0] & 0xF0) == 0xE0       ? 3
               : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    return n;
}

/* Copies `text`, escaping what a terminal could act on. */
static void copy_escaped(char *out, size_t size, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    while (*s) {
        size_t n = sequence_length(s);
        bool plain =
            n > 1 ? !(s[0] == 0xC2 && s[1] < 0xA0) : n == 1 && s[0] >= 0x20 && s[0] != 0x7F;
        size_t needed = plain ? n : 4;
        if (used + needed + 1 > size) break;
        if (plain)
            memcpy(out + used, s, n);
        else
            snprintf(out + used, 5, "\\x%02X", s[0]);
        used += needed;
        s += plain ? n : 1;
    }
    out[used] = '\0';
}

mn_status mn_fail(mn_error *error, mn_status status, const char *format, ...)
{
    if (!error) return status;
    char text[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error->status = status;
    copy_escaped(error->message, sizeof error->message, text);
    return status;
}

mn_status mn_fail_memory(mn_error *error, unsigned long long size_bytes, const char *what)
{
    return mn_fail(error, MN_NO_MEMORY, "out of memory (%llu bytes for %s)", size_bytes, what);
}
