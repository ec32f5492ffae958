/* SPDX-License-Identifier: Apache-2.0 */
/* Quantizing a model file: the rule for each tensor, metadata, threads, refusals, faults, proof. */
#include "test.h"

#include "file/faults.h"
#include "file/folder.h"
#include "file/raw_gguf.h"
#include "file/small_model.h"
#include "file/touch.h"
#include "shrink/quantize.h"

#include <math.h>

static uint8_t bytes_a[20000], bytes_b[20000];

static mn_status quantize(const char *source, const char *target, const char *type, bool replace,
                          mn_quantize_result *result, mn_error *error)
{
    mn_quantize_options options = { .format = mn_format_by_name(type), .replace = replace };
    return mn_quantize(in_folder(source), in_folder(target), &options, result, error);
}

static int make_model(void **state)
{
    mn_error error;
    if (folder_make(state)) return -1;
    return small_model_write(in_folder("small.gguf"), false, &error) ? -1 : 0;
}

static mn_gguf *open_made(const char *name)
{
    mn_gguf *file;
    mn_error error;
    assert_ok(mn_gguf_open(&file, in_folder(name), &error), error);
    return file;
}

/* --- the rule --------------------------------------------------------------------------------- */

/* The formats of small_tensors, in their order, for each format asked for. */
static const struct {
    const char *asked;
    const char *found[N_SMALL_TENSORS];
    uint64_t n_converted, n_fallback, n_requantized;
} rules[] = {
    { "f32", { "f32", "f32", "f32", "f32", "f32", "f32", "f32", "f32" }, 3, 0, 0 },
    { "f16", { "f16", "f32", "f16", "f16", "f16", "f16", "f32", "f16" }, 5, 0, 0 },
    { "bf16", { "bf16", "f32", "bf16", "bf16", "bf16", "bf16", "f32", "bf16" }, 5, 0, 0 },
    { "q8_0", { "q8_0", "f32", "q8_0", "q8_0", "q8_0", "f16", "f32", "f16" }, 5, 2, 0 },
    { "q4_0", { "q4_0", "f32", "q4_0", "q4_0", "q4_0", "f16", "f32", "f16" }, 6, 2, 1 },
    { "q4_1", { "q4_1", "f32", "q4_1", "q4_1", "q4_1", "f16", "f32", "f16" }, 6, 2, 1 },
    { "q5_0", { "q5_0", "f32", "q5_0", "q5_0", "q5_0", "f16", "f32", "f16" }, 6, 2, 1 },
    { "q5_1", { "q5_1", "f32", "q5_1", "q5_1", "q5_1", "f16", "f32", "f16" }, 6, 2, 1 },
    { "q4_k", { "q5_0", "f32", "q5_0", "q5_0", "q4_k", "f16", "f32", "f16" }, 6, 5, 1 },
    { "q5_k", { "q5_1", "f32", "q5_1", "q5_1", "q5_k", "f16", "f32", "f16" }, 6, 5, 1 },
    { "q6_k", { "q8_0", "f32", "q8_0", "q8_0", "q6_k", "f16", "f32", "f16" }, 5, 5, 0 },
    { "iq4_nl", { "iq4_nl", "f32", "iq4_nl", "iq4_nl", "iq4_nl", "f16", "f32", "f16" }, 6, 2, 1 },
};

/* Every weight is near what the small model was made of: within the step of a 4-bit format. */
static void check_weights(const mn_gguf *file)
{
    for (size_t t = 0; t < N_SMALL_TENSORS; t++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, t);
        uint64_t n = tensor->shape[0], rows = mn_tensor_rows(tensor);
        float row[256];
        for (uint64_t r = 0; r < rows; r++) {
            tensor->format->decode(row, tensor->data + r * (tensor->size_bytes / rows), (size_t)n);
            for (uint64_t i = 0; i < n; i++)
                assert_true(fabsf(row[i] - small_weight(t, r * n + i)) < 0.5f);
        }
    }
}

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        mn_error error;
        mn_quantize_result result;
        assert_ok(quantize("small.gguf", "out.gguf", rules[i].asked, true, &result, &error), error);
        mn_gguf *file = open_made("out.gguf");
        assert_int_equal(mn_gguf_n_tensors(file), N_SMALL_TENSORS);
        for (size_t t = 0; t < N_SMALL_TENSORS; t++) {
            assert_string_equal(mn_gguf_tensor_at(file, t)->name, small_tensors[t].name);
            assert_string_equal(mn_gguf_tensor_at(file, t)->format->name, rules[i].found[t]);
        }
        check_weights(file);
        assert_int_equal(result.n_tensors, N_SMALL_TENSORS);
        assert_int_equal(result.n_converted, rules[i].n_converted);
        assert_int_equal(result.n_fallback, rules[i].n_fallback);
        assert_int_equal(result.n_requantized, rules[i].n_requantized);
        assert_int_equal(result.bytes, mn_gguf_file_bytes(file));
        mn_gguf_close(file);
    }
}

static void assert_string_value(const mn_gguf *file, const char *key, const char *expected)
{
    mn_string found;
    assert_true(mn_gguf_string(file, key, &found));
    assert_int_equal(found.length, strlen(expected));
    assert_memory_equal(found.data, expected, found.length);
}

static void test_metadata(void **state)
{
    (void)state;
    mn_error error;
    uint64_t u;
    bool b = false;
    assert_ok(quantize("small.gguf", "first.gguf", "q8_0", true, NULL, &error), error);
    assert_ok(quantize("first.gguf", "out.gguf", "q4_0", true, NULL, &error), error);
    mn_gguf *source = open_made("small.gguf"), *file = open_made("out.gguf");
    for (uint64_t i = 0; i < mn_gguf_n_entries(source); i++) { /* kept, and in the same order */
        const mn_gguf_entry *entry = mn_gguf_entry_at(source, i);
        assert_string_equal(mn_gguf_entry_at(file, i)->key, entry->key);
        if (strcmp(entry->key, "general.file_type"))
            assert_int_equal(touch_entry(mn_gguf_entry_at(file, i)), touch_entry(entry));
    }
    assert_string_value(file, "general.license", "apache-2.0");
    assert_true(mn_gguf_u64(file, "general.file_type", &u) && u == mn_format_by_name("q4_0")->file_type);
    assert_true(mn_gguf_u64(file, "general.quantization_version", &u) && u == 2);
    assert_true(mn_gguf_bool(file, "minnow.modified", &b) && b);
    assert_string_value(file, "minnow.modified_by", "minnow " MN_VERSION ": quantize q4_0");
    assert_string_value(file, "minnow.source_name", "small");
    assert_string_value(file, "minnow.source_type", "q8_0");
    assert_int_equal(mn_gguf_n_entries(file), mn_gguf_n_entries(source) + 5);
    mn_gguf_close(source);
    mn_gguf_close(file);
}

/* A model that is in the wanted format already keeps every byte of its tensors. */
static void test_same_format_is_copied(void **state)
{
    (void)state;
    mn_error error;
    mn_quantize_result result;
    assert_ok(quantize("small.gguf", "first.gguf", "q4_0", true, NULL, &error), error);
    assert_ok(quantize("first.gguf", "out.gguf", "q4_0", true, &result, &error), error);
    assert_int_equal(result.n_converted, 0);
    assert_int_equal(result.n_requantized, 0);
    mn_gguf *first = open_made("first.gguf"), *file = open_made("out.gguf");
    for (size_t t = 0; t < N_SMALL_TENSORS; t++) {
        const mn_tensor *a = mn_gguf_tensor_at(first, t), *b = mn_gguf_tensor_at(file, t);
        assert_int_equal(a->size_bytes, b->size_bytes);
        assert_memory_equal(a->data, b->data, a->size_bytes);
    }
    mn_gguf_close(first);
    mn_gguf_close(file);
}

/* --- callbacks -------------------------------------------------------------------------------- */

static const mn_format *choose_q5_1(void *user, const mn_tensor *source)
{
    ++*(int *)user;
    return strstr(source->name, "attn_q") ? mn_format_by_name("q5_1") : NULL;
}

static const float *only_first_columns(void *user, const mn_tensor *source)
{
    static float importance[256];
    (void)user;
    for (int i = 0; i < 256; i++) importance[i] = i % 32 < 4 ? 1.0f : 1e-6f;
    return source->shape[0] <= 256 ? importance : NULL;
}

/* Squared error of the first four of each 32 columns of ffn_up. */
static double important_error(const char *name)
{
    mn_gguf *file = open_made(name);
    const mn_tensor *tensor = mn_gguf_tensor(file, "blk.0.ffn_up.weight");
    double sum = 0;
    for (uint64_t r = 0; r < mn_tensor_rows(tensor); r++) {
        float row[256];
        tensor->format->decode(row, tensor->data + r * (tensor->size_bytes / 3), 256);
        for (uint64_t i = 0; i < 256; i++) {
            double difference = row[i] - small_weight(4, r * 256 + i);
            if (i % 32 < 4) sum += difference * difference;
        }
    }
    mn_gguf_close(file);
    return sum;
}

static void test_choose_and_importance(void **state)
{
    (void)state;
    mn_error error;
    int calls = 0;
    mn_quantize_options options = { .format = mn_format_by_name("q4_0"), .replace = true,
                                    .user = &calls, .choose = choose_q5_1 };
    assert_ok(mn_quantize(in_folder("small.gguf"), in_folder("out.gguf"), &options, NULL, &error), error);
    mn_gguf *file = open_made("out.gguf");
    assert_int_equal(calls, N_SMALL_TENSORS - 1); /* the norm is not asked for */
    assert_string_equal(mn_gguf_tensor(file, "blk.0.attn_q.weight")->format->name, "q5_1");
    assert_string_equal(mn_gguf_tensor(file, "blk.0.attn_k.weight")->format->name, "q4_0");
    mn_gguf_close(file);

    options = (mn_quantize_options){ .format = mn_format_by_name("q4_k"), .replace = true };
    assert_ok(mn_quantize(in_folder("small.gguf"), in_folder("out.gguf"), &options, NULL, &error), error);
    double plain = important_error("out.gguf");
    options.importance = only_first_columns;
    assert_ok(mn_quantize(in_folder("small.gguf"), in_folder("out.gguf"), &options, NULL, &error), error);
    assert_true(important_error("out.gguf") < plain * 0.8);
}

typedef struct cancel_plan {
    int calls, stop_at;
    uint64_t last_bytes;
} cancel_plan;

static bool maybe_cancel(void *user, const mn_quantize_progress *progress)
{
    cancel_plan *plan = user;
    assert_true(progress->bytes >= plan->last_bytes);
    assert_true(progress->bytes <= progress->total_bytes);
    assert_true(progress->tensor <= progress->n_tensors);
    plan->last_bytes = progress->bytes;
    return ++plan->calls != plan->stop_at;
}

static void test_cancel(void **state)
{
    (void)state;
    mn_error error;
    mn_status status = MN_CANCELLED;
    put_file(in_folder("kept.gguf"), "old", 3);
    for (int stop_at = 1; status == MN_CANCELLED; stop_at++) {
        cancel_plan plan = { .stop_at = stop_at };
        mn_quantize_options options = { .format = mn_format_by_name("q8_0"), .replace = true,
                                        .user = &plan, .progress = maybe_cancel };
        status = mn_quantize(in_folder("small.gguf"), in_folder("kept.gguf"), &options, NULL, &error);
        assert_int_equal(folder_count(".tmp", false), 0);
        if (!status) break;
        assert_int_equal(status, MN_CANCELLED);
        assert_int_equal(plan.calls, stop_at);
        assert_int_equal(get_file(in_folder("kept.gguf"), bytes_a, sizeof bytes_a), 3);
    }
    assert_int_equal(status, MN_OK);
    mn_gguf_close(open_made("kept.gguf"));
}

/* --- refusals --------------------------------------------------------------------------------- */

static void test_source_is_never_the_target(void **state)
{
    (void)state;
    mn_error error;
    long size = get_file(in_folder("small.gguf"), bytes_a, sizeof bytes_a);
    unlink(in_folder("hard.gguf"));
    unlink(in_folder("soft.gguf"));
    assert_int_equal(link(in_folder("small.gguf"), in_folder("hard.gguf")), 0);
    assert_int_equal(symlink("small.gguf", in_folder("soft.gguf")), 0);
    static const char *const names[] = { "small.gguf", "hard.gguf", "soft.gguf" };
    for (int s = 0; s < 3; s++)
        for (int t = 0; t < 3; t++) {
            assert_int_equal(quantize(names[s], names[t], "q4_0", true, NULL, &error), MN_USAGE);
            assert_non_null(strstr(error.message, "source itself"));
        }
    assert_int_equal(get_file(in_folder("small.gguf"), bytes_b, sizeof bytes_b), size);
    assert_memory_equal(bytes_a, bytes_b, (size_t)size);
    unlink(in_folder("hard.gguf"));
    unlink(in_folder("soft.gguf"));
}

static void test_refusals(void **state)
{
    (void)state;
    mn_error error;
    mn_format silent = *mn_format_by_name("q4_0");
    silent.encode = NULL;
    mn_quantize_options options = { .format = &silent };
    assert_int_equal(mn_quantize("a", "b", &options, NULL, &error), MN_USAGE);
    options.format = NULL;
    assert_int_equal(mn_quantize("a", "b", &options, NULL, &error), MN_USAGE);
    put_file(in_folder("there.gguf"), "old", 3);
    assert_int_equal(quantize("small.gguf", "there.gguf", "q4_0", false, NULL, &error), MN_USAGE);
    assert_int_equal(get_file(in_folder("there.gguf"), bytes_a, sizeof bytes_a), 3);
    assert_int_equal(quantize("there.gguf", "new.gguf", "q4_0", false, NULL, &error), MN_BAD_FILE);
    assert_int_equal(quantize("missing.gguf", "new.gguf", "q4_0", false, NULL, &error), MN_IO);
    assert_int_equal(quantize("small.gguf", "no/new.gguf", "q4_0", false, NULL, &error), MN_IO);
    assert_int_equal(access(in_folder("new.gguf"), F_OK), -1);
}

/* A model of one F32 tensor. */
static void write_matrix(const char *name, const char *tensor, uint64_t n, uint64_t rows,
                         const float *weights)
{
    mn_error error;
    mn_gguf_writer *w;
    mn_tensor t = { .name = tensor, .format = mn_format_by_type(MN_F32), .n_dims = rows > 1 ? 2 : 1,
                    .shape = { n, rows, 1, 1 } };
    assert_ok(mn_gguf_writer_open(&w, in_folder(name), true, &error), error);
    assert_ok(mn_gguf_writer_set_string(w, "general.name", "matrix", &error), error);
    assert_ok(mn_gguf_writer_set_u32(w, "split.count", 1, &error), error);
    assert_ok(mn_gguf_writer_add_tensor(w, &t, &error), error);
    assert_ok(mn_gguf_writer_begin(w, &error), error);
    assert_ok(mn_gguf_writer_bytes(w, weights, n * rows * 4, &error), error);
    assert_ok(mn_gguf_writer_finish(w, NULL, &error), error);
    assert_ok(mn_gguf_writer_commit(w, &error), error);
    mn_gguf_writer_close(w);
}

static void test_numbers_that_are_none(void **state)
{
    (void)state;
    mn_error error;
    float weights[3][64] = { { 0 } };
    static const struct {
        float value;
        const char *type, *tensor, *words;
        uint64_t rows;
    } cases[] = {
        { NAN, "q8_0", "w", "row 1 holds a number that is not finite", 3 },
        { INFINITY, "f16", "w", "row 1 holds a number that is not finite", 3 },
        { 70000, "f16", "w", "row 1 holds numbers too large for f16", 3 },
        { 3e38f, "q8_0", "w", "row 1 holds numbers too large for q8_0", 3 },
        { -INFINITY, "f32", "w", "row 1 holds a number that is not finite", 3 }, /* copied */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weights[1][7] = cases[i].value;
        write_matrix("wrong.gguf", cases[i].tensor, 64, cases[i].rows, weights[0]);
        assert_int_equal(quantize("wrong.gguf", "new.gguf", cases[i].type, true, NULL, &error),
                         MN_BAD_FILE);
        if (!strstr(error.message, cases[i].words)) fail_msg("%s", error.message);
        assert_int_equal(access(in_folder("new.gguf"), F_OK), -1);
    }
    assert_int_equal(folder_count(".tmp", false), 0);
}

static void test_split_keys_go(void **state)
{
    (void)state;
    mn_error error;
    float weights[64] = { 1 };
    write_matrix("one.gguf", "w", 32, 2, weights);
    assert_ok(quantize("one.gguf", "out.gguf", "q8_0", true, NULL, &error), error);
    mn_gguf *file = open_made("out.gguf");
    assert_null(mn_gguf_find(file, "split.count"));
    mn_gguf_close(file);
}

/* A row that no model has, in a file with a hole: refused before memory is taken for it. */
static void test_endless_row(void **state)
{
    (void)state;
    mn_error error;
    static raw_gguf raw;
    uint64_t n = (1u << 28) + 32;
    raw_head(&raw, 3, 1, 0);
    raw_tensor(&raw, "w", n, 1, MN_F32, 0);
    raw_data(&raw, 32, 0);
    put_file(in_folder("row.gguf"), raw.bytes, raw.size);
    assert_int_equal(truncate(in_folder("row.gguf"), (off_t)(raw.size + n * 4)), 0);
    assert_int_equal(quantize("row.gguf", "new.gguf", "q8_0", true, NULL, &error), MN_NO_FIT);
    assert_non_null(strstr(error.message, "rows of 268435488 weights"));
    assert_int_equal(access(in_folder("new.gguf"), F_OK), -1);
    unlink(in_folder("row.gguf"));
}

static const mn_format *chosen;

static const mn_format *choose_chosen(void *user, const mn_tensor *source)
{
    (void)user;
    return source->shape[0] == 64 ? chosen : NULL;
}

/* Formats that are not in the table: one cannot be written, the other does not come back. */
static void test_foreign_formats(void **state)
{
    (void)state;
    mn_error error;
    mn_format foreign = *mn_format_by_name("q4_0");
    mn_quantize_options options = { .format = mn_format_by_name("q4_0"), .replace = true,
                                    .choose = choose_chosen };
    chosen = &foreign;
    assert_int_equal(mn_quantize(in_folder("small.gguf"), in_folder("new.gguf"), &options, NULL, &error),
                     MN_FAILED);
    assert_non_null(strstr(error.message, "'blk.0.attn_k.weight' did not come back"));
    foreign.encode = NULL;
    assert_int_equal(mn_quantize(in_folder("small.gguf"), in_folder("new.gguf"), &options, NULL, &error),
                     MN_USAGE);
    assert_non_null(strstr(error.message, "'blk.0.attn_k.weight'"));
    assert_int_equal(access(in_folder("new.gguf"), F_OK), -1);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void test_threads_change_nothing(void **state)
{
    (void)state;
    enum { N = 256, ROWS = 2100 };
    mn_error error;
    float *weights = malloc(sizeof(float) * N * ROWS);
    uint8_t *one = malloc(N * ROWS), *many = malloc(N * ROWS);
    for (uint64_t i = 0; i < N * ROWS; i++) weights[i] = (float)mn_random_unit(9, i) - 0.5f;
    write_matrix("matrix.gguf", "w", N, ROWS, weights);
    static const uint32_t counts[] = { 1, 2, 3, 7 };
    static const char *const types[] = { "q8_0", "q4_0" };
    for (int type = 0; type < 2; type++) {
        long size = 0;
        for (int c = 0; c < 4; c++) {
            mn_quantize_options options = { .format = mn_format_by_name(types[type]), .replace = true,
                                            .n_threads = counts[c] };
            assert_ok(mn_quantize(in_folder("matrix.gguf"), in_folder("out.gguf"), &options, NULL,
                                  &error), error);
            long found = get_file(in_folder("out.gguf"), c ? many : one, N * ROWS);
            assert_true(found > N * ROWS / 2 && found < N * ROWS + N * ROWS / 8);
            if (!c) size = found;
            assert_int_equal(found, size);
            if (c) assert_memory_equal(one, many, (size_t)size);
        }
    }
    /* And the lowest row at fault is named, whichever thread met one first. */
    weights[2000 * N] = NAN;
    weights[600 * N] = INFINITY;
    write_matrix("matrix.gguf", "w", N, ROWS, weights);
    mn_quantize_options options = { .format = mn_format_by_name("q8_0"), .replace = true,
                                    .n_threads = 4 };
    assert_int_equal(mn_quantize(in_folder("matrix.gguf"), in_folder("out.gguf"), &options, NULL, &error),
                     MN_BAD_FILE);
    assert_non_null(strstr(error.message, "row 600 "));
    free(weights);
    free(one);
    free(many);
}

/* --- faults and proof ------------------------------------------------------------------------- */

static long whole_size;
static uint32_t fault_threads = 1;

static mn_status fault_scenario_run(mn_error *error)
{
    mn_quantize_options options = { .format = mn_format_by_name("q8_0"), .replace = true,
                                    .n_threads = fault_threads };
    return mn_quantize(in_folder("small.gguf"), in_folder("fault.gguf"), &options, NULL, error);
}

static void check_target(mn_status status)
{
    mn_error error;
    long size = get_file(in_folder("fault.gguf"), bytes_b, sizeof bytes_b);
    bool is_new = size == whole_size && !memcmp(bytes_a, bytes_b, (size_t)size);
    assert_true(is_new || (size == 3 && !memcmp(bytes_b, "old", 3)));
    if (!status) assert_true(is_new);
    assert_ok(quantize("small.gguf", "next.gguf", "q8_0", true, NULL, &error), error);
    assert_int_equal(folder_count(".tmp", false), 0);
    put_file(in_folder("fault.gguf"), "old", 3);
}

static void test_faults(void **state)
{
    (void)state;
    mn_error error;
    assert_ok(quantize("small.gguf", "whole.gguf", "q8_0", true, NULL, &error), error);
    whole_size = get_file(in_folder("whole.gguf"), bytes_a, sizeof bytes_a);
    put_file(in_folder("fault.gguf"), "old", 3);
    assert_true(for_each_file_fault(fault_scenario_run, check_target) > 100);
    for (fault_threads = 1; fault_threads < 3; fault_threads++)
        assert_true(for_each_memory_fault(fault_scenario_run, check_target) > 100);
}

static size_t flip_at;

/* A disk that changes one bit without saying so. */
static ssize_t flipping_write(int fd, const void *bytes, size_t size)
{
    uint8_t copy[20000];
    if (size > sizeof copy || flip_at >= size) return mn_io_posix.write(fd, bytes, size);
    memcpy(copy, bytes, size);
    copy[flip_at] ^= 1;
    return mn_io_posix.write(fd, copy, size);
}

/* A weight in the first row of the last tensor, its offset, the version, the text of a value. */
static void test_proof_finds_what_the_disk_changed(void **state)
{
    (void)state;
    mn_error error;
    mn_io table = mn_io_posix;
    table.write = flipping_write;
    assert_ok(quantize("small.gguf", "whole.gguf", "q8_0", true, NULL, &error), error);
    mn_gguf *file = open_made("whole.gguf");
    const mn_tensor *first = mn_gguf_tensor_at(file, 0), *last = mn_gguf_tensor_at(file, 7);
    size_t head = (size_t)mn_gguf_file_bytes(file)
                  - (size_t)(last->data + ((last->size_bytes + 31) & ~31ull) - first->data);
    size_t places[] = { head + (size_t)(last->data - first->data) + 3, head - 40, 5, 24 + 8 + 20 + 4 + 8 };
    mn_gguf_close(file);
    for (size_t i = 0; i < 4; i++) {
        flip_at = places[i];
        mn_io_set(&table);
        mn_status status = quantize("small.gguf", "new.gguf", "q8_0", true, NULL, &error);
        mn_io_set(NULL);
        assert_true(status == MN_FAILED || status == MN_BAD_FILE);
        assert_int_equal(access(in_folder("new.gguf"), F_OK), -1);
        assert_int_equal(folder_count(".tmp", false), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_same_format_is_copied),
        cmocka_unit_test(test_choose_and_importance),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_source_is_never_the_target),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_numbers_that_are_none),
        cmocka_unit_test(test_split_keys_go),
        cmocka_unit_test(test_endless_row),
        cmocka_unit_test(test_foreign_formats),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_proof_finds_what_the_disk_changed),
    };
    return cmocka_run_group_tests(tests, make_model, folder_remove);
}
