/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - a fixed team of threads that work in step.
 *
 * mn_pool_run gives the same function to every thread, the caller being number
 * 0; inside, mn_pool_barrier lines them up. Idle threads spin for some
 * microseconds, then sleep on a futex. */
#ifndef MN_BASE_POOL_H
#define MN_BASE_POOL_H

#include <minnow/status.h>

#include <stdint.h>

typedef struct mn_pool mn_pool;
typedef void mn_pool_fn(void *user, mn_pool *pool, uint32_t thread);

/* n_threads >= 1, the caller included. */
mn_status mn_pool_open(mn_pool **out, uint32_t n_threads, mn_error *error);
void mn_pool_close(mn_pool *pool); /* NULL is fine */
uint32_t mn_pool_n_threads(const mn_pool *pool);
/* Returns when every thread has returned from `function`. One caller at a time. */
void mn_pool_run(mn_pool *pool, mn_pool_fn *function, void *user);
/* Called by every thread of a run: none goes on before all have come. */
void mn_pool_barrier(mn_pool *pool);

#endif
