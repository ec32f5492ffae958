/* SPDX-License-Identifier: Apache-2.0 */
/* template_lexer.c - cuts a template into tokens.
 *
 * Between tags there is data; a tag eats white space around it as Jinja does with trim_blocks and
 * lstrip_blocks on: "-" eats all of it, "+" none, and otherwise a block or comment eats the blanks
 * before it on its line and the newline behind it. */
#include "text/template_syntax.h"
#include "text/template_string.h"

#include "base/error.h"
#include "base/utf8.h"
#include "text/template_number.h"

#include <string.h>

void mn_jinja_lexer_init(mn_jinja_lexer *lexer, mn_jinja_arena *arena, const char *source,
                         size_t length, mn_error *error)
{
    *lexer = (mn_jinja_lexer){
        .arena = arena, .source = source, .length = length, .line = 1, .error = error
    };
}

static mn_jinja_token fail(mn_jinja_lexer *lexer, const char *what)
{
    if (!lexer->status)
        lexer->status =
            mn_fail(lexer->error, MN_BAD_FILE, "template line %u: %s", lexer->line, what);
    return (mn_jinja_token){ .kind = MN_JINJA_END, .line = lexer->line };
}

/* --- looking at the source ----------------------------------------------------------------------
 */

static bool at(const mn_jinja_lexer *lexer, size_t position, const char *text)
{
    size_t length = strlen(text);
    return position <= lexer->length && lexer->length - position >= length &&
           !memcmp(lexer->source + position, text, length);
}

static uint32_t char_at(const mn_jinja_lexer *lexer, size_t position, size_t *length)
{
    return mn_utf8_decode(lexer->source + position, lexer->length - position, length);
}

static size_t skip_space(const mn_jinja_lexer *lexer, size_t position)
{
    while (position < lexer->length) {
        size_t length;
        if (!mn_jinja_is_space(char_at(lexer, position, &length))) break;
        position += length;
    }
    return position;
}

/* The end of [start, end) without its trailing white space. */
static size_t strip_end(const mn_jinja_lexer *lexer, size_t start, size_t end)
{
    while (end > start) {
        size_t last = end - 1, length;
        while (last > start && ((unsigned char)lexer->source[last] & 0xC0) == 0x80) last--;
        if (!mn_jinja_is_space(char_at(lexer, last, &length))) break;
        end = last;
    }
    return end;
}

static void move_to(mn_jinja_lexer *lexer, size_t position)
{
    while (lexer->position < position)
        if (lexer->source[lexer->position++] == '\n') lexer->line++;
}

/* The end of `close` ("%}" or "#}", perhaps signed) at `position` with the space it eats; 0 if it
 * is not there. */
static size_t closing_end(const mn_jinja_lexer *lexer, size_t position, const char *close)
{
    char sign = position < lexer->length ? lexer->source[position] : '\0';
    bool has_sign = (sign == '-' || sign == '+') && at(lexer, position + 1, close);
    if (!has_sign && !at(lexer, position, close)) return 0;
    size_t end = position + (has_sign ? 3 : 2);
    if (has_sign) return sign == '-' ? skip_space(lexer, end) : end;
    return at(lexer, end, "\n") ? end + 1 : end;
}

/* --- data ---------------------------------------------------------------------------------------
 */

static mn_jinja_token data_token(mn_jinja_lexer *lexer, size_t start, size_t end)
{
    return (mn_jinja_token){ .kind = MN_JINJA_DATA,
                             .line = lexer->line,
                             .text = lexer->source + start,
                             .length = end - start };
}

/* Where the data [start, tag) ends, given the tag's sign. */
static size_t data_end(const mn_jinja_lexer *lexer, size_t start, size_t tag, char sign,
                       bool variable)
{
    if (sign == '-') return strip_end(lexer, start, tag);
    if (sign == '+' || variable) return tag;
    size_t line_start = tag;
    while (line_start > start && lexer->source[line_start - 1] != '\n') line_start--;
    bool starts_line = line_start > start || start == 0 || lexer->source[start - 1] == '\n';
    return starts_line && skip_space(lexer, line_start) >= tag ? line_start : tag;
}

static char sign_at(const mn_jinja_lexer *lexer, size_t position)
{
    char c = position < lexer->length ? lexer->source[position] : '\0';
    return c == '-' || c == '+' ? c : '\0';
}

/* Skips `word` between white space; 0 if it is not there. */
static size_t skip_word(const mn_jinja_lexer *lexer, size_t position, const char *word)
{
    position = skip_space(lexer, position);
    return at(lexer, position, word) ? skip_space(lexer, position + strlen(word)) : 0;
}

/* The end of "{% raw %}" at `tag`; 0 if it is another tag. */
static size_t raw_begin_end(const mn_jinja_lexer *lexer, size_t tag)
{
    size_t position = skip_word(lexer, tag + 2 + (sign_at(lexer, tag + 2) != '\0'), "raw");
    if (!position) return 0;
    if (at(lexer, position, "-%}")) return skip_space(lexer, position + 3);
    return at(lexer, position, "%}") ? position + 2 : 0;
}

/* Looks for "{% endraw %}" from the current position: *tag is where it starts, the result where it
 * ends. */
static size_t raw_end(const mn_jinja_lexer *lexer, size_t *tag)
{
    for (*tag = lexer->position; *tag < lexer->length; ++*tag) {
        if (!at(lexer, *tag, "{%")) continue;
        size_t position = skip_word(lexer, *tag + 2 + (sign_at(lexer, *tag + 2) != '\0'), "endraw");
        size_t end = position ? closing_end(lexer, position, "%}") : 0;
        if (end) return end;
    }
    return 0;
}

static mn_jinja_token raw_token(mn_jinja_lexer *lexer)
{
    size_t start = lexer->position, tag, end = raw_end(lexer, &tag);
    if (!end && start == lexer->length)
        return data_token(lexer, start, start); /* Jinja lets this pass */
    if (!end) return fail(lexer, "'raw' is not closed by 'endraw'");
    mn_jinja_token token =
        data_token(lexer, start, data_end(lexer, start, tag, sign_at(lexer, tag + 2), false));
    move_to(lexer, end);
    return token;
}

static void skip_comment(mn_jinja_lexer *lexer)
{
    for (size_t i = lexer->position; i < lexer->length; i++) {
        size_t end = closing_end(lexer, i, "#}");
        if (!end) continue;
        move_to(lexer, end);
        return;
    }
    if (lexer->position < lexer->length) fail(lexer, "a comment is not closed by '#}'");
}

/* Makes the tag after a piece of data the pending token (a comment leaves none). */
static void open_tag(mn_jinja_lexer *lexer, size_t tag)
{
    char kind = lexer->source[tag + 1];
    size_t raw = kind == '%' ? raw_begin_end(lexer, tag) : 0;
    if (raw) {
        move_to(lexer, raw);
        lexer->pending = raw_token(lexer);
        lexer->has_pending = true;
        return;
    }
    move_to(lexer, tag + 2 + (sign_at(lexer, tag + 2) != '\0'));
    if (kind == '#') {
        skip_comment(lexer);
        return;
    }
    lexer->state = kind == '%' ? MN_JINJA_IN_BLOCK : MN_JINJA_IN_VARIABLE;
    lexer->pending =
        (mn_jinja_token){ .kind = kind == '%' ? MN_JINJA_BLOCK_BEGIN : MN_JINJA_VARIABLE_BEGIN,
                          .line = lexer->line };
    lexer->has_pending = true;
}

static mn_jinja_token next_data(mn_jinja_lexer *lexer)
{
    size_t start = lexer->position, tag = start;
    while (tag < lexer->length && !at(lexer, tag, "{%") && !at(lexer, tag, "{{") &&
           !at(lexer, tag, "{#"))
        tag++;
    if (tag == lexer->length) {
        mn_jinja_token token = data_token(lexer, start, tag);
        move_to(lexer, tag);
        if (token.length) return token;
        return (mn_jinja_token){ .kind = MN_JINJA_END, .line = lexer->line };
    }
    bool variable = lexer->source[tag + 1] == '{';
    mn_jinja_token token =
        data_token(lexer, start, data_end(lexer, start, tag, sign_at(lexer, tag + 2), variable));
    move_to(lexer, tag);
    open_tag(lexer, tag);
    return token;
}

/* --- inside tags --------------------------------------------------------------------------------
 */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The end of digits that may be joined by single underscores; `position` if there are none. */
static size_t digits_end(const mn_jinja_lexer *lexer, size_t position)
{
    size_t end = position;
    while (end < lexer->length) {
        if (is_digit(lexer->source[end]))
            end++;
        else if (end > position && lexer->source[end] == '_' && end + 1 < lexer->length &&
                 is_digit(lexer->source[end + 1]))
            end++;
        else
            break;
    }
    return end;
}

/* The end of a number with a fraction or an exponent; 0 if it is none. */
static size_t float_end(const mn_jinja_lexer *lexer, size_t position)
{
    if (position && lexer->source[position - 1] == '.') return 0;
    size_t end = digits_end(lexer, position), whole = end;
    if (end == position) return 0;
    if (at(lexer, end, ".") && digits_end(lexer, end + 1) > end + 1)
        end = digits_end(lexer, end + 1);
    size_t exponent = end;
    if (at(lexer, end, "e") || at(lexer, end, "E")) {
        exponent = end + 1;
        if (at(lexer, exponent, "+") || at(lexer, exponent, "-")) exponent++;
        if (digits_end(lexer, exponent) > exponent) return digits_end(lexer, exponent);
    }
    return end > whole ? end : 0;
}

static int base_digit(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/* The end of a whole number, its base and where its digits start. */
static size_t integer_end(const mn_jinja_lexer *lexer, size_t position, int *base, size_t *digits)
{
    static const struct {
        const char *mark;
        int base;
    } marks[] = { { "0b", 2 }, { "0B", 2 }, { "0o", 8 }, { "0O", 8 }, { "0x", 16 }, { "0X", 16 } };
    const char *s = lexer->source;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!at(lexer, position, marks[i].mark)) continue;
        size_t end = position + 2;
        while (end < lexer->length) {
            size_t digit = s[end] == '_' && end + 1 < lexer->length ? end + 1 : end;
            if (base_digit(s[digit]) >= marks[i].base) break;
            end = digit + 1;
        }
        *base = marks[i].base;
        *digits = position + 2;
        if (end > position + 2) return end;
    }
    *base = 10;
    *digits = position;
    if (s[position] != '0') return digits_end(lexer, position);
    size_t end = position + 1;
    for (;;) {
        if (at(lexer, end, "0"))
            end++;
        else if (at(lexer, end, "_0"))
            end += 2;
        else
            return end;
    }
}

static mn_jinja_token take(mn_jinja_lexer *lexer, mn_jinja_token_kind kind, size_t end)
{
    mn_jinja_token token = { .kind = kind,
                             .line = lexer->line,
                             .text = lexer->source + lexer->position,
                             .length = end - lexer->position };
    move_to(lexer, end);
    return token;
}

static mn_jinja_token number_token(mn_jinja_lexer *lexer)
{
    size_t start = lexer->position, end = float_end(lexer, start), digits;
    int base;
    if (end) {
        mn_jinja_token token = take(lexer, MN_JINJA_FLOAT_TOKEN, end);
        char plain[400];
        size_t n = 0;
        for (size_t i = 0; i < token.length; i++) {
            if (token.text[i] == '_') continue;
            if (n + 1 == sizeof plain) return fail(lexer, "a number has too many digits");
            plain[n++] = token.text[i];
        }
        if (!mn_jinja_parse_float(plain, n, &token.real))
            return fail(lexer, "a number is out of range");
        return token;
    }
    end = integer_end(lexer, start, &base, &digits);
    mn_jinja_token token = take(lexer, MN_JINJA_INTEGER_TOKEN, end);
    for (size_t i = digits; i < end; i++) {
        if (lexer->source[i] == '_') continue;
        if (__builtin_mul_overflow(token.integer, base, &token.integer) ||
            __builtin_add_overflow(token.integer, base_digit(lexer->source[i]), &token.integer))
            return fail(lexer, "an integer does not fit 64 bits");
    }
    return token;
}

static mn_jinja_token name_token(mn_jinja_lexer *lexer)
{
    size_t end = lexer->position, length;
    bool valid = mn_jinja_is_word_start(char_at(lexer, end, &length));
    while (end < lexer->length && mn_jinja_is_word(char_at(lexer, end, &length))) end += length;
    mn_jinja_token token = take(lexer, MN_JINJA_NAME, end);
    return valid ? token : fail(lexer, "a name has a character that names cannot have");
}

/* Reads `n` hexadecimal digits; false if one is missing. */
static bool read_hex(const char *text, size_t available, size_t n, uint32_t *out)
{
    *out = 0;
    if (available < n) return false;
    for (size_t i = 0; i < n; i++) {
        int digit = base_digit(text[i]);
        if (digit > 15) return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* Decodes the escape behind a backslash; *used counts its characters. NULL, or what is wrong. */
static const char *unescape(const char *text, size_t available, size_t *used, uint32_t *code_point)
{
    static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
    const char *letter = text[0] ? strchr(letters, text[0]) : NULL;
    *used = 1;
    if (letter) {
        *code_point = (unsigned char)meanings[letter - letters];
        return NULL;
    }
    if (text[0] >= '0' && text[0] <= '7') {
        *code_point = 0;
        for (*used = 0; *used < 3 && *used < available && text[*used] >= '0' && text[*used] <= '7';
             ++*used)
            *code_point = *code_point * 8 + (uint32_t)(text[*used] - '0');
        return NULL;
    }
    size_t n = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
    if (!n) return text[0] == 'N' ? "character names (\\N) are not supported" : "";
    if (!read_hex(text + 1, available - 1, n, code_point))
        return "an escape in a string is cut short";
    if (*code_point > 0x10FFFF || (*code_point >= 0xD800 && *code_point < 0xE000))
        return "an escape in a string stands for no character";
    *used = n + 1;
    return NULL;
}

/* Decodes the string between its quotes. Escapes never make it longer. */
static const char *decode_string(const char *text, size_t length, char *out, size_t *out_length)
{
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code_point;
        size_t used;
        if (text[i] != '\\') {
            out[n++] = text[i++];
            continue;
        }
        if (text[i + 1] == '\n') {
            i += 2;
            continue;
        }
        const char *problem = unescape(text + i + 1, length - i - 1, &used, &code_point);
        if (problem && *problem) return problem;
        if (problem)
            out[n++] = text[i++]; /* an escape that means nothing stays as it is */
        else {
            n += mn_utf8_encode(out + n, code_point);
            i += 1 + used;
        }
    }
    *out_length = n;
    return NULL;
}

static mn_jinja_token string_token(mn_jinja_lexer *lexer)
{
    char quote = lexer->source[lexer->position];
    size_t start = lexer->position + 1, end = start;
    while (end < lexer->length && lexer->source[end] != quote)
        end += lexer->source[end] == '\\' ? 2 : 1;
    if (end >= lexer->length) return fail(lexer, "a string is not closed");
    mn_jinja_token token = take(lexer, MN_JINJA_STRING_TOKEN, end + 1);
    char *decoded = mn_jinja_arena_take(lexer->arena, end - start + 1);
    if (!decoded) {
        if (!lexer->status)
            lexer->status =
                lexer->arena->over_limit
                    ? mn_fail(lexer->error, MN_BAD_FILE,
                              "template line %u: the template is too large", lexer->line)
                    : mn_fail_memory(lexer->error, end - start, "a template");
        return (mn_jinja_token){ .kind = MN_JINJA_END };
    }
    const char *problem = decode_string(lexer->source + start, end - start, decoded, &token.length);
    token.text = decoded;
    return problem ? fail(lexer, problem) : token;
}

static mn_jinja_token unexpected(mn_jinja_lexer *lexer, size_t length)
{
    if (!lexer->status)
        lexer->status = mn_fail(lexer->error, MN_BAD_FILE, "template line %u: unexpected '%.*s'",
                                lexer->line, (int)length, lexer->source + lexer->position);
    return (mn_jinja_token){ .kind = MN_JINJA_END, .line = lexer->line };
}

static mn_jinja_token operator_token(mn_jinja_lexer *lexer)
{
    static const char *const operators[] = { "//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                             "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                             ">",  "<",  "=",  ".",  ":",  "|",  ",", ";" };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (!at(lexer, lexer->position, operators[i])) continue;
        char c = operators[i][0];
        char closing = c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : '\0';
        if (closing) {
            if (lexer->n_brackets == sizeof lexer->brackets)
                return fail(lexer, "brackets are nested deeper than 128 levels");
            lexer->brackets[lexer->n_brackets++] = closing;
        } else if (c == ')' || c == ']' || c == '}') {
            if (!lexer->n_brackets || lexer->brackets[--lexer->n_brackets] != c)
                return unexpected(lexer, 1);
        }
        return take(lexer, MN_JINJA_OPERATOR, lexer->position + strlen(operators[i]));
    }
    size_t length;
    char_at(lexer, lexer->position, &length);
    return unexpected(lexer, length);
}

/* The end of the current tag if it ends here; 0 otherwise. Inside brackets it does not. */
static size_t tag_end(const mn_jinja_lexer *lexer)
{
    if (lexer->n_brackets) return 0;
    if (lexer->state == MN_JINJA_IN_BLOCK) return closing_end(lexer, lexer->position, "%}");
    if (at(lexer, lexer->position, "-}}")) return skip_space(lexer, lexer->position + 3);
    return at(lexer, lexer->position, "}}") ? lexer->position + 2 : 0;
}

static mn_jinja_token next_in_tag(mn_jinja_lexer *lexer)
{
    move_to(lexer, skip_space(lexer, lexer->position));
    size_t end = tag_end(lexer), length;
    if (end) {
        mn_jinja_token token = take(
            lexer, lexer->state == MN_JINJA_IN_BLOCK ? MN_JINJA_BLOCK_END : MN_JINJA_VARIABLE_END,
            end);
        lexer->state = MN_JINJA_IN_DATA;
        return token;
    }
    if (lexer->position >= lexer->length)
        return (mn_jinja_token){ .kind = MN_JINJA_END, .line = lexer->line };
    char c = lexer->source[lexer->position];
    if (is_digit(c)) return number_token(lexer);
    if (c == '\'' || c == '"') return string_token(lexer);
    if (mn_jinja_is_word(char_at(lexer, lexer->position, &length))) return name_token(lexer);
    return operator_token(lexer);
}

mn_jinja_token mn_jinja_lexer_next(mn_jinja_lexer *lexer)
{
    while (!lexer->status) {
        if (lexer->has_pending) {
            lexer->has_pending = false;
            if (lexer->pending.kind == MN_JINJA_DATA && !lexer->pending.length) continue;
            return lexer->pending;
        }
        if (lexer->state != MN_JINJA_IN_DATA) return next_in_tag(lexer);
        mn_jinja_token token = next_data(lexer);
        if (token.kind != MN_JINJA_DATA || token.length) return token;
    }
    return (mn_jinja_token){ .kind = MN_JINJA_END, .line = lexer->line };
}
