/* SPDX-License-Identifier: Apache-2.0 */
/* toml.c - reads a strict part of TOML. */
#include "store/toml.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define MAX_ENTRIES 10000 /* looking for a key twice takes the square of it */

typedef struct reader {
    const char *next, *end;
    const char *name;
    unsigned line;
    mn_text section;
    mn_toml *out;
    mn_error *error;
} reader;

static mn_status fail(reader *r, const char *what)
{
    return mn_fail(r->error, MN_BAD_FILE, "%s:%u: %s", r->name, r->line, what);
}

static mn_status fail_memory(reader *r)
{
    return mn_fail_memory(r->error, (unsigned long long)(r->end - r->next), r->name);
}

static char peek(const reader *r)
{
    return r->next < r->end ? *r->next : '\0';
}

static void skip_blanks(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t') r->next++;
}

static void skip_comment(reader *r)
{
    if (peek(r) != '#') return;
    while (r->next < r->end && *r->next != '\n') r->next++;
}

/* Blanks, comments and ends of lines. */
static void skip_lines(reader *r)
{
    for (;;) {
        skip_blanks(r);
        skip_comment(r);
        if (r->end - r->next > 1 && r->next[0] == '\r' && r->next[1] == '\n') r->next++;
        if (peek(r) != '\n') return;
        r->next++;
        r->line++;
    }
}

static mn_status end_line(reader *r)
{
    skip_blanks(r);
    skip_comment(r);
    if (peek(r) == '\r') r->next++;
    if (r->next < r->end && *r->next != '\n') return fail(r, "something follows the value");
    return MN_OK;
}

/* --- strings --------------------------------------------------------------------------------- */

static bool read_hex(reader *r, unsigned n_digits, uint32_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < n_digits; i++) {
        char c = peek(r);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return false;
        *out = *out << 4 | (uint32_t)digit;
        r->next++;
    }
    return true;
}

static mn_status read_escape(reader *r, mn_text *text)
{
    static const char letters[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
    char letter = peek(r), bytes[4];
    const char *found = letter ? strchr(letters, letter) : NULL;
    uint32_t code;
    r->next += r->next < r->end;
    if (found) {
        mn_text_add_char(text, meanings[found - letters]);
        return MN_OK;
    }
    if (letter != 'u' && letter != 'U') return fail(r, "an unknown escape in a string");
    size_t n = read_hex(r, letter == 'u' ? 4 : 8, &code) ? mn_utf8_encode(bytes, code) : 0;
    if (!n || !code) return fail(r, "a wrong \\u escape in a string");
    mn_text_append(text, bytes, n);
    return MN_OK;
}

static mn_status read_string(reader *r, mn_text *text)
{
    char quote = *r->next++;
    mn_text_add(text, "");
    for (;;) {
        unsigned char c = (unsigned char)peek(r);
        if (c == (unsigned char)quote) break;
        if (r->next >= r->end || c == '\n' || c == '\r') return fail(r, "a string has no end");
        if ((c < 0x20 && c != '\t') || c == 0x7F) return fail(r, "a control character in a string");
        if (c == '\\' && quote == '"') {
            r->next++;
            mn_status status = read_escape(r, text);
            if (status) return status;
            continue;
        }
        size_t n = mn_utf8_length(r->next, (size_t)(r->end - r->next));
        if (!n) return fail(r, "a string is not UTF-8");
        mn_text_append(text, r->next, n);
        r->next += n;
    }
    r->next++;
    return text->failed ? fail_memory(r) : MN_OK;
}

/* --- keys and values ------------------------------------------------------------------------- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
}

static mn_status read_key(reader *r, mn_text *key)
{
    if (peek(r) == '"' || peek(r) == '\'') return read_string(r, key);
    const char *start = r->next;
    while (is_bare(peek(r))) r->next++;
    if (r->next == start) return fail(r, "a key, 'key = value' or '[section]', is expected");
    mn_text_append(key, start, (size_t)(r->next - start));
    return key->failed ? fail_memory(r) : MN_OK;
}

static mn_status read_list(reader *r, mn_toml_entry *entry)
{
    size_t capacity = 0;
    entry->kind = MN_TOML_LIST;
    r->next++;
    for (;;) {
        skip_lines(r);
        if (peek(r) == ']') break;
        if (peek(r) != '"' && peek(r) != '\'')
            return fail(r, "lists hold strings, and end with ']'");
        mn_text item = { 0 };
        void *items = entry->items;
        mn_status status = read_string(r, &item);
        if (!status && !mn_grow(&items, &capacity, entry->n_items + 1, sizeof *entry->items))
            status = fail_memory(r);
        if (status) {
            mn_text_free(&item);
            return status;
        }
        entry->items = items;
        entry->items[entry->n_items++] = item.data;
        skip_lines(r);
        if (peek(r) == ',') r->next++;
        else if (peek(r) != ']') return fail(r, "a ',' or ']' is missing in a list");
    }
    r->next++;
    return MN_OK;
}

/* [+-]digits[.digits][e[+-]digits] */
bool mn_toml_is_number(const char *text)
{
    text += *text == '+' || *text == '-';
    size_t n = strspn(text, "0123456789");
    if (!n) return false;
    text += n;
    if (*text == '.') {
        n = strspn(text + 1, "0123456789");
        if (!n) return false;
        text += n + 1;
    }
    if (*text == 'e' || *text == 'E') {
        text += 1 + (text[1] == '+' || text[1] == '-');
        n = strspn(text, "0123456789");
        if (!n) return false;
        text += n;
    }
    return !*text;
}

static mn_status read_bare_value(reader *r, mn_toml_entry *entry)
{
    const char *start = r->next;
    while (is_bare(peek(r)) || peek(r) == '+' || peek(r) == '.') r->next++;
    entry->text = mn_strndup(start, (size_t)(r->next - start));
    if (!entry->text) return fail_memory(r);
    if (!strcmp(entry->text, "true") || !strcmp(entry->text, "false")) entry->kind = MN_TOML_BOOL;
    else if (mn_toml_is_number(entry->text)) entry->kind = MN_TOML_NUMBER;
    else return fail(r, "a value is a \"text\", a number, true, false or a list of texts");
    return MN_OK;
}

static mn_status read_value(reader *r, mn_toml_entry *entry)
{
    if (peek(r) == '[') return read_list(r, entry);
    if (peek(r) != '"' && peek(r) != '\'') return read_bare_value(r, entry);
    mn_text text = { 0 };
    mn_status status = read_string(r, &text);
    entry->kind = MN_TOML_STRING;
    entry->text = text.data;
    return status;
}

static void free_entry(mn_toml_entry *entry)
{
    for (size_t i = 0; i < entry->n_items; i++) mn_free(entry->items[i]);
    mn_free(entry->items);
    mn_free(entry->section);
    mn_free(entry->key);
    mn_free(entry->text);
}

static mn_status keep_entry(reader *r, mn_toml_entry *entry)
{
    void *entries = r->out->entries;
    if (r->out->n >= MAX_ENTRIES) return fail(r, "there are too many keys");
    entry->section = mn_strdup(r->section.data ? r->section.data : "");
    if (!entry->section) return fail_memory(r);
    if (mn_toml_find(r->out, entry->section, entry->key)) return fail(r, "a key comes twice");
    if (!mn_grow(&entries, &r->out->capacity, r->out->n + 1, sizeof *entry)) return fail_memory(r);
    r->out->entries = entries;
    r->out->entries[r->out->n++] = *entry;
    return MN_OK;
}

static mn_status read_entry(reader *r)
{
    mn_toml_entry entry = { .line = r->line };
    mn_text key = { 0 };
    mn_status status = read_key(r, &key);
    entry.key = key.data;
    skip_blanks(r);
    if (!status && peek(r) != '=') status = fail(r, "'=' is missing after a key");
    if (!status) {
        r->next++;
        skip_blanks(r);
        status = read_value(r, &entry);
    }
    if (!status) status = end_line(r);
    if (!status) status = keep_entry(r, &entry);
    if (status) free_entry(&entry);
    return status;
}

static mn_status read_section(reader *r)
{
    r->next++;
    skip_blanks(r);
    mn_text_clear(&r->section);
    mn_status status = read_key(r, &r->section);
    skip_blanks(r);
    if (!status && peek(r) != ']') status = fail(r, "']' is missing after the name of a section");
    if (status) return status;
    r->next++;
    return end_line(r);
}

mn_status mn_toml_parse(mn_toml *out, const char *bytes, size_t length, const char *name,
                        mn_error *error)
{
    reader r = { .next = bytes, .end = bytes + length, .name = name, .line = 1, .out = out,
                 .error = error };
    mn_status status = MN_OK;
    *out = (mn_toml){ 0 };
    for (skip_lines(&r); r.next < r.end && !status; skip_lines(&r))
        status = peek(&r) == '[' ? read_section(&r) : read_entry(&r);
    mn_text_free(&r.section);
    if (status) mn_toml_free(out);
    return status;
}

const mn_toml_entry *mn_toml_find(const mn_toml *toml, const char *section, const char *key)
{
    for (size_t i = 0; i < toml->n; i++)
        if (!strcmp(toml->entries[i].key, key) && !strcmp(toml->entries[i].section, section))
            return &toml->entries[i];
    return NULL;
}

void mn_toml_free(mn_toml *toml)
{
    for (size_t i = 0; i < toml->n; i++) free_entry(&toml->entries[i]);
    mn_free(toml->entries);
    *toml = (mn_toml){ 0 };
}
