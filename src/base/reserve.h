/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.h - address space now, memory when it is touched. */
#ifndef MN_BASE_RESERVE_H
#define MN_BASE_RESERVE_H

#include <stddef.h>

/* Zeroed, page aligned; costs memory only where it is touched. NULL when there is none (or a test's
 * memory hook says so). */
void *mn_reserve(size_t size_bytes);
void mn_unreserve(void *block, size_t size_bytes);

#endif
