/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - which instructions this CPU (or the level forced by MINNOW_CPU) offers. */
#ifndef MN_DEVICE_CPU_H
#define MN_DEVICE_CPU_H

#include <minnow/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t mn_cpu_bits;
enum {
    MN_CPU_SSE41 = 1u << 0,
    MN_CPU_AVX2 = 1u << 1,       /* with F16C and BMI2, and the state enabled by the system */
    MN_CPU_AVX512_VNNI = 1u << 2, /* F, BW, DQ, VL and VNNI */
    MN_CPU_NEON = 1u << 8,
    MN_CPU_DOTPROD = 1u << 9,
    MN_CPU_I8MM = 1u << 10,
};

/* What the hardware and the system offer. Asked once; thread-safe. */
mn_cpu_bits mn_cpu_detect(void);

/* Levels are nested: "plain" < "sse41" < "avx2" < "avx512vnni" on x86-64; "plain" < "neon" < "dotprod" <
 * "i8mm" on arm64. Gives the bits of the named level, as far as the CPU has them. An unknown name is
 * MN_USAGE and lists the names; a level this CPU lacks is MN_NO_FIT. NULL or "" is the best level. */
mn_status mn_cpu_level(mn_cpu_bits *out, const char *name, mn_error *error);
/* Walks the levels of this architecture, plain first; NULL after the last. */
const char *mn_cpu_level_name(unsigned index);
const char *mn_cpu_best_level(mn_cpu_bits bits); /* the name of the highest level within bits */

#endif
