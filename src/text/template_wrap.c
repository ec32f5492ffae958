/* SPDX-License-Identifier: Apache-2.0 */
/* template_wrap.c - the filter wordwrap: as Python's textwrap breaks each line of a text. */
#include "text/template_run.h"

#include <string.h>

typedef mn_jinja_value value;
typedef mn_jinja_string string;

typedef struct wrapper {
    mn_jinja_run *run;
    int64_t width;
    bool break_long, on_hyphens;
    mn_jinja_list *chunks; /* words and the white space between them */
    mn_jinja_list *lines;
} wrapper;

/* textwrap's white space is that of ASCII. */
static bool is_blank(const string *s, size_t i)
{
    return i < s->length && s->data[i] && strchr("\t\n\v\f\r ", s->data[i]);
}

static bool is_letter_at(const string *s, size_t i)
{
    if (i >= s->length) return false;
    uint32_t c = mn_jinja_string_decode(s, &i);
    return mn_jinja_is_word(c) && !mn_jinja_is_decimal(c);
}

static size_t back(const string *s, size_t i)
{
    do i--;
    while (i && ((unsigned char)s->data[i] & 0xC0) == 0x80);
    return i;
}

static bool is_word_or_mark(const string *s, size_t i)
{
    size_t next = i;
    return mn_jinja_is_word(mn_jinja_string_decode(s, &next)) || strchr("!\"'&.,?", s->data[i]);
}

/* The end of a run of two or more hyphens between a word and a word; 0 if there is none at `i`. */
static size_t dash_end(const wrapper *w, const string *s, size_t start, size_t i)
{
    size_t end = i;
    while (end < s->length && s->data[end] == '-' && mn_jinja_charge(w->run, 1)) end++;
    if (end - i < 2 || i == start || end >= s->length) return 0;
    size_t next = end;
    bool word = mn_jinja_is_word(mn_jinja_string_decode(s, &next));
    return word && is_word_or_mark(s, back(s, i)) ? end : 0;
}

/* True where a word may be parted behind the hyphen at `i`: two letters before it, one after that.
 */
static bool parts_here(const string *s, size_t start, size_t i)
{
    if (s->data[i] != '-' || i == start) return false;
    size_t one = back(s, i);
    if (one == start || !is_letter_at(s, one) || !is_letter_at(s, i + 1)) return false;
    size_t two = back(s, one), after = i + 1;
    bool before = is_letter_at(s, two) ||
                  (s->data[two] == '-' && two > start && is_letter_at(s, back(s, two)));
    mn_jinja_string_decode(s, &after);
    bool behind = is_letter_at(s, after) ||
                  (after < s->length && s->data[after] == '-' && is_letter_at(s, after + 1));
    return before && behind;
}

static size_t chunk_end(const wrapper *w, const string *s, size_t start)
{
    size_t i = start, dash;
    if (is_blank(s, i)) {
        while (is_blank(s, i)) i++;
        return i;
    }
    if (w->on_hyphens && start && (dash = dash_end(w, s, 0, start))) return dash;
    for (; i < s->length && !is_blank(s, i); i++) {
        if (!w->on_hyphens || s->data[i] != '-') continue;
        if (i > start && dash_end(w, s, start, i)) return i;
        if (parts_here(s, start, i)) return i + 1;
    }
    return i;
}

static void cut_chunks(wrapper *w, const string *s)
{
    w->chunks = mn_jinja_list_new(w->run, 0);
    for (size_t i = 0; i < s->length && mn_jinja_charge(w->run, 1);) {
        size_t end = chunk_end(w, s, i);
        mn_jinja_charge(w->run, (end - i) / 16);
        mn_jinja_list_append(w->run, w->chunks,
                             mn_jinja_text(mn_jinja_string_part(w->run, s, i, end)));
        i = end;
    }
}

static bool is_space_chunk(value chunk)
{
    for (size_t i = 0; i < chunk.string->length;)
        if (!mn_jinja_is_space(mn_jinja_string_decode(chunk.string, &i))) return false;
    return true;
}

/* Where to break a word that is longer than a line has room: behind a hyphen if there is one. */
static size_t break_place(const wrapper *w, string *chunk, int64_t room)
{
    size_t end = mn_jinja_string_offset(w->run, chunk, (size_t)room);
    for (size_t i = end;
         w->on_hyphens && (int64_t)mn_jinja_string_chars(w->run, chunk) > room && i-- > 1;) {
        if (chunk->data[i] != '-') continue;
        for (size_t k = 0; k < i; k++)
            if (chunk->data[k] != '-') return i + 1;
        break;
    }
    return end;
}

static void add_line(wrapper *w, mn_jinja_list *line)
{
    mn_jinja_builder b = { .run = w->run };
    size_t n = line->n;
    if (n && is_space_chunk(line->items[n - 1])) n--;
    for (size_t i = 0; i < n; i++) mn_jinja_add_string(&b, line->items[i].string);
    if (n) mn_jinja_list_append(w->run, w->lines, mn_jinja_text(mn_jinja_built(&b)));
}

/* Fills lines with chunks. */
static void fill_lines(wrapper *w)
{
    size_t i = 0;
    while (w->chunks && i < w->chunks->n && !w->run->status) {
        mn_jinja_list *line = mn_jinja_list_new(w->run, 0);
        int64_t used = 0;
        if (w->lines->n && is_space_chunk(w->chunks->items[i])) i++;
        for (; i < w->chunks->n && !w->run->status; i++) {
            int64_t n = (int64_t)mn_jinja_string_chars(w->run, w->chunks->items[i].string);
            if (used + n > w->width) break;
            mn_jinja_list_append(w->run, line, w->chunks->items[i]);
            used += n;
        }
        if (i < w->chunks->n &&
            (int64_t)mn_jinja_string_chars(w->run, w->chunks->items[i].string) > w->width &&
            !w->run->status) {
            string *chunk = w->chunks->items[i].string;
            int64_t room = w->width < 1 ? 1 : w->width - used;
            if (w->break_long) {
                size_t place = break_place(w, chunk, room);
                mn_jinja_list_append(w->run, line,
                                     mn_jinja_text(mn_jinja_string_part(w->run, chunk, 0, place)));
                w->chunks->items[i] =
                    mn_jinja_text(mn_jinja_string_part(w->run, chunk, place, chunk->length));
            } else if (!line->n)
                mn_jinja_list_append(w->run, line, w->chunks->items[i++]);
        }
        if (!w->run->status) add_line(w, line);
    }
}

mn_jinja_value mn_jinja_wordwrap(mn_jinja_run *run, mn_jinja_value self,
                                 const mn_jinja_value *given, const mn_jinja_arguments *all)
{
    wrapper w = { .run = run, .width = 79, .break_long = true, .on_hyphens = true };
    mn_jinja_builder b = { .run = run };
    string *s = mn_jinja_want_string(run, self, "what is wrapped"), *separator = NULL;
    (void)all;
    if (given[0].kind != MN_JINJA_MISSING) mn_jinja_index(run, given[0], "the width", &w.width);
    if (given[1].kind != MN_JINJA_MISSING) w.break_long = mn_jinja_truth(run, given[1]);
    if (given[2].kind != MN_JINJA_MISSING && given[2].kind != MN_JINJA_NONE)
        separator = mn_jinja_want_string(run, given[2], "the separator");
    else if (s)
        separator = mn_jinja_string_view(run, "\n", 1, mn_jinja_string_own_origin(s));
    if (given[3].kind != MN_JINJA_MISSING) w.on_hyphens = mn_jinja_truth(run, given[3]);
    if (w.width <= 0) mn_jinja_fail(run, "the width of wrapped lines must be larger than zero");
    mn_jinja_list *paragraphs = run->status ? NULL : mn_jinja_string_lines(run, s, false);
    for (size_t i = 0; paragraphs && i < paragraphs->n && !run->status; i++) {
        w.lines = mn_jinja_list_new(run, 0);
        cut_chunks(&w, paragraphs->items[i].string);
        fill_lines(&w);
        if (i) mn_jinja_add_string(&b, separator);
        for (size_t k = 0; !run->status && k < w.lines->n; k++) {
            if (k) mn_jinja_add_string(&b, separator);
            mn_jinja_add_string(&b, w.lines->items[k].string);
        }
    }
    return mn_jinja_text(mn_jinja_built(&b));
}
