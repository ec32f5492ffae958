/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - the only door to the heap. */
#include "base/memory.h"

#include "base/size.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static mn_memory_hook *hook_function; /* set by tests only */
static void *hook_user;

void mn_memory_set_hook(mn_memory_hook *hook, void *user)
{
    hook_function = hook;
    hook_user = user;
}

static bool allowed(size_t size_bytes)
{
    return size_bytes <= PTRDIFF_MAX && (!hook_function || hook_function(hook_user, size_bytes));
}

void *mn_alloc(size_t size_bytes)
{
    return allowed(size_bytes) ? malloc(size_bytes ? size_bytes : 1) : NULL;
}

void *mn_alloc_array(size_t count, size_t each_bytes)
{
    size_t size_bytes;
    if (!mn_size_mul(&size_bytes, count, each_bytes) || !allowed(size_bytes)) return NULL;
    return calloc(size_bytes ? size_bytes : 1, 1);
}

void *mn_realloc(void *block, size_t size_bytes)
{
    return allowed(size_bytes) ? realloc(block, size_bytes ? size_bytes : 1) : NULL;
}

bool mn_grow(void **block, size_t *capacity, size_t needed, size_t each_bytes)
{
    if (needed <= *capacity) return true;
    size_t wanted = *capacity < 8 ? 16 : *capacity;
    while (wanted < needed)
        if (!mn_size_mul(&wanted, wanted, 2)) return false;
    size_t size_bytes;
    if (!mn_size_mul(&size_bytes, wanted, each_bytes)) return false;
    void *grown = mn_realloc(*block, size_bytes);
    if (!grown) return false;
    *block = grown;
    *capacity = wanted;
    return true;
}

char *mn_strndup(const char *text, size_t length)
{
    size_t size_bytes;
    char *copy = mn_size_add(&size_bytes, length, 1) ? mn_alloc(size_bytes) : NULL;
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *mn_strdup(const char *text)
{
    return mn_strndup(text, strlen(text));
}

void mn_free(void *block)
{
    free(block);
}

void *mn_alloc_aligned(size_t size_bytes)
{
    size_t rounded;
    if (!mn_size_round(&rounded, size_bytes ? size_bytes : 1, 64) || !allowed(rounded)) return NULL;
    return aligned_alloc(64, rounded);
}

void mn_free_aligned(void *block)
{
    free(block);
}
