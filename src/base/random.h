/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - random numbers that are a function of (seed, position) and of nothing else.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). */
#ifndef MN_BASE_RANDOM_H
#define MN_BASE_RANDOM_H

#include <stdint.h>

uint64_t mn_random_u64(uint64_t seed, uint64_t position);
double mn_random_unit(uint64_t seed, uint64_t position); /* in [0, 1), 53 bits */

#endif
