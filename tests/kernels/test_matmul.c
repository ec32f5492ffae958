/* SPDX-License-Identifier: Apache-2.0 */
/* test_matmul.c - plain products against doubles; every other row of the list against the plain one.
 *
 * Buffers end at a page that cannot be read, so that one byte too many is a crash. */
#include "kernels/matmul.h"

#include "tensor/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

/* A fast generator (xorshift64*), the same numbers in every run. */
static uint64_t random_state = 20260101;

static uint64_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du >> 8;
}

static uint32_t below(uint32_t limit) { return (uint32_t)(next_random() >> 8) % limit; }
static float unit(void) { return (float)(next_random() >> 32) * 0x1p-24f; }

/* --- memory that ends at a guard page ---------------------------------------------------------- */

typedef struct guarded {
    void *map;
    size_t map_bytes;
    uint8_t *data; /* [size]; data[size + slack] cannot be touched */
} guarded;

static guarded guarded_open(size_t size, size_t slack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t pages = (size + slack + page - 1) / page * page;
    guarded g = { .map_bytes = pages + page };
    g.map = mmap(NULL, g.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED || mprotect((char *)g.map + pages, page, PROT_NONE) != 0) abort();
    g.data = (uint8_t *)g.map + pages - size - slack;
    return g;
}

static void guarded_close(guarded *g) { munmap(g->map, g->map_bytes); }

/* --- weights and activations ------------------------------------------------------------------- */

/* One block of random bytes whose numbers are finite and of ordinary size. */
static void random_block(uint8_t *block, const mn_format *format)
{
    float decoded[256];
    for (;;) {
        float largest = 0;
        bool finite = true;
        for (uint32_t i = 0; i < format->block_bytes; i++) block[i] = (uint8_t)next_random();
        if (format->type == MN_F32) { /* else magnitudes are too far apart for a test of sums */
            const float value = unit() - 0.5f;
            memcpy(block, &value, sizeof value);
        }
        format->decode(decoded, block, format->block);
        for (uint32_t i = 0; i < format->block; i++) {
            if (!isfinite(decoded[i])) finite = false;
            else if (fabsf(decoded[i]) > largest) largest = fabsf(decoded[i]);
        }
        if (finite && largest < 4 && (largest > 0x1p-6f || format->block == 1)) return;
    }
}

enum { POOL = 97 };

/* Ordinary blocks of a format, made once: finding them takes many tries. */
static const uint8_t *block_pool(const mn_format *format)
{
    static struct {
        const mn_format *format;
        uint8_t blocks[POOL * 256];
    } pools[32];
    size_t i = 0;
    while (pools[i].format && pools[i].format != format) i++;
    assert_true(i < 31 && format->block_bytes <= 256);
    if (!pools[i].format)
        for (size_t b = 0; b < POOL; b++)
            random_block(pools[i].blocks + b * format->block_bytes, format);
    pools[i].format = format;
    return pools[i].blocks;
}

typedef struct matrix {
    guarded memory;
    mn_linear linear;
} matrix;

static matrix matrix_open(const mn_format *format, uint32_t n, uint32_t n_rows, size_t slack)
{
    const size_t row_bytes = (size_t)n / format->block * format->block_bytes;
    matrix m = { .memory = guarded_open(row_bytes * n_rows, slack) };
    const uint8_t *pool = block_pool(format);
    for (size_t at = 0; at < row_bytes * n_rows; at += format->block_bytes)
        memcpy(m.memory.data + at, pool + below(POOL) * (size_t)format->block_bytes,
               format->block_bytes);
    mn_tensor tensor = { .name = "w", .format = format, .n_dims = 2, .shape = { n, n_rows, 1, 1 },
                         .data = m.memory.data, .size_bytes = row_bytes * n_rows };
    assert_int_equal(mn_linear_init(&m.linear, &tensor, 0, NULL), MN_OK);
    assert_int_equal(m.linear.row_bytes, row_bytes);
    return m;
}

static void matrix_close(matrix *m) { guarded_close(&m->memory); }

typedef struct inputs {
    guarded memory;
    mn_activations activations;
    float *x; /* [n_tokens, n] */
} inputs;

static inputs inputs_open(uint32_t n, uint32_t n_tokens, mn_cpu_bits cpu)
{
    inputs in = { .memory = guarded_open(mn_activations_bytes(n, n_tokens), 0) };
    memset(in.memory.data, 0xff, mn_activations_bytes(n, n_tokens));
    mn_activations_init(&in.activations, in.memory.data, n, n_tokens);
    in.x = malloc((size_t)n * n_tokens * sizeof *in.x);
    assert_non_null(in.x);
    for (size_t i = 0; i < (size_t)n * n_tokens; i++) {
        in.x[i] = (unit() - 0.5f) * (below(40) == 0 ? 8.0f : 1.0f);
        if (below(20) == 0) in.x[i] = 0;
    }
    if (n_tokens > 1) memset(in.x + n, 0, n * sizeof *in.x); /* a token of nothing but zeros */
    for (uint32_t t = 0; t < n_tokens; t++)
        mn_activations_set(&in.activations, t, in.x + (size_t)t * n, 3, cpu);
    return in;
}

static void inputs_close(inputs *in)
{
    guarded_close(&in->memory);
    free(in->x);
}

/* --- comparing --------------------------------------------------------------------------------- */

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

typedef struct output {
    guarded memory;
    float *y;
    size_t stride;
} output;

#define UNTOUCHED 1234567.0f

static output output_open(uint32_t n_tokens, uint32_t n_rows)
{
    output out = { .stride = n_rows };
    const size_t count = (size_t)n_tokens * n_rows;
    out.memory = guarded_open(count * sizeof(float), 0);
    out.y = (float *)(void *)out.memory.data;
    for (size_t i = 0; i < count; i++) out.y[i] = UNTOUCHED;
    return out;
}

static void run(output *out, const mn_linear *w, const mn_matmul_kernel *kernel, const inputs *in,
                mn_range tokens, mn_range rows, mn_role role)
{
    guarded scratch = guarded_open(mn_matmul_scratch_bytes(w->n, in->activations.max_tokens), 0);
    mn_linear linear = *w;
    linear.kernel = kernel;
    mn_matmul(out->y, out->stride, &linear, &in->activations, tokens, rows, role, scratch.data);
    guarded_close(&scratch);
}

static const mn_matmul_kernel *plain_kernel(const mn_format *format)
{
    return mn_matmul_kernel_at(format->unpack ? 0 : 1);
}

/* The rows and tokens of [0, n) in pieces: whole, or cut at random. */
static uint32_t next_cut(uint32_t begin, uint32_t end, bool whole)
{
    return whole ? end : begin + 1 + below(end - begin);
}

static void compare(const mn_matmul_kernel *kernel, const matrix *m, const inputs *in, bool whole)
{
    const uint32_t n_tokens = in->activations.max_tokens, n_rows = m->linear.n_rows;
    const mn_range all_tokens = { 0, n_tokens }, all_rows = { 0, n_rows };
    for (int role = MN_PROMPT; role <= MN_DECODE; role++) {
        output expected = output_open(n_tokens, n_rows), got = output_open(n_tokens, n_rows);
        run(&expected, &m->linear, plain_kernel(m->linear.format), in, all_tokens, all_rows, role);
        for (mn_range rows = { 0, 0 }; rows.begin < n_rows; rows.begin = rows.end) {
            rows.end = next_cut(rows.begin, n_rows, whole);
            for (mn_range tokens = { 0, 0 }; tokens.begin < n_tokens; tokens.begin = tokens.end) {
                tokens.end = next_cut(tokens.begin, n_tokens, whole);
                run(&got, &m->linear, kernel, in, tokens, rows, role);
            }
        }
        for (uint32_t t = 0; t < n_tokens; t++)
            for (uint32_t r = 0; r < n_rows; r++) {
                const size_t at = t * got.stride + r;
                if (same_float(expected.y[at], got.y[at])) continue;
                fail_msg("%s, %s, %s: n %u, token %u of %u, row %u of %u: %a, expected %a",
                         kernel->name, m->linear.format->name, role == MN_PROMPT ? "prompt" : "decode",
                         (unsigned)m->linear.n, (unsigned)t, (unsigned)n_tokens, (unsigned)r,
                         (unsigned)n_rows, (double)got.y[at], (double)expected.y[at]);
            }
        guarded_close(&expected.memory);
        guarded_close(&got.memory);
    }
}

/* Calls `check` for each kernel this CPU has that is not plain, with each format it takes. */
static void walk(void (*check)(const mn_matmul_kernel *kernel, const mn_format *format))
{
    const mn_cpu_bits cpu = mn_cpu_detect();
    for (size_t k = 0; mn_matmul_kernel_at(k); k++) {
        const mn_matmul_kernel *kernel = mn_matmul_kernel_at(k);
        if (!kernel->needs || (kernel->needs & ~cpu)) continue;
        for (size_t f = 0; mn_format_at(f); f++)
            if (mn_matmul_kernel_takes(kernel, mn_format_at(f), mn_format_at(f)->block * 32))
                check(kernel, mn_format_at(f));
    }
}

static void check_shape(const mn_matmul_kernel *kernel, const mn_format *format, uint32_t n,
                        uint32_t n_rows, uint32_t n_tokens, size_t slack, bool whole)
{
    if (!mn_matmul_kernel_takes(kernel, format, n)) return;
    matrix m = matrix_open(format, n, n_rows, slack);
    inputs in = inputs_open(n, n_tokens, below(2) ? mn_cpu_detect() : 0);
    compare(kernel, &m, &in, whole);
    inputs_close(&in);
    matrix_close(&m);
}

static void check_shapes(const mn_matmul_kernel *kernel, const mn_format *format)
{
    const uint32_t block = format->block;
    for (uint32_t blocks = 1; blocks <= (block == 1 ? 70 : block == 32 ? 18 : 4); blocks++)
        check_shape(kernel, format, blocks * block, 1 + below(40), 1 + below(9), 0, true);
    const uint32_t long_n = block == 1 ? 1111 : 2048 + 3 * block;
    check_shape(kernel, format, long_n, 21, 5, 0, true);
    check_shape(kernel, format, long_n, 35, 26, 0, false);
}

static void check_rows(const mn_matmul_kernel *kernel, const mn_format *format)
{
    const uint32_t n = format->block == 1 ? 100 : format->block == 32 ? 160 : 256;
    for (uint32_t rows = 1; rows <= 40; rows++)
        check_shape(kernel, format, n, rows, 1 + rows % 9, 0, true);
    check_shape(kernel, format, n, 300, 3, 0, false);
}

static void check_tokens(const mn_matmul_kernel *kernel, const mn_format *format)
{
    const uint32_t n = format->block == 1 ? 77 : format->block == 32 ? 192 : 256;
    for (uint32_t tokens = 1; tokens <= 9; tokens++)
        check_shape(kernel, format, n, 18, tokens, 0, tokens % 2);
    for (uint32_t tokens = 17; tokens <= 70; tokens += 1 + below(12))
        check_shape(kernel, format, n, 17 + below(20), tokens, 0, tokens % 2);
}

static void check_alignment(const mn_matmul_kernel *kernel, const mn_format *format)
{
    const uint32_t n = format->block == 1 ? 50 : format->block == 32 ? 128 : 256;
    for (size_t slack = 1; slack < 64; slack += 1 + below(7))
        check_shape(kernel, format, n, 5, 2, slack, true);
}

/* Blocks of any bytes: the lowest and highest numbers, scales that are infinite or NaN. */
static void check_hostile(const mn_matmul_kernel *kernel, const mn_format *format)
{
    const uint32_t n = format->block == 1 ? 64 : 2 * 256;
    for (int round = 0; round < 4; round++) {
        matrix m = matrix_open(format, n, 19, 0);
        const size_t size = m.linear.row_bytes * m.linear.n_rows;
        const size_t half_scale = format->block_bytes;
        for (size_t i = 0; i < size; i++) {
            const uint8_t extreme[] = { 0x80, 0x7f, 0x00, 0xff, 0x88, 0x81 };
            const bool keep_scale = round < 2 && i % half_scale < 2;
            if (round == 0 && !keep_scale) m.memory.data[i] = 0x80;
            if (round == 1 && !keep_scale) m.memory.data[i] = extreme[below(6)];
            if (round >= 2) m.memory.data[i] = (uint8_t)next_random();
        }
        inputs in = inputs_open(n, 6, 0);
        for (uint32_t i = 0; i < n; i++) { /* activations of one magnitude: q is 127 or -127 */
            in.x[i] = 0.5f;
            in.x[2 * n + i] = i % 2 ? 0.5f : -0.5f;
            in.x[3 * n + i] = -0.25f;
        }
        for (uint32_t t = 0; t < 4; t++)
            mn_activations_set(&in.activations, t, in.x + (size_t)t * n, 3, mn_cpu_detect());
        compare(kernel, &m, &in, true);
        inputs_close(&in);
        matrix_close(&m);
    }
}

static void test_shapes(void **state) { (void)state, walk(check_shapes); }
static void test_rows(void **state) { (void)state, walk(check_rows); }
static void test_tokens(void **state) { (void)state, walk(check_tokens); }
static void test_alignment(void **state) { (void)state, walk(check_alignment); }
static void test_hostile(void **state) { (void)state, walk(check_hostile); }

/* --- the plain rows ---------------------------------------------------------------------------- */

/* The error bound of int8 activations: half a step in each, and float roundings. */
static void check_plain(const mn_format *format, uint32_t n, uint32_t n_rows, uint32_t n_tokens)
{
    matrix m = matrix_open(format, n, n_rows, 0);
    inputs in = inputs_open(n, n_tokens, 0);
    output out[2] = { output_open(n_tokens, n_rows), output_open(n_tokens, n_rows) };
    const mn_range tokens = { 0, n_tokens }, rows = { 0, n_rows };
    for (int role = MN_PROMPT; role <= MN_DECODE; role++)
        run(&out[role], &m.linear, plain_kernel(format), &in, tokens, rows, role);
    float *w = malloc(n * sizeof *w);
    assert_non_null(w);
    for (uint32_t r = 0; r < n_rows; r++) {
        mn_linear_row(w, &m.linear, r);
        for (uint32_t t = 0; t < n_tokens; t++) {
            const float *x = in.x + (size_t)t * n;
            double sum = 0, size = 0, steps = 0;
            for (uint32_t i = 0; i < n; i++) {
                sum += (double)w[i] * x[i];
                size += fabs((double)w[i]) * fabs((double)x[i]);
                steps += fabs((double)w[i]) * mn_activations_block(&in.activations, t, i / 32)
                                                  ->scale[i / 16 % 2];
            }
            /* Offsets and integers may be larger than the weight they make up. */
            const double rounding = size * n * 0x1p-23 + 1e-30 + (format->affine ? 1e-4 * n : 0);
            for (int role = MN_PROMPT; role <= MN_DECODE; role++) {
                const double step = role == MN_DECODE ? 0.5 : 1.51 / 256; /* of the int8 scale */
                const double bound = rounding + (format->unpack ? step * steps : 0);
                const double got = out[role].y[t * out[role].stride + r];
                if (!(fabs(got - sum) <= bound))
                    fail_msg("%s role %d: n %u row %u token %u: %g, expected %g within %g",
                             format->name, role, (unsigned)n, (unsigned)r, (unsigned)t, got, sum, bound);
            }
        }
    }
    free(w);
    for (int role = MN_PROMPT; role <= MN_DECODE; role++) guarded_close(&out[role].memory);
    inputs_close(&in);
    matrix_close(&m);
}

static void test_plain_against_doubles(void **state)
{
    (void)state;
    for (size_t f = 0; mn_format_at(f); f++) {
        const mn_format *format = mn_format_at(f);
        const uint32_t block = format->block;
        for (uint32_t blocks = 1; blocks <= 5; blocks += 2)
            check_plain(format, blocks * block * (block == 1 ? 13 : 1), 7, 3);
        check_plain(format, block == 1 ? 999 : 2048, 3, 2);
    }
}

/* The sums themselves, where every step is exact: a wrong order or a lost group shows. */
static void test_plain_exact(void **state)
{
    (void)state;
    const mn_format *format = mn_format_by_type(MN_Q8_0);
    enum { N = 32 * 9, ROWS = 2 };
    matrix m = matrix_open(format, N, ROWS, 0);
    for (uint32_t r = 0; r < ROWS; r++)
        for (uint32_t b = 0; b < N / 32; b++) {
            uint8_t *block = m.memory.data + r * m.linear.row_bytes + b * 34;
            const uint16_t one = mn_f32_to_f16(1.0f);
            memcpy(block, &one, sizeof one);
            for (uint32_t i = 0; i < 32; i++) block[2 + i] = (uint8_t)(int8_t)(r ? -128 : (int)i - 16);
        }
    inputs in = inputs_open(N, 1, 0);
    double expected[ROWS] = { 0 };
    for (uint32_t i = 0; i < N; i++) {
        in.x[i] = i % 16 == 0 ? 127.0f : (float)((int)(i % 100) - 50); /* scale 1: q = x */
        expected[0] += ((int)(i % 32) - 16) * (double)in.x[i];
        expected[1] += -128 * (double)in.x[i];
    }
    mn_activations_set(&in.activations, 0, in.x, 2, 0);
    for (int role = MN_PROMPT; role <= MN_DECODE; role++) {
        output out = output_open(1, ROWS);
        run(&out, &m.linear, plain_kernel(format), &in, (mn_range){ 0, 1 }, (mn_range){ 0, ROWS }, role);
        for (int r = 0; r < ROWS; r++) assert_true(out.y[r] == expected[r]);
        guarded_close(&out.memory);
    }
    inputs_close(&in);
    matrix_close(&m);
}

/* --- activations ------------------------------------------------------------------------------- */

static void check_activations(uint32_t n, mn_cpu_bits cpu)
{
    enum { TOKENS = 6 };
    inputs in = inputs_open(n, TOKENS, cpu), plain = inputs_open(n, TOKENS, 0);
    float *x = in.x;
    x[0] = 0x1p-101f, x[n / 2] = -0x1p-149f; /* tiny and subnormal */
    x[n] = 0x1p-100f; /* the smallest that counts, in a token of zeros */
    if (n > 16) x[n + n - 1] = nextafterf(0x1p-100f, 0);
    x[2 * n + n - 1] = INFINITY, x[3 * n + n / 2] = NAN, x[4 * n] = 3e38f;
    for (uint32_t i = 0; i < n; i++) x[5 * n + i] = ldexpf(1.0f + unit(), -(int)below(110));
    for (uint32_t t = 0; t < TOKENS; t++) {
        mn_activations_set(&in.activations, t, x + (size_t)t * n, 3, cpu);
        mn_activations_set(&plain.activations, t, x + (size_t)t * n, 3, 0);
        const float *values = mn_activations_values(&in.activations, t);
        for (uint32_t i = 0; i < in.activations.n_blocks * 32; i++)
            assert_true(same_float(values[i], i < n ? x[(size_t)t * n + i] : 0.0f));
        for (uint32_t b = 0; b < in.activations.n_blocks; b++) {
            const mn_activation_block *got = mn_activations_block(&in.activations, t, b);
            const mn_activation_block *want = mn_activations_block(&plain.activations, t, b);
            assert_memory_equal(got->q, want->q, sizeof got->q);
            assert_memory_equal(got->low, want->low, sizeof got->low);
            assert_memory_equal(got->start, want->start, sizeof got->start);
            assert_memory_equal(got->fine_start, want->fine_start, sizeof got->fine_start);
            for (int half = 0; half < 2; half++) {
                assert_true(same_float(got->scale[half], want->scale[half]));
                assert_true(same_float(got->sum[half], want->sum[half]));
                assert_true(same_float(got->fine_scale[half], want->fine_scale[half]));
                assert_true(same_float(got->fine_sum[half], want->fine_sum[half]));
            }
            assert_true(same_float(got->fine_pair_sum, want->fine_pair_sum));
        }
    }
    inputs_close(&plain);
    inputs_close(&in);
}

static void test_activations(void **state)
{
    (void)state;
    mn_cpu_bits cpu = 0;
    for (unsigned level = 0; mn_cpu_level_name(level); level++)
        if (mn_cpu_level(&cpu, mn_cpu_level_name(level), NULL) == MN_OK)
            for (uint32_t n = 1; n < 200; n += 1 + below(9)) check_activations(n, cpu);
}

/* What a block promises, on the plain level. */
static void test_activation_values(void **state)
{
    (void)state;
    enum { N = 70 };
    inputs in = inputs_open(N, 3, 0);
    in.x[16] = INFINITY, in.x[40] = NAN;
    for (int i = 48; i < 64; i++) in.x[i] = 0x1p-101f;
    for (int i = 0; i < 16; i++) in.x[i] = (float)(i - 8) + 0.5f; /* halves round to even */
    in.x[3] = 127.0f;
    mn_activations_set(&in.activations, 0, in.x, 2, 0);
    const mn_activation_block *block = mn_activations_block(&in.activations, 0, 0);
    const int8_t even[16] = { -8, -6, -6, 127, -4, -2, -2, 0, 0, 2, 2, 4, 4, 6, 6, 8 };
    assert_memory_equal(block->q, even, sizeof even);
    assert_true(block->scale[0] == 1.0f && block->sum[0] == 131.0f && block->start[0] == -128 * 131);
    assert_true(isnan(block->scale[1]) && isnan(block->sum[1]) && isnan(block->fine_pair_sum));
    assert_int_equal(block->start[1], 0);
    block = mn_activations_block(&in.activations, 0, 1);
    assert_true(isnan(block->scale[0]) && block->scale[1] == 0 && block->sum[1] == 0);
    for (int i = 0; i < 32; i++) assert_int_equal(block->q[i], 0);
    block = mn_activations_block(&in.activations, 2, 2); /* 6 numbers, then padding */
    float largest = 0;
    for (int i = 64; i < N; i++) largest = fmaxf(largest, fabsf(in.x[2 * N + i]));
    assert_true(block->scale[0] == largest / 127 && block->scale[1] == 0);
    int32_t q_sum = 0, fine_sum = 0;
    assert_true(block->fine_scale[0] == block->scale[0] / 256);
    for (int i = 0; i < 32; i++) {
        const float x = 64 + i < N ? in.x[2 * N + 64 + i] : 0;
        const int32_t fine = 256 * block->q[i] + block->low[i];
        assert_true(block->low[i] >= -127);
        assert_true(fabs((double)x - (double)block->scale[0] * block->q[i]) <= 0.501 * block->scale[0]);
        assert_true(fabs((double)x - (double)block->fine_scale[0] * fine) <= 1.51 * block->fine_scale[0]);
        q_sum += block->q[i];
        fine_sum += fine;
    }
    assert_int_equal(block->start[0], -128 * q_sum);
    assert_true(block->sum[0] == block->scale[0] * (float)q_sum);
    assert_int_equal(block->fine_start[0], -128 * fine_sum);
    assert_true(block->fine_sum[0] == block->fine_scale[0] * (float)fine_sum);
    assert_true(block->fine_pair_sum == block->fine_sum[0] + block->fine_sum[1]);
    inputs_close(&in);
}

/* --- the list ---------------------------------------------------------------------------------- */

static void test_linear_init(void **state)
{
    (void)state;
    mn_error error;
    mn_linear linear;
    for (size_t f = 0; mn_format_at(f); f++) {
        const mn_format *format = mn_format_at(f);
        mn_tensor tensor = { .name = "blk.0.w", .format = format, .shape = { format->block * 3, 2, 5, 1 } };
        assert_int_equal(mn_linear_init(&linear, &tensor, 0, &error), MN_OK);
        assert_ptr_equal(linear.kernel, plain_kernel(format));
        assert_int_equal(linear.n_rows, 10);
        assert_int_equal(linear.activation, format->unpack ? MN_ACTIVATION_INT8 : MN_ACTIVATION_FLOAT);
        assert_int_equal(mn_linear_init(&linear, &tensor, mn_cpu_detect(), &error), MN_OK);
        assert_int_equal(linear.kernel->needs & ~mn_cpu_detect(), 0);
        assert_true(mn_matmul_kernel_takes(linear.kernel, format, linear.n));
        if (format->block == 1) continue;
        tensor.shape[0]++;
        assert_int_equal(mn_linear_init(&linear, &tensor, 0, &error), MN_BAD_FILE);
        assert_non_null(strstr(error.message, "blk.0.w"));
    }
    mn_tensor huge = { .name = "h", .format = mn_format_by_type(MN_F32), .shape = { 1ull << 32, 1, 1, 1 } };
    assert_int_equal(mn_linear_init(&linear, &huge, 0, &error), MN_BAD_FILE);
    huge.shape[0] = 1, huge.shape[1] = 1ull << 32;
    assert_int_equal(mn_linear_init(&linear, &huge, 0, &error), MN_BAD_FILE);
    huge.shape[1] = huge.shape[2] = 1ull << 31, huge.shape[3] = 1ull << 33; /* the product wraps to 0 */
    assert_int_equal(mn_linear_init(&linear, &huge, 0, &error), MN_BAD_FILE);
}

/* The promise of mn_scale_weights: groups 2b and 2b+1 of the others really share their numbers. */
static void test_scale_weights(void **state)
{
    (void)state;
    for (size_t f = 0; mn_format_at(f); f++) {
        const mn_format *format = mn_format_at(f);
        if (!format->unpack || mn_scale_weights(format) != 32) continue;
        for (int round = 0; round < 50; round++) {
            uint8_t block[512];
            int8_t q[256];
            float scale[16], offset[16] = { 0 };
            assert_true(format->block_bytes <= sizeof block);
            random_block(block, format);
            format->unpack(q, scale, offset, block, format->block);
            for (uint32_t g = 0; g < format->block / 16; g += 2) {
                assert_true(scale[g] == scale[g + 1]);
                if (format->affine) assert_true(offset[g] == offset[g + 1]);
            }
        }
    }
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(mn_activations_bytes(UINT32_MAX, UINT32_MAX), SIZE_MAX);
    assert_true(mn_activations_bytes(1, 1) >= 32 * 4 + 4 * 64);
    assert_int_equal(mn_activations_bytes(33, 5) % 64, 0);
    assert_int_equal(mn_matmul_scratch_bytes(4097, 3) % 64, 0);
    assert_true(mn_matmul_scratch_bytes(UINT32_MAX, UINT32_MAX) >= UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_against_doubles), cmocka_unit_test(test_plain_exact),
        cmocka_unit_test(test_activations),           cmocka_unit_test(test_activation_values),
        cmocka_unit_test(test_linear_init),           cmocka_unit_test(test_scale_weights),
        cmocka_unit_test(test_sizes),                 cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_rows),                  cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_alignment),             cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
