/* SPDX-License-Identifier: Apache-2.0 */
/* template_string.c - strings that know where each byte came from, and how to build them. */
#include "text/template_string.h"

#include "base/utf8.h"
#include "text/template_run.h"

#include <string.h>

/* Bytes that strings share. What was written never changes, so a string that ends where the buffer
 * ends can be lengthened in place: adding to a text again and again costs its length only once. */
typedef struct mn_jinja_buffer {
    char *data;
    uint8_t *origins; /* NULL while all bytes are of one origin */
    size_t used, capacity;
    uint8_t origin;
} buffer;

#define BYTES_PER_STEP 64

/* --- building -----------------------------------------------------------------------------------
 */

static bool make_room(mn_jinja_builder *b, size_t extra)
{
    if (b->run->status || extra <= b->capacity - b->length) return !b->run->status;
    size_t capacity = b->capacity < 32 ? 64 : b->capacity * 2;
    if (capacity < b->length + extra) capacity = b->length + extra;
    char *data = mn_jinja_regrow(b->run, b->data, b->capacity, capacity, 1);
    if (!data) return false;
    b->data = data;
    if (b->origins) {
        uint8_t *origins = mn_jinja_regrow(b->run, b->origins, b->capacity, capacity, 1);
        if (!origins) return false;
        b->origins = origins;
    }
    b->capacity = capacity;
    return true;
}

/* Starts to note the origin of each byte. */
static bool make_mixed(mn_jinja_builder *b)
{
    if (b->origins) return true;
    b->origins = mn_jinja_take(b->run, b->capacity, 1);
    if (b->origins) memset(b->origins, b->origin, b->length);
    return b->origins != NULL;
}

static bool prepare(mn_jinja_builder *b, size_t length, unsigned origin, bool uniform)
{
    if (!mn_jinja_charge(b->run, length / BYTES_PER_STEP) || !make_room(b, length)) return false;
    if (!b->length && uniform && !b->origins) b->origin = (uint8_t)origin;
    return (uniform && !b->origins && origin == b->origin) || make_mixed(b);
}

void mn_jinja_add_bytes(mn_jinja_builder *b, const char *bytes, size_t length, unsigned origin)
{
    if (!length || !prepare(b, length, origin, true)) return;
    memcpy(b->data + b->length, bytes, length);
    if (b->origins) memset(b->origins + b->length, (int)origin, length);
    b->length += length;
}

void mn_jinja_add_text(mn_jinja_builder *b, const char *text, unsigned origin)
{
    mn_jinja_add_bytes(b, text, strlen(text), origin);
}

void mn_jinja_add_char(mn_jinja_builder *b, uint32_t code_point, unsigned origin)
{
    char bytes[4];
    mn_jinja_add_bytes(b, bytes, mn_utf8_encode(bytes, code_point), origin);
}

void mn_jinja_add_part(mn_jinja_builder *b, const mn_jinja_string *string, size_t start, size_t end)
{
    if (!string || start >= end) return;
    if (!string->origins) {
        mn_jinja_add_bytes(b, string->data + start, end - start, string->origin);
        return;
    }
    if (!prepare(b, end - start, string->origin, false)) return;
    memcpy(b->data + b->length, string->data + start, end - start);
    memcpy(b->origins + b->length, string->origins + start, end - start);
    b->length += end - start;
}

void mn_jinja_add_string(mn_jinja_builder *b, const mn_jinja_string *string)
{
    if (string) mn_jinja_add_part(b, string, 0, string->length);
}

void mn_jinja_add_fill(mn_jinja_builder *b, const mn_jinja_string *fill, size_t times)
{
    if (!fill || !fill->length) return;
    for (size_t i = 0; i < times && mn_jinja_charge(b->run, 1); i++) mn_jinja_add_string(b, fill);
}

mn_jinja_string *mn_jinja_built(mn_jinja_builder *b)
{
    mn_jinja_string *string = mn_jinja_take(b->run, 1, sizeof *string);
    if (!string) return NULL;
    *string = (mn_jinja_string){ .data = b->length ? b->data : "",
                                 .origins = b->length ? b->origins : NULL,
                                 .length = b->length,
                                 .n_chars = SIZE_MAX,
                                 .origin = b->length ? b->origin : MN_FROM_TEMPLATE };
    return string;
}

/* --- strings ------------------------------------------------------------------------------------
 */

mn_jinja_string *mn_jinja_string_view(mn_jinja_run *run, const char *bytes, size_t length,
                                      unsigned origin)
{
    mn_jinja_string *string = mn_jinja_take(run, 1, sizeof *string);
    if (string)
        *string = (mn_jinja_string){
            .data = bytes, .length = length, .n_chars = SIZE_MAX, .origin = (uint8_t)origin
        };
    return string;
}

mn_jinja_value mn_jinja_text_literal(mn_jinja_run *run, const char *text, unsigned origin)
{
    return mn_jinja_text(mn_jinja_string_view(run, text, strlen(text), origin));
}

mn_jinja_string *mn_jinja_string_part(mn_jinja_run *run, const mn_jinja_string *string,
                                      size_t start, size_t end)
{
    mn_jinja_string *part = mn_jinja_take(run, 1, sizeof *part);
    if (!part) return NULL;
    *part = *string;
    if (start > end) start = end;
    part->data += start;
    if (part->origins) part->origins += start;
    part->length = end - start;
    part->n_chars = string->n_chars == string->length ? part->length : SIZE_MAX;
    if (end != string->length) part->buffer = NULL;
    return part;
}

mn_jinja_string *mn_jinja_string_markup(mn_jinja_run *run, const mn_jinja_string *string,
                                        bool markup)
{
    if (!string) return NULL;
    mn_jinja_string *copy = mn_jinja_string_part(run, string, 0, string->length);
    if (copy) copy->markup = markup;
    return copy;
}

mn_jinja_string *mn_jinja_string_escape(mn_jinja_run *run, const mn_jinja_string *string)
{
    mn_jinja_builder b = { .run = run };
    if (!string) return NULL;
    if (string->markup) return mn_jinja_string_markup(run, string, true);
    for (size_t i = 0; i < string->length; i++) {
        unsigned origin = mn_jinja_string_origin(string, i);
        switch (string->data[i]) {
        case '&':
            mn_jinja_add_text(&b, "&amp;", origin);
            break;
        case '<':
            mn_jinja_add_text(&b, "&lt;", origin);
            break;
        case '>':
            mn_jinja_add_text(&b, "&gt;", origin);
            break;
        case '\'':
            mn_jinja_add_text(&b, "&#39;", origin);
            break;
        case '"':
            mn_jinja_add_text(&b, "&#34;", origin);
            break;
        default:
            mn_jinja_add_part(&b, string, i, i + 1);
            break;
        }
        if (!mn_jinja_charge(run, 1)) return NULL;
    }
    mn_jinja_string *escaped = mn_jinja_built(&b);
    if (escaped) escaped->markup = true;
    return escaped;
}

/* --- joining ------------------------------------------------------------------------------------
 */

static bool buffer_mixed(mn_jinja_run *run, buffer *buf)
{
    if (buf->origins) return true;
    buf->origins = mn_jinja_take(run, buf->capacity, 1);
    if (buf->origins) memset(buf->origins, buf->origin, buf->used);
    return buf->origins != NULL;
}

static bool buffer_append(mn_jinja_run *run, buffer *buf, const mn_jinja_string *string)
{
    if (!buf->used && !string->origins) buf->origin = string->origin;
    if ((string->origins || string->origin != buf->origin) && !buffer_mixed(run, buf)) return false;
    memcpy(buf->data + buf->used, string->data, string->length);
    if (buf->origins && string->origins)
        memcpy(buf->origins + buf->used, string->origins, string->length);
    else if (buf->origins)
        memset(buf->origins + buf->used, string->origin, string->length);
    buf->used += string->length;
    return true;
}

/* A buffer that begins with `string` and has room for `extra` bytes and for more to come. */
static buffer *buffer_open(mn_jinja_run *run, const mn_jinja_string *string, size_t extra)
{
    size_t needed = string->length + extra;
    buffer *buf = mn_jinja_take(run, 1, sizeof *buf);
    if (!buf) return NULL;
    buf->capacity = string->buffer ? needed + needed / 2 + 32 : needed + 32;
    buf->data = mn_jinja_take(run, buf->capacity, 1);
    if (!buf->data || !mn_jinja_charge(run, string->length / BYTES_PER_STEP)) return NULL;
    return buffer_append(run, buf, string) ? buf : NULL;
}

static bool can_append(const mn_jinja_string *a, size_t extra)
{
    return a->buffer && a->data + a->length == a->buffer->data + a->buffer->used &&
           a->buffer->capacity - a->buffer->used >= extra;
}

static mn_jinja_string *join_plain(mn_jinja_run *run, mn_jinja_string *a, mn_jinja_string *b)
{
    if (!b->length) return a;
    if (!a->length) return b;
    if (!mn_jinja_charge(run, b->length / BYTES_PER_STEP)) return NULL;
    buffer *buf = can_append(a, b->length) ? a->buffer : buffer_open(run, a, b->length);
    mn_jinja_string *joined = mn_jinja_take(run, 1, sizeof *joined);
    if (!buf || !joined) return NULL;
    size_t start = buf == a->buffer ? (size_t)(a->data - buf->data) : 0;
    if (!buffer_append(run, buf, b)) return NULL;
    *joined = (mn_jinja_string){ .data = buf->data + start,
                                 .origins = buf->origins ? buf->origins + start : NULL,
                                 .length = a->length + b->length,
                                 .buffer = buf,
                                 .origin = buf->origin,
                                 .n_chars = a->n_chars == SIZE_MAX || b->n_chars == SIZE_MAX
                                                ? SIZE_MAX
                                                : a->n_chars + b->n_chars };
    return joined;
}

mn_jinja_string *mn_jinja_string_join(mn_jinja_run *run, mn_jinja_string *a, mn_jinja_string *b)
{
    if (!a || !b || run->status) return NULL;
    bool markup = a->markup || b->markup;
    if (markup && !a->markup) a = mn_jinja_string_escape(run, a);
    if (markup && !b->markup) b = mn_jinja_string_escape(run, b);
    mn_jinja_string *joined = a && b ? join_plain(run, a, b) : NULL;
    if (joined && joined != a && joined != b) joined->markup = markup;
    return joined;
}

/* --- asking -------------------------------------------------------------------------------------
 */

unsigned mn_jinja_string_own_origin(const mn_jinja_string *string)
{
    return string->origins ? MN_FROM_USER : string->origin;
}

size_t mn_jinja_string_count(mn_jinja_string *string)
{
    if (string->n_chars != SIZE_MAX) return string->n_chars;
    size_t n = 0;
    for (size_t i = 0; i < string->length; i++)
        n += ((unsigned char)string->data[i] & 0xC0) != 0x80;
    return string->n_chars = n;
}

size_t mn_jinja_string_chars(mn_jinja_run *run, mn_jinja_string *string)
{
    if (string->n_chars == SIZE_MAX) mn_jinja_charge(run, string->length / BYTES_PER_STEP);
    return mn_jinja_string_count(string);
}

size_t mn_jinja_string_offset(mn_jinja_run *run, mn_jinja_string *string, size_t index)
{
    if (mn_jinja_string_chars(run, string) == string->length) return index;
    size_t offset = 0;
    mn_jinja_charge(run, index / (BYTES_PER_STEP / 4));
    for (; index && offset < string->length; index--) do
            offset++;
        while (offset < string->length && ((unsigned char)string->data[offset] & 0xC0) == 0x80);
    return offset;
}

size_t mn_jinja_string_char_index(const mn_jinja_string *string, size_t offset)
{
    size_t n = 0;
    if (string->n_chars == string->length) return offset;
    for (size_t i = 0; i < offset; i++) n += ((unsigned char)string->data[i] & 0xC0) != 0x80;
    return n;
}

bool mn_jinja_string_equal(const mn_jinja_string *a, const mn_jinja_string *b)
{
    return a->length == b->length && (a->data == b->data || !memcmp(a->data, b->data, a->length));
}

bool mn_jinja_string_is(const mn_jinja_string *string, const char *text)
{
    return string->length == strlen(text) && !memcmp(string->data, text, string->length);
}

size_t mn_jinja_string_find(mn_jinja_run *run, const mn_jinja_string *string, size_t start,
                            size_t end, const mn_jinja_string *needle)
{
    if (start > end || needle->length > end - start) return SIZE_MAX;
    if (!needle->length) return start;
    const char *found = memmem(string->data + start, end - start, needle->data, needle->length);
    size_t walked = (found ? (size_t)(found - string->data) : end) - start;
    /* memmem is linear, but pays for its needle at each call */
    mn_jinja_charge(run, 1 + walked / BYTES_PER_STEP + needle->length / BYTES_PER_STEP);
    return found ? (size_t)(found - string->data) : SIZE_MAX;
}

size_t mn_jinja_string_find_last(mn_jinja_run *run, const mn_jinja_string *string, size_t start,
                                 size_t end, const mn_jinja_string *needle)
{
    if (start > end || needle->length > end - start) return SIZE_MAX;
    for (size_t i = end - needle->length + 1; i-- > start;) {
        if (!memcmp(string->data + i, needle->data, needle->length)) return i;
        if (!mn_jinja_charge(run, 1 + needle->length / BYTES_PER_STEP)) break;
    }
    return SIZE_MAX;
}

uint32_t mn_jinja_string_decode(const mn_jinja_string *string, size_t *offset)
{
    size_t length;
    uint32_t code_point = mn_utf8_decode(string->data + *offset, string->length - *offset, &length);
    *offset += length ? length : 1;
    return code_point;
}
