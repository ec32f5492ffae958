/* SPDX-License-Identifier: Apache-2.0 */
/* The table of number formats, the sizes of rows and tensors, and the 16-bit floats. */
#include "test.h"

#include "tensor/format.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void test_table(void **state)
{
    (void)state;
    size_t count = 0;
    for (const mn_format *f; (f = mn_format_at(count)); count++) {
        assert_ptr_equal(mn_format_by_type(f->type), f);
        assert_ptr_equal(mn_format_by_name(f->name), f);
        assert_true(f->block == 1 || f->block == 32 || f->block == 256);
        assert_float_equal(f->bits_per_weight, 8.0f * (float)f->block_bytes / (float)f->block, 0);
        assert_non_null(f->decode);
        assert_non_null(f->encode);
        assert_int_equal(f->unpack != NULL, f->block > 1);
        for (size_t i = 0; i < count; i++) {
            assert_int_not_equal(mn_format_at(i)->type, f->type);
            assert_int_not_equal(mn_format_at(i)->file_type, f->file_type);
        }
    }
    assert_int_equal(count, 18);
    assert_null(mn_format_at(count));
    assert_null(mn_format_at(SIZE_MAX));
}

static void test_lookup(void **state)
{
    (void)state;
    assert_int_equal(mn_format_by_name("Q4_K")->type, MN_Q4_K);
    assert_int_equal(mn_format_by_name("q4_k")->type, MN_Q4_K);
    assert_int_equal(mn_format_by_name("Bf16")->type, MN_BF16);
    assert_null(mn_format_by_name(""));
    assert_null(mn_format_by_name("q4_k_m"));
    assert_null(mn_format_by_name("q4_"));
    assert_null(mn_format_by_type(4)); /* a removed type */
    assert_null(mn_format_by_type(UINT32_MAX));
}

static void test_sizes(void **state)
{
    (void)state;
    const mn_format *f32 = mn_format_by_type(MN_F32), *q4_k = mn_format_by_type(MN_Q4_K);
    uint64_t size = 7;
    assert_true(mn_format_row_bytes(&size, q4_k, 512));
    assert_int_equal(size, 288);
    assert_true(mn_format_row_bytes(&size, q4_k, 0));
    assert_int_equal(size, 0);
    assert_false(mn_format_row_bytes(&size, q4_k, 255));
    assert_false(mn_format_row_bytes(&size, q4_k, 257));
    assert_true(mn_format_row_bytes(&size, f32, UINT64_MAX / 4));
    assert_true(size == UINT64_MAX - 3);
    assert_false(mn_format_row_bytes(&size, f32, UINT64_MAX / 4 + 1));

    assert_true(mn_format_tensor_bytes(&size, q4_k, (uint64_t[4]){ 256, 3, 5, 7 }));
    assert_int_equal(size, 144 * 105);
    assert_false(mn_format_tensor_bytes(&size, q4_k, (uint64_t[4]){ 32, 8, 1, 1 }));
    const uint64_t big = (uint64_t)1 << 31;
    assert_true(mn_format_tensor_bytes(&size, f32, (uint64_t[4]){ big, big / 2, 1, 1 }) &&
                size == (uint64_t)1 << 63);
    assert_false(mn_format_tensor_bytes(&size, f32, (uint64_t[4]){ big, big, 1, 1 }));
    assert_false(mn_format_tensor_bytes(&size, f32, (uint64_t[4]){ 1, big, big, 4 }));
    assert_false(mn_format_tensor_bytes(&size, f32, (uint64_t[4]){ 1, 1, big * 2, big * 2 }));
}

/* From the definition in IEEE 754, with exact double arithmetic. */
static double half_value(unsigned half)
{
    const int exponent = half >> 10 & 31, mantissa = half & 1023;
    const double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 0) return sign * ldexp(mantissa, -24);
    return sign * ldexp(1024 + mantissa, exponent - 25);
}

static void test_every_half(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 65536; half++) {
        const float value = mn_f16_to_f32((uint16_t)half);
        const unsigned mantissa = half & 1023;
        if ((half & 0x7c00) != 0x7c00) {
            assert_true(value == half_value(half) && !signbit(value) == !(half & 0x8000));
        } else if (mantissa == 0) {
            assert_true(isinf(value) && !signbit(value) == !(half & 0x8000));
        } else {
            assert_true(isnan(value));
            assert_true((mn_f32_to_f16(value) & 0x7e00) == 0x7e00); /* a quiet NaN again */
            continue;
        }
        assert_int_equal(mn_f32_to_f16(value), half);
    }
}

/* Between two neighbouring halves the middle goes to the even one, all else to the nearer. */
static void test_half_rounding(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 0x7c00; half++) {
        const double low = half_value(half), high = half == 0x7bff ? 65536 : half_value(half + 1);
        const float middle = (float)((low + high) / 2);
        const unsigned even = half & 1 ? half + 1 : half;
        assert_true(middle == (low + high) / 2); /* a float holds it */
        assert_int_equal(mn_f32_to_f16(middle), even);
        assert_int_equal(mn_f32_to_f16(-middle), even | 0x8000);
        assert_int_equal(mn_f32_to_f16(nextafterf(middle, 0)), half);
        assert_int_equal(mn_f32_to_f16(nextafterf(middle, INFINITY)), half + 1);
        assert_int_equal(mn_f32_to_f16(nextafterf((float)low, INFINITY)), half);
    }
    assert_int_equal(mn_f32_to_f16(65536.0f), 0x7c00);
    assert_int_equal(mn_f32_to_f16(3e38f), 0x7c00);
    assert_int_equal(mn_f32_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(mn_f32_to_f16(1e-45f), 0);
    assert_int_equal(mn_f32_to_f16(-1e-45f), 0x8000);
    for (int bit = 0; bit < 23; bit++) { /* a payload in low bits only must not become infinity */
        const unsigned half = mn_f32_to_f16(float_of(0x7f800000u | 1u << bit));
        assert_true((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0);
    }
}

static void test_bf16(void **state)
{
    (void)state;
    for (unsigned upper = 0; upper < 65536; upper++) {
        const float value = mn_bf16_to_f32((uint16_t)upper);
        assert_true(bits_of(value) == (uint32_t)upper << 16);
        if (isnan(value)) {
            assert_int_equal(mn_f32_to_bf16(value), upper | 0x40);
            assert_true(isnan(mn_bf16_to_f32(mn_f32_to_bf16(float_of((uint32_t)upper << 16 | 1)))));
            continue;
        }
        assert_int_equal(mn_f32_to_bf16(value), upper);
        if (isinf(value)) continue;
        const uint32_t base = (uint32_t)upper << 16; /* next is away from 0, up to infinity */
        assert_int_equal(mn_f32_to_bf16(float_of(base | 0x7fff)), upper);
        assert_int_equal(mn_f32_to_bf16(float_of(base | 0x8000)), upper + (upper & 1));
        assert_int_equal(mn_f32_to_bf16(float_of(base | 0x8001)), upper + 1);
    }
    assert_true(isnan(mn_bf16_to_f32(mn_f32_to_bf16(float_of(0x7f800001u)))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_half_rounding), cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
