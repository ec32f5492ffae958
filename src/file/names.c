/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - finds the number of a name by its hash: open addressing, linear probes. */
#include "file/names.h"

#include "base/memory.h"

#include <string.h>

enum { MAX_PROBES = 1024 }; /* honest names at half load stay far below 100 */

/* FNV-1a over the bytes, then a finishing mix so that the low bits depend on every byte. */
static uint32_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

bool mn_names_open(mn_names *names, size_t n)
{
    size_t n_slots = 16;
    while (n_slots / 2 < n)
        n_slots *= 2; /* n is far below SIZE_MAX / 4: it counts things in memory */
    names->slots = mn_alloc_array(n_slots, sizeof *names->slots);
    names->n_slots = names->slots ? n_slots : 0;
    return names->slots;
}

void mn_names_close(mn_names *names)
{
    mn_free(names->slots);
    *names = (mn_names){ 0 };
}

/* The slot that holds `name` or the free one where it belongs; NULL after too many probes. */
static mn_name_slot *slot_of(const mn_names *names, const char *name, uint32_t hash)
{
    size_t mask = names->n_slots - 1;
    for (size_t probe = 0; probe < MAX_PROBES && probe < names->n_slots; probe++) {
        mn_name_slot *slot = &names->slots[(hash + probe) & mask];
        if (!slot->name || (slot->hash == hash && !strcmp(slot->name, name))) return slot;
    }
    return NULL;
}

mn_names_result mn_names_add(mn_names *names, const char *name, uint32_t index)
{
    uint32_t hash = hash_of(name);
    mn_name_slot *slot = slot_of(names, name, hash);
    if (!slot) return MN_NAMES_CROWDED;
    if (slot->name) return MN_NAMES_TWICE;
    *slot = (mn_name_slot){ .name = name, .hash = hash, .index = index };
    return MN_NAMES_ADDED;
}

bool mn_names_find(const mn_names *names, const char *name, uint32_t *index)
{
    if (!names->n_slots) return false;
    const mn_name_slot *slot = slot_of(names, name, hash_of(name));
    if (!slot || !slot->name) return false;
    *index = slot->index;
    return true;
}
