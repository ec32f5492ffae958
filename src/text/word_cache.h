/* SPDX-License-Identifier: Apache-2.0 */
/* word_cache.h - remembers the ids of short words during one call: text repeats itself.
 *
 * Of fixed size; a newer word takes the place of an older one. */
#ifndef MN_TEXT_WORD_CACHE_H
#define MN_TEXT_WORD_CACHE_H

#include "text/ids.h"

typedef struct mn_word_cache mn_word_cache;

mn_word_cache *mn_word_cache_open(void);        /* NULL when memory is out */
void mn_word_cache_close(mn_word_cache *cache); /* NULL is fine */

/* True if the word was known: its ids were appended, unless *failed tells that memory is out. */
bool mn_word_cache_get(const mn_word_cache *cache, const char *word, size_t length, mn_ids *out,
                       bool *failed);
/* `ids` are the ids of `word`; words too long to keep are ignored. */
void mn_word_cache_put(mn_word_cache *cache, const char *word, size_t length, const int32_t *ids,
                       size_t n);

#endif
