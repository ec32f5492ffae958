/* SPDX-License-Identifier: Apache-2.0 */
/* Every format's decode and unpack against floats that the `gguf` package gave, hostile scales
 * included, in memory that ends at guard pages. */
#include "tensor/format_fixture.h"

#include <math.h>

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_floats(const mn_format *f, const float *got, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same_float(got[i], expected[i]))
            fail_msg("%s: weight %zu is %.9g, expected %.9g", f->name, i, got[i], expected[i]);
}

static void check_decode(const mn_format *f, const fixture *x, bool at_end)
{
    const size_t size = x->n / f->block * f->block_bytes;
    guarded blocks = guarded_open(size, at_end);
    guarded out = guarded_open(x->n * sizeof(float), at_end);
    memcpy(blocks.bytes, x->blocks, size);
    f->decode((float *)(void *)out.bytes, blocks.bytes, x->n);
    check_floats(f, (const float *)(const void *)out.bytes, x->decoded, x->n);
    assert_memory_equal(blocks.bytes, x->blocks, size);
    guarded_close(&blocks);
    guarded_close(&out);
}

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; mn_format_at(i); i++) {
        fixture x = fixture_open(mn_format_at(i));
        check_decode(mn_format_at(i), &x, true);
        check_decode(mn_format_at(i), &x, false);
        fixture_close(&x);
    }
}

/* A block decodes alike wherever it lies, also at an odd address; of no weights, nothing. */
static void test_decode_alone(void **state)
{
    (void)state;
    for (size_t i = 0; mn_format_at(i); i++) {
        const mn_format *f = mn_format_at(i);
        fixture x = fixture_open(f);
        float out[256] = { 42.0f };
        uint8_t moved[1 + 256];
        f->decode(out, x.blocks, 0);
        assert_true(out[0] == 42.0f);
        for (size_t b = 0; b < x.n / f->block; b++) {
            memcpy(moved + 1, x.blocks + b * f->block_bytes, f->block_bytes);
            f->decode(out, moved + 1, f->block);
            check_floats(f, out, x.decoded + b * f->block, f->block);
        }
        fixture_close(&x);
    }
}

static void check_unpack(const mn_format *f, const fixture *x, bool at_end)
{
    const size_t size = x->n / f->block * f->block_bytes, groups = x->n / MN_GROUP;
    guarded blocks = guarded_open(size, at_end), q = guarded_open(x->n, at_end);
    guarded scales = guarded_open(groups * sizeof(float), at_end);
    guarded offsets = guarded_open(groups * sizeof(float), at_end);
    const float *scale = (const float *)(const void *)scales.bytes;
    const float *offset = (const float *)(const void *)offsets.bytes;
    memcpy(blocks.bytes, x->blocks, size);
    f->unpack((int8_t *)q.bytes, (float *)(void *)scales.bytes,
              f->affine ? (float *)(void *)offsets.bytes : NULL, blocks.bytes, x->n);
    for (size_t i = 0; i < x->n; i++) {
        float value = scale[i / MN_GROUP] * (float)(int8_t)q.bytes[i];
        if (f->affine) value += offset[i / MN_GROUP];
        check_floats(f, &value, x->decoded + i, 1);
    }
    guarded_close(&blocks);
    guarded_close(&q);
    guarded_close(&scales);
    guarded_close(&offsets);
}

static void test_unpack(void **state)
{
    (void)state;
    for (size_t i = 0; mn_format_at(i); i++) {
        const mn_format *f = mn_format_at(i);
        if (!f->unpack) continue;
        fixture x = fixture_open(f);
        check_unpack(f, &x, true);
        check_unpack(f, &x, false);
        fixture_close(&x);
    }
}

/* The numbers that integer kernels rely on: within these bounds for any bytes at all. */
static void test_unpack_range(void **state)
{
    (void)state;
    static const struct {
        mn_type type;
        int low, high;
    } ranges[] = {
        { MN_Q4_0, -8, 7 },    { MN_Q4_1, 0, 15 },       { MN_Q5_0, -16, 15 },
        { MN_Q5_1, 0, 31 },    { MN_Q8_0, -128, 127 },   { MN_Q2_K, 0, 3 },
        { MN_Q3_K, -4, 3 },    { MN_Q4_K, 0, 15 },       { MN_Q5_K, 0, 31 },
        { MN_Q6_K, -32, 31 },  { MN_IQ4_NL, -127, 113 }, { MN_IQ4_XS, -127, 113 },
        { MN_MXFP4, -12, 12 }, { MN_TQ1_0, -1, 1 },      { MN_TQ2_0, -1, 2 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const mn_format *f = mn_format_by_type(ranges[i].type);
        int low = 127, high = -128;
        for (int seed = 0; seed < 256; seed++) {
            uint8_t block[256];
            int8_t q[256];
            float scale[16], offset[16];
            for (size_t k = 0; k < f->block_bytes; k++) block[k] = (uint8_t)(seed + (int)k * 37);
            f->unpack(q, scale, offset, block, f->block);
            for (size_t k = 0; k < f->block; k++) {
                low = q[k] < low ? q[k] : low;
                high = q[k] > high ? q[k] : high;
            }
        }
        if (low != ranges[i].low || high != ranges[i].high)
            fail_msg("%s: numbers from %d to %d", f->name, low, high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_alone),
        cmocka_unit_test(test_unpack),
        cmocka_unit_test(test_unpack_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
