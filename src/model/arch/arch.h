/* SPDX-License-Identifier: Apache-2.0 */
/* arch.h - what each family file gives: a function that builds its list of operations. */
#ifndef MN_MODEL_ARCH_ARCH_H
#define MN_MODEL_ARCH_ARCH_H

#include "model/graph.h"

void mn_build_llama(mn_builder *b);
void mn_build_qwen2(mn_builder *b);
void mn_build_gemma3(mn_builder *b);

#endif
