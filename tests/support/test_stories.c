/* SPDX-License-Identifier: Apache-2.0 */
/* The trained stories model becomes a file that the reader accepts, its numbers at their places,
 * and tells the story that it is known for. */
#include "test.h"

#include "support/stories.h"

#include "base/text.h"
#include "file/gguf.h"

#include <minnow/minnow.h>

#include <string.h>
#include <unistd.h>

#define OUT_PATTERN "/tmp/minnow_stories_XXXXXX"

static void check_shapes(const mn_gguf *file) {
    const mn_tensor *embedding = mn_gguf_tensor(file, "token_embd.weight");
    const mn_tensor *down = mn_gguf_tensor(file, "blk.4.ffn_down.weight");
    const mn_tensor *norm = mn_gguf_tensor(file, "output_norm.weight");
    assert_non_null(embedding);
    assert_non_null(down);
    assert_non_null(norm);
    assert_int_equal(mn_gguf_n_tensors(file), 2 + 9 * 5);
    assert_int_equal(embedding->shape[1], 512);
    assert_int_equal(down->shape[0], 172);
    assert_int_equal(down->shape[1], 64);
    /* The trained final norm is far from both 0 and noise; a shifted read would not be. */
    const float *w = (const float *)(const void *)norm->data;
    for (int i = 0; i < 64; i++) {
        assert_true(w[i] > 0.5f);
        assert_true(w[i] < 50.0f);
    }
}

static bool keep(void *user, const char *text, size_t length) {
    mn_text_append(user, text, length);
    return true;
}

/* Two implementations tell this from the start-of-text token alone. */
static void check_story(const char *path) {
    static const char story[] =
        "Once upon a time, there was a little girl named Lily. She loved to play "
        "outside in the park. One day, she saw a big, red ball. She wanted to play "
        "with it, but it was too high.\nLily's mom said, \"Lily, let's go to";
    mn_error error = { 0 };
    mn_options *options = NULL;
    mn_model *model = NULL;
    mn_engine *engine = NULL;
    mn_session *session = NULL;
    mn_text text = { 0 };
    assert_ok(mn_options_open(&options, &error), error);
    assert_ok(mn_options_set(options, "temp", "0", &error), error);
    assert_ok(mn_model_open(&model, path, NULL, &error), error);
    assert_ok(mn_engine_open(&engine, model, options, &error), error);
    assert_ok(mn_session_open(&session, engine, options, &error), error);
    assert_ok(mn_session_append_text(session, "", 0, &error), error);
    assert_ok(mn_session_generate(session, 90, keep, &text, &error), error);
    const char *begin = text.data + (text.data[0] == ' ');
    if (strncmp(begin, story, strlen(story))) fail_msg("told: %.*s", (int)text.length, text.data);
    mn_text_free(&text);
    mn_session_close(session);
    mn_engine_close(engine);
    mn_model_close(model);
    mn_options_close(options);
}

static void stories_become_a_model_file(void **state) {
    (void)state;
    const char *data = getenv("MINNOW_TEST_DATA");
    if (!data || !data[0]) {
        print_message("skipped: MINNOW_TEST_DATA is not set\n");
        skip();
    }
    char model[1024], tokens[1024], out[] = OUT_PATTERN;
    snprintf(model, sizeof(model), "%s/models/stories260K/stories260K.bin", data);
    snprintf(tokens, sizeof(tokens), "%s/models/stories260K/tok512.bin", data);
    int fd = mkstemp(out);
    assert_true(fd >= 0);
    close(fd);

    mn_error error = { 0 };
    mn_gguf *file = NULL;
    assert_ok(mn_test_write_stories(out, model, tokens, &error), error);
    assert_ok(mn_gguf_open(&file, out, &error), error);
    check_shapes(file);
    mn_gguf_close(file);
    check_story(out);
    /* The vocabulary is no model: said, not written. */
    assert_int_equal(mn_test_write_stories(out, tokens, tokens, &error), MN_BAD_FILE);
    unlink(out);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(stories_become_a_model_file) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
