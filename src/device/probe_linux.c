/* SPDX-License-Identifier: Apache-2.0 */
/* probe_linux.c - what this machine is: /proc, /sys and control groups. */
#include "device/probe.h"

#include "device/cores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number behind "NAME:" in a file of such lines, in KiB, as bytes. */
static uint64_t meminfo(const char *name)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
            kib = strtoull(line + strlen(name) + 1, NULL, 10);
    fclose(file);
    return (uint64_t)kib * 1024;
}

static void read_cpu_name(char out[96])
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    out[0] = '\0';
    if (!file) return;
    while (!out[0] && fgets(line, sizeof line, file)) {
        if (strncmp(line, "model name", 10) && strncmp(line, "Hardware", 8)) continue;
        char *value = strchr(line, ':');
        if (!value) continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        snprintf(out, 96, "%.95s", value);
    }
    fclose(file);
}

/* One number in a file; UINT64_MAX: "max", unreadable or absent. */
static uint64_t read_limit(const char *path)
{
    unsigned long long value;
    FILE *file = fopen(path, "re");
    if (!file) return UINT64_MAX;
    int n = fscanf(file, "%llu", &value);
    fclose(file);
    return n == 1 ? (uint64_t)value : UINT64_MAX;
}

/* The smallest memory.max from this process's group up to the root, or the limit of version 1. */
static uint64_t memory_limit(uint64_t memory_bytes)
{
    char line[512], path[640];
    uint64_t least = read_limit("/sys/fs/cgroup/memory.max"),
             v1 = read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    if (v1 < least) least = v1;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4)) continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *slash; (slash = strrchr(line + 3, '/')); *slash = '\0') {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", line + 3);
            uint64_t found = read_limit(path);
            if (found < least) least = found;
        }
    }
    if (file) fclose(file);
    return least < memory_bytes ? least : 0;
}

/* Sizes such as "48K" of the data and unified caches of the first core. */
static void read_caches(uint64_t cache_bytes[4])
{
    for (int i = 0; i < 8; i++) {
        char path[96], type[32];
        unsigned level = 0;
        unsigned long long size = 0;
        char unit = 'K';
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/type", i);
        FILE *file = fopen(path, "re");
        if (!file) return;
        int n = fscanf(file, "%31s", type);
        fclose(file);
        if (n != 1 || !strcmp(type, "Instruction")) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/level", i);
        level = (unsigned)read_limit(path);
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
        file = fopen(path, "re");
        if (!file) continue;
        n = fscanf(file, "%llu%c", &size, &unit);
        fclose(file);
        if (n >= 1 && level >= 1 && level <= 3)
            cache_bytes[level] = size * (unit == 'M' ? 1u << 20 : 1u << 10);
    }
}

void mn_device_probe(mn_device *out)
{
    *out = (mn_device){ .cpu = mn_cpu_detect(), .n_cores_usable = mn_cores_usable() };
    long cores = sysconf(_SC_NPROCESSORS_ONLN), page = sysconf(_SC_PAGESIZE);
    out->n_cores = cores > 0 ? (uint32_t)cores : 1;
    out->page_bytes = page > 0 ? (uint64_t)page : 4096;
    out->memory_bytes = meminfo("MemTotal");
    out->memory_available_bytes = meminfo("MemAvailable");
    out->memory_limit_bytes = memory_limit(out->memory_bytes);
    read_cpu_name(out->cpu_name);
    read_caches(out->cache_bytes);
}

uint64_t mn_device_memory_limit(void)
{
    struct rlimit space;
    uint64_t memory = meminfo("MemTotal"), least = memory ? memory : UINT64_MAX,
             group = memory_limit(least);
    if (group && group < least) least = group;
    if (!getrlimit(RLIMIT_AS, &space) && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < least)
        least = space.rlim_cur;
    return least;
}
