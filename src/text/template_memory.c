/* SPDX-License-Identifier: Apache-2.0 */
/* template_memory.c - memory of one template or one rendering. */
#include "text/template_memory.h"

#include "base/memory.h"
#include "base/size.h"

#include <string.h>

/* Small pieces share chunks, large ones have their own, so that they can grow where they are. Under
 * the address sanitizer each piece is on its own, so that a read past its end is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define LARGE_BYTES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LARGE_BYTES 1
#endif
#endif
#ifndef LARGE_BYTES
#define LARGE_BYTES 4096
#endif
#define FIRST_CHUNK_BYTES   8192
#define LARGEST_CHUNK_BYTES 131072
#define ALIGNMENT           16

struct mn_jinja_chunk {
    mn_jinja_chunk *previous, *next;
    size_t size_bytes;
    size_t padding; /* keeps what follows aligned */
};

static bool within_limit(mn_jinja_arena *arena, size_t size_bytes)
{
    arena->over_limit = size_bytes > arena->limit || arena->bytes > arena->limit - size_bytes;
    return !arena->over_limit;
}

bool mn_jinja_arena_count(mn_jinja_arena *arena, size_t size_bytes)
{
    if (!within_limit(arena, size_bytes)) return false;
    arena->bytes += size_bytes;
    return true;
}

static void *chunk_open(mn_jinja_arena *arena, size_t size_bytes)
{
    size_t total;
    if (!mn_size_add(&total, size_bytes, sizeof(mn_jinja_chunk))) total = SIZE_MAX;
    if (!within_limit(arena, total)) return NULL;
    mn_jinja_chunk *chunk = mn_alloc_array(total, 1);
    if (!chunk) return NULL;
    arena->bytes += total;
    chunk->size_bytes = total;
    chunk->next = arena->chunks;
    if (arena->chunks) arena->chunks->previous = chunk;
    arena->chunks = chunk;
    return chunk + 1;
}

void *mn_jinja_arena_take(mn_jinja_arena *arena, size_t size_bytes)
{
    size_t rounded;
    if (size_bytes >= LARGE_BYTES) return chunk_open(arena, size_bytes);
    rounded = (size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!rounded) rounded = ALIGNMENT;
    if (rounded > arena->left) {
        size_t chunk_bytes = arena->bytes < FIRST_CHUNK_BYTES     ? FIRST_CHUNK_BYTES
                             : arena->bytes < LARGEST_CHUNK_BYTES ? arena->bytes
                                                                  : LARGEST_CHUNK_BYTES;
        arena->next = chunk_open(arena, chunk_bytes);
        arena->left = arena->next ? chunk_bytes : 0;
        if (!arena->next) return NULL;
    }
    void *piece = arena->next;
    arena->next += rounded;
    arena->left -= rounded;
    return piece;
}

/* A piece that has a chunk of its own grows with it. */
static void *chunk_grow(mn_jinja_arena *arena, void *piece, size_t old_bytes, size_t new_bytes)
{
    mn_jinja_chunk *chunk = (mn_jinja_chunk *)piece - 1;
    if (!within_limit(arena, new_bytes - old_bytes)) return NULL;
    chunk = mn_realloc(chunk, sizeof *chunk + new_bytes);
    if (!chunk) return NULL;
    arena->bytes += new_bytes - old_bytes;
    chunk->size_bytes = sizeof *chunk + new_bytes;
    if (chunk->previous)
        chunk->previous->next = chunk;
    else
        arena->chunks = chunk;
    if (chunk->next) chunk->next->previous = chunk;
    memset((char *)(chunk + 1) + old_bytes, 0, new_bytes - old_bytes);
    return chunk + 1;
}

void *mn_jinja_arena_grow(mn_jinja_arena *arena, void *piece, size_t old_bytes, size_t new_bytes)
{
    if (piece && old_bytes >= LARGE_BYTES) return chunk_grow(arena, piece, old_bytes, new_bytes);
    void *grown = mn_jinja_arena_take(arena, new_bytes);
    if (grown && old_bytes) memcpy(grown, piece, old_bytes);
    return grown;
}

void mn_jinja_arena_free(mn_jinja_arena *arena)
{
    mn_jinja_chunk *chunk = arena->chunks;
    while (chunk) {
        mn_jinja_chunk *next = chunk->next;
        mn_free(chunk);
        chunk = next;
    }
    *arena = (mn_jinja_arena){ 0 };
}
