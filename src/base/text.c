/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - a growing byte buffer that remembers that it failed. */
#include "base/text.h"

#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool make_room(mn_text *text, size_t extra)
{
    size_t needed;
    if (text->failed) return false;
    void *data = text->data;
    if (!mn_size_add(&needed, text->length, extra) || !mn_size_add(&needed, needed, 1)
        || !mn_grow(&data, &text->capacity, needed, 1)) {
        text->failed = true;
        return false;
    }
    text->data = data;
    return true;
}

void mn_text_append(mn_text *text, const char *bytes, size_t length)
{
    if (!make_room(text, length)) return;
    if (length) memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void mn_text_add(mn_text *text, const char *string)
{
    mn_text_append(text, string, strlen(string));
}

void mn_text_add_char(mn_text *text, char byte)
{
    mn_text_append(text, &byte, 1);
}

void mn_text_format(mn_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) text->failed = true;
    if (length < 0 || !make_room(text, (size_t)length)) return;
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void mn_text_add_json(mn_text *text, const char *bytes, size_t length)
{
    mn_text_add_char(text, '"');
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)bytes[i];
        size_t n = mn_utf8_length(bytes + i, length - i);
        if (byte == '"' || byte == '\\')
            mn_text_format(text, "\\%c", byte);
        else if (byte == '\n')
            mn_text_add(text, "\\n");
        else if (byte == '\t')
            mn_text_add(text, "\\t");
        else if (byte == '\r')
            mn_text_add(text, "\\r");
        else if (byte < 0x20 || byte == 0x7F)
            mn_text_format(text, "\\u%04x", byte);
        else if (n)
            mn_text_append(text, bytes + i, n);
        else
            mn_text_add(text, "\xEF\xBF\xBD");
        i += n ? n : 1;
    }
    mn_text_add_char(text, '"');
}

void mn_text_clear(mn_text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data) text->data[0] = '\0';
}

void mn_text_free(mn_text *text)
{
    mn_free(text->data);
    *text = (mn_text){ 0 };
}
