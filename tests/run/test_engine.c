/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine.c - the text of a session depends on its prompt, options and seed, and on nothing
 * else: not on threads, chunks, other sessions, forks, or a save and restore. */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "base/options.h"
#include "run/engine.h"

#include <string.h>
#include <unistd.h>

#define N_ANSWER 24
static const char *const models[] = { "tests/data/tiny/llama3.gguf", "tests/data/tiny/qwen2.gguf",
                                      "tests/data/tiny/gemma3.gguf" };

typedef struct setting {
    const char *name, *value;
} setting;

static mn_options *options_of(const setting *settings, size_t n)
{
    mn_error error = { 0 };
    mn_options *options;
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "ctx", "128", &error), error);
    assert_ok(mn_options_set(options, "seed", "7", &error), error);
    assert_ok(mn_options_set(options, "temp", "1.5", &error), error);
    assert_ok(mn_options_set(options, "ignore-eos", "true", &error), error);
    for (size_t i = 0; i < n; i++)
        assert_ok(mn_options_set(options, settings[i].name, settings[i].value, &error), error);
    return options;
}

static mn_model *open_model(const char *path)
{
    mn_error error = { 0 };
    mn_model *model;
    assert_ok(mn_model_open(&model, path, NULL, &error), error);
    return model;
}

/* A prompt of n ids that depends on `which`. */
static void make_prompt(int32_t *ids, size_t n, uint32_t n_vocab, unsigned which)
{
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)((i * 37 + which * 101 + i * i * 7) % n_vocab);
}

static void append_prompt(mn_session *s, size_t n, unsigned which)
{
    mn_error error = { 0 };
    int32_t ids[128];
    make_prompt(ids, n, s->engine->model->config.n_vocab, which);
    assert_ok(mn_session_append(s, ids, n, &error), error);
}

typedef struct answer {
    int32_t tokens[N_ANSWER];
    float logits[400]; /* after the last token that was computed */
} answer;

static void keep(answer *out, const mn_session *s, size_t n_prompt)
{
    assert_int_equal(mn_session_n_tokens(s), n_prompt + N_ANSWER);
    memcpy(out->tokens, mn_session_tokens(s) + n_prompt, sizeof out->tokens);
    memset(out->logits, 0, sizeof out->logits);
    if (mn_session_logits(s))
        memcpy(out->logits, mn_session_logits(s), s->engine->model->config.n_vocab * sizeof(float));
}

/* One session, alone in its engine. */
static answer alone(const mn_model *model, size_t n_prompt, unsigned which, const setting *settings,
                    size_t n_settings)
{
    mn_error error = { 0 };
    mn_options *options = options_of(settings, n_settings);
    mn_engine *engine;
    mn_session *session;
    answer out;
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&session, engine, options, &error), error);
    append_prompt(session, n_prompt, which);
    assert_ok(mn_session_generate(session, N_ANSWER, NULL, NULL, &error), error);
    keep(&out, session, n_prompt);
    mn_session_close(session);
    mn_engine_close(engine);
    mn_options_close(options);
    return out;
}

static void test_threads_and_chunks(void **state)
{
    static const char *const threads[] = { "1", "2", "3", "5" }, *const chunks[] = { "1", "7",
                                                                                     "64" };
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        mn_model *model = open_model(models[m]);
        answer expected = alone(model, 70, 1, &(setting){ "threads", "1" }, 1);
        for (size_t t = 0; t < 4; t++)
            for (size_t c = 0; c < 3; c++) {
                answer got =
                    alone(model, 70, 1,
                          (setting[]){ { "threads", threads[t] }, { "chunk", chunks[c] } }, 2);
                assert_memory_equal(&got, &expected, sizeof got);
            }
        mn_model_close(model);
    }
}

/* Every kernel level of this CPU gives the same bits: they all follow the plain arithmetic. */
static void test_levels(void **state)
{
    (void)state;
    mn_model *model = open_model(models[2]);
    answer expected = alone(model, 70, 1, &(setting){ "cpu", "plain" }, 1);
    mn_cpu_bits bits;
    const char *name;
    unsigned n = 0;
    for (unsigned i = 0; (name = mn_cpu_level_name(i)); i++) {
        if (mn_cpu_level(&bits, name, NULL)) continue;
        answer got = alone(model, 70, 1, &(setting){ "cpu", name }, 1);
        assert_memory_equal(&got, &expected, sizeof got);
        n++;
    }
    assert_true(n >= 1);
    mn_model_close(model);
}

static void test_many_sessions(void **state)
{
    enum { N = 5 };
    static const size_t lengths[N] = { 3, 70, 20, 64, 1 };
    mn_error error = { 0 };
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        mn_model *model = open_model(models[m]);
        mn_options *options = options_of(
            (setting[]){ { "sessions", "5" }, { "chunk", "16" }, { "threads", "2" } }, 3);
        mn_engine *engine;
        mn_session *sessions[N];
        answer expected[N];
        size_t waiting = 1;
        for (unsigned i = 0; i < N; i++)
            expected[i] = alone(model, lengths[i], i, &(setting){ "threads", "1" }, 1);
        assert_ok(mn_engine_open(&engine, model, options, &error), error);
        for (unsigned i = 0; i < N; i++) {
            assert_ok(mn_session_open(&sessions[i], engine, options, &error), error);
            append_prompt(sessions[i], lengths[i], i);
            assert_ok(mn_session_begin(sessions[i], N_ANSWER, NULL, NULL, &error), error);
        }
        while (waiting) assert_ok(mn_engine_step(engine, &waiting, &error), error);
        for (unsigned i = 0; i < N; i++) {
            assert_int_equal(mn_session_finish_reason(sessions[i]), MN_FINISH_LENGTH);
            assert_memory_equal(mn_session_tokens(sessions[i]) + lengths[i], expected[i].tokens,
                                sizeof expected[i].tokens);
            mn_session_close(sessions[i]);
        }
        mn_engine_close(engine);
        mn_options_close(options);
        mn_model_close(model);
    }
}

static void test_key_value_types(void **state)
{
    static const char *const types[] = { "f32", "f16", "int8" };
    (void)state;
    mn_model *model = open_model(models[0]);
    for (size_t i = 0; i < 3; i++) {
        answer one =
            alone(model, 70, 2, (setting[]){ { "kv-type", types[i] }, { "threads", "1" } }, 2);
        answer two =
            alone(model, 70, 2,
                  (setting[]){ { "kv-type", types[i] }, { "threads", "3" }, { "chunk", "5" } }, 3);
        assert_memory_equal(&one, &two, sizeof one);
    }
    mn_model_close(model);
}

/* Forked, restored from a file, or taken back and read again: the continuation is the same. */
static void test_fork_save_truncate(void **state)
{
    (void)state;
    mn_error error = { 0 };
    mn_model *model = open_model(models[2]);
    answer expected = alone(model, 70, 3, NULL, 0), got;
    mn_options *options = options_of(&(setting){ "sessions", "3" }, 1);
    mn_engine *engine;
    mn_session *a, *b, *c;
    char path[64];
    snprintf(path, sizeof path, "/tmp/minnow-test-%ld.state", (long)getpid());
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&a, engine, options, &error), error);
    append_prompt(a, 70, 3);
    assert_ok(mn_session_read(a, &error), error);
    assert_ok(mn_session_fork(&b, a, &error), error);
    assert_ok(mn_session_save(a, path, &error), error);
    assert_ok(mn_session_open(&c, engine, options, &error), error);
    append_prompt(c, 9, 8);
    assert_ok(mn_session_restore(c, path, &error), error);
    mn_session *all[] = { a, b, c };
    for (size_t i = 0; i < 3; i++) {
        assert_ok(mn_session_generate(all[i], N_ANSWER, NULL, NULL, &error), error);
        keep(&got, all[i], 70);
        assert_memory_equal(got.tokens, expected.tokens, sizeof got.tokens);
    }
    assert_ok(mn_session_truncate(a, 40, &error), error);
    int32_t ids[70];
    make_prompt(ids, 70, model->config.n_vocab, 3);
    assert_ok(mn_session_append(a, ids + 40, 30, &error), error);
    assert_ok(mn_session_generate(a, N_ANSWER, NULL, NULL, &error), error);
    keep(&got, a, 70);
    assert_memory_equal(got.tokens, expected.tokens, sizeof got.tokens);
    assert_ok(mn_session_replace(b, ids, 70, &error), error);
    mn_session_stats stats;
    mn_session_stats_get(b, &stats);
    assert_int_equal(stats.prompt_cached, 69);
    assert_ok(mn_session_generate(b, N_ANSWER, NULL, NULL, &error), error);
    keep(&got, b, 70);
    assert_memory_equal(got.tokens, expected.tokens, sizeof got.tokens);
    for (size_t i = 0; i < 3; i++) mn_session_close(all[i]);
    mn_engine_close(engine);
    mn_options_close(options);
    mn_model_close(model);
    unlink(path);
}

/* Every prefix and every flipped byte of a saved session is refused, and the session stays as it
 * was. */
static void test_damaged_state(void **state)
{
    (void)state;
    mn_error error = { 0 };
    mn_model *model = open_model(models[1]);
    mn_options *options = options_of((setting[]){ { "ctx", "64" }, { "kv-type", "int8" } }, 2);
    mn_engine *engine;
    mn_session *s;
    char path[64], *bytes;
    size_t n;
    snprintf(path, sizeof path, "/tmp/minnow-test-%ld.state", (long)getpid());
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&s, engine, options, &error), error);
    append_prompt(s, 5, 3);
    assert_ok(mn_session_read(s, &error), error);
    assert_ok(mn_session_save(s, path, &error), error);
    assert_ok(mn_file_read(&bytes, &n, path, 1 << 24, &error), error);
    size_t stride = n / 300 + 1;
    for (size_t i = 0; i < n; i += stride) {
        for (int cut = 0; cut < 2; cut++) {
            bytes[i] ^= cut ? 0 : 1 << i % 8;
            FILE *file = fopen(path, "wb");
            assert_int_equal(fwrite(bytes, 1, cut ? i : n, file), cut ? i : n);
            fclose(file);
            mn_status status = mn_session_restore(s, path, &error);
            assert_int_equal(status, MN_BAD_FILE);
            bytes[i] ^= cut ? 0 : 1 << i % 8;
        }
    }
    assert_int_equal(mn_session_n_tokens(s), 5);
    mn_free(bytes);
    mn_session_close(s);
    mn_engine_close(engine);
    mn_options_close(options);
    mn_model_close(model);
    unlink(path);
}

static void test_limits(void **state)
{
    (void)state;
    mn_error error = { 0 };
    mn_model *model = open_model(models[0]);
    mn_options *options = options_of(&(setting){ "ctx", "32" }, 1);
    mn_engine *engine;
    mn_session *s, *other;
    int32_t ids[40] = { 0 };
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&s, engine, options, &error), error);
    assert_int_equal(mn_session_open(&other, engine, options, &error), MN_NO_FIT);
    assert_int_equal(mn_session_begin(s, 1, NULL, NULL, &error), MN_USAGE);
    assert_int_equal(mn_session_append(s, ids, 33, &error), MN_NO_FIT);
    assert_int_equal(mn_session_append(s, &(int32_t){ -1 }, 1, &error), MN_USAGE);
    assert_int_equal(mn_session_append(s, &(int32_t){ 1 << 20 }, 1, &error), MN_USAGE);
    assert_int_equal(mn_session_n_tokens(s), 0);
    assert_ok(mn_session_append(s, ids, 30, &error), error);
    assert_ok(mn_session_generate(s, 0, NULL, NULL, &error), error);
    assert_int_equal(mn_session_n_tokens(s), 32);
    assert_int_equal(mn_session_finish_reason(s), MN_FINISH_LENGTH);
    assert_int_equal(mn_session_begin(s, 1, NULL, NULL, &error), MN_NO_FIT);
    mn_session_close(s);
    mn_engine_close(engine);
    assert_ok(mn_options_set(options, "memory-limit", "100k", &error), error);
    assert_int_equal(mn_engine_open(&engine, model, options, &error), MN_NO_FIT);
    mn_options_close(options);
    mn_model_close(model);
}

/* --- text: stop texts, cancelling --- */

typedef struct heard {
    char text[1024];
    size_t length, stop_after;
} heard;

static bool listen(void *user, const char *text, size_t length)
{
    heard *h = user;
    memcpy(h->text + h->length, text, length);
    h->length += length;
    return !h->stop_after || h->length < h->stop_after;
}

static heard say(const mn_model *model, const setting *settings, size_t n, size_t stop_after,
                 mn_finish *finish)
{
    mn_error error = { 0 };
    mn_options *options = options_of(settings, n);
    mn_engine *engine;
    mn_session *s;
    heard h = { .stop_after = stop_after };
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&s, engine, options, &error), error);
    append_prompt(s, 10, 5);
    assert_ok(mn_session_generate(s, 60, listen, &h, &error), error);
    *finish = mn_session_finish_reason(s);
    mn_session_close(s);
    mn_engine_close(engine);
    mn_options_close(options);
    return h;
}

static void test_stop_texts(void **state)
{
    (void)state;
    mn_model *model = open_model(models[0]);
    mn_finish finish;
    heard whole = say(model, NULL, 0, 0, &finish);
    assert_int_equal(finish, MN_FINISH_LENGTH);
    assert_true(whole.length > 30);
    for (size_t at = 4; at < 24; at++) {
        char stop[8] = { 0 };
        memcpy(stop, whole.text + at, 3);
        if (memchr(stop, '\n', 3)) continue;
        size_t first = (size_t)((char *)memmem(whole.text, whole.length, stop, 3) - whole.text);
        heard cut = say(model, &(setting){ "stop", stop }, 1, 0, &finish);
        assert_int_equal(finish, MN_FINISH_STOP);
        assert_int_equal(cut.length, first);
        assert_memory_equal(cut.text, whole.text, first);
    }
    heard some = say(model, NULL, 0, 10, &finish);
    assert_int_equal(finish, MN_FINISH_CANCELLED);
    assert_true(some.length >= 10 && some.length < whole.length);
    mn_model_close(model);
}

static void test_logprobs(void **state)
{
    (void)state;
    mn_error error = { 0 };
    mn_model *model = open_model(models[0]);
    mn_options *options = options_of((setting[]){ { "logprobs", "3" }, { "temp", "0" } }, 2);
    mn_engine *engine;
    mn_session *s;
    const mn_token_logprob *list;
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&s, engine, options, &error), error);
    append_prompt(s, 10, 5);
    assert_ok(mn_session_generate(s, 8, NULL, NULL, &error), error);
    assert_int_equal(mn_session_logprobs(s, 9, &list), 0);
    for (size_t i = 10; i < 18; i++) {
        assert_int_equal(mn_session_logprobs(s, i, &list), 4);
        assert_int_equal(list[0].id, mn_session_tokens(s)[i]);
        assert_int_equal(list[1].id, list[0].id); /* greedy */
        assert_true(list[1].logprob < 0 && list[1].logprob >= list[2].logprob
                    && list[2].logprob >= list[3].logprob);
    }
    mn_session_close(s);
    mn_engine_close(engine);
    mn_options_close(options);
    mn_model_close(model);
}

/* --- memory that runs out --- */

typedef struct fault {
    size_t calls, fail_at;
    bool for_ever;
} fault;

static bool allow(void *user, size_t size_bytes)
{
    fault *f = user;
    (void)size_bytes;
    size_t call = f->calls++;
    return f->for_ever ? call < f->fail_at : call != f->fail_at;
}

/* Loads, answers, saves; the first failure ends it. */
static mn_status whole_run(const char *path, mn_error *error)
{
    mn_options *options = NULL;
    mn_model *model = NULL;
    mn_engine *engine = NULL;
    mn_session *s = NULL;
    const char *chat = "[{\"role\":\"user\",\"content\":\"How many?\"}]";
    mn_status status = mn_options_open(&options, error);
    if (!status) status = mn_options_set(options, "ctx", "96", error);
    if (!status) status = mn_options_set(options, "threads", "1", error);
    if (!status) status = mn_options_set(options, "seed", "3", error);
    if (!status) status = mn_model_open(&model, path, options, error);
    if (!status) status = mn_engine_open(&engine, model, options, error);
    if (!status) status = mn_session_open(&s, engine, options, error);
    if (!status) status = mn_session_set_chat(s, chat, NULL, NULL, 0, error);
    if (!status) status = mn_session_generate(s, 4, NULL, NULL, error);
    mn_session_close(s);
    mn_engine_close(engine);
    mn_model_close(model);
    mn_options_close(options);
    return status;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        size_t failures = 0;
        for (size_t i = 0;; i++) {
            mn_error error = { 0 };
            fault f = { .fail_at = i, .for_ever = for_ever };
            mn_memory_set_hook(allow, &f);
            mn_status status = whole_run(models[1], &error);
            mn_memory_set_hook(NULL, NULL);
            if (f.calls <= i) {
                assert_ok(status, error);
                break;
            }
            if (status) {
                if (status != MN_NO_MEMORY)
                    fail_msg("allocation %zu: %s: %s", i, mn_status_name(status), error.message);
                failures++;
            }
        }
        assert_true(failures > 20);
    }
    mn_error error = { 0 };
    assert_ok(whole_run(models[1], &error), error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_chunks),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_many_sessions),
        cmocka_unit_test(test_key_value_types),
        cmocka_unit_test(test_fork_save_truncate),
        cmocka_unit_test(test_damaged_state),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_stop_texts),
        cmocka_unit_test(test_logprobs),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
