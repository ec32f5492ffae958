/* SPDX-License-Identifier: Apache-2.0 */
/* Reading model files: values, limits, and every way in which a file can be wrong. */
#include "test.h"

#include "base/io.h"
#include "file/folder.h"
#include "file/gguf.h"
#include "file/gguf_part.h"
#include "file/memory_file.h"
#include "file/raw_gguf.h"
#include "file/touch.h"

static raw_gguf raw;

static mn_status open_raw(mn_gguf **file, mn_error *error)
{
    memory_file_set(raw.bytes, raw.size);
    mn_status status = mn_gguf_open(file, "model.gguf", error);
    mn_io_set(NULL);
    return status;
}

/* Closing must give the mapping back to the same table. */
static void close_raw(mn_gguf *file)
{
    memory_file_set(NULL, 0);
    mn_gguf_close(file);
    mn_io_set(NULL);
}

static void expect_ok_at(int line)
{
    mn_gguf *file;
    mn_error error;
    mn_status status = open_raw(&file, &error);
    if (status) fail_msg("line %d: refused: %s", line, error.message);
    touch_file(file);
    close_raw(file);
}

static void expect_bad_at(const char *words, int line)
{
    mn_gguf *file;
    mn_error error = { 0 };
    mn_status status = open_raw(&file, &error);
    if (!status) close_raw(file);
    if (status != MN_BAD_FILE || !strstr(error.message, words) || !strstr(error.message, "model.gguf"))
        fail_msg("line %d: expected '%s', found %d '%s'", line, words, status, error.message);
    assert_null(file);
}

#define expect_ok() expect_ok_at(__LINE__)
#define expect_bad(words) expect_bad_at(words, __LINE__)

/* --- header ----------------------------------------------------------------------------------- */

static void test_header(void **state)
{
    (void)state;
    raw.size = 0;
    expect_bad("GGUF");
    raw_bytes(&raw, "GGU", 3);
    expect_bad("GGUF");
    raw.size = 0;
    raw_bytes(&raw, "GGML\3\0\0\0", 8);
    expect_bad("GGUF");
    for (uint32_t version = 0; version < 6; version++) {
        raw_head(&raw, version, 0, 0);
        if (version == 2 || version == 3) expect_ok();
        else expect_bad(version == 1 ? "version 1" : "expected 2 or 3");
    }
    raw_head(&raw, 0x03000000, 0, 0);
    expect_bad("big-endian");
    raw_head(&raw, 3, 0, 0);
    raw.size--;
    expect_bad("header");
}

static void test_counts(void **state)
{
    (void)state;
    static const uint64_t huge[] = { UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, 1ull << 32 };
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        raw_head(&raw, 3, 0, huge[i]);
        expect_bad("metadata entries");
        raw_head(&raw, 3, huge[i], 0);
        expect_bad("tensors");
    }
    raw_head(&raw, 3, 0, 2);
    expect_bad("too many for 24 bytes");
    /* At the limit the count itself is no reason; one more is. */
    raw_head(&raw, 3, 0, MN_GGUF_MAX_ENTRIES);
    raw_data(&raw, 1, MN_GGUF_MAX_ENTRIES * 14 - 24);
    expect_bad("a metadata key");
    raw_head(&raw, 3, 0, MN_GGUF_MAX_ENTRIES + 1);
    raw_data(&raw, 1, MN_GGUF_MAX_ENTRIES * 14);
    expect_bad("at most 8192");
    raw_head(&raw, 3, MN_GGUF_MAX_TENSORS + 1, 0);
    expect_bad("at most 262144");
    raw_head(&raw, 3, MN_GGUF_MAX_TENSORS, 0);
    expect_bad("too many for");
}

/* --- entries ---------------------------------------------------------------------------------- */

static void test_values(void **state)
{
    (void)state;
    mn_gguf *file;
    mn_error error;
    raw_head(&raw, 2, 0, 10);
    raw_key(&raw, "u8", MN_GGUF_U8), raw_number(&raw, 200, 1);
    raw_key(&raw, "i8", MN_GGUF_I8), raw_number(&raw, 0xFF, 1);
    raw_key(&raw, "i16", MN_GGUF_I16), raw_number(&raw, 0x8000, 2);
    raw_key(&raw, "u64", MN_GGUF_U64), raw_u64(&raw, UINT64_MAX);
    raw_key(&raw, "i64", MN_GGUF_I64), raw_u64(&raw, (uint64_t)INT64_MIN);
    raw_key(&raw, "f32", MN_GGUF_F32), raw_u32(&raw, 0x3fc00000);
    raw_key(&raw, "f64", MN_GGUF_F64), raw_u64(&raw, 0xc004000000000000);
    raw_key(&raw, "yes", MN_GGUF_BOOL), raw_number(&raw, 1, 1);
    raw_key(&raw, "list", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_STRING), raw_u64(&raw, 2);
    raw_string(&raw, "one"), raw_string(&raw, "");
    raw_key(&raw, "i32", MN_GGUF_I32), raw_u32(&raw, 7);
    assert_ok(open_raw(&file, &error), error);

    uint64_t u = 5;
    int64_t i = 5;
    double f = 5;
    bool b = false;
    mn_string s = { "old", 3 };
    assert_true(mn_gguf_u64(file, "u8", &u) && u == 200);
    assert_true(mn_gguf_i64(file, "u8", &i) && i == 200);
    assert_true(mn_gguf_f64(file, "u8", &f) && f == 200);
    assert_true(mn_gguf_i64(file, "i8", &i) && i == -1);
    assert_false(mn_gguf_u64(file, "i8", &u));
    assert_int_equal(u, 200);
    assert_true(mn_gguf_u64(file, "i32", &u) && u == 7);
    assert_true(mn_gguf_f64(file, "i16", &f) && f == -32768);
    assert_true(mn_gguf_u64(file, "u64", &u) && u == UINT64_MAX);
    assert_false(mn_gguf_i64(file, "u64", &i));
    assert_int_equal(i, -1);
    assert_true(mn_gguf_i64(file, "i64", &i) && i == INT64_MIN);
    assert_true(mn_gguf_f64(file, "f32", &f) && f == 1.5);
    assert_true(mn_gguf_f64(file, "f64", &f) && f == -2.5);
    assert_false(mn_gguf_u64(file, "f32", &u));
    assert_true(mn_gguf_bool(file, "yes", &b) && b);
    assert_false(mn_gguf_bool(file, "u8", &b));
    assert_false(mn_gguf_u64(file, "yes", &u));
    assert_false(mn_gguf_f64(file, "yes", &f));
    assert_false(mn_gguf_string(file, "list", &s));
    assert_false(mn_gguf_string(file, "u8", &s));
    assert_false(mn_gguf_u64(file, "none", &u));
    assert_int_equal(s.length, 3);

    const mn_gguf_entry *list = mn_gguf_find(file, "list");
    assert_non_null(list);
    assert_int_equal(list->n, 2);
    assert_int_equal(list->element_type, MN_GGUF_STRING);
    assert_int_equal(list->strings[0].length, 3);
    assert_memory_equal(list->strings[0].data, "one", 3);
    assert_int_equal(list->strings[1].length, 0);
    assert_false(mn_gguf_entry_u64(list, 0, &u));
    assert_false(mn_gguf_entry_u64(mn_gguf_find(file, "u8"), 1, &u));
    assert_false(mn_gguf_entry_i64(mn_gguf_find(file, "u8"), 1, &i));
    assert_false(mn_gguf_entry_f64(mn_gguf_find(file, "u8"), UINT64_MAX, &f));
    assert_null(mn_gguf_find(file, "lis"));
    assert_null(mn_gguf_entry_at(file, 10));
    assert_null(mn_gguf_tensor_at(file, 0));
    assert_null(mn_gguf_tensor(file, "list"));
    assert_int_equal(mn_gguf_version(file), 2);
    assert_int_equal(mn_gguf_n_parts(file), 1);
    assert_string_equal(mn_gguf_part_path(file, 0), "model.gguf");
    assert_null(mn_gguf_part_path(file, 1));
    close_raw(file);
}

/* A string array is no single string, nor is an array of one number a number. */
static void test_array_is_no_single_value(void **state)
{
    (void)state;
    mn_gguf *file;
    mn_error error;
    uint64_t u;
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "a", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_U8), raw_u64(&raw, 1);
    raw_number(&raw, 7, 1);
    assert_ok(open_raw(&file, &error), error);
    assert_false(mn_gguf_u64(file, "a", &u));
    assert_true(mn_gguf_entry_u64(mn_gguf_find(file, "a"), 0, &u));
    assert_int_equal(u, 7);
    close_raw(file);
}

static void test_keys(void **state)
{
    (void)state;
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "", MN_GGUF_U8), raw_number(&raw, 1, 1);
    raw_data(&raw, 1, 20);
    expect_bad("0 bytes");
    raw_head(&raw, 3, 0, 1);
    raw_u64(&raw, 3), raw_bytes(&raw, "a\0b", 3), raw_u32(&raw, MN_GGUF_U8), raw_number(&raw, 1, 1);
    expect_bad("zero byte");
    raw_head(&raw, 3, 0, 2);
    raw_key(&raw, "same", MN_GGUF_U8), raw_number(&raw, 1, 1);
    raw_key(&raw, "same", MN_GGUF_U32), raw_u32(&raw, 1);
    expect_bad("twice");
    for (size_t length = MN_GGUF_MAX_KEY; length <= MN_GGUF_MAX_KEY + 1; length++) {
        raw_head(&raw, 3, 0, 1);
        raw_u64(&raw, length);
        for (size_t i = 0; i < length; i++) raw_number(&raw, 'k', 1);
        raw_u32(&raw, MN_GGUF_U8), raw_number(&raw, 1, 1);
        if (length <= MN_GGUF_MAX_KEY) expect_ok();
        else expect_bad("65536 bytes");
    }
    raw_head(&raw, 3, 0, 1);
    raw_u64(&raw, UINT64_MAX), raw_data(&raw, 1, 20);
    expect_bad("file ends");
}

static void test_entry_types(void **state)
{
    (void)state;
    static const uint32_t unknown[] = { 13, 255, UINT32_MAX };
    for (size_t i = 0; i < 3; i++) {
        raw_head(&raw, 3, 0, 1);
        raw_key(&raw, "k", unknown[i]), raw_u64(&raw, 0);
        expect_bad("unknown type");
        raw_head(&raw, 3, 0, 1);
        raw_key(&raw, "k", MN_GGUF_ARRAY), raw_u32(&raw, unknown[i]), raw_u64(&raw, 0);
        expect_bad("unknown type");
    }
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "k", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_ARRAY), raw_u64(&raw, 1);
    raw_u32(&raw, MN_GGUF_U8), raw_u64(&raw, 0);
    expect_bad("array of arrays");
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "k", MN_GGUF_BOOL), raw_number(&raw, 2, 1);
    expect_bad("bool 2");
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "k", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_BOOL), raw_u64(&raw, 2);
    raw_number(&raw, 0xFF01, 2);
    expect_bad("bool 255");
}

static void test_lengths(void **state)
{
    (void)state;
    static const uint64_t huge[] = { 100, 1ull << 31, UINT64_MAX, UINT64_MAX - 7, 1ull << 61 };
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        raw_head(&raw, 3, 0, 1);
        raw_key(&raw, "k", MN_GGUF_STRING), raw_u64(&raw, huge[i]), raw_u64(&raw, 0);
        expect_bad("file ends");
        for (uint32_t type = 0; type <= MN_GGUF_F64; type++) {
            if (type == MN_GGUF_ARRAY) continue;
            raw_head(&raw, 3, 0, 1);
            raw_key(&raw, "k", MN_GGUF_ARRAY), raw_u32(&raw, type), raw_u64(&raw, huge[i]);
            raw_u64(&raw, 0);
            expect_bad(huge[i] > MN_GGUF_MAX_ELEMENTS ? "elements, at most" : "file ends");
        }
    }
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "k", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_U8);
    raw_u64(&raw, MN_GGUF_MAX_ELEMENTS);
    expect_bad("file ends");
}

static void test_alignment(void **state)
{
    (void)state;
    static const uint32_t wrong[] = { 0, 1, 4, 7, 24, 33, (1u << 20) + 1, 1u << 21, 1u << 31,
                                      UINT32_MAX };
    static const uint32_t right[] = { 8, 16, 32, 64, 4096 };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        raw_head(&raw, 3, 0, 1);
        raw_key(&raw, "general.alignment", MN_GGUF_U32), raw_u32(&raw, wrong[i]);
        expect_bad("power of two");
    }
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        raw_head(&raw, 3, 2, 1);
        raw_key(&raw, "general.alignment", MN_GGUF_U32), raw_u32(&raw, right[i]);
        raw_tensor(&raw, "a", 2, 1, MN_F32, 0);
        raw_tensor(&raw, "b", 2, 1, MN_F32, right[i]);
        raw_data(&raw, right[i], right[i] + 8);
        expect_ok();
    }
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "general.alignment", MN_GGUF_U64), raw_u64(&raw, 32);
    expect_bad("expected u32");
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "general.alignment", MN_GGUF_STRING), raw_string(&raw, "32");
    expect_bad("expected u32");
}

/* --- tensors ---------------------------------------------------------------------------------- */

static void test_tensor(void **state)
{
    (void)state;
    mn_gguf *file;
    mn_error error;
    raw_head(&raw, 3, 2, 0);
    raw_tensor(&raw, "first", 32, 2, MN_Q8_0, 0);
    raw_tensor(&raw, "second", 3, 1, MN_F32, 96);
    raw_data(&raw, 32, 96 + 12);
    assert_ok(open_raw(&file, &error), error);
    const mn_tensor *first = mn_gguf_tensor(file, "first"), *second = mn_gguf_tensor(file, "second");
    assert_int_equal(mn_gguf_n_tensors(file), 2);
    assert_int_equal(first->size_bytes, 68);
    assert_int_equal(first->n_dims, 2);
    assert_int_equal(first->shape[0], 32);
    assert_int_equal(first->shape[1], 2);
    assert_int_equal(first->shape[2], 1);
    assert_int_equal(first->shape[3], 1);
    assert_string_equal(first->format->name, "q8_0");
    assert_int_equal(second->data - first->data, 96);
    assert_null(mn_gguf_tensor(file, "third"));
    close_raw(file);
}

static void one_tensor(const char *name, uint64_t n, uint64_t rows, uint32_t type, uint64_t offset)
{
    raw_head(&raw, 3, 1, 0);
    raw_tensor(&raw, name, n, rows, type, offset);
    raw_data(&raw, 32, 256);
}

static void test_tensor_shapes(void **state)
{
    (void)state;
    one_tensor("t", 0, 4, MN_F32, 0), expect_bad("dimension 0 is 0");
    one_tensor("t", 4, 0, MN_F32, 0), expect_bad("dimension 1 is 0");
    one_tensor("t", 8, 8, MN_F32, 0), expect_ok();
    one_tensor("t", 8, 9, MN_F32, 0), expect_bad("cut short");
    one_tensor("t", 1ull << 62, 4, MN_F32, 0), expect_bad("impossibly large");
    one_tensor("t", 1ull << 32, 1ull << 32, MN_F32, 0), expect_bad("impossibly large");
    one_tensor("t", UINT64_MAX, 1, MN_F32, 0), expect_bad("impossibly large");
    one_tensor("t", 1ull << 62, 1, MN_F32, 0), expect_bad("impossibly large");
    one_tensor("t", (1ull << 62) + 1, 1, MN_F32, 0), expect_bad("impossibly large");
    one_tensor("t", 1ull << 61, 1, MN_F32, 0), expect_bad("cut short");
    one_tensor("t", 1ull << 63, 2, MN_Q8_0, 0), expect_bad("impossibly large");
    one_tensor("t", 31, 1, MN_Q8_0, 0), expect_bad("whole number");
    one_tensor("t", 128, 1, MN_Q4_K, 0), expect_bad("whole number");
    static const uint32_t dims[] = { 0, 5, 17, UINT32_MAX };
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        raw_head(&raw, 3, 1, 0);
        raw_string(&raw, "t"), raw_u32(&raw, dims[i]), raw_data(&raw, 1, 100);
        expect_bad("dimensions, 1 to 4");
    }
    for (uint32_t n_dims = 1; n_dims <= 4; n_dims++) {
        raw_head(&raw, 3, 1, 0);
        raw_string(&raw, "t"), raw_u32(&raw, n_dims);
        for (uint32_t d = 0; d < n_dims; d++) raw_u64(&raw, 2);
        raw_u32(&raw, MN_F32), raw_u64(&raw, 0), raw_data(&raw, 32, 64);
        expect_ok();
    }
}

static void test_tensor_names_and_types(void **state)
{
    (void)state;
    static const uint32_t unknown[] = { 4, 5, 9, 16, 31, 36, 41, 255, UINT32_MAX };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        char words[64];
        snprintf(words, sizeof words, "'t' is stored as type %u", unknown[i]);
        one_tensor("t", 256, 1, unknown[i], 0), expect_bad(words);
    }
    one_tensor("t", 256, 1, 16, 0), expect_bad("IQ2_XXS");
    one_tensor("", 1, 1, MN_F32, 0), expect_bad("0 bytes");
    char name[MN_GGUF_MAX_NAME + 2];
    memset(name, 'n', sizeof name);
    name[MN_GGUF_MAX_NAME + 1] = '\0';
    one_tensor(name, 1, 1, MN_F32, 0), expect_bad("256 bytes");
    name[MN_GGUF_MAX_NAME] = '\0';
    one_tensor(name, 1, 1, MN_F32, 0), expect_ok();
    raw_head(&raw, 3, 2, 0);
    raw_tensor(&raw, "t", 8, 1, MN_F32, 0), raw_tensor(&raw, "t", 8, 1, MN_F32, 32);
    raw_data(&raw, 32, 64);
    expect_bad("twice");
    /* What a terminal could act on never leaves in a message. */
    one_tensor("\x1b[2J", 0, 1, MN_F32, 0), expect_bad("\\x1B[2J");
}

static void two_tensors(uint64_t first, uint64_t second)
{
    raw_head(&raw, 3, 2, 0);
    raw_tensor(&raw, "a", 16, 1, MN_F32, first), raw_tensor(&raw, "b", 16, 1, MN_F32, second);
    raw_data(&raw, 32, 192);
}

static void test_offsets(void **state)
{
    (void)state;
    two_tensors(0, 64), expect_ok();
    two_tensors(64, 128), expect_ok(); /* room before a tensor does no harm */
    two_tensors(0, 32), expect_bad("inside or before 'a'");
    two_tensors(0, 0), expect_bad("inside or before 'a'");
    two_tensors(64, 0), expect_bad("inside or before 'a'");
    two_tensors(0, 65), expect_bad("no multiple of the alignment");
    two_tensors(0, 160), expect_bad("cut short");
    two_tensors(0, 192), expect_bad("cut short");
    two_tensors(0, 1ull << 40), expect_bad("cut short");
    two_tensors(0, UINT64_MAX - 31), expect_bad("cut short");
    two_tensors(UINT64_MAX - 31, 0), expect_bad("cut short");
    raw_head(&raw, 3, 1, 0);
    raw_tensor(&raw, "a", 16, 1, MN_F32, 0);
    expect_bad("padding");
}

/* --- size ------------------------------------------------------------------------------------- */

/* Every string of a large vocabulary is found in its place. */
static void test_large_vocabulary(void **state)
{
    (void)state;
    enum { N = 262144 };
    mn_gguf *file;
    mn_error error;
    size_t size = 24 + 8 + 6 + 4 + 12, at;
    uint8_t *bytes = calloc(size + N * 16, 1);
    raw_head(&raw, 3, 0, 1);
    raw_key(&raw, "tokens", MN_GGUF_ARRAY), raw_u32(&raw, MN_GGUF_STRING), raw_u64(&raw, N);
    assert_int_equal(raw.size, size);
    memcpy(bytes, raw.bytes, size);
    at = size;
    for (int i = 0; i < N; i++, at += 16) {
        bytes[at] = 8;
        memcpy(bytes + at + 8, &i, sizeof i);
    }
    memory_file_set(bytes, at);
    assert_ok(mn_gguf_open(&file, "model.gguf", &error), error);
    const mn_gguf_entry *entry = mn_gguf_find(file, "tokens");
    int last;
    memcpy(&last, entry->strings[N - 1].data, sizeof last);
    assert_int_equal(last, N - 1);
    mn_gguf_close(file);
    mn_io_set(NULL);
    free(bytes);
}

/* --- no file ---------------------------------------------------------------------------------- */

static void test_missing_file(void **state)
{
    (void)state;
    mn_gguf *file;
    mn_error error;
    assert_int_equal(mn_gguf_open(&file, in_folder("none.gguf"), &error), MN_IO);
    assert_null(file);
    assert_int_equal(mn_gguf_open(&file, folder_path, &error), MN_IO);
    assert_int_equal(mn_gguf_open(&file, folder_path, NULL), MN_IO);
    mn_gguf_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_array_is_no_single_value),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_entry_types),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_tensor),
        cmocka_unit_test(test_tensor_shapes),
        cmocka_unit_test(test_tensor_names_and_types),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_large_vocabulary),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
