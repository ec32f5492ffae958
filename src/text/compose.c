/* SPDX-License-Identifier: Apache-2.0 */
/* compose.c - Unicode normal form C.
 *
 * utf8proc knows decompositions, combining classes and compositions; its own
 * ordering of combining marks takes quadratic time, so that part is done here. */
#include "text/compose.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

#include <utf8proc.h>

#include <string.h>

enum { WINDOW = 4096, LONGEST_DECOMPOSITION = 16 };

typedef struct window { /* decomposed code points that wait for composition */
    int32_t *points;
    int32_t *sorted; /* scratch of the same size */
    size_t n, capacity, sorted_capacity;
} window;

size_t mn_compose_stable(const char *text, size_t length) {
    size_t n, before = 0;
    for (size_t i = 0; i < length; i += n) {
        n = 1;
        if ((unsigned char)text[i] >= 0xCC) { /* U+0300 and up */
            uint32_t c = mn_utf8_decode(text + i, length - i, &n);
            if (!n)
                n = 1;
            else if (mn_unicode_is_unstable(c))
                return before;
        }
        if (((unsigned char)text[i] & 0xC0) != 0x80) before = i;
    }
    return length;
}

/* Marks newer than the original tokenizers' tables have none, so that they stay where they are. */
static int combining_class(int32_t c) {
    if (c < 0x300) return 0;
    int class = utf8proc_get_property(c)->combining_class;
    return class && mn_unicode_is_unstable((uint32_t)c) ? class : 0;
}

/* Puts a row of marks in ascending order of their class, equal ones as they stood: a counting sort
 * when the row is long. */
static void order_marks(int32_t *marks, size_t n, int32_t *scratch) {
    if (n <= 16) {
        for (size_t i = 1; i < n; i++) {
            int32_t mark = marks[i];
            int class = combining_class(mark);
            size_t at = i;
            for (; at && combining_class(marks[at - 1]) > class; at--) marks[at] = marks[at - 1];
            marks[at] = mark;
        }
        return;
    }
    size_t starts[257] = { 0 };
    for (size_t i = 0; i < n; i++) starts[(combining_class(marks[i]) & 255) + 1]++;
    for (size_t class = 1; class < 257; class ++) starts[class] += starts[class - 1];
    for (size_t i = 0; i < n; i++) scratch[starts[combining_class(marks[i]) & 255]++] = marks[i];
    memcpy(marks, scratch, n * sizeof *marks);
}

static bool order_window(window *w) {
    void *block = w->sorted;
    if (!mn_grow(&block, &w->sorted_capacity, w->n, sizeof *w->sorted)) return false;
    w->sorted = block;
    for (size_t i = 0; i < w->n;) {
        size_t start = i;
        while (i < w->n && combining_class(w->points[i])) i++;
        if (i > start + 1) order_marks(w->points + start, i - start, w->sorted);
        if (i == start) i++;
    }
    return true;
}

/* Composes what waits and appends it. */
static void flush(window *w, mn_text *out) {
    if (!w->n) return;
    if (!order_window(w)) {
        out->failed = true;
        return;
    }
    utf8proc_ssize_t n = utf8proc_normalize_utf32(w->points, (utf8proc_ssize_t)w->n,
                                                  UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        char bytes[4];
        mn_text_append(out, bytes, mn_utf8_encode(bytes, (uint32_t)w->points[i]));
    }
    w->n = 0;
}

static bool add(window *w, uint32_t c) {
    int boundary = 0;
    void *block = w->points;
    if (!mn_grow(&block, &w->capacity, w->n + LONGEST_DECOMPOSITION, sizeof *w->points))
        return false;
    w->points = block;
    utf8proc_ssize_t n =
        utf8proc_decompose_char((int32_t)c, w->points + w->n, LONGEST_DECOMPOSITION,
                                UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &boundary);
    if (n < 1 || n > LONGEST_DECOMPOSITION) { /* cannot be; keep the character */
        w->points[w->n] = (int32_t)c;
        n = 1;
    }
    w->n += (size_t)n;
    return true;
}

void mn_compose(mn_text *out, const char *text, size_t length) {
    window w = { 0 };
    size_t n, stable = mn_compose_stable(text, length);
    mn_text_append(out, text, stable);
    for (size_t i = stable; i < length && !out->failed; i += n) {
        uint32_t c = mn_utf8_decode(text + i, length - i, &n);
        if (!n || (c < 0x80 && w.n >= WINDOW)) flush(&w, out); /* nothing composes across these */
        if (!n) {
            n = 1;
            mn_text_append(out, text + i, 1);
        } else if (!add(&w, c)) {
            out->failed = true;
        }
    }
    if (!out->failed) flush(&w, out);
    mn_free(w.points);
    mn_free(w.sorted);
}
