/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h - what a model file says about itself, without making it ready to run. */
#ifndef MN_STORE_DESCRIBE_H
#define MN_STORE_DESCRIBE_H

#include "file/gguf.h"

/* The format that holds most of the weights; NULL for a file without tensors. */
const mn_format *mn_describe_type(const mn_gguf *file);
uint64_t mn_describe_parameters(const mn_gguf *file);
/* "ARCHITECTURE.NAME" as a number; false if the file does not say. */
bool mn_describe_number(const mn_gguf *file, const char *name, uint64_t *out);

#endif
