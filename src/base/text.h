/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - a growing byte buffer that remembers that it failed.
 *
 * Append freely, check `failed` once at the end. */
#ifndef MN_BASE_TEXT_H
#define MN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mn_text {
    char *data; /* always ends with '\0' once something was appended; NULL before */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out; later appends do nothing */
} mn_text; /* zero-initialise */

void mn_text_append(mn_text *text, const char *bytes, size_t length);
void mn_text_add(mn_text *text, const char *string);
void mn_text_add_char(mn_text *text, char byte);
void mn_text_format(mn_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void mn_text_add_json(mn_text *text, const char *bytes, size_t length);
void mn_text_clear(mn_text *text); /* keeps the memory and forgets the failure */
void mn_text_free(mn_text *text);  /* back to zero */

#endif
