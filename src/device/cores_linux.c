/* SPDX-License-Identifier: Apache-2.0 */
/* cores_linux.c - affinity, core capacity and cgroup quota. */
#include "device/cores.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Relative speed of a core as the kernel tells it (arm64 boards, hybrid x86); 0: not told. */
static long capacity(int core)
{
    static const char *const names[] = { "cpu_capacity", "acpi_cppc/highest_perf" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[96];
        long value = 0;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", core, names[i]);
        FILE *file = fopen(path, "re");
        if (!file) continue;
        if (fscanf(file, "%ld", &value) != 1) value = 0;
        fclose(file);
        if (value > 0) return value;
    }
    return 0;
}

/* Cores at least 60 % as fast as the fastest. */
static uint32_t fast_cores(const cpu_set_t *allowed)
{
    long best = 0;
    uint32_t n = 0;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed) && capacity(i) > best) best = capacity(i);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed) && capacity(i) * 10 >= best * 6) n++;
    return n;
}

static double read_quota_v2(const char *path)
{
    double quota, period;
    FILE *file = fopen(path, "re");
    if (!file) return INFINITY;
    int n = fscanf(file, "%lf %lf", &quota, &period); /* "max 100000" does not match */
    fclose(file);
    return n == 2 && quota > 0 && period > 0 ? quota / period : INFINITY;
}

static double read_number(const char *path)
{
    double value = -1;
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    if (fscanf(file, "%lf", &value) != 1) value = -1;
    fclose(file);
    return value;
}

/* The smallest quota from this process's group up to the root of version 2, or that of version 1.
 */
static double quota(void)
{
    char line[512], path[640];
    double least = read_quota_v2("/sys/fs/cgroup/cpu.max");
    double v1 = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
           period = read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (v1 > 0 && period > 0 && v1 / period < least) least = v1 / period;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return least;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4)) continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *slash; (slash = strrchr(line + 3, '/')); *slash = '\0') {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", line + 3);
            double found = read_quota_v2(path);
            if (found < least) least = found;
        }
    }
    fclose(file);
    return least;
}

uint32_t mn_cores_usable(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return 1;
    uint32_t n = fast_cores(&allowed);
    double most = quota();
    if (isfinite(most) && most < n) n = (uint32_t)ceil(most);
    return n ? n : 1;
}
