/* SPDX-License-Identifier: Apache-2.0 */
/* quantize_rows.h - turns rows of one tensor into another format, by several threads. */
#ifndef MN_SHRINK_QUANTIZE_ROWS_H
#define MN_SHRINK_QUANTIZE_ROWS_H

#include "tensor/tensor.h"

#include <minnow/status.h>

typedef struct mn_quantize_rows {
    const mn_tensor *source;
    const mn_format *format; /* of the new rows; the source's own means a copy */
    const float *importance; /* [shape[0]] or NULL */
} mn_quantize_rows;

typedef struct mn_quantizer mn_quantizer; /* threads and their buffers */

mn_status mn_quantizer_open(mn_quantizer **out, uint32_t n_threads, mn_error *error);
void mn_quantizer_close(mn_quantizer *quantizer); /* NULL is fine */
/* The next rows from `first` on: *n_rows of them in *bytes, valid until the next call. Numbers that are
 * not finite, in the source or in the result, are MN_BAD_FILE. */
mn_status mn_quantizer_next(mn_quantizer *quantizer, const mn_quantize_rows *rows, uint64_t first,
                            uint64_t *n_rows, const uint8_t **bytes, uint64_t *size, mn_error *error);
/* Computes row `row` again: `made` must hold the same bytes there, and finite numbers. */
mn_status mn_quantizer_check(mn_quantizer *quantizer, const mn_quantize_rows *rows, uint64_t row,
                             const mn_tensor *made, mn_error *error);

#endif
