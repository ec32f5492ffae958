/* SPDX-License-Identifier: Apache-2.0 */
/* Every prefix of a model file and a sample of flipped bits end in an error or a file that can be
 * read to its last weight. MINNOW_TEST_WHOLE=1 flips every bit. */
#include "test.h"

#include "base/memory.h"
#include "file/folder.h"
#include "file/memory_file.h"
#include "file/small_model.h"
#include "file/touch.h"

enum { SAMPLE = 20 };

static uint8_t bytes[20000];
static size_t size;

static int make_model(void **state)
{
    mn_error error;
    if (folder_make(state)) return -1;
    if (small_model_write(in_folder("small.gguf"), false, &error)) return -1;
    size = (size_t)get_file(in_folder("small.gguf"), bytes, sizeof bytes);
    return 0;
}

static size_t asked_bytes;

static bool count_memory(void *user, size_t wanted)
{
    (void)user;
    asked_bytes += wanted;
    return true;
}

/* True if the file opened. Whatever its counts promise, memory stays in proportion to its size. */
static bool try_bytes(const uint8_t *data, size_t length)
{
    mn_gguf *file;
    mn_error error = { 0 };
    memory_file_set(data, length);
    asked_bytes = 0;
    mn_memory_set_hook(count_memory, NULL);
    mn_status status = mn_gguf_open(&file, "small.gguf", &error);
    mn_memory_set_hook(NULL, NULL);
    assert_true(asked_bytes < 65536 + 16 * length);
    if (!status) touch_file(file);
    mn_gguf_close(file);
    mn_io_set(NULL);
    if (status) assert_int_equal(status, MN_BAD_FILE);
    if (status) assert_true(strstr(error.message, "small.gguf") != NULL);
    return !status;
}

static void test_prefixes(void **state)
{
    (void)state;
    assert_true(size > 6000 && size < 10000);
    assert_true(try_bytes(bytes, size));
    size_t opened = 0;
    for (size_t length = 0; length < size; length++) opened += try_bytes(bytes, length);
    /* Only the padding after the last tensor can be missing. */
    assert_true(opened < 32);
}

static void test_flipped_bits(void **state)
{
    (void)state;
    size_t opened = 0, tried = 0;
    bool every = getenv("MINNOW_TEST_WHOLE") != NULL;
    for (size_t bit = 0; bit < size * 8; bit++) {
        if (!every && mn_random_u64(1, bit) % SAMPLE) continue;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        opened += try_bytes(bytes, size);
        tried++;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(tried > 1000);
    assert_true(opened > 0 && opened < tried);
}

/* A wrong number in each place of the head at once: 0, all ones, the largest signed. */
static void test_wrong_numbers(void **state)
{
    (void)state;
    static const uint64_t numbers[] = { 0, UINT64_MAX, INT64_MAX, 1, 0x80000000u, 0xFFFFFFFFu };
    for (size_t at = 0; at + 8 <= 1200; at++) {
        uint8_t kept[8];
        memcpy(kept, bytes + at, sizeof kept);
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            memcpy(bytes + at, &numbers[i], sizeof numbers[i]);
            try_bytes(bytes, size);
        }
        memcpy(bytes + at, kept, sizeof kept);
    }
    assert_true(try_bytes(bytes, size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_wrong_numbers),
    };
    return cmocka_run_group_tests(tests, make_model, folder_remove);
}
