/* SPDX-License-Identifier: Apache-2.0 */
/* Writing model files: what was written is read back, wrong use is refused, every call may fail. */
#include "test.h"

#include "file/faults.h"
#include "file/folder.h"
#include "file/gguf_part.h"
#include "file/small_model.h"
#include "file/touch.h"

/* --- what comes back -------------------------------------------------------------------------- */

static void check_metadata(const mn_gguf *file)
{
    mn_string s;
    uint64_t u;
    int64_t i;
    double f;
    bool b;
    assert_true(mn_gguf_string(file, "general.license", &s));
    assert_int_equal(s.length, 10);
    assert_memory_equal(s.data, "apache-2.0", 10);
    assert_true(mn_gguf_u64(file, "general.file_type", &u) && u == 0);
    assert_true(mn_gguf_f64(file, "llama.rope.freq_base", &f) && f == 10000);
    assert_true(mn_gguf_bool(file, "tokenizer.ggml.add_bos_token", &b) && b);
    const mn_gguf_entry *tokens = mn_gguf_find(file, "tokenizer.ggml.tokens");
    assert_int_equal(tokens->n, 4);
    assert_int_equal(tokens->strings[1].length, 0);
    assert_memory_equal(tokens->strings[2].data, "\0\n", 2);
    assert_true(mn_gguf_entry_f64(mn_gguf_find(file, "tokenizer.ggml.scores"), 2, &f) && f == 3.25);
    assert_true(mn_gguf_entry_i64(mn_gguf_find(file, "tokenizer.ggml.token_type"), 1, &i) && i == -3);
    assert_true(mn_gguf_entry_u64(mn_gguf_find(file, "test.u64"), 0, &u) && u == UINT64_MAX);
    assert_true(mn_gguf_entry_i64(mn_gguf_find(file, "test.i8"), 0, &i) && i == -128);
    assert_true(mn_gguf_entry_u64(mn_gguf_find(file, "test.u16"), 0, &u) && u == 65535);
    assert_true(mn_gguf_entry_f64(mn_gguf_find(file, "test.f64"), 0, &f) && f == 1e300);
    assert_int_equal(mn_gguf_find(file, "test.none")->n, 0);
    assert_string_equal(mn_gguf_entry_at(file, 0)->key, "general.architecture");
}

static void test_round_trip(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf *file;
    assert_ok(small_model_write(in_folder("small.gguf"), true, &error), error);
    assert_ok(mn_gguf_open(&file, in_folder("small.gguf"), &error), error);
    assert_int_equal(mn_gguf_version(file), 3);
    check_metadata(file);
    assert_int_equal(mn_gguf_n_tensors(file), N_SMALL_TENSORS);
    for (size_t t = 0; t < N_SMALL_TENSORS; t++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, t);
        const small_tensor *small = &small_tensors[t];
        assert_string_equal(tensor->name, small->name);
        assert_int_equal(tensor->format->type, small->type);
        assert_int_equal(tensor->n_dims, small->n_dims);
        assert_memory_equal(tensor->shape, small->shape, sizeof tensor->shape);
        assert_int_equal((uintptr_t)tensor->data % 32, 0);
        float row[256];
        tensor->format->decode(row, tensor->data, (size_t)tensor->shape[0]);
        for (uint64_t i = 0; i < tensor->shape[0]; i++)
            assert_float_equal(row[i], small_weight(t, i), 0.02);
    }
    mn_gguf_close(file);
}

/* Copied through our own reader and writer, a file comes out byte for byte. */
static void test_copy_is_equal(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf *file;
    mn_gguf_writer *w;
    static uint8_t a[20000], b[20000];
    assert_ok(small_model_write(in_folder("small.gguf"), true, &error), error);
    assert_ok(mn_gguf_open(&file, in_folder("small.gguf"), &error), error);
    assert_ok(mn_gguf_writer_open(&w, in_folder("copy.gguf"), true, &error), error);
    for (uint64_t i = 0; i < mn_gguf_n_entries(file); i++)
        assert_ok(mn_gguf_writer_copy_entry(w, mn_gguf_entry_at(file, i), &error), error);
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++)
        assert_ok(mn_gguf_writer_add_tensor(w, mn_gguf_tensor_at(file, i), &error), error);
    assert_int_equal(mn_gguf_writer_total_bytes(w), mn_gguf_file_bytes(file));
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, i);
        uint64_t half = tensor->size_bytes / 3;
        assert_ok(mn_gguf_writer_bytes(w, tensor->data, half, &error), error);
        assert_ok(mn_gguf_writer_bytes(w, tensor->data + half, tensor->size_bytes - half, &error), error);
    }
    assert_ok(mn_gguf_writer_finish(w, NULL, &error), error);
    assert_ok(mn_gguf_writer_commit(w, &error), error);
    mn_gguf_writer_close(w);
    mn_gguf_close(file);
    long size = get_file(in_folder("small.gguf"), a, sizeof a);
    assert_true(size > 4000 && size < (long)sizeof a);
    assert_int_equal(get_file(in_folder("copy.gguf"), b, sizeof b), size);
    assert_memory_equal(a, b, (size_t)size);
}

static void test_setting_again_and_removing(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf *file;
    mn_gguf_writer *w;
    uint64_t u;
    assert_ok(mn_gguf_writer_open(&w, in_folder("keys.gguf"), true, &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "a", 1, &error), error);
    assert_ok(mn_gguf_writer_set_string(w, "b", "two", &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "c", 3, &error), error);
    assert_ok(mn_gguf_writer_set_string(w, "a", "now a string", &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "a", 4, &error), error);
    mn_gguf_writer_remove(w, "b");
    mn_gguf_writer_remove(w, "not there");
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    mn_gguf_writer_remove(w, "a"); /* too late: it is written */
    assert_ok(mn_gguf_writer_finish(w, NULL, &error), error);
    assert_ok(mn_gguf_writer_commit(w, &error), error);
    mn_gguf_writer_close(w);
    assert_ok(mn_gguf_open(&file, in_folder("keys.gguf"), &error), error);
    assert_int_equal(mn_gguf_n_entries(file), 2);
    assert_string_equal(mn_gguf_entry_at(file, 0)->key, "a");
    assert_true(mn_gguf_u64(file, "a", &u) && u == 4);
    assert_string_equal(mn_gguf_entry_at(file, 1)->key, "c");
    mn_gguf_close(file);
}

static void test_other_alignment(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf *file;
    mn_gguf_writer *w;
    static const float numbers[4] = { 1, 2, 3, 4 };
    mn_tensor t = { .name = "t", .format = mn_format_by_type(MN_F32), .n_dims = 1,
                    .shape = { 2, 1, 1, 1 } };
    assert_ok(mn_gguf_writer_open(&w, in_folder("align.gguf"), true, &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "general.alignment", 4096, &error), error);
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    t.name = "u";
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    assert_ok(mn_gguf_writer_bytes(w, numbers, sizeof numbers, &error), error); /* both at once */
    assert_ok(mn_gguf_writer_finish(w, NULL, &error), error);
    assert_ok(mn_gguf_writer_commit(w, &error), error);
    mn_gguf_writer_close(w);
    assert_ok(mn_gguf_open(&file, in_folder("align.gguf"), &error), error);
    assert_int_equal(mn_gguf_file_bytes(file), 3 * 4096);
    float found[2];
    memcpy(found, mn_gguf_tensor(file, "u")->data, sizeof found);
    assert_true(found[0] == 3 && found[1] == 4);
    mn_gguf_close(file);
}

/* --- wrong use -------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf_writer *w;
    const mn_format *f32 = mn_format_by_type(MN_F32);
    mn_tensor good = { .name = "t", .format = f32, .n_dims = 2, .shape = { 4, 2, 1, 1 } }, bad;
    unlink(in_folder("bad.gguf"));
    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), false, &error), error);
    assert_int_equal(mn_gguf_writer_bytes(w, "", 0, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_finish(w, NULL, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_commit(w, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_set_u32(w, "", 1, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_set_array(w, "k", MN_GGUF_STRING, "", 1, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_set_array(w, "k", MN_GGUF_U8, "", 1ull << 31, &error), MN_USAGE);
    char *key = calloc(MN_GGUF_MAX_KEY + 2, 1);
    memset(key, 'k', MN_GGUF_MAX_KEY + 1);
    assert_int_equal(mn_gguf_writer_set_u32(w, key, 1, &error), MN_USAGE);
    free(key);
    bad = good, bad.n_dims = 5;
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);
    bad = good, bad.n_dims = 0;
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);
    bad = good, bad.shape[1] = 0;
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);
    bad = good, bad.shape[2] = 2;
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);
    bad = good, bad.format = mn_format_by_type(MN_Q8_0);
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);
    bad = good, bad.name = "";
    assert_int_equal(mn_gguf_writer_add_tensor(w, &bad, &error), MN_USAGE);

    assert_ok(mn_gguf_writer_add_tensor(w, &good, &error), error);
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    assert_int_equal(mn_gguf_writer_begin(w, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_add_tensor(w, &good, &error), MN_USAGE);
    assert_int_equal(mn_gguf_writer_set_u32(w, "late", 1, &error), MN_USAGE);
    assert_ok(mn_gguf_writer_bytes(w, "1234567", 7, &error), error);
    assert_int_equal(mn_gguf_writer_finish(w, NULL, &error), MN_USAGE);
    assert_non_null(strstr(error.message, "'t'"));
    uint8_t rest[32] = { 0 };
    assert_int_equal(mn_gguf_writer_bytes(w, rest, 26, &error), MN_USAGE);
    mn_gguf_writer_close(w);
    assert_int_equal(access(in_folder("bad.gguf"), F_OK), -1);
    assert_int_equal(folder_count(".tmp", false), 0);
    mn_gguf_writer_close(NULL);
}

static void test_refused_at_begin(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf_writer *w;
    mn_tensor t = { .name = "t", .format = mn_format_by_type(MN_F32), .n_dims = 2,
                    .shape = { 4, 2, 1, 1 } };
    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), true, &error), error);
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_int_equal(mn_gguf_writer_begin(w, &error), MN_USAGE);
    assert_non_null(strstr(error.message, "twice"));
    mn_gguf_writer_close(w);

    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), true, &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "general.alignment", 3, &error), error);
    assert_int_equal(mn_gguf_writer_begin(w, &error), MN_USAGE);
    mn_gguf_writer_close(w);

    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), true, &error), error);
    t.shape[1] = 1ull << 54;
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_int_equal(mn_gguf_writer_begin(w, &error), MN_IO);
    assert_non_null(strstr(error.message, "free"));
    t.shape[1] = 1ull << 59;
    t.name = "u";
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_int_equal(mn_gguf_writer_total_bytes(w), UINT64_MAX);
    assert_int_equal(mn_gguf_writer_begin(w, &error), MN_USAGE);
    mn_gguf_writer_close(w);
    assert_int_equal(folder_count(".tmp", false), 0);
}

static void test_entry_limit(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf_writer *w;
    char key[20];
    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), true, &error), error);
    for (uint32_t i = 0; i < MN_GGUF_MAX_ENTRIES; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_ok(mn_gguf_writer_set_u32(w, key, i, &error), error);
    }
    assert_int_equal(mn_gguf_writer_set_u32(w, "one more", 1, &error), MN_USAGE);
    assert_ok(mn_gguf_writer_set_u32(w, "k0", 1, &error), error); /* replacing is no more */
    mn_gguf_writer_close(w);
}

static void test_tensor_limit(void **state)
{
    (void)state;
    mn_error error;
    mn_gguf_writer *w;
    char name[20];
    mn_tensor t = { .name = name, .format = mn_format_by_type(MN_F32), .n_dims = 1,
                    .shape = { 1, 1, 1, 1 } };
    assert_ok(mn_gguf_writer_open(&w, in_folder("bad.gguf"), true, &error), error);
    for (uint32_t i = 0; i < MN_GGUF_MAX_TENSORS; i++) {
        snprintf(name, sizeof name, "t%u", i);
        assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    }
    snprintf(name, sizeof name, "one more");
    assert_int_equal(mn_gguf_writer_add_tensor(w, &t, &error), MN_USAGE);
    mn_gguf_writer_close(w);
}

/* --- faults ----------------------------------------------------------------------------------- */

static uint8_t whole[20000];
static long whole_size;
static bool had_old;

static mn_status write_scenario(mn_error *error)
{
    return small_model_write(in_folder("fault.gguf"), had_old, error);
}

static void check_target(mn_status status)
{
    static uint8_t found[20000];
    mn_error error;
    long size = get_file(in_folder("fault.gguf"), found, sizeof found);
    bool is_new = size == whole_size && !memcmp(found, whole, (size_t)size);
    bool is_old = had_old ? size == 3 && !memcmp(found, "old", 3) : size < 0;
    assert_true(is_new || is_old);
    if (!status) assert_true(is_new);
    assert_ok(small_model_write(in_folder("next.gguf"), true, &error), error);
    assert_int_equal(folder_count(".tmp", false), 0);
    if (had_old) put_file(in_folder("fault.gguf"), "old", 3);
    else unlink(in_folder("fault.gguf"));
}

static void test_write_faults(void **state)
{
    (void)state;
    mn_error error;
    assert_ok(small_model_write(in_folder("whole.gguf"), true, &error), error);
    whole_size = get_file(in_folder("whole.gguf"), whole, sizeof whole);
    for (int old = 0; old < 2; old++) {
        had_old = old;
        if (old) put_file(in_folder("fault.gguf"), "old", 3);
        assert_true(for_each_file_fault(write_scenario, check_target) > 60);
        assert_true(for_each_memory_fault(write_scenario, check_target) > 60);
    }
}

static mn_status read_scenario(mn_error *error)
{
    mn_gguf *file;
    mn_status status = mn_gguf_open(&file, in_folder("whole.gguf"), error);
    if (!status) touch_file(file);
    mn_gguf_close(file);
    return status;
}

static void no_check(mn_status status)
{
    (void)status;
}

static void test_read_faults(void **state)
{
    (void)state;
    mn_error error;
    assert_ok(small_model_write(in_folder("whole.gguf"), true, &error), error);
    assert_true(for_each_file_fault(read_scenario, no_check) > 20);
    assert_true(for_each_memory_fault(read_scenario, no_check) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_copy_is_equal),
        cmocka_unit_test(test_setting_again_and_removing),
        cmocka_unit_test(test_other_alignment),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_at_begin),
        cmocka_unit_test(test_entry_limit),
        cmocka_unit_test(test_tensor_limit),
        cmocka_unit_test(test_write_faults),
        cmocka_unit_test(test_read_faults),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
