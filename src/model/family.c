/* SPDX-License-Identifier: Apache-2.0 */
/* family.c - the table of model families. */
#include "model/graph.h"

#include "model/arch/arch.h"

#include <string.h>

static const mn_family families[] = {
    { "llama", mn_build_llama },
    { "qwen2", mn_build_qwen2 },
    { "gemma3", mn_build_gemma3 },
};

const mn_family *mn_family_at(size_t index)
{
    return index < sizeof families / sizeof families[0] ? &families[index] : NULL;
}

const mn_family *mn_family_find(const char *name)
{
    const mn_family *family;
    for (size_t i = 0; (family = mn_family_at(i)); i++)
        if (!strcmp(family->name, name)) return family;
    return NULL;
}
