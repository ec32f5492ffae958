/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.h - turns one model file into another with its weights in another number format.
 *
 * The rule, for each tensor in the order of the source:
 *   vectors (one dimension) and norms   F32
 *   routers and the small side matrices that steer a layer   as they are
 *   every other matrix                  the format asked for; if its rows are no whole number of
 *                                       blocks, the next format of the list in quantize.c, last F16
 * Weights that are already in the wanted format are copied byte for byte. Weights that were
 * quantized before are decoded first; the result counts them, because such a model is worse than one
 * made from the original weights. All metadata is kept but for file type, split keys and minnow.modified,
 * minnow.modified_by, minnow.source_name, minnow.source_type.
 *
 * Memory: the source is mapped, and each thread holds some rows. The bytes written do not depend on
 * the number of threads. The new file is proven before it takes its name: it is reopened, kept
 * metadata is compared with the source, every tensor's shape and size are checked, and sampled rows
 * of each are computed again and compared. */
#ifndef MN_SHRINK_QUANTIZE_H
#define MN_SHRINK_QUANTIZE_H

#include "tensor/tensor.h"

#include <minnow/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct mn_quantize_progress {
    uint64_t tensor, n_tensors; /* tensors done so far, of how many */
    const char *name;           /* the tensor in work */
    uint64_t bytes, total_bytes; /* written, of the new file */
} mn_quantize_progress;

typedef struct mn_quantize_options {
    const mn_format *format; /* of the matrices; one with an encoder */
    uint32_t n_threads;      /* 0: one */
    bool replace;            /* an existing output */

    /* All below may be NULL; `user` is theirs. They are called by the calling thread only. */
    void *user;
    /* False stops: MN_CANCELLED, and the target stays as it was. */
    bool (*progress)(void *user, const mn_quantize_progress *progress);
    /* Another format for a matrix than `format`; NULL for the rule above. */
    const mn_format *(*choose)(void *user, const mn_tensor *source);
    /* How much each column matters, [shape[0]], >= 0; NULL: all the same. Kept until the tensor is
     * done. */
    const float *(*importance)(void *user, const mn_tensor *source);
} mn_quantize_options;

typedef struct mn_quantize_result {
    uint64_t n_tensors;
    uint64_t n_converted;   /* tensors whose bytes were computed anew */
    uint64_t n_fallback;    /* of them: rows did not fit the format asked for */
    uint64_t n_requantized; /* of them: from one quantized format to another */
    uint64_t source_bytes, bytes; /* of the whole files */
} mn_quantize_result;

/* Errors: MN_USAGE (output is the input, exists, or the format cannot be written), MN_BAD_FILE,
 * MN_IO, MN_NO_MEMORY, MN_NO_FIT, MN_CANCELLED. `result` may be NULL. */
mn_status mn_quantize(const char *source, const char *target, const mn_quantize_options *options,
                      mn_quantize_result *result, mn_error *error);

#endif
