/* SPDX-License-Identifier: Apache-2.0 */
/* test_families.c - every tiny model of tests/data/tiny gives the logits of a trusted
 * implementation, as a prompt in chunks of any size and token by token, past the window and the
 * trained context. */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/engine.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "tests/data/tiny/"

typedef struct expected {
    json_t *positions;
    const float *logits; /* [positions, n_vocab] */
    size_t n_vocab;
    double worst;
    size_t n_seen;
} expected;

static bool compare(void *user, size_t index, const float *logits)
{
    expected *e = user;
    for (size_t i = 0; i < json_array_size(e->positions); i++) {
        if ((size_t)json_integer_value(json_array_get(e->positions, i)) != index) continue;
        for (size_t j = 0; j < e->n_vocab; j++) {
            double difference = fabs((double)logits[j] - (double)e->logits[i * e->n_vocab + j]);
            if (!(difference <= e->worst)) e->worst = difference;
        }
        e->n_seen++;
    }
    return true;
}

static double worst_difference(const mn_model *model, json_t *entry, mn_role role,
                               const char *chunk, const char *threads)
{
    mn_error error = { 0 };
    mn_engine *engine;
    mn_session *session;
    mn_options *options;
    int32_t ids[256];
    json_t *list = json_object_get(entry, "ids");
    size_t n = json_array_size(list), length;
    char path[256], *raw;
    assert_true(n <= 256);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
    snprintf(path, sizeof path, FOLDER "%s", json_string_value(json_object_get(entry, "logits")));
    assert_ok(mn_file_read(&raw, &length, path, 1 << 20, &error), error);
    expected e = { json_object_get(entry, "positions"), (const float *)(void *)raw,
                   (size_t)json_integer_value(json_object_get(entry, "n_vocab")), 0, 0 };
    assert_int_equal(length, json_array_size(e.positions) * e.n_vocab * sizeof(float));
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "kv-type", "f32", &error), error);
    assert_ok(mn_options_set(options, "ctx", "256", &error), error);
    assert_ok(mn_options_set(options, "chunk", chunk, &error), error);
    assert_ok(mn_options_set(options, "threads", threads, &error), error);
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&session, engine, options, &error), error);
    assert_ok(mn_session_evaluate(session, ids, n, role, 0, compare, &e, &error), error);
    assert_int_equal(e.n_seen, json_array_size(e.positions));
    mn_session_close(session);
    mn_engine_close(engine);
    mn_options_close(options);
    mn_free(raw);
    return e.worst;
}

static void check_model(json_t *entry)
{
    static const struct {
        const char *chunk, *threads;
        mn_role role;
    } ways[] = { { "512", "1", MN_PROMPT }, { "7", "2", MN_PROMPT }, { "1", "1", MN_DECODE } };
    mn_error error = { 0 };
    mn_model *model;
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", json_string_value(json_object_get(entry, "file")));
    assert_ok(mn_model_open(&model, path, NULL, &error), error);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        double worst =
            worst_difference(model, entry, ways[i].role, ways[i].chunk, ways[i].threads);
        if (!(worst < 1e-4))
            fail_msg("%s: role %d, chunk %s: logits differ by %g", path, ways[i].role,
                     ways[i].chunk, worst);
    }
    mn_model_close(model);
}

static json_t *read_index(void)
{
    json_error_t at;
    json_t *index = json_load_file(FOLDER "index.json", 0, &at);
    assert_non_null(index);
    return index;
}

static void test_logits(void **state)
{
    (void)state;
    json_t *index = read_index(), *entry;
    size_t i;
    json_array_foreach(json_object_get(index, "models"), i, entry) check_model(entry);
    assert_true(i >= 6);
    json_decref(index);
}

static bool append(void *user, const char *text, size_t length)
{
    mn_text_append(user, text, length);
    return true;
}

/* Greedy tokens after the same input, through the public calls. */
static void check_greedy(json_t *entry)
{
    mn_error error = { 0 };
    mn_model *model;
    mn_engine *engine;
    mn_session *session;
    mn_options *options;
    mn_text text = { 0 };
    int32_t ids[256];
    char path[256];
    json_t *list = json_object_get(entry, "ids"), *greedy = json_object_get(entry, "greedy");
    size_t n = json_array_size(list), n_greedy = json_array_size(greedy);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
    snprintf(path, sizeof path, FOLDER "%s", json_string_value(json_object_get(entry, "file")));
    assert_ok(mn_model_open(&model, path, NULL, &error), error);
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "kv-type", "f32", &error), error);
    assert_ok(mn_options_set(options, "ctx", "256", &error), error);
    assert_ok(mn_options_set(options, "temp", "0", &error), error);
    assert_ok(mn_options_set(options, "ignore-eos", "true", &error), error);
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&session, engine, options, &error), error);
    assert_ok(mn_session_append(session, ids, n, &error), error);
    assert_ok(mn_session_generate(session, n_greedy, append, &text, &error), error);
    assert_int_equal(mn_session_finish_reason(session), MN_FINISH_LENGTH);
    assert_int_equal(mn_session_n_tokens(session), n + n_greedy);
    for (size_t i = 0; i < n_greedy; i++)
        assert_int_equal(mn_session_tokens(session)[n + i],
                         json_integer_value(json_array_get(greedy, i)));
    mn_text_free(&text);
    mn_session_close(session);
    mn_engine_close(engine);
    mn_options_close(options);
    mn_model_close(model);
}

static void test_greedy(void **state)
{
    (void)state;
    json_t *index = read_index(), *entry;
    size_t i;
    json_array_foreach(json_object_get(index, "models"), i, entry) check_greedy(entry);
    json_decref(index);
}

/* With `verify`, a weight that is not a number is found wherever it stands. */
static void test_verify(void **state)
{
    (void)state;
    mn_error error = { 0 };
    mn_model *model;
    mn_options *options;
    char path[64], *bytes;
    size_t length;
    const float nan = NAN;
    snprintf(path, sizeof path, "/tmp/minnow-test-%ld.gguf", (long)getpid());
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "verify", "true", &error), error);
    assert_ok(mn_model_open(&model, FOLDER "qwen2.gguf", options, &error), error);
    const mn_tensor *last = mn_gguf_tensor_at(model->file, mn_gguf_n_tensors(model->file) - 1);
    assert_ok(mn_file_read(&bytes, &length, FOLDER "qwen2.gguf", 1 << 20, &error), error);
    memcpy(bytes + length - last->size_bytes / 8 * 4, &nan,
           sizeof nan); /* the middle of the last tensor */
    mn_model_close(model);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
    assert_ok(mn_model_open(&model, path, NULL, &error), error);
    mn_model_close(model);
    assert_int_equal(mn_model_open(&model, path, options, &error), MN_BAD_FILE);
    unlink(path);
    mn_free(bytes);
    mn_options_close(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
