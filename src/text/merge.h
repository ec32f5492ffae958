/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h - joins neighbouring symbols of a text, best pair first, then leftmost.
 *
 * Both kinds of BPE are this, with different rules for what two symbols become.
 * A heap over a linked list: O(n log n) for any text. */
#ifndef MN_TEXT_MERGE_H
#define MN_TEXT_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mn_symbol {
    uint32_t start, length; /* bytes of the text; length 0 once it was joined to its left */
    int32_t id;             /* token, -1 if there is none */
    int32_t previous, next; /* -1 at the ends */
} mn_symbol;

typedef struct mn_join {
    uint32_t order; /* smaller is joined first */
    int32_t id;
} mn_join;

/* What `left` and its neighbour `right` become; false if they cannot be joined. */
typedef bool mn_join_fn(const void *rules, const char *text, const mn_symbol *left,
                        const mn_symbol *right, mn_join *out);

typedef struct mn_merger { /* scratch, reused from word to word; zero-initialise */
    mn_symbol *symbols;
    size_t n_symbols, symbols_capacity;
    struct mn_merge_entry *heap;
    size_t n_heap, heap_capacity;
} mn_merger;

/* Symbols are added left to right after a clear; false when memory is out. */
void mn_merger_clear(mn_merger *merger);
bool mn_merger_add(mn_merger *merger, size_t start, size_t length, int32_t id);
/* Joins all it can. What remains is the list from symbol 0 along `next`. False when memory is out.
 */
bool mn_merger_run(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text);
void mn_merger_free(mn_merger *merger);

#endif
