/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - the only door to the heap.
 *
 * Everything in libminnow allocates here, so that a test can make any single
 * call fail (mn_memory_set_hook) and a limit can be kept. Memory is taken when
 * something opens and given back when it closes; nothing allocates per token. */
#ifndef MN_BASE_MEMORY_H
#define MN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Returns NULL when memory is out. Size 0 gives a valid pointer. Not cleared. */
void *mn_alloc(size_t size_bytes);
/* count * each, checked, cleared to zero. */
void *mn_alloc_array(size_t count, size_t each_bytes);
/* As realloc; on failure the old block stays valid and NULL is returned. */
void *mn_realloc(void *block, size_t size_bytes);
/* Grows `*block` (elements of `each_bytes`) to hold at least `needed` elements, at least doubling.
 * Updates *capacity. False when memory is out: nothing changed. */
bool mn_grow(void **block, size_t *capacity, size_t needed, size_t each_bytes);
char *mn_strdup(const char *text);
char *mn_strndup(const char *text, size_t length);
void mn_free(void *block); /* NULL is fine */

/* Cache-line aligned (64 bytes), not cleared; give back with mn_free_aligned. */
void *mn_alloc_aligned(size_t size_bytes);
void mn_free_aligned(void *block);

/* Test hook: called before each allocation; false makes that allocation fail. NULL removes it.
 * Process wide; set it only while no other thread uses minnow. */
typedef bool mn_memory_hook(void *user, size_t size_bytes);
void mn_memory_set_hook(mn_memory_hook *hook, void *user);

#endif
