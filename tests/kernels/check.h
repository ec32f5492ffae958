/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what the kernel tests share: guard pages, hashes of results, comparison of bits. */
#ifndef TEST_KERNELS_CHECK_H
#define TEST_KERNELS_CHECK_H

#include "base/random.h"
#include "device/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

/* The levels of this CPU; asked here so that a fault in mn_cpu_detect cannot hide a level from its
 * test. */
static inline mn_cpu_bits check_cpu(void)
{
    mn_cpu_bits bits = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.1")) bits |= MN_CPU_SSE41;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) bits |= MN_CPU_AVX2;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
        bits |= MN_CPU_AVX512_VNNI;
#endif
    return bits;
}

/* Memory whose last byte is followed by a page that may not be touched. */
typedef struct guarded {
    uint8_t *start; /* `size` bytes, the end at the guard */
    uint8_t *mapping;
    size_t mapped;
} guarded;

static inline guarded guarded_open(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = (size + page - 1) / page * page;
    guarded g = { .mapped = whole + page };
    g.mapping = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.mapping != MAP_FAILED);
    assert_int_equal(mprotect(g.mapping + whole, page, PROT_NONE), 0);
    g.start = g.mapping + whole - size;
    return g;
}

static inline void guarded_close(guarded *g)
{
    munmap(g->mapping, g->mapped);
}

/* FNV-1a. */
#define CHECK_HASH_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t check_hash(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* On failure shows the hash that was found. */
#define assert_hash(found, wanted)                                                                 \
    do {                                                                                           \
        uint64_t found_ = (found), wanted_ = (wanted);                                             \
        if (found_ != wanted_)                                                                     \
            fail_msg("hash 0x%016llx, expected 0x%016llx", (unsigned long long)found_,             \
                     (unsigned long long)wanted_);                                                 \
    } while (0)

/* The index of the first float whose bits differ, or -1. Any NaN equals any other. */
static inline ptrdiff_t check_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(a[i] != a[i] && b[i] != b[i]))
            return (ptrdiff_t)i;
    return -1;
}

#endif
