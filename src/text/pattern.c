/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.c - the part of regular expressions that published pre-tokenizers use. */
#include "text/pattern.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_ALTERNATIVES = 32, MAX_ITEMS = 8, MAX_RANGES = 96, UNBOUNDED = INT32_MAX };

typedef struct range {
    uint32_t low, high;
} range;

typedef struct set { /* a character is in it if its bits or a range say so; then `negated` turns it
                      */
    uint64_t ascii[2]; /* the answer for code points below 0x80 */
    uint32_t bits;
    uint32_t without; /* bits whose absence also counts: \S, \P{L} inside [...] */
    bool negated;
    uint16_t n_ranges;
    range *ranges; /* [n_ranges] owned */
} set;

typedef enum item_kind { ITEM_SET, ITEM_WORDS, ITEM_NOT_BEFORE, ITEM_END } item_kind;

typedef struct item {
    item_kind kind;
    bool possessive, ignore_case;
    int32_t min, max;
    set set;
    const char *words; /* a|b|c, points into the source; ASCII only */
    size_t words_length;
} item;

typedef struct alternative {
    item items[MAX_ITEMS];
    unsigned n_items;
    bool is_run_at_end; /* X+$: when it fails, it fails everywhere in the same run of X */
} alternative;

struct mn_pattern {
    char *source;
    alternative *alternatives; /* [n_alternatives] */
    unsigned n_alternatives;
    size_t capacity;
    uint32_t starts[128]; /* bit k: alternative k may begin with this ASCII character */
};

/* ---- sets ---- */

/* Decodes one unit: a character, or a single ill-formed byte, which counts as U+FFFD. */
static inline uint32_t unit_at(const char *text, size_t position, size_t end, size_t *length) {
    unsigned char byte = (unsigned char)text[position];
    if (byte < 0x80) {
        *length = 1;
        return byte;
    }
    uint32_t c = mn_utf8_decode(text + position, end - position, length);
    if (!*length) *length = 1;
    return c;
}

/* Length of the unit that ends at `position` (> start). */
static size_t unit_before(const char *text, size_t start, size_t position) {
    for (size_t n = 1; n <= 4 && n <= position - start; n++)
        if (mn_utf8_length(text + position - n, n) == n) return n;
    return 1;
}

static bool set_answer(const set *s, uint32_t c) {
    uint32_t bits = s->bits | s->without ? mn_unicode_bits(c) : 0;
    bool in = (bits & s->bits) || (s->without & ~bits);
    for (unsigned i = 0; i < s->n_ranges && !in; i++)
        in = c >= s->ranges[i].low && c <= s->ranges[i].high;
    return in != s->negated;
}

static inline bool set_has(const set *s, uint32_t c) {
    return c < 0x80 ? s->ascii[c >> 6] >> (c & 63) & 1 : set_answer(s, c);
}

static void set_finish(set *s) {
    for (uint32_t c = 0; c < 0x80; c++)
        if (set_answer(s, c)) s->ascii[c >> 6] |= (uint64_t)1 << (c & 63);
}

/* ---- parsing ---- */

typedef struct parser {
    const char *at, *end;
    const char *source;
    mn_error *error;
} parser;

static mn_status refuse(const parser *p, const char *what) {
    return mn_fail(p->error, MN_USAGE, "pattern '%s': %s at byte %zu", p->source, what,
                   (size_t)(p->at - p->source));
}

static bool take(parser *p, const char *text) {
    size_t length = strlen(text);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, text, length) != 0) return false;
    p->at += length;
    return true;
}

static bool set_add_range(set *s, uint32_t low, uint32_t high) {
    range *grown = mn_realloc(s->ranges, (s->n_ranges + 1u) * sizeof *grown);
    if (!grown) return false;
    s->ranges = grown;
    s->ranges[s->n_ranges++] = (range){ low, high };
    return true;
}

static uint32_t property_bits(const char *name, size_t length) {
    static const struct {
        const char *name;
        uint32_t bits;
    } properties[] = {
        { "L", MN_UNICODE_L },   { "Lu", MN_UNICODE_LU }, { "Ll", MN_UNICODE_LL },
        { "Lt", MN_UNICODE_LT }, { "Lm", MN_UNICODE_LM }, { "Lo", MN_UNICODE_LO },
        { "M", MN_UNICODE_M },   { "N", MN_UNICODE_N },   { "Nd", MN_UNICODE_ND },
        { "P", MN_UNICODE_P },   { "S", MN_UNICODE_S },   { "Z", MN_UNICODE_Z },
        { "C", MN_UNICODE_C },
    };
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        if (strlen(properties[i].name) == length && !memcmp(properties[i].name, name, length))
            return properties[i].bits;
    return 0;
}

/* What follows a backslash: a class (true, added to the set) or a plain character (in *c). */
static mn_status parse_escape(parser *p, set *s, bool *is_class, uint32_t *c) {
    if (p->at == p->end) return refuse(p, "a lone backslash");
    char letter = *p->at++;
    *is_class = true;
    switch (letter) {
    case 's':
        s->bits |= MN_UNICODE_SPACE;
        return MN_OK;
    case 'S':
        s->without |= MN_UNICODE_SPACE;
        return MN_OK;
    case 'd':
        s->bits |= MN_UNICODE_ND;
        return MN_OK;
    case 'p':
    case 'P':
        break;
    case 'r':
        *c = '\r';
        goto plain;
    case 'n':
        *c = '\n';
        goto plain;
    case 't':
        *c = '\t';
        goto plain;
    default:
        if (!strchr("\\.+*?()|[]{}^$/-&~#'\"`!@%_=,:;<> ", letter))
            return refuse(p, "an unknown escape");
        *c = (unsigned char)letter;
    plain:
        *is_class = false;
        return MN_OK;
    }
    const char *name = p->at + 1;
    const char *close =
        p->at < p->end && *p->at == '{' ? memchr(name, '}', (size_t)(p->end - name)) : NULL;
    if (!close) return refuse(p, "a property without {name}");
    p->at = close + 1;
    uint32_t bits = property_bits(name, (size_t)(close - name));
    if (!bits) return refuse(p, "an unknown property");
    if (letter == 'p') {
        s->bits |= bits;
    } else { /* one category only: "lacks any of these bits" would be wrong for several */
        if (bits & (bits - 1)) return refuse(p, "a negated property of several categories");
        s->without |= bits;
    }
    return MN_OK;
}

static mn_status parse_plain(parser *p, uint32_t *c) {
    size_t length;
    *c = mn_utf8_decode(p->at, (size_t)(p->end - p->at), &length);
    if (!length) return refuse(p, "ill-formed UTF-8");
    p->at += length;
    return MN_OK;
}

/* One member of [...]: a class, a character or a range. */
static mn_status parse_member(parser *p, set *s) {
    uint32_t low = 0, high;
    bool is_class = false;
    mn_status status = take(p, "\\") ? parse_escape(p, s, &is_class, &low) : parse_plain(p, &low);
    if (status || is_class) return status;
    high = low;
    if (p->end - p->at >= 2 && *p->at == '-' && p->at[1] != ']') {
        p->at++;
        status = take(p, "\\") ? parse_escape(p, s, &is_class, &high) : parse_plain(p, &high);
        if (status) return status;
        if (is_class || high < low) return refuse(p, "a range that runs backwards");
    }
    if (s->n_ranges >= MAX_RANGES * 4) return refuse(p, "a set too large");
    return set_add_range(s, low, high) ? MN_OK
                                       : mn_fail_memory(p->error, sizeof(range), "a pattern");
}

/* `[...]` after its bracket, an escape, or a single character. */
static mn_status parse_set(parser *p, set *s) {
    if (!take(p, "[")) {
        uint32_t c = 0;
        bool is_class = false;
        mn_status status = take(p, "\\") ? parse_escape(p, s, &is_class, &c) : parse_plain(p, &c);
        if (status || is_class) return status;
        return set_add_range(s, c, c) ? MN_OK
                                      : mn_fail_memory(p->error, sizeof(range), "a pattern");
    }
    s->negated = take(p, "^");
    do {
        if (p->at == p->end) return refuse(p, "a set without its end");
        mn_status status = parse_member(p, s);
        if (status) return status;
    } while (!take(p, "]"));
    return MN_OK;
}

static int32_t parse_number(parser *p) {
    int32_t value = 0;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9' && value < 100000)
        value = value * 10 + (*p->at++ - '0');
    return value;
}

static mn_status parse_count(parser *p, item *it) {
    it->min = it->max = 1;
    if (take(p, "?"))
        it->min = 0;
    else if (take(p, "*"))
        it->min = 0, it->max = UNBOUNDED;
    else if (take(p, "+"))
        it->max = UNBOUNDED;
    else if (take(p, "{")) {
        it->min = it->max = parse_number(p);
        if (take(p, ",")) it->max = parse_number(p);
        if (!take(p, "}") || it->max < 1 || it->max < it->min) return refuse(p, "a bad count");
    } else {
        return MN_OK;
    }
    it->possessive = take(p, "+");
    return MN_OK;
}

static mn_status parse_item(parser *p, item *it) {
    *it = (item){ .kind = ITEM_SET, .min = 1, .max = 1 };
    if (take(p, "$")) {
        it->kind = ITEM_END;
        return MN_OK;
    }
    if (take(p, "(?!")) {
        it->kind = ITEM_NOT_BEFORE;
        mn_status status = parse_set(p, &it->set);
        if (status) return status;
        return take(p, ")") ? MN_OK : refuse(p, "a lookahead of more than one set");
    }
    it->ignore_case = take(p, "(?i:");
    if (it->ignore_case || take(p, "(?:")) {
        it->kind = ITEM_WORDS;
        it->words = p->at;
        while (p->at < p->end && *p->at != ')')
            if (strchr("\\[]{}*+?.(", *p->at++)) return refuse(p, "a group of more than words");
        it->words_length = (size_t)(p->at - it->words);
        if (!take(p, ")")) return refuse(p, "a group without its end");
        mn_status status = parse_count(p, it);
        return status || it->max == 1 ? status : refuse(p, "a repeated group");
    }
    if (strchr("(*+?{", *p->at)) return refuse(p, "something not supported");
    mn_status status = parse_set(p, &it->set);
    return status ? status : parse_count(p, it);
}

static mn_status parse_alternative(parser *p, alternative *a) {
    while (p->at < p->end && *p->at != '|') {
        if (a->n_items == MAX_ITEMS) return refuse(p, "an alternative too long");
        item *it = &a->items[a->n_items++]; /* counted first: closing frees what it holds */
        mn_status status = parse_item(p, it);
        if (status) return status;
        set_finish(&it->set);
    }
    if (!a->n_items) return refuse(p, "an empty alternative");
    a->is_run_at_end = a->n_items == 2 && a->items[0].kind == ITEM_SET &&
                       a->items[0].max == UNBOUNDED && a->items[1].kind == ITEM_END;
    return MN_OK;
}

/* ---- matching ---- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Length of `word` at `position`, 0 if it is not there. Ignoring case, U+017F is an s. */
static size_t word_length(const char *word, size_t length, const char *text, size_t position,
                          size_t end, bool ignore_case) {
    size_t at = position;
    for (size_t i = 0; i < length; i++) {
        if (at == end) return 0;
        if (text[at] == word[i] || (ignore_case && lower(text[at]) == lower(word[i])))
            at++;
        else if (ignore_case && lower(word[i]) == 's' && end - at >= 2 &&
                 !memcmp(text + at, "\xC5\xBF", 2))
            at += 2;
        else
            return 0;
    }
    return at - position;
}

static size_t words_length(const item *it, const char *text, size_t position, size_t end) {
    const char *word = it->words, *last = it->words + it->words_length;
    while (word < last) {
        const char *bar = memchr(word, '|', (size_t)(last - word));
        const char *stop = bar ? bar : last;
        size_t n = word_length(word, (size_t)(stop - word), text, position, end, it->ignore_case);
        if (n)
            return n; /* no item follows a group in these patterns, so the first word is the one */
        word = stop + (bar != NULL);
    }
    return 0;
}

#define NO_MATCH SIZE_MAX

static size_t match_items(const item *it, unsigned n, const char *text, size_t position,
                          size_t end);

/* A set with a count: as many as possible, then fewer until what follows matches. */
static size_t match_set(const item *it, unsigned n, const char *text, size_t position, size_t end) {
    size_t at = position, length;
    int32_t count = 0;
    while (count < it->max && at < end && set_has(&it->set, unit_at(text, at, end, &length))) {
        at += length;
        count++;
    }
    if (count < it->min) return NO_MATCH;
    if (n == 1) return at;
    for (;;) {
        size_t result = match_items(it + 1, n - 1, text, at, end);
        if (result != NO_MATCH || count == it->min || it->possessive) return result;
        at -= unit_before(text, position, at);
        count--;
    }
}

/* The end of the match of `n` items, or NO_MATCH. Calls itself at most MAX_ITEMS deep. */
static size_t match_items(const item *it, unsigned n, const char *text, size_t position,
                          size_t end) {
    if (!n) return position;
    if (it->kind == ITEM_SET) return match_set(it, n, text, position, end);
    size_t length = 0;
    if (it->kind == ITEM_END) {
        if (position < end) return NO_MATCH;
    } else if (it->kind == ITEM_NOT_BEFORE) {
        if (position < end && set_has(&it->set, unit_at(text, position, end, &length)))
            return NO_MATCH;
        length = 0;
    } else {
        length = words_length(it, text, position, end);
        if (!length && it->min) return NO_MATCH;
    }
    return match_items(it + 1, n - 1, text, position + length, end);
}

/* Could `a` begin with the ASCII character c? May say yes too often, never no wrongly. */
static bool may_start(const alternative *a, unsigned c) {
    for (unsigned i = 0; i < a->n_items; i++) {
        const item *it = &a->items[i];
        if (it->kind != ITEM_SET)
            return it->kind != ITEM_WORDS || !it->min ||
                   memchr(it->words, (int)c, it->words_length) ||
                   memchr(it->words, lower((char)c), it->words_length);
        if (set_has(&it->set, c)) return true;
        if (it->min) return false;
    }
    return true;
}

static size_t run_length(const item *it, const char *text, size_t position, size_t end) {
    size_t at = position, length;
    while (at < end && set_has(&it->set, unit_at(text, at, end, &length))) at += length;
    return at - position;
}

size_t mn_pattern_match(const mn_pattern *pattern, const char *text, size_t position, size_t end,
                        size_t *skip) {
    unsigned char byte = (unsigned char)text[position];
    uint32_t candidates = byte < 0x80 ? pattern->starts[byte] : UINT32_MAX;
    size_t length;
    for (unsigned i = 0; i < pattern->n_alternatives; i++) {
        if (!(candidates >> i & 1)) continue;
        const alternative *a = &pattern->alternatives[i];
        size_t stop = match_items(a->items, a->n_items, text, position, end);
        if (stop != NO_MATCH && stop > position) return stop - position;
    }
    unit_at(text, position, end, &length);
    const alternative *only = &pattern->alternatives[0];
    if (pattern->n_alternatives == 1 && only->is_run_at_end) {
        size_t run = run_length(&only->items[0], text, position, end);
        if (run > length) length = run;
    }
    *skip = length;
    return 0;
}

/* ---- open and close ---- */

static mn_status parse(mn_pattern *pattern, mn_error *error) {
    parser p = { pattern->source, pattern->source + strlen(pattern->source), pattern->source,
                 error };
    do {
        if (pattern->n_alternatives == MAX_ALTERNATIVES) return refuse(&p, "too many alternatives");
        void *block = pattern->alternatives;
        if (!mn_grow(&block, &pattern->capacity, pattern->n_alternatives + 1, sizeof(alternative)))
            return mn_fail_memory(error, sizeof(alternative), "a pattern");
        pattern->alternatives = block;
        alternative *a = &pattern->alternatives[pattern->n_alternatives++];
        *a = (alternative){ .n_items = 0 };
        mn_status status = parse_alternative(&p, a);
        if (status) return status;
    } while (take(&p, "|"));
    for (unsigned c = 0; c < 128; c++)
        for (unsigned i = 0; i < pattern->n_alternatives; i++)
            if (may_start(&pattern->alternatives[i], c)) pattern->starts[c] |= (uint32_t)1 << i;
    return MN_OK;
}

mn_status mn_pattern_open(mn_pattern **out, const char *source, mn_error *error) {
    *out = NULL;
    mn_pattern *pattern = mn_alloc_array(1, sizeof *pattern);
    if (!pattern) return mn_fail_memory(error, sizeof *pattern, "a pattern");
    pattern->source = mn_strdup(source);
    mn_status status = pattern->source ? parse(pattern, error)
                                       : mn_fail_memory(error, strlen(source), "a pattern");
    if (status) {
        mn_pattern_close(pattern);
        return status;
    }
    *out = pattern;
    return MN_OK;
}

void mn_pattern_close(mn_pattern *pattern) {
    if (!pattern) return;
    for (unsigned i = 0; i < pattern->n_alternatives; i++)
        for (unsigned k = 0; k < pattern->alternatives[i].n_items; k++)
            mn_free(pattern->alternatives[i].items[k].set.ranges);
    mn_free(pattern->alternatives);
    mn_free(pattern->source);
    mn_free(pattern);
}
