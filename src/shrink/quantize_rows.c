/* SPDX-License-Identifier: Apache-2.0 */
/* quantize_rows.c - turns rows of one tensor into another format, by several threads.
 *
 * A round gives each thread one slab of neighbouring rows. What a slab becomes
 * depends on its rows alone, and slabs are handed out in order: the bytes are
 * the same for any number of threads. */
#include "shrink/quantize_rows.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/size.h"

#include <math.h>
#include <string.h>

enum {
    SLAB_WEIGHTS = 1 << 17,    /* what a thread takes at once; at least one row */
    MAX_ROW_WEIGHTS = 1 << 28, /* far above any model; keeps a hostile row from taking all memory */
    MAX_THREADS = 256,
    COPY_BYTES = 1 << 22,
};

typedef enum fault { FAULT_NONE, FAULT_SOURCE, FAULT_RESULT } fault;

struct mn_quantizer {
    mn_pool *pool; /* NULL for one thread */
    uint32_t n_threads;
    float *floats;  /* [n_threads, slab_weights] */
    uint8_t *bytes; /* [n_threads, slab_bytes] */
    size_t floats_capacity, bytes_capacity;

    /* of the round under way */
    const mn_quantize_rows *rows;
    uint64_t first, n_rows, slab_rows;
    size_t slab_weights, slab_bytes, source_row_bytes, row_bytes;
    fault faults[MAX_THREADS];
    uint64_t fault_rows[MAX_THREADS];
};

typedef unsigned long long ull;

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* --- a slab ----------------------------------------------------------------------------------- */

/* One row; `floats` [n] is scratch. Decoding the new row again finds a number that went beyond the
 * format's range, such as 70000 in F16. */
static fault convert_row(uint8_t *out, float *floats, const mn_quantize_rows *rows,
                         const uint8_t *in)
{
    size_t n = (size_t)rows->source->shape[0];
    rows->source->format->decode(floats, in, n);
    if (!all_finite(floats, n)) return FAULT_SOURCE;
    rows->format->encode(out, floats, n, rows->importance);
    rows->format->decode(floats, out, n);
    return all_finite(floats, n) ? FAULT_NONE : FAULT_RESULT;
}

static void convert_slab(void *user, mn_pool *pool, uint32_t thread)
{
    mn_quantizer *q = user;
    (void)pool;
    float *floats = q->floats + thread * q->slab_weights;
    uint8_t *out = q->bytes + thread * q->slab_bytes;
    uint64_t begin = thread * q->slab_rows, end = begin + q->slab_rows;
    if (end > q->n_rows) end = q->n_rows;
    q->faults[thread] = FAULT_NONE;
    for (uint64_t row = begin; row < end; row++, out += q->row_bytes) {
        const uint8_t *in = q->rows->source->data + (q->first + row) * q->source_row_bytes;
        fault found = convert_row(out, floats, q->rows, in);
        if (!found) continue;
        q->faults[thread] = found;
        q->fault_rows[thread] = q->first + row;
        return;
    }
}

static mn_status fail_fault(const mn_quantize_rows *rows, fault found, uint64_t row,
                            mn_error *error)
{
    if (found == FAULT_SOURCE)
        return mn_fail(error, MN_BAD_FILE,
                       "tensor '%s': row %llu holds a number that is not finite",
                       rows->source->name, (ull)row);
    return mn_fail(error, MN_BAD_FILE, "tensor '%s': row %llu holds numbers too large for %s",
                   rows->source->name, (ull)row, rows->format->name);
}

/* --- a round ---------------------------------------------------------------------------------- */

/* Sizes of the rows and slabs, and buffers for them. */
static mn_status prepare(mn_quantizer *q, const mn_quantize_rows *rows, mn_error *error)
{
    uint64_t n = rows->source->shape[0], source_row_bytes, row_bytes;
    if (n > MAX_ROW_WEIGHTS)
        return mn_fail(error, MN_NO_FIT,
                       "tensor '%s': rows of %llu weights, at most %d are possible",
                       rows->source->name, (ull)n, MAX_ROW_WEIGHTS);
    if (!mn_format_row_bytes(&source_row_bytes, rows->source->format, n)
        || !mn_format_row_bytes(&row_bytes, rows->format, n))
        return mn_fail(error, MN_USAGE,
                       "tensor '%s': rows of %llu weights do not fit the format %s",
                       rows->source->name, (ull)n, rows->format->name);
    q->rows = rows;
    q->source_row_bytes = (size_t)source_row_bytes;
    q->row_bytes = (size_t)row_bytes;
    q->slab_rows = n < SLAB_WEIGHTS ? SLAB_WEIGHTS / n : 1;
    q->slab_weights = (size_t)n; /* rows are converted one by one */

    size_t n_bytes;
    bool fits = mn_size_mul(&q->slab_bytes, (size_t)q->slab_rows, q->row_bytes)
                && mn_size_mul(&n_bytes, q->slab_bytes, q->n_threads);
    void *floats = q->floats, *bytes = q->bytes;
    fits = fits
           && mn_grow(&floats, &q->floats_capacity, q->slab_weights * q->n_threads, sizeof(float));
    q->floats = floats;
    fits = fits && mn_grow(&bytes, &q->bytes_capacity, n_bytes, 1);
    q->bytes = bytes;
    return fits ? MN_OK : mn_fail_memory(error, n * sizeof(float), "rows of weights");
}

static mn_status copy_rows(const mn_quantize_rows *rows, uint64_t first, uint64_t *n_rows,
                           const uint8_t **bytes, uint64_t *size, mn_error *error)
{
    uint64_t row_bytes, left = mn_tensor_rows(rows->source) - first;
    if (!mn_format_row_bytes(&row_bytes, rows->format, rows->source->shape[0]))
        return mn_fail(error, MN_USAGE, "tensor '%s': broken rows", rows->source->name);
    uint64_t many = row_bytes < COPY_BYTES ? COPY_BYTES / row_bytes : 1;
    *n_rows = left < many ? left : many;
    *bytes = rows->source->data + first * row_bytes;
    *size = *n_rows * row_bytes;
    return MN_OK;
}

mn_status mn_quantizer_next(mn_quantizer *q, const mn_quantize_rows *rows, uint64_t first,
                            uint64_t *n_rows, const uint8_t **bytes, uint64_t *size,
                            mn_error *error)
{
    if (rows->format == rows->source->format)
        return copy_rows(rows, first, n_rows, bytes, size, error);
    mn_status status = prepare(q, rows, error);
    if (status) return status;
    uint64_t left = mn_tensor_rows(rows->source) - first, round = q->slab_rows * q->n_threads;
    q->first = first;
    q->n_rows = left < round ? left : round;
    if (q->pool)
        mn_pool_run(q->pool, convert_slab, q);
    else
        convert_slab(q, NULL, 0);
    for (uint32_t t = 0; t < q->n_threads;
         t++) /* the first row at fault, whichever thread had it */
        if (q->faults[t]) return fail_fault(rows, q->faults[t], q->fault_rows[t], error);
    *n_rows = q->n_rows;
    *bytes = q->bytes;
    *size = q->n_rows * q->row_bytes;
    return MN_OK;
}

/* --- proof ------------------------------------------------------------------------------------ */

mn_status mn_quantizer_check(mn_quantizer *q, const mn_quantize_rows *rows, uint64_t row,
                             const mn_tensor *made, mn_error *error)
{
    mn_status status = prepare(q, rows, error);
    if (status) return status;
    size_t n = (size_t)rows->source->shape[0];
    const uint8_t *source = rows->source->data + row * q->source_row_bytes;
    const uint8_t *found = made->data + row * q->row_bytes, *expected = source;
    if (rows->format != rows->source->format) {
        fault at = convert_row(q->bytes, q->floats, rows, source);
        if (at) return fail_fault(rows, at, row, error);
        expected = q->bytes;
    }
    if (memcmp(found, expected, q->row_bytes))
        return mn_fail(error, MN_FAILED,
                       "tensor '%s': row %llu did not come back from the disk as it"
                       " was written; nothing was changed",
                       made->name, (ull)row);
    made->format->decode(q->floats, found, n);
    return all_finite(q->floats, n) ? MN_OK : fail_fault(rows, FAULT_SOURCE, row, error);
}

/* --- open and close --------------------------------------------------------------------------- */

mn_status mn_quantizer_open(mn_quantizer **out, uint32_t n_threads, mn_error *error)
{
    *out = NULL;
    mn_quantizer *q = mn_alloc_array(1, sizeof *q);
    if (!q) return mn_fail_memory(error, sizeof *q, "the quantizer");
    q->n_threads = n_threads < 1 ? 1 : n_threads > MAX_THREADS ? MAX_THREADS : n_threads;
    mn_status status = q->n_threads > 1 ? mn_pool_open(&q->pool, q->n_threads, error) : MN_OK;
    if (status) {
        mn_quantizer_close(q);
        return status;
    }
    *out = q;
    return MN_OK;
}

void mn_quantizer_close(mn_quantizer *q)
{
    if (!q) return;
    mn_pool_close(q->pool);
    mn_free(q->floats);
    mn_free(q->bytes);
    mn_free(q);
}
