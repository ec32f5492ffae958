/* SPDX-License-Identifier: Apache-2.0 */
/* Names, refs and the catalogue; every failing allocation is reported and leaves the store as it
 * was. */
#include "base/io.h"
#include "base/memory.h"
#include "store/catalogue.h"
#include "store/paths.h"
#include "store/pull.h"
#include "store/sha256.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MODEL "tests/data/tiny/llama3.gguf"

static char folder[] = "/tmp/minnow-store-XXXXXX";

static int open_folder(void **state)
{
    (void)state;
    return !mkdtemp(folder) || setenv("MINNOW_HOME", folder, 1);
}

static int close_folder(void **state)
{
    (void)state;
    mn_folder_remove(folder);
    return 0;
}

static void test_names(void **state)
{
    (void)state;
    char name[MN_NAME_SIZE], long_name[80];
    assert_true(mn_name_normalize(name, "SmolLM2:135M"));
    assert_string_equal(name, "smollm2:135m");
    assert_true(mn_name_normalize(name, "a_b.c-1"));
    assert_string_equal(name, "a_b.c-1:latest");
    static const char *const bad[] = { "",   ":",  "a:",  ":b",  "a:b:c",    "a/b",  "..",
                                       ".a", "-a", "a b", "a\n", "\xC3\xA9", "a:..", "a:-b" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mn_name_normalize(name, bad[i])) fail_msg("accepted '%s'", bad[i]);
    memset(long_name, 'a', sizeof long_name);
    long_name[64] = '\0';
    assert_true(mn_name_normalize(name, long_name));
    long_name[64] = 'a';
    long_name[65] = '\0';
    assert_false(mn_name_normalize(name, long_name));
    static const struct { const char *path, *name; } paths[] = {
        { "/x/My Model Q4.gguf", "my-model-q4:latest" }, { "tiny.gguf", "tiny:latest" },
        { "/x/..gguf", "model:latest" }, { ".gguf", "gguf:latest" }, { "--a", "a:latest" },
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char again[MN_NAME_SIZE];
        mn_name_from_path(name, paths[i].path);
        assert_string_equal(name, paths[i].name);
        assert_true(mn_name_normalize(again, name));
    }
}

static void test_sha256(void **state)
{
    (void)state;
    mn_sha256 *hash;
    char hex[MN_SHA256_SIZE];
    assert_int_equal(mn_sha256_open(&hash, NULL), MN_OK);
    assert_int_equal(mn_sha256_add(hash, "a", 1, NULL), MN_OK);
    assert_int_equal(mn_sha256_add(hash, "bc", 2, NULL), MN_OK);
    assert_int_equal(mn_sha256_end(hash, hex, NULL), MN_OK);
    mn_sha256_close(hash); /* FIPS 180-4, the example "abc" */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_built_in_catalogue(void **state)
{
    (void)state;
    mn_catalogue catalogue;
    assert_int_equal(mn_catalogue_open(&catalogue, NULL, NULL), MN_OK);
    assert_true(catalogue.n > 0);
    for (size_t i = 0; i < catalogue.n; i++) {
        const mn_catalogue_entry *entry = &catalogue.entries[i];
        assert_ptr_equal(mn_catalogue_find(&catalogue, entry->name), entry);
        assert_non_null(entry->licence);
        assert_non_null(entry->source);
        for (size_t k = 0; k < entry->n_from; k++)
            assert_int_equal(mn_pull_check_source(entry->from[k], NULL), MN_OK);
    }
    assert_non_null(mn_catalogue_find(&catalogue, "SmolLM2"));
    assert_null(mn_catalogue_find(&catalogue, "smollm2:latest"));
    assert_null(mn_catalogue_find(&catalogue, "smollm"));
    assert_null(mn_catalogue_find(&catalogue, "../x"));
    mn_catalogue_close(&catalogue);
    /* The models that tests with real models fetch. */
    assert_int_equal(mn_catalogue_open(&catalogue, "tests/models.catalogue", NULL), MN_OK);
    assert_int_equal(mn_catalogue_find(&catalogue, "qwen2.5-coder:1.5b-q4_k_m")->n_from, 22);
    mn_catalogue_close(&catalogue);
}

static void test_link_find_remove(void **state)
{
    (void)state;
    mn_store *store;
    mn_ref ref;
    mn_refs refs;
    bool found;
    assert_int_equal(mn_store_open(&store, NULL), MN_OK);
    assert_int_equal(mn_store_list(store, &refs, NULL), MN_OK);
    assert_int_equal(refs.n, 0);
    assert_int_equal(mn_pull_link(store, MODEL, "b:two", NULL), MN_OK);
    assert_int_equal(mn_pull_link(store, MODEL, "A:one", NULL), MN_OK);
    assert_int_equal(mn_store_list(store, &refs, NULL), MN_OK);
    assert_int_equal(refs.n, 2);
    assert_string_equal(refs.items[0].name, "a:one");
    mn_refs_free(&refs);
    assert_int_equal(mn_store_find(store, "B", &ref, &found, NULL), MN_OK);
    assert_string_equal(ref.name, "b:two");
    assert_string_equal(ref.architecture, "llama");
    assert_string_equal(ref.type, "f32");
    assert_true(ref.linked && !ref.missing && found);
    assert_true(ref.n_parameters == 39080);
    assert_true(mn_same_file(ref.path, MODEL));
    assert_int_equal(mn_store_remove(store, &ref, NULL), MN_OK);
    mn_ref_free(&ref);
    assert_int_equal(mn_store_find(store, "b", &ref, &found, NULL), MN_FAILED);
    assert_false(found);
    mn_map map;
    assert_int_equal(mn_map_open(&map, MODEL, NULL), MN_OK); /* the file itself is still there */
    mn_map_close(&map);
    mn_store_close(store);
}

static size_t allocations_left;

static bool fail_later(void *user, size_t size_bytes)
{
    (void)user;
    (void)size_bytes;
    return allocations_left && allocations_left--;
}

static mn_status link_list_find_remove(void)
{
    mn_store *store = NULL;
    mn_refs refs = { 0 };
    mn_ref ref = { 0 };
    bool found;
    mn_status status = mn_store_open(&store, NULL);
    if (!status) status = mn_pull_link(store, MODEL, "c:three", NULL);
    if (!status) status = mn_store_list(store, &refs, NULL);
    if (!status) status = mn_store_find(store, "c", &ref, &found, NULL);
    if (!status) status = mn_store_remove(store, &ref, NULL);
    mn_ref_free(&ref);
    mn_refs_free(&refs);
    mn_store_close(store);
    return status;
}

static void test_every_failing_allocation_is_reported(void **state)
{
    (void)state;
    size_t n = 0;
    for (;; n++) {
        mn_catalogue catalogue;
        allocations_left = n;
        mn_memory_set_hook(fail_later, NULL);
        mn_status status = mn_catalogue_open(&catalogue, NULL, NULL);
        if (!status) mn_catalogue_close(&catalogue);
        if (!status) status = link_list_find_remove();
        mn_memory_set_hook(NULL, NULL);
        if (!status) break;
        assert_int_equal(status, MN_NO_MEMORY);
        assert_true(n < 10000);
    }
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_built_in_catalogue),
        cmocka_unit_test(test_link_find_remove),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
