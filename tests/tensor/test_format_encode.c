/* SPDX-License-Identifier: Apache-2.0 */
/* Every format's encode: equal bytes where a reference exists, else a squared error no larger than
 * the reference encoder's; importance; input that is not finite; memory between guard pages. */
#include "tensor/format_fixture.h"

#include <math.h>

#define CHUNK 256 /* weights in one error of a fixture */
#define SPECIAL 6 /* the chunk of constants, ramps and outliers; those before look like weights */

static size_t bytes_for(const mn_format *f, size_t n)
{
    return n / f->block * f->block_bytes;
}

/* Encodes, decodes; `back` [n] gets the result. */
static void round_trip(float *back, const mn_format *f, const float *in, size_t n,
                       const float *importance)
{
    uint8_t *blocks = malloc(bytes_for(f, n));
    f->encode(blocks, in, n, importance);
    f->decode(back, blocks, n);
    free(blocks);
}

static double weighted_error(const float *a, const float *b, const float *w, size_t n)
{
    double error = 0;
    for (size_t i = 0; i < n; i++)
        error += (w ? (double)w[i] : 1.0) * ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return error;
}

static double energy_of(const float *in, size_t n)
{
    double energy = 0;
    for (size_t i = 0; i < n; i++) energy += (double)in[i] * in[i];
    return energy;
}

static void test_bytes(void **state)
{
    (void)state;
    size_t n, checked = 0;
    float *in = read_input(&n);
    for (size_t k = 0; mn_format_at(k); k++) {
        const mn_format *f = mn_format_at(k);
        fixture x = fixture_open(f);
        if (x.encoded_bytes) {
            assert_int_equal(x.encoded_bytes, bytes_for(f, n));
            uint8_t *blocks = malloc(x.encoded_bytes);
            f->encode(blocks, in, n, NULL);
            for (size_t i = 0; i < x.encoded_bytes; i++)
                if (blocks[i] != x.encoded[i])
                    fail_msg("%s: byte %zu is %02x, expected %02x", f->name, i, blocks[i],
                             x.encoded[i]);
            free(blocks);
            checked++;
        }
        fixture_close(&x);
    }
    assert_int_equal(checked, 9);
    free(in);
}

static void test_errors(void **state)
{
    (void)state;
    size_t n, checked = 0;
    float *in = read_input(&n), *back = malloc(n * sizeof *back);
    for (size_t k = 0; mn_format_at(k); k++) {
        const mn_format *f = mn_format_at(k);
        fixture x = fixture_open(f);
        checked += x.n_errors > 0;
        round_trip(back, f, in, n, NULL);
        for (size_t c = 0; c < x.n_errors; c++) {
            double limit;
            memcpy(&limit, x.errors + c * sizeof limit, sizeof limit);
            const double error = weighted_error(in + c * CHUNK, back + c * CHUNK, NULL, CHUNK);
            if (c == SPECIAL) limit += 1e-3 * energy_of(in + c * CHUNK, CHUNK);
            if (!(error <= limit * (1 + 1e-6)))
                fail_msg("%s: chunk %zu has error %g, the reference %g", f->name, c, error, limit);
        }
        fixture_close(&x);
    }
    assert_int_equal(checked, 8);
    free(in);
    free(back);
}

/* The error on the weight-like chunks against the reference's, as it was when the search was last
 * improved: a search that finds less is a loss to every model, though each single chunk may do
 * well. */
static void test_search(void **state)
{
    (void)state;
    static const struct {
        mn_type type;
        double most;
    } goals[] = {
        { MN_Q6_K, 0.8928 }, { MN_Q5_K, 0.92 },    { MN_Q4_K, 0.93 },    { MN_Q3_K, 0.913 },
        { MN_Q2_K, 0.761 },  { MN_IQ4_NL, 0.943 }, { MN_IQ4_XS, 0.946 }, { MN_MXFP4, 0.96 },
    };
    size_t n;
    float *in = read_input(&n), *back = malloc(n * sizeof *back);
    for (size_t k = 0; k < sizeof goals / sizeof *goals; k++) {
        const mn_format *f = mn_format_by_type(goals[k].type);
        fixture x = fixture_open(f);
        double ratio = 0;
        round_trip(back, f, in, SPECIAL * CHUNK, NULL);
        for (size_t c = 0; c < SPECIAL; c++) {
            double error;
            memcpy(&error, x.errors + c * sizeof error, sizeof error);
            ratio +=
                weighted_error(in + c * CHUNK, back + c * CHUNK, NULL, CHUNK) / error / SPECIAL;
        }
        if (!(ratio <= goals[k].most))
            fail_msg("%s: %.4f of the reference's error", f->name, ratio);
        fixture_close(&x);
    }
    free(in);
    free(back);
}

/* Weighting must pay: a clearly smaller weighted error than without, where there is a search. */
static void test_importance(void **state)
{
    (void)state;
    static const mn_type searching[] = { MN_Q4_0, MN_Q4_1, MN_Q5_0, MN_Q5_1,   MN_Q2_K,  MN_Q3_K,
                                         MN_Q4_K, MN_Q5_K, MN_Q6_K, MN_IQ4_NL, MN_IQ4_XS };
    size_t n;
    float *in = read_input(&n), *back = malloc(n * sizeof *back), *w = malloc(n * sizeof *w);
    n = 1536; /* those that look like weights */
    for (size_t i = 0; i < n; i++) w[i] = i * 7 % 16 == 0 ? 100.0f : i % 5 ? 0.5f : 0.0f;
    for (size_t k = 0; k < sizeof searching / sizeof *searching; k++) {
        const mn_format *f = mn_format_by_type(searching[k]);
        round_trip(back, f, in, n, NULL);
        const double without = weighted_error(in, back, w, n);
        round_trip(back, f, in, n, w);
        const double with = weighted_error(in, back, w, n);
        if (!(with < 0.9 * without))
            fail_msg("%s: %g with importance, %g without", f->name, with, without);
    }
    free(in);
    free(back);
    free(w);
}

/* Equal importances are none for a format that always searches, whatever their size. */
static void test_equal_importance(void **state)
{
    (void)state;
    static const mn_type searching[] = { MN_Q4_K, MN_Q6_K, MN_IQ4_NL, MN_IQ4_XS, MN_MXFP4 };
    static const float levels[] = { 1.0f, 3e38f, 1e-40f, 0.0f, -1.0f, NAN };
    size_t n;
    float *in = read_input(&n), *w = malloc(n * sizeof *w);
    for (size_t k = 0; k < sizeof searching / sizeof *searching; k++) {
        const mn_format *f = mn_format_by_type(searching[k]);
        uint8_t *plain = malloc(bytes_for(f, n)), *weighted = malloc(bytes_for(f, n));
        f->encode(plain, in, n, NULL);
        for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
            for (size_t i = 0; i < n; i++) w[i] = levels[l];
            f->encode(weighted, in, n, w);
            assert_memory_equal(plain, weighted, bytes_for(f, n));
        }
        free(plain);
        free(weighted);
    }
    free(in);
    free(w);
}

/* Encoding decoded blocks again loses next to nothing. */
static void test_again(void **state)
{
    (void)state;
    size_t n;
    float *in = read_input(&n), *once = malloc(n * sizeof *once),
          *twice = malloc(n * sizeof *twice);
    n = 1536;
    for (size_t k = 0; mn_format_at(k); k++) {
        const mn_format *f = mn_format_at(k);
        round_trip(once, f, in, n, NULL);
        round_trip(twice, f, once, n, NULL);
        const double first = weighted_error(in, once, NULL, n);
        const double second = weighted_error(once, twice, NULL, n);
        if (!(second <= 0.1 * first)) fail_msg("%s: %g, then %g", f->name, first, second);
    }
    free(in);
    free(once);
    free(twice);
}

/* Anything may come in. NaN and infinities never spread: what comes out is finite, and one bad
 * weight leaves other blocks alone. A scale that a half cannot hold is infinite where the
 * reference's is. */
static void test_not_finite(void **state)
{
    (void)state;
    static const float bad[] = {
        NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-45f, 1e9f, -1e-38f
    };
    size_t n;
    float *in = read_input(&n), back[512];
    for (size_t k = 0; mn_format_at(k); k++) {
        const mn_format *f = mn_format_at(k);
        if (f->block == 1) continue;
        fixture fixed = fixture_open(f);
        const bool searches = fixed.encoded_bytes == 0;
        fixture_close(&fixed);
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
            float x[512], importance[512], clean[512];
            memcpy(x, in, sizeof x);
            for (int i = 0; i < 512; i++) importance[i] = i % 3 ? bad[(b + 3) % 8] : 1.0f;
            round_trip(clean, f, x, 512, NULL);
            x[5] = bad[b];
            round_trip(back, f, x, 512, NULL);
            assert_memory_equal(back + 256, clean + 256, 256 * sizeof *back);
            for (int i = 0; i < 512; i++)
                if (searches || !isfinite(bad[b]) || fabsf(bad[b]) <= 65504.0f)
                    assert_true(isfinite(back[i]));
            round_trip(back, f, x, 512, importance);
            for (int i = 0; i < 512; i++) x[i] = bad[(b + (size_t)i) % 8];
            round_trip(back, f, x, 512, importance);
            for (int i = 0; i < 512; i++) x[i] = bad[b];
            round_trip(back, f, x, 512, NULL);
        }
    }
    free(in);
}

/* NaN counts as 0, an infinity in a format without a search as the largest half. */
static void test_replaced(void **state)
{
    (void)state;
    size_t n;
    float *in = read_input(&n), bad[256], good[256];
    uint8_t blocks[2][8 * 34];
    for (size_t k = 0; mn_format_at(k); k++) {
        const mn_format *f = mn_format_at(k);
        if (f->block == 1) continue;
        fixture fixed = fixture_open(f);
        for (int infinite = 0; infinite <= (fixed.encoded_bytes > 0); infinite++) {
            memcpy(bad, in, sizeof bad);
            memcpy(good, in, sizeof good);
            bad[7] = infinite ? -INFINITY : NAN;
            good[7] = infinite ? -65504.0f : 0.0f;
            f->encode(blocks[0], bad, 256, NULL);
            f->encode(blocks[1], good, 256, NULL);
            assert_memory_equal(blocks[0], blocks[1], bytes_for(f, 256));
        }
        fixture_close(&fixed);
    }
    free(in);
}

static void test_float_specials(void **state)
{
    (void)state;
    const float in[] = { NAN, INFINITY, -INFINITY, -0.0f, 1e-45f, 1.0f };
    static const mn_type types[] = { MN_F32, MN_F16, MN_BF16 };
    for (size_t k = 0; k < 3; k++) {
        float back[6];
        round_trip(back, mn_format_by_type(types[k]), in, 6, NULL);
        assert_true(isnan(back[0]) && back[1] == INFINITY && back[2] == -INFINITY);
        assert_true(back[3] == 0 && signbit(back[3]) && back[5] == 1.0f);
    }
}

/* Zeros stay exactly zero. */
static void test_zero(void **state)
{
    (void)state;
    static const float zeros[256];
    float back[256];
    for (size_t k = 0; mn_format_at(k); k++) {
        round_trip(back, mn_format_at(k), zeros, 256, NULL);
        for (int i = 0; i < 256; i++) assert_true(back[i] == 0);
    }
}

static void check_guarded(const mn_format *f, const float *in, size_t n, bool at_end, bool weighted)
{
    guarded x = guarded_open(n * sizeof *in, at_end), w = guarded_open(n * sizeof *in, at_end);
    guarded out = guarded_open(bytes_for(f, n), at_end);
    memcpy(x.bytes, in, n * sizeof *in);
    for (size_t i = 0; i < n; i++) ((float *)(void *)w.bytes)[i] = (float)(1 + i % 7);
    uint8_t *expected = malloc(bytes_for(f, n));
    f->encode(expected, in, n, weighted ? (const float *)(const void *)w.bytes : NULL);
    f->encode(out.bytes, (const float *)(const void *)x.bytes, n,
              weighted ? (const float *)(const void *)w.bytes : NULL);
    assert_memory_equal(out.bytes, expected, bytes_for(f, n)); /* every byte is written */
    assert_memory_equal(x.bytes, in, n * sizeof *in);
    free(expected);
    guarded_close(&x);
    guarded_close(&w);
    guarded_close(&out);
}

static void test_guarded(void **state)
{
    (void)state;
    size_t n;
    float *in = read_input(&n);
    for (size_t k = 0; mn_format_at(k); k++)
        for (int way = 0; way < 4; way++)
            check_guarded(mn_format_at(k), in, mn_format_at(k)->block * 3, way & 1, way & 2);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_errors),
        cmocka_unit_test(test_search),         cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_importance),     cmocka_unit_test(test_equal_importance),
        cmocka_unit_test(test_again),          cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_float_specials), cmocka_unit_test(test_zero),
        cmocka_unit_test(test_guarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
