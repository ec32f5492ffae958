/* SPDX-License-Identifier: Apache-2.0 */
/* template_memory.h - memory of one template or one rendering: taken piece by piece, given back at
 * once. */
#ifndef MN_TEXT_TEMPLATE_MEMORY_H
#define MN_TEXT_TEMPLATE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mn_jinja_chunk mn_jinja_chunk;

typedef struct mn_jinja_arena { /* zero-initialise, then set the limit */
    mn_jinja_chunk *chunks;
    char *next;   /* free room in the chunk that small pieces come from */
    size_t left;  /* bytes from `next` on */
    size_t bytes; /* taken from the system so far */
    size_t limit;
    bool over_limit; /* the last NULL was due to the limit, not to the system */
} mn_jinja_arena;

/* Cleared memory, aligned for anything; NULL when memory or the limit is out. */
void *mn_jinja_arena_take(mn_jinja_arena *arena, size_t size_bytes);
/* A piece of `new_bytes` that begins with the old piece's bytes, which are no longer to be used. */
void *mn_jinja_arena_grow(mn_jinja_arena *arena, void *piece, size_t old_bytes, size_t new_bytes);
/* Counts memory that lives elsewhere against the limit; false when it is out. */
bool mn_jinja_arena_count(mn_jinja_arena *arena, size_t size_bytes);
void mn_jinja_arena_free(mn_jinja_arena *arena);

#endif
