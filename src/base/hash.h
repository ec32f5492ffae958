/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - a 64-bit checksum against damage, not against attack (FNV-1a). */
#ifndef MN_BASE_HASH_H
#define MN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define MN_HASH_START 0xCBF29CE484222325u

/* Continues `hash` (MN_HASH_START at first) over `size` bytes. */
static inline uint64_t mn_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ b[i]) * 0x100000001B3u;
    return hash;
}

#endif
