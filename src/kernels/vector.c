/* SPDX-License-Identifier: Apache-2.0 */
/* vector.c - the list of vector tables. */
#include "kernels/vector.h"

#include "kernels/vector_levels.h"

static const mn_vector_ops *const levels[] = {
    &mn_vector_plain,
#if defined(__x86_64__)
    &mn_vector_avx2,
    &mn_vector_avx512vnni,
#endif
};

const mn_vector_ops *mn_vector_ops_at(size_t index)
{
    return index < sizeof levels / sizeof *levels ? levels[index] : NULL;
}

const mn_vector_ops *mn_vector_ops_for(mn_cpu_bits cpu)
{
    const mn_vector_ops *best = levels[0];
    for (size_t i = 1; i < sizeof levels / sizeof *levels; i++)
        if ((levels[i]->needs & ~cpu) == 0) best = levels[i];
    return best;
}
