/* SPDX-License-Identifier: Apache-2.0 */
/* word_cache.c - remembers the ids of short words during one call. */
#include "text/word_cache.h"

#include "base/memory.h"
#include "text/pieces.h"

#include <string.h>

enum { N_WORDS = 8192, LONGEST = 34, MOST_IDS = 7 };

typedef struct word { /* 64 bytes */
    uint8_t length;   /* 0: empty */
    uint8_t n_ids;
    char bytes[LONGEST];
    int32_t ids[MOST_IDS];
} word;

struct mn_word_cache {
    word words[N_WORDS];
};

mn_word_cache *mn_word_cache_open(void) {
    return mn_alloc_array(1, sizeof(mn_word_cache));
}

void mn_word_cache_close(mn_word_cache *cache) {
    mn_free(cache);
}

static size_t place(const char *bytes, size_t length) {
    return mn_hash_bytes(bytes, length) & (N_WORDS - 1);
}

bool mn_word_cache_get(const mn_word_cache *cache, const char *bytes, size_t length, mn_ids *out,
                       bool *failed) {
    if (length > LONGEST) return false;
    const word *w = &cache->words[place(bytes, length)];
    if (w->length != length || memcmp(w->bytes, bytes, length) != 0) return false;
    *failed = !mn_ids_append(out, w->ids, w->n_ids);
    return true;
}

void mn_word_cache_put(mn_word_cache *cache, const char *bytes, size_t length, const int32_t *ids,
                       size_t n) {
    if (length > LONGEST || n > MOST_IDS) return;
    word *w = &cache->words[place(bytes, length)];
    w->length = (uint8_t)length;
    w->n_ids = (uint8_t)n;
    memcpy(w->bytes, bytes, length);
    if (n) memcpy(w->ids, ids, n * sizeof *ids);
}
