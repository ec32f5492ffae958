/* SPDX-License-Identifier: Apache-2.0 */
/* size.h - checked arithmetic for every size that a file or a user can choose. */
#ifndef MN_BASE_SIZE_H
#define MN_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns false, leaving *out unspecified, when the result does not fit. */
static inline bool mn_size_add(size_t *out, size_t a, size_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool mn_size_mul(size_t *out, size_t a, size_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool mn_u64_add(uint64_t *out, uint64_t a, uint64_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool mn_u64_mul(uint64_t *out, uint64_t a, uint64_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* Rounds up to a multiple of `unit`, a power of two. */
static inline bool mn_size_round(size_t *out, size_t size, size_t unit)
{
    if (!mn_size_add(out, size, unit - 1)) return false;
    *out &= ~(unit - 1);
    return true;
}

#endif
