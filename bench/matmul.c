/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.c - speed of every kernel of the list on one core.
 *
 * Usage: bench_matmul [-f FORMAT] [-k KERNEL] [-r ROWS] [-n LENGTH] [-t TOKENS] [-b MIB]
 * DECODE reads a matrix of MIB MiB (256) row by row for 1, 2, 4 and 8 tokens and prints weight bytes a
 * second; PROMPT multiplies ROWS x LENGTH by TOKENS tokens and prints multiply-adds a second.
 * Names may be parts of names. */
#include "base/memory.h"
#include "base/random.h"
#include "kernels/matmul.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct settings {
    const char *format, *kernel;
    uint32_t n_rows, n, n_tokens, mib;
} settings;

typedef struct job {
    mn_linear linear;
    mn_activations x;
    void *weights, *activations, *scratch;
    float *y;
    uint32_t n_tokens;
} job;

/* The thread's own time: other programs on the machine disturb it less than the clock on the wall. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_job(job *j)
{
    mn_free_aligned(j->weights);
    mn_free_aligned(j->activations);
    mn_free_aligned(j->scratch);
    mn_free_aligned(j->y);
}

static bool open_job(job *j, const mn_format *format, uint32_t n, uint32_t n_rows, uint32_t n_tokens)
{
    uint64_t row_bytes;
    *j = (job){ .n_tokens = n_tokens };
    if (!mn_format_row_bytes(&row_bytes, format, n)) return false;
    j->weights = mn_alloc_aligned(row_bytes * n_rows);
    j->activations = mn_alloc_aligned(mn_activations_bytes(n, n_tokens));
    j->scratch = mn_alloc_aligned(mn_matmul_scratch_bytes(n, n_tokens));
    j->y = mn_alloc_aligned(sizeof(float) * n_rows * n_tokens);
    float *x = mn_alloc(n * sizeof *x);
    if (!j->weights || !j->activations || !j->scratch || !j->y || !x) {
        mn_free(x);
        close_job(j);
        return false;
    }
    /* Ordinary numbers in every format: scales and weights are halves or floats of small exponent. */
    uint64_t *words = j->weights;
    const uint64_t ordinary = format->block == 1 ? 0x3800380038003800u : 0;
    for (uint64_t i = 0; i < row_bytes * n_rows / 8; i++)
        words[i] = (mn_random_u64(1, i) & (ordinary ? 0x07ff07ff07ff07ffu : 0x2fff2fff2fff2fffu)) | ordinary;
    mn_activations_init(&j->x, j->activations, n, n_tokens);
    for (uint32_t t = 0; t < n_tokens; t++) {
        for (uint32_t i = 0; i < n; i++) x[i] = (float)mn_random_unit(t, i) - 0.5f;
        mn_activations_set(&j->x, t, x, 3, mn_cpu_detect());
    }
    mn_free(x);
    const mn_tensor tensor = { .name = "w", .format = format, .n_dims = 2,
                               .shape = { n, n_rows, 1, 1 }, .data = j->weights,
                               .size_bytes = row_bytes * n_rows };
    return mn_linear_init(&j->linear, &tensor, 0, NULL) == MN_OK;
}

static double seconds(job *j, mn_role role)
{
    double best = 1e9;
    for (int round = 0; round < 7; round++) {
        const double start = now();
        mn_matmul(j->y, j->linear.n_rows, &j->linear, &j->x, (mn_range){ 0, j->n_tokens },
                  (mn_range){ 0, j->linear.n_rows }, role, j->scratch);
        const double took = now() - start;
        if (took < best) best = took;
    }
    return best;
}

static void measure(const settings *s, const mn_matmul_kernel *kernel, const mn_format *format)
{
    uint64_t row_bytes;
    job j;
    if (!mn_format_row_bytes(&row_bytes, format, s->n)) return;
    printf("%-22s %-7s", kernel->name, format->name);
    const uint32_t decode_rows = (uint32_t)(((uint64_t)s->mib << 20) / row_bytes);
    for (uint32_t tokens = 1; s->mib && tokens <= 8; tokens *= 2) {
        if (!open_job(&j, format, s->n, decode_rows, tokens)) return;
        j.linear.kernel = kernel;
        printf("  %u: %5.2f GB/s", (unsigned)tokens,
               1e-9 * (double)(row_bytes * decode_rows) / seconds(&j, MN_DECODE));
        fflush(stdout);
        close_job(&j);
    }
    if (s->n_tokens && open_job(&j, format, s->n, s->n_rows, s->n_tokens)) {
        j.linear.kernel = kernel;
        const double products = (double)s->n * s->n_rows * s->n_tokens;
        printf("  prompt %6.1f G/s", 1e-9 * products / seconds(&j, MN_PROMPT));
        close_job(&j);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    settings s = { "", "", 1536, 1536, 512, 256 };
    int option;
    while ((option = getopt(argc, argv, "f:k:r:n:t:b:")) != -1) {
        const uint32_t number = option == '?' ? 0 : (uint32_t)strtoul(optarg, NULL, 10);
        switch (option) {
        case 'f': s.format = optarg; break;
        case 'k': s.kernel = optarg; break;
        case 'r': s.n_rows = number; break;
        case 'n': s.n = number; break;
        case 't': s.n_tokens = number; break;
        case 'b': s.mib = number; break;
        default: return 2;
        }
    }
    for (size_t f = 0; mn_format_at(f); f++)
        for (size_t k = 0; mn_matmul_kernel_at(k); k++) {
            const mn_format *format = mn_format_at(f);
            const mn_matmul_kernel *kernel = mn_matmul_kernel_at(k);
            if ((kernel->needs & ~mn_cpu_detect()) == 0 &&
                mn_matmul_kernel_takes(kernel, format, s.n) && strstr(format->name, s.format) &&
                strstr(kernel->name, s.kernel))
                measure(&s, kernel, format);
        }
    return 0;
}
