/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c - joins neighbouring symbols of a text, best pair first, then leftmost. */
#include "text/merge.h"

#include "base/memory.h"

enum { SMALL = 24 }; /* up to this many symbols a plain scan beats the heap */

typedef struct mn_merge_entry {
    uint64_t key;    /* order << 32 | index of the left symbol */
    uint32_t length; /* of both symbols together: tells whether the entry is still true */
    int32_t id;
} entry;

void mn_merger_clear(mn_merger *merger) {
    merger->n_symbols = 0;
    merger->n_heap = 0;
}

bool mn_merger_add(mn_merger *merger, size_t start, size_t length, int32_t id) {
    void *block = merger->symbols;
    if (!mn_grow(&block, &merger->symbols_capacity, merger->n_symbols + 1, sizeof(mn_symbol)))
        return false;
    merger->symbols = block;
    int32_t index = (int32_t)merger->n_symbols++;
    merger->symbols[index] = (mn_symbol){ (uint32_t)start, (uint32_t)length, id, index - 1, -1 };
    if (index) merger->symbols[index - 1].next = index;
    return true;
}

/* Joins the symbol after `left` to it. */
static void join_next(mn_symbol *symbols, int32_t left, int32_t id) {
    mn_symbol *a = &symbols[left], *b = &symbols[a->next];
    a->length += b->length;
    a->id = id;
    b->length = 0;
    a->next = b->next;
    if (a->next >= 0) symbols[a->next].previous = left;
}

/* ---- few symbols ---- */

static bool run_small(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text) {
    mn_symbol *symbols = merger->symbols;
    mn_join joins[SMALL]; /* of each symbol with its next; id -1: cannot be joined */
    int32_t order[SMALL]; /* the symbols that remain, left to right */
    int n = (int)merger->n_symbols;
    for (int i = 0; i < n; i++) {
        order[i] = i;
        if (i + 1 == n || !join(rules, text, &symbols[i], &symbols[i + 1], &joins[i]))
            joins[i].id = -1;
    }
    for (;;) {
        int best = -1;
        for (int i = 0; i + 1 < n; i++)
            if (joins[i].id >= 0 && (best < 0 || joins[i].order < joins[best].order)) best = i;
        if (best < 0) return true;
        join_next(symbols, order[best], joins[best].id);
        n--;
        for (int i = best + 1; i < n; i++) {
            order[i] = order[i + 1];
            joins[i] = joins[i + 1];
        }
        for (int i = best ? best - 1 : 0; i <= best; i++)
            if (i + 1 >= n ||
                !join(rules, text, &symbols[order[i]], &symbols[order[i + 1]], &joins[i]))
                joins[i].id = -1;
    }
}

/* ---- many symbols ---- */

static void sift_down(entry *heap, size_t n, size_t at) {
    entry moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1].key < heap[child].key) child++;
        if (heap[child].key >= moving.key) break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

static void sift_up(entry *heap, size_t at) {
    entry moving = heap[at];
    while (at && heap[(at - 1) / 2].key > moving.key) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moving;
}

/* Appends the join of `left` with its next symbol, if they have one; the heap order is the
 * caller's. */
static bool add_entry(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text,
                      int32_t left) {
    if (left < 0 || merger->symbols[left].next < 0) return true;
    const mn_symbol *a = &merger->symbols[left], *b = &merger->symbols[a->next];
    mn_join joined;
    if (!join(rules, text, a, b, &joined)) return true;
    void *block = merger->heap;
    if (!mn_grow(&block, &merger->heap_capacity, merger->n_heap + 1, sizeof(entry))) return false;
    merger->heap = block;
    merger->heap[merger->n_heap++] =
        (entry){ (uint64_t)joined.order << 32 | (uint32_t)left, a->length + b->length, joined.id };
    return true;
}

static bool push(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text,
                 int32_t left) {
    size_t before = merger->n_heap;
    if (!add_entry(merger, join, rules, text, left)) return false;
    if (merger->n_heap > before) sift_up(merger->heap, before);
    return true;
}

/* Symbols only grow, so an entry is true exactly while its two symbols still have its length. */
static bool still_true(const mn_merger *merger, const entry *e) {
    const mn_symbol *a = &merger->symbols[(uint32_t)e->key];
    return a->length && a->next >= 0 && a->length + merger->symbols[a->next].length == e->length;
}

static bool run_heap(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text) {
    merger->n_heap = 0;
    for (size_t i = 0; i + 1 < merger->n_symbols; i++)
        if (!add_entry(merger, join, rules, text, (int32_t)i)) return false;
    for (size_t i = merger->n_heap / 2; i-- > 0;) sift_down(merger->heap, merger->n_heap, i);
    while (merger->n_heap) {
        entry best = merger->heap[0];
        merger->heap[0] = merger->heap[--merger->n_heap];
        if (merger->n_heap) sift_down(merger->heap, merger->n_heap, 0);
        if (!still_true(merger, &best)) continue;
        int32_t left = (int32_t)(uint32_t)best.key;
        join_next(merger->symbols, left, best.id);
        if (!push(merger, join, rules, text, merger->symbols[left].previous) ||
            !push(merger, join, rules, text, left))
            return false;
    }
    return true;
}

bool mn_merger_run(mn_merger *merger, mn_join_fn *join, const void *rules, const char *text) {
    if (merger->n_symbols < 2) return true;
    return merger->n_symbols <= SMALL ? run_small(merger, join, rules, text)
                                      : run_heap(merger, join, rules, text);
}

void mn_merger_free(mn_merger *merger) {
    mn_free(merger->symbols);
    mn_free(merger->heap);
    *merger = (mn_merger){ 0 };
}
