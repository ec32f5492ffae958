/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - a fixed team of threads that work in step. */
#include "base/pool.h"

#include "base/error.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#if defined(__x86_64__)
#define relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define relax() __asm__ __volatile__("yield")
#else
#define relax() ((void)0)
#endif

/* About 20 to 50 microseconds: longer than the gap between two phases of a pass, short enough that
 * an idle or crowded machine does not notice. */
#define SPINS 1500

/* A number that goes up; threads wait until it has left a value. */
typedef struct event {
    _Alignas(64) atomic_uint value;
    _Alignas(64) atomic_uint sleepers;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} event;

struct mn_pool {
    event start; /* goes up when there is work */
    event phase; /* goes up when every thread has come to the barrier */
    _Alignas(64) atomic_uint arrived;
    uint32_t n_threads;
    uint32_t n_started;
    bool closing;
    mn_pool_fn *function;
    void *user;
    pthread_t *threads;     /* [n_threads - 1] */
    struct worker *workers; /* [n_threads - 1] */
};

struct worker {
    mn_pool *pool;
    uint32_t number;
};

static void event_init(event *e)
{
    pthread_mutex_init(&e->mutex, NULL);
    pthread_cond_init(&e->changed, NULL);
}

static void event_destroy(event *e)
{
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->mutex);
}

static void event_advance(event *e)
{
    atomic_fetch_add(&e->value, 1);
    if (atomic_load(&e->sleepers)) {
        pthread_mutex_lock(&e->mutex);
        pthread_cond_broadcast(&e->changed);
        pthread_mutex_unlock(&e->mutex);
    }
}

static void event_wait(event *e, unsigned old)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&e->value, memory_order_acquire) != old) return;
        relax();
    }
    pthread_mutex_lock(&e->mutex);
    atomic_fetch_add(
        &e->sleepers,
        1); /* before the value is looked at: event_advance looks the other way round */
    while (atomic_load(&e->value) == old) pthread_cond_wait(&e->changed, &e->mutex);
    atomic_fetch_sub(&e->sleepers, 1);
    pthread_mutex_unlock(&e->mutex);
}

void mn_pool_barrier(mn_pool *pool)
{
    if (pool->n_threads == 1) return;
    unsigned phase = atomic_load(&pool->phase.value);
    if (atomic_fetch_add(&pool->arrived, 1) + 1 == pool->n_threads) {
        atomic_store(&pool->arrived, 0);
        event_advance(&pool->phase);
    } else {
        event_wait(&pool->phase, phase);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    mn_pool *pool = worker->pool;
    for (unsigned seen = 0;; seen++) {
        event_wait(&pool->start, seen);
        if (pool->closing) return NULL;
        pool->function(pool->user, pool, worker->number);
        mn_pool_barrier(pool);
    }
}

/* Workers leave signals to the program's own threads. */
static int start_thread(pthread_t *thread, struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

mn_status mn_pool_open(mn_pool **out, uint32_t n_threads, mn_error *error)
{
    mn_pool *pool = mn_alloc_aligned(sizeof *pool);
    *out = NULL;
    if (!pool) return mn_fail_memory(error, sizeof *pool, "the thread pool");
    *pool = (mn_pool){ .n_threads = n_threads };
    event_init(&pool->start);
    event_init(&pool->phase);
    pool->threads = mn_alloc_array(n_threads, sizeof *pool->threads);
    pool->workers = mn_alloc_array(n_threads, sizeof *pool->workers);
    if (!pool->threads || !pool->workers) {
        mn_pool_close(pool);
        return mn_fail_memory(error, n_threads * sizeof *pool->threads, "the thread pool");
    }
    for (uint32_t i = 0; i + 1 < n_threads; i++) {
        pool->workers[i] = (struct worker){ pool, i + 1 };
        if (start_thread(&pool->threads[i], &pool->workers[i])) {
            mn_pool_close(pool);
            return mn_fail(error, MN_FAILED, "cannot start thread %u of %u; try fewer threads",
                           i + 2, n_threads);
        }
        pool->n_started++;
    }
    *out = pool;
    return MN_OK;
}

uint32_t mn_pool_n_threads(const mn_pool *pool)
{
    return pool->n_threads;
}

void mn_pool_run(mn_pool *pool, mn_pool_fn *function, void *user)
{
    pool->function = function;
    pool->user = user;
    if (pool->n_threads > 1) event_advance(&pool->start);
    function(user, pool, 0);
    mn_pool_barrier(pool);
}

void mn_pool_close(mn_pool *pool)
{
    if (!pool) return;
    pool->closing = true;
    event_advance(&pool->start);
    for (uint32_t i = 0; i < pool->n_started; i++) pthread_join(pool->threads[i], NULL);
    event_destroy(&pool->start);
    event_destroy(&pool->phase);
    mn_free(pool->threads);
    mn_free(pool->workers);
    mn_free_aligned(pool);
}
