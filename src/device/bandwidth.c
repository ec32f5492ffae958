/* SPDX-License-Identifier: Apache-2.0 */
/* bandwidth.c - how fast memory is read. */
#include "device/probe.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/reserve.h"

#define ROUNDS 5
#define LANES  16 /* independent sums, so that additions do not hold up the reads */

typedef struct sweep {
    const uint64_t *data;
    uint64_t n; /* words */
    uint64_t sums[256];
} sweep;

static void read_share(void *user, mn_pool *pool, uint32_t thread)
{
    sweep *s = user;
    uint32_t n_threads = mn_pool_n_threads(pool);
    uint64_t blocks = s->n / LANES, begin = blocks * thread / n_threads,
             end = blocks * (thread + 1) / n_threads;
    uint64_t lanes[LANES] = { 0 }, sum = 0;
    for (uint64_t b = begin; b < end; b++)
        for (int i = 0; i < LANES; i++) lanes[i] += s->data[b * LANES + i];
    for (int i = 0; i < LANES; i++) sum += lanes[i];
    s->sums[thread] = sum;
}

mn_status mn_device_read_bandwidth(double *out, uint64_t size_bytes, uint32_t n_threads,
                                   mn_error *error)
{
    static volatile uint64_t keep; /* the sums must be used, or nothing is read */
    mn_pool *pool = NULL;
    uint64_t *data = mn_reserve((size_t)size_bytes);
    *out = 0;
    if (!data) return mn_fail_memory(error, size_bytes, "the bandwidth buffer");
    mn_status status = mn_pool_open(&pool, n_threads < 256 ? n_threads : 256, error);
    sweep s = { .data = data, .n = size_bytes / sizeof *data };
    for (uint64_t i = 0; i < s.n && !status; i += 512) data[i] = i; /* every page is there */
    uint64_t repeat = size_bytes < (64u << 20) ? (64u << 20) / (size_bytes + 1) + 1 : 1;
    for (int round = 0; round < ROUNDS && !status; round++) {
        double start = mn_clock_ms();
        for (uint64_t i = 0; i < repeat; i++) {
            mn_pool_run(pool, read_share, &s);
            keep += s.sums[0];
        }
        double rate = (double)size_bytes * (double)repeat / ((mn_clock_ms() - start) * 1e-3);
        if (rate > *out) *out = rate;
    }
    mn_pool_close(pool);
    mn_unreserve(data, (size_t)size_bytes);
    return status;
}
