/* SPDX-License-Identifier: Apache-2.0 */
/* Models in several files: any part opens all, and parts that do not belong together are refused. */
#include "test.h"

#include "file/faults.h"
#include "file/folder.h"
#include "file/gguf_write.h"
#include "file/touch.h"

typedef struct part_plan {
    const char *file, *tensor;
    uint32_t no, count, total;
} part_plan;

static void write_part(part_plan plan)
{
    mn_error error;
    mn_gguf_writer *w;
    float numbers[4] = { (float)plan.no, 1, 2, 3 };
    mn_tensor t = { .name = plan.tensor, .format = mn_format_by_type(MN_F32), .n_dims = 1,
                    .shape = { 4, 1, 1, 1 } };
    assert_ok(mn_gguf_writer_open(&w, in_folder(plan.file), true, &error), error);
    if (plan.no == 0)
        assert_ok(mn_gguf_writer_set_string(w, "general.architecture", "llama", &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "split.no", plan.no, &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "split.count", plan.count, &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "split.tensors.count", plan.total, &error), error);
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    assert_ok(mn_gguf_writer_bytes(w, numbers, sizeof numbers, &error), error);
    assert_ok(mn_gguf_writer_finish(w, NULL, &error), error);
    assert_ok(mn_gguf_writer_commit(w, &error), error);
    mn_gguf_writer_close(w);
}

static const part_plan good[] = {
    { "m-00001-of-00003.gguf", "a", 0, 3, 3 },
    { "m-00002-of-00003.gguf", "b", 1, 3, 3 },
    { "m-00003-of-00003.gguf", "c", 2, 3, 3 },
};

static void write_good(void)
{
    for (size_t i = 0; i < 3; i++) write_part(good[i]);
}

static void expect_bad(const char *file, const char *words, mn_status expected)
{
    mn_gguf *opened;
    mn_error error = { 0 };
    mn_status status = mn_gguf_open(&opened, in_folder(file), &error);
    if (status != expected || !strstr(error.message, words))
        fail_msg("%s: expected '%s', found %d '%s'", file, words, status, error.message);
    assert_null(opened);
}

static void test_any_part_opens_all(void **state)
{
    (void)state;
    mn_error error;
    write_good();
    for (size_t i = 0; i < 3; i++) {
        mn_gguf *file;
        mn_string s;
        assert_ok(mn_gguf_open(&file, in_folder(good[i].file), &error), error);
        assert_int_equal(mn_gguf_n_parts(file), 3);
        assert_int_equal(mn_gguf_n_tensors(file), 3);
        assert_true(mn_gguf_string(file, "general.architecture", &s));
        uint64_t bytes = 0;
        for (uint32_t p = 0; p < 3; p++) {
            float first;
            struct stat found;
            assert_string_equal(mn_gguf_tensor_at(file, p)->name, good[p].tensor);
            assert_string_equal(mn_gguf_part_path(file, p), in_folder(good[p].file));
            memcpy(&first, mn_gguf_tensor_at(file, p)->data, sizeof first);
            assert_true(first == (float)p);
            assert_int_equal(stat(in_folder(good[p].file), &found), 0);
            bytes += (uint64_t)found.st_size;
        }
        assert_int_equal(mn_gguf_file_bytes(file), bytes);
        touch_file(file);
        mn_gguf_close(file);
    }
}

static void test_wrong_parts(void **state)
{
    (void)state;
    write_good();
    unlink(in_folder(good[2].file));
    expect_bad(good[0].file, "00003-of-00003", MN_IO);
    write_part((part_plan){ good[2].file, "c", 1, 3, 3 });
    expect_bad(good[0].file, "part 2 of 3, expected part 3 of 3", MN_BAD_FILE);
    write_part((part_plan){ good[2].file, "c", 2, 4, 3 });
    expect_bad(good[0].file, "part 3 of 4, expected part 3 of 3", MN_BAD_FILE);
    expect_bad(good[2].file, "must end with", MN_BAD_FILE);
    write_part((part_plan){ good[2].file, "a", 2, 3, 3 });
    expect_bad(good[0].file, "twice", MN_BAD_FILE);
    put_file(in_folder(good[2].file), "GGUF", 4);
    expect_bad(good[1].file, "header", MN_BAD_FILE);
    write_good();
    write_part((part_plan){ good[0].file, "a", 0, 3, 4 });
    expect_bad(good[1].file, "3 tensors together, but the first says 4", MN_BAD_FILE);
}

static void test_wrong_names_and_numbers(void **state)
{
    (void)state;
    write_part((part_plan){ "other.gguf", "a", 0, 3, 3 });
    expect_bad("other.gguf", "must end with -00001-of-00003.gguf", MN_BAD_FILE);
    write_part((part_plan){ "-00001-of-00003.gguf", "a", 1, 3, 3 });
    expect_bad("-00001-of-00003.gguf", "-00002-of-00003.gguf", MN_BAD_FILE);
    write_part((part_plan){ "other.gguf", "a", 3, 3, 3 });
    expect_bad("other.gguf", "part 4 of 3", MN_BAD_FILE);
    write_part((part_plan){ "other.gguf", "a", 0, 1025, 3 });
    expect_bad("other.gguf", "at most 1024", MN_BAD_FILE);
    write_part((part_plan){ "other.gguf", "a", UINT32_MAX, UINT32_MAX, 3 });
    expect_bad("other.gguf", "at most 1024", MN_BAD_FILE);
}

/* A count of one (or none) is an ordinary file under any name. */
static void test_split_of_one(void **state)
{
    (void)state;
    mn_error error;
    for (uint32_t count = 0; count < 2; count++) {
        mn_gguf *file;
        write_part((part_plan){ "one.gguf", "a", 0, count, 1 });
        assert_ok(mn_gguf_open(&file, in_folder("one.gguf"), &error), error);
        assert_int_equal(mn_gguf_n_parts(file), 1);
        mn_gguf_close(file);
    }
}

static mn_status open_scenario(mn_error *error)
{
    mn_gguf *file;
    mn_status status = mn_gguf_open(&file, in_folder(good[1].file), error);
    if (!status) touch_file(file);
    mn_gguf_close(file);
    return status;
}

static void no_check(mn_status status)
{
    (void)status;
}

static void test_faults(void **state)
{
    (void)state;
    write_good();
    assert_true(for_each_file_fault(open_scenario, no_check) > 60);
    assert_true(for_each_memory_fault(open_scenario, no_check) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_part_opens_all),
        cmocka_unit_test(test_wrong_parts),
        cmocka_unit_test(test_wrong_names_and_numbers),
        cmocka_unit_test(test_split_of_one),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
