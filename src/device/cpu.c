/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c - asks the CPU, and the system's support for its registers, once. */
#include "device/cpu.h"

#include "base/error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

typedef struct cpu_level {
    const char *name;
    mn_cpu_bits bit; /* 0 for the plain level */
} cpu_level;

#if defined(__x86_64__)
#include <cpuid.h>

static const cpu_level levels[] = { { "plain", 0 },
                                    { "sse41", MN_CPU_SSE41 },
                                    { "avx2", MN_CPU_AVX2 },
                                    { "avx512vnni", MN_CPU_AVX512_VNNI } };

static bool all_set(unsigned value, unsigned bits) { return (value & bits) == bits; }

/* Which register states the system saves at a task switch. */
static unsigned enabled_states(void)
{
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static mn_cpu_bits ask(void)
{
    enum { SSE_AVX = 0x6, SSE_AVX_AVX512 = 0xe6 }; /* of the register states */
    unsigned a, b, c, d, b7 = 0, c7 = 0;
    mn_cpu_bits bits = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (all_set(c, bit_SSE4_1 | bit_SSSE3 | bit_POPCNT)) bits |= MN_CPU_SSE41;
    const unsigned states = c & bit_OSXSAVE ? enabled_states() : 0;
    const unsigned leaf1 = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) b7 = b, c7 = c;
    if ((bits & MN_CPU_SSE41) && all_set(states, SSE_AVX) && all_set(leaf1, bit_AVX | bit_F16C) &&
        all_set(b7, bit_AVX2 | bit_BMI | bit_BMI2))
        bits |= MN_CPU_AVX2;
    if ((bits & MN_CPU_AVX2) && all_set(states, SSE_AVX_AVX512) &&
        all_set(b7, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) &&
        all_set(c7, bit_AVX512VNNI))
        bits |= MN_CPU_AVX512_VNNI;
    return bits;
}

#elif defined(__aarch64__)

static const cpu_level levels[] = { { "plain", 0 },
                                    { "neon", MN_CPU_NEON },
                                    { "dotprod", MN_CPU_DOTPROD },
                                    { "i8mm", MN_CPU_I8MM } };

#if defined(__linux__)
#include <sys/auxv.h>

/* Bits of the kernel's interface for user space; headers of older systems lack some. */
static mn_cpu_bits ask(void)
{
    enum { FPHP = 1 << 9, ASIMDHP = 1 << 10, ASIMDDP = 1 << 20 }; /* AT_HWCAP */
    enum { I8MM = 1 << 13 };                                      /* AT_HWCAP2 */
    const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    mn_cpu_bits bits = MN_CPU_NEON;
    if ((first & FPHP) && (first & ASIMDHP) && (first & ASIMDDP)) bits |= MN_CPU_DOTPROD;
    if ((bits & MN_CPU_DOTPROD) && (second & I8MM)) bits |= MN_CPU_I8MM;
    return bits;
}
#elif defined(__APPLE__)
#include <sys/sysctl.h>

static bool has(const char *name)
{
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

static mn_cpu_bits ask(void)
{
    mn_cpu_bits bits = MN_CPU_NEON;
    if (has("hw.optional.arm.FEAT_DotProd") && has("hw.optional.arm.FEAT_FP16"))
        bits |= MN_CPU_DOTPROD;
    if ((bits & MN_CPU_DOTPROD) && has("hw.optional.arm.FEAT_I8MM")) bits |= MN_CPU_I8MM;
    return bits;
}
#else
static mn_cpu_bits ask(void) { return MN_CPU_NEON; }
#endif

#else

static const cpu_level levels[] = { { "plain", 0 } };

static mn_cpu_bits ask(void) { return 0; }

#endif

enum { N_LEVELS = sizeof levels / sizeof *levels };

mn_cpu_bits mn_cpu_detect(void)
{
    /* Two threads may ask at once; both get and store the same answer. */
    static _Atomic mn_cpu_bits answer;
    const mn_cpu_bits known = 1u << 31;
    mn_cpu_bits bits = atomic_load_explicit(&answer, memory_order_relaxed);
    if (!(bits & known)) {
        bits = ask() | known;
        atomic_store_explicit(&answer, bits, memory_order_relaxed);
    }
    return bits & ~known;
}

static mn_status unknown_level(const char *name, mn_error *error)
{
    char names[64] = "";
    for (unsigned i = 0; i < N_LEVELS; i++) {
        if (i) strcat(names, i + 1 < N_LEVELS ? ", " : " or ");
        strcat(names, levels[i].name);
    }
    return mn_fail(error, MN_USAGE, "CPU level '%s' is unknown, expected %s", name, names);
}

mn_status mn_cpu_level(mn_cpu_bits *out, const char *name, mn_error *error)
{
    const mn_cpu_bits here = mn_cpu_detect();
    if (!name || !*name) {
        *out = here;
        return MN_OK;
    }
    mn_cpu_bits wanted = 0;
    for (unsigned i = 0; i < N_LEVELS; i++) {
        wanted |= levels[i].bit;
        if (strcmp(levels[i].name, name) != 0) continue;
        if (wanted & ~here)
            return mn_fail(error, MN_NO_FIT, "this CPU lacks the level '%s', its best is '%s'", name,
                           mn_cpu_best_level(here));
        *out = wanted;
        return MN_OK;
    }
    return unknown_level(name, error);
}

const char *mn_cpu_level_name(unsigned index) { return index < N_LEVELS ? levels[index].name : NULL; }

const char *mn_cpu_best_level(mn_cpu_bits bits)
{
    const char *best = levels[0].name;
    for (unsigned i = 1; i < N_LEVELS && (bits & levels[i].bit); i++) best = levels[i].name;
    return best;
}
