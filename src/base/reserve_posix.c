/* SPDX-License-Identifier: Apache-2.0 */
/* reserve_posix.c - address space now, memory when it is touched. */
#include "base/reserve.h"

#include "base/memory.h"

#include <sys/mman.h>

void *mn_reserve(size_t size_bytes)
{
    void *probe = mn_alloc(0); /* goes through the test hook like every allocation */
    if (!probe) return NULL;
    mn_free(probe);
    void *block = mmap(NULL, size_bytes ? size_bytes : 1, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

void mn_unreserve(void *block, size_t size_bytes)
{
    if (block) munmap(block, size_bytes ? size_bytes : 1);
}
