/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h - a tensor is a view: it never owns its bytes. */
#ifndef MN_TENSOR_TENSOR_H
#define MN_TENSOR_TENSOR_H

#include "tensor/format.h"

#include <stddef.h>
#include <stdint.h>

#define MN_MAX_DIMS 4

typedef struct mn_tensor {
    const char *name; /* lives as long as the file it came from */
    const mn_format *format;
    uint32_t n_dims;
    uint64_t shape[MN_MAX_DIMS]; /* shape[0] is the row length, as GGUF counts; unused ones are 1 */
    const uint8_t *data;         /* row-major blocks, [size_bytes] */
    uint64_t size_bytes;
} mn_tensor;

/* Rows of shape[0] weights: the product of the other dimensions. */
static inline uint64_t mn_tensor_rows(const mn_tensor *tensor)
{
    return tensor->shape[1] * tensor->shape[2] * tensor->shape[3];
}

#endif
