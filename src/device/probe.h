/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - what this machine is and how fast it reads memory. */
#ifndef MN_DEVICE_PROBE_H
#define MN_DEVICE_PROBE_H

#include "device/cpu.h"

#include <minnow/status.h>

#include <stddef.h>
#include <stdint.h>

typedef struct mn_device {
    char cpu_name[96];         /* empty: the system does not tell */
    mn_cpu_bits cpu;
    uint32_t n_cores;          /* online */
    uint32_t n_cores_usable;   /* see mn_cores_usable */
    uint64_t page_bytes;
    uint64_t memory_bytes;     /* of the machine */
    uint64_t memory_available_bytes;
    uint64_t memory_limit_bytes; /* of the control group; 0: none */
    uint64_t cache_bytes[4];   /* of one core's data caches, level 1 to 3 in [1..3]; 0: not told */
} mn_device;

void mn_device_probe(mn_device *out);

/* What this process may use at most: the least of the machine's memory, its control group's limit and its
 * address space (RLIMIT_AS). UINT64_MAX if nothing is known. */
uint64_t mn_device_memory_limit(void);

/* Bytes a second that n_threads threads read together from a buffer of size_bytes: the best of several
 * rounds. MN_NO_MEMORY when there is no such buffer. */
mn_status mn_device_read_bandwidth(double *out, uint64_t size_bytes, uint32_t n_threads, mn_error *error);

#endif
