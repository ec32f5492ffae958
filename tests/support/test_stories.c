/* SPDX-License-Identifier: Apache-2.0 */
/* The trained stories model becomes a file that the reader accepts, its numbers at their places. */
#include "support/stories.h"

#include "file/gguf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OUT_PATTERN "/tmp/minnow_stories_XXXXXX"

static void check_shapes(const mn_gguf *file)
{
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

static void stories_become_a_model_file(void **state)
{
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

    mn_error error;
    mn_gguf *file = NULL;
    if (mn_test_write_stories(out, model, tokens, &error)) fail_msg("%s", error.message);
    if (mn_gguf_open(&file, out, &error)) fail_msg("%s", error.message);
    check_shapes(file);
    mn_gguf_close(file);
    /* The vocabulary is no model: said, not written. */
    assert_int_equal(mn_test_write_stories(out, tokens, tokens, &error), MN_BAD_FILE);
    unlink(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(stories_become_a_model_file) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
