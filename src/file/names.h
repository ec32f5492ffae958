/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - finds the number of a name by its hash. */
#ifndef MN_FILE_NAMES_H
#define MN_FILE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mn_name_slot {
    const char *name; /* kept; NULL marks a free slot */
    uint32_t hash;
    uint32_t index;
} mn_name_slot;

typedef struct mn_names {
    mn_name_slot *slots; /* [n_slots], a power of two, at most half full */
    size_t n_slots;
} mn_names;

typedef enum mn_names_result { MN_NAMES_ADDED, MN_NAMES_TWICE, MN_NAMES_CROWDED } mn_names_result;

/* Room for `n` names. False when memory is out. */
bool mn_names_open(mn_names *names, size_t n);
void mn_names_close(mn_names *names); /* a zeroed one is fine */
/* CROWDED: so many hashes collide that only a file made for it can do that; the bound keeps the
 * time linear. */
mn_names_result mn_names_add(mn_names *names, const char *name, uint32_t index);
bool mn_names_find(const mn_names *names, const char *name, uint32_t *index);

#endif
