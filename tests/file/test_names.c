/* SPDX-License-Identifier: Apache-2.0 */
/* The index of names: found, twice, absent, and names chosen to collide. */
#include "test.h"

#include "file/names.h"

#include <string.h>

enum { N = 1100 }; /* more than the probes that a lookup is allowed */

static void test_find(void **state)
{
    (void)state;
    static char text[500][8];
    mn_names names = { 0 };
    uint32_t index = 77;
    assert_false(mn_names_find(&names, "a", &index));
    assert_true(mn_names_open(&names, 500));
    for (uint32_t i = 0; i < 500; i++) {
        snprintf(text[i], sizeof text[i], "n%u", i);
        assert_int_equal(mn_names_add(&names, text[i], i), MN_NAMES_ADDED);
    }
    assert_int_equal(mn_names_add(&names, "n250", 9), MN_NAMES_TWICE);
    assert_false(mn_names_find(&names, "n500", &index));
    assert_int_equal(index, 77);
    for (uint32_t i = 0; i < 500; i++)
        assert_true(mn_names_find(&names, text[i], &index) && index == i);
    mn_names_close(&names);
    mn_names_close(&names);
}

/* The hash is read from the slot of a table that holds only this name. */
static uint32_t hash_of(const char *name)
{
    static mn_names one;
    uint32_t hash = 0;
    if (!one.slots) assert_true(mn_names_open(&one, 1));
    assert_int_equal(mn_names_add(&one, name, 0), MN_NAMES_ADDED);
    for (size_t i = 0; i < one.n_slots; i++)
        if (one.slots[i].name) hash = one.slots[i].hash;
    memset(one.slots, 0, one.n_slots * sizeof *one.slots);
    if (!strcmp(name, "last")) mn_names_close(&one);
    return hash;
}

static void test_crowd(void **state)
{
    (void)state;
    static char text[N][12];
    mn_names names;
    mn_names_result result = MN_NAMES_ADDED;
    uint32_t candidate = 0, added = 0;
    assert_true(mn_names_open(&names, N));
    for (; added < N && !result; added++) {
        do {
            snprintf(text[added], sizeof text[added], "%u", candidate++);
        } while ((hash_of(text[added]) & (names.n_slots - 1)) >= 16);
        result = mn_names_add(&names, text[added], added);
    }
    hash_of("last");
    assert_int_equal(result, MN_NAMES_CROWDED);
    assert_true(added > 1000);
    mn_names_close(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
