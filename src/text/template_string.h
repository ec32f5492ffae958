/* SPDX-License-Identifier: Apache-2.0 */
/* template_string.h - strings that know where each byte came from, and how to build them. */
#ifndef MN_TEXT_TEMPLATE_STRING_H
#define MN_TEXT_TEMPLATE_STRING_H

#include "text/template_value.h"

/* A growing text; starts as zero with `run` set. */
typedef struct mn_jinja_builder {
    mn_jinja_run *run;
    char *data;
    uint8_t *origins; /* NULL while all bytes are `origin` */
    size_t length, capacity;
    uint8_t origin;
} mn_jinja_builder;

void mn_jinja_add_bytes(mn_jinja_builder *builder, const char *bytes, size_t length,
                        unsigned origin);
void mn_jinja_add_text(mn_jinja_builder *builder, const char *text,
                       unsigned origin); /* up to its '\0' */
void mn_jinja_add_char(mn_jinja_builder *builder, uint32_t code_point, unsigned origin);
void mn_jinja_add_string(mn_jinja_builder *builder, const mn_jinja_string *string);
/* Bytes [start, end) of a string. */
void mn_jinja_add_part(mn_jinja_builder *builder, const mn_jinja_string *string, size_t start,
                       size_t end);
void mn_jinja_add_fill(mn_jinja_builder *builder, const mn_jinja_string *fill, size_t times);
mn_jinja_string *mn_jinja_built(mn_jinja_builder *builder); /* NULL after a failure */

/* `bytes` must outlive the run; they are not copied. */
mn_jinja_string *mn_jinja_string_view(mn_jinja_run *run, const char *bytes, size_t length,
                                      unsigned origin);
mn_jinja_value mn_jinja_text_literal(mn_jinja_run *run, const char *text, unsigned origin);
mn_jinja_string *mn_jinja_string_part(mn_jinja_run *run, const mn_jinja_string *string,
                                      size_t start, size_t end);
mn_jinja_string *mn_jinja_string_join(mn_jinja_run *run, mn_jinja_string *a, mn_jinja_string *b);
mn_jinja_string *mn_jinja_string_escape(mn_jinja_run *run,
                                        const mn_jinja_string *string); /* of HTML; markup */
mn_jinja_string *mn_jinja_string_markup(mn_jinja_run *run, const mn_jinja_string *string,
                                        bool markup);

static inline unsigned mn_jinja_string_origin(const mn_jinja_string *string, size_t offset)
{
    return string->origins ? string->origins[offset] : string->origin;
}
/* The origin of bytes that an operation on `string` makes up, such as padding. */
unsigned mn_jinja_string_own_origin(const mn_jinja_string *string);

size_t mn_jinja_string_count(mn_jinja_string *string);                    /* code points */
size_t mn_jinja_string_chars(mn_jinja_run *run, mn_jinja_string *string); /* the same, paid for */
/* The byte where code point number `index` starts; the length for one past the last. */
size_t mn_jinja_string_offset(mn_jinja_run *run, mn_jinja_string *string, size_t index);
size_t mn_jinja_string_char_index(const mn_jinja_string *string, size_t offset); /* the reverse */
bool mn_jinja_string_equal(const mn_jinja_string *a, const mn_jinja_string *b);
bool mn_jinja_string_is(const mn_jinja_string *string, const char *text);
/* The first (last) place of `needle` in bytes [start, end); SIZE_MAX if there is none. */
size_t mn_jinja_string_find(mn_jinja_run *run, const mn_jinja_string *string, size_t start,
                            size_t end, const mn_jinja_string *needle);
size_t mn_jinja_string_find_last(mn_jinja_run *run, const mn_jinja_string *string, size_t start,
                                 size_t end, const mn_jinja_string *needle);

/* What Python says of characters (template_char.c). */
bool mn_jinja_is_space(uint32_t code_point);
bool mn_jinja_is_line_end(uint32_t code_point);
bool mn_jinja_is_alpha(uint32_t code_point);
bool mn_jinja_is_decimal(uint32_t code_point);
bool mn_jinja_is_digit(uint32_t code_point);
bool mn_jinja_is_numeric(uint32_t code_point);
bool mn_jinja_is_upper(uint32_t code_point);
bool mn_jinja_is_lower(uint32_t code_point);
bool mn_jinja_is_title(uint32_t code_point);
bool mn_jinja_is_printable(uint32_t code_point);
bool mn_jinja_is_word_start(uint32_t code_point); /* of an identifier */
bool mn_jinja_is_word(uint32_t code_point);
int mn_jinja_digit_value(uint32_t code_point); /* -1 if it is no decimal digit */
/* Each writes up to 3 code points and returns how many. */
size_t mn_jinja_to_upper(uint32_t code_point, uint32_t out[3]);
size_t mn_jinja_to_lower(uint32_t code_point, uint32_t out[3]);
size_t mn_jinja_to_title(uint32_t code_point, uint32_t out[3]);
size_t mn_jinja_to_folded(uint32_t code_point, uint32_t out[3]);

/* Walks code points: decodes the one at *offset and moves on. Strings are always well-formed. */
uint32_t mn_jinja_string_decode(const mn_jinja_string *string, size_t *offset);

#endif
