/* SPDX-License-Identifier: Apache-2.0 */
/* test.h - what every test program includes: cmocka, and checks that print minnow's own messages. */
#ifndef MN_TESTS_TEST_H
#define MN_TESTS_TEST_H

#include <minnow/status.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The call succeeded; otherwise the test fails with its message. */
#define assert_ok(call, error)                                                                     \
    do {                                                                                           \
        mn_status ok_status_ = (call);                                                             \
        if (ok_status_) fail_msg("%s: %s: %s", #call, mn_status_name(ok_status_), (error).message); \
    } while (0)

#endif
