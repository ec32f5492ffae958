/* SPDX-License-Identifier: Apache-2.0 */
/* vector_levels.h - the tables behind vector.h, one for each CPU level. */
#ifndef MN_KERNELS_VECTOR_LEVELS_H
#define MN_KERNELS_VECTOR_LEVELS_H

#include "kernels/vector.h"

extern const mn_vector_ops mn_vector_plain;
#if defined(__x86_64__)
extern const mn_vector_ops mn_vector_avx2;
extern const mn_vector_ops mn_vector_avx512vnni;
#endif

#endif
