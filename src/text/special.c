/* SPDX-License-Identifier: Apache-2.0 */
/* special.c - finds the tokens that are taken whole from a text.
 *
 * The names are sorted; reading on narrows the range of names that still fit. A
 * name is at most LONGEST bytes, so that the time per byte of text is bounded. */
#include "text/special.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { LONGEST = 1024 };

/* ---- matching ---- */

/* Narrows [*low, *high), names equal in their first `depth` bytes, to those that go on with `byte`.
 * A name that ends there sorts first. */
static void narrow(const mn_specials *s, uint32_t *low, uint32_t *high, size_t depth,
                   unsigned char byte) {
    for (int bound = 0; bound < 2; bound++) {
        uint32_t a = *low, b = *high;
        while (a < b) {
            uint32_t middle = a + (b - a) / 2;
            mn_string name = s->pieces->raw[s->sorted[middle]];
            int next = name.length > depth ? (unsigned char)name.data[depth] : -1;
            if (next < byte + bound)
                a = middle + 1;
            else
                b = middle;
        }
        if (bound)
            *high = a;
        else
            *low = a;
    }
}

/* The longest name at `position`; control names must end at or before `template_end`. */
static mn_special_match match_at(const mn_specials *s, const char *text, size_t position,
                                 size_t end, size_t template_end) {
    mn_special_match best = { position, 0, -1 };
    unsigned char byte = (unsigned char)text[position];
    uint32_t low = s->first[byte], high = s->first[byte + 1];
    for (size_t depth = 1; low < high; depth++) {
        uint32_t id = s->sorted[low];
        bool is_free = s->pieces->types[id] == MN_PIECE_USER_DEFINED;
        if (s->pieces->raw[id].length == depth && (is_free || position + depth <= template_end))
            best = (mn_special_match){ position, depth, (int32_t)id };
        if (position + depth == end) break;
        narrow(s, &low, &high, depth, (unsigned char)text[position + depth]);
    }
    return best;
}

mn_special_match mn_specials_next(const mn_specials *specials, const mn_prompt *prompt,
                                  size_t position, size_t *run) {
    size_t end = prompt->text.length;
    for (; position < end && specials->n; position++) {
        unsigned char byte = (unsigned char)prompt->text.data[position];
        if (specials->first[byte] == specials->first[byte + 1]) continue;
        while (*run + 1 < prompt->n_runs && prompt->runs[*run].end <= position) ++*run;
        const mn_prompt_run *here = &prompt->runs[*run];
        mn_special_match match = match_at(specials, prompt->text.data, position, end,
                                          here->origin == MN_FROM_TEMPLATE ? here->end : 0);
        if (match.length) return match;
    }
    return (mn_special_match){ end, 0, -1 };
}

/* ---- open and close ---- */

static int compare_names(const mn_string *a, const mn_string *b) {
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->data, b->data, shorter);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Heap sort: bounded time for any order of names. */
static void sift(uint32_t *ids, size_t n, size_t at, const mn_string *names) {
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare_names(&names[ids[child]], &names[ids[child + 1]]) < 0) child++;
        if (compare_names(&names[ids[at]], &names[ids[child]]) >= 0) return;
        uint32_t swapped = ids[at];
        ids[at] = ids[child];
        ids[child] = swapped;
    }
}

static void sort_names(uint32_t *ids, size_t n, const mn_string *names) {
    for (size_t i = n / 2; i-- > 0;) sift(ids, n, i, names);
    for (size_t i = n; i-- > 1;) {
        uint32_t largest = ids[0];
        ids[0] = ids[i];
        ids[i] = largest;
        sift(ids, i, 0, names);
    }
}

static bool is_special(const mn_pieces *pieces, uint32_t id) {
    unsigned type = pieces->types[id];
    return pieces->raw[id].length &&
           (type == MN_PIECE_CONTROL || type == MN_PIECE_USER_DEFINED || type == MN_PIECE_UNKNOWN);
}

mn_status mn_specials_open(mn_specials *out, const mn_pieces *pieces, mn_error *error) {
    *out = (mn_specials){ .pieces = pieces };
    for (uint32_t id = 0; id < pieces->n; id++) {
        if (!is_special(pieces, id)) continue;
        if (pieces->raw[id].length > LONGEST)
            return mn_fail(error, MN_BAD_FILE,
                           "special token %u has %zu bytes, at most %d are possible", id,
                           pieces->raw[id].length, LONGEST);
        out->n++;
    }
    out->sorted = mn_alloc_array(out->n, sizeof *out->sorted);
    if (!out->sorted) return mn_fail_memory(error, (uint64_t)out->n * 4, "the special tokens");
    uint32_t n = 0;
    for (uint32_t id = 0; id < pieces->n; id++)
        if (is_special(pieces, id)) out->sorted[n++] = id;
    sort_names(out->sorted, n, pieces->raw);
    for (unsigned byte = 0, at = 0; byte <= 256; byte++) {
        while (at < n && (unsigned char)pieces->raw[out->sorted[at]].data[0] < byte) at++;
        out->first[byte] = at;
    }
    return MN_OK;
}

void mn_specials_close(mn_specials *specials) {
    mn_free(specials->sorted);
    *specials = (mn_specials){ 0 };
}
