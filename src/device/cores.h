/* SPDX-License-Identifier: Apache-2.0 */
/* cores.h - how many cores this process may really use. */
#ifndef MN_DEVICE_CORES_H
#define MN_DEVICE_CORES_H

#include <stdint.h>

/* The fast cores among those the process may be scheduled on (slow cores of mixed CPUs are left out), and
 * no more than the CPU quota of its control group. At least 1. */
uint32_t mn_cores_usable(void);

#endif
