/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - writes the one message of a failure. */
#ifndef MN_BASE_ERROR_H
#define MN_BASE_ERROR_H

#include <minnow/status.h>

/* Fills `error` (if not NULL) and returns `status`. Bytes below 0x20 and invalid UTF-8 that came
 * in through a %s are escaped, so that text from a hostile file cannot drive a terminal. */
mn_status mn_fail(mn_error *error, mn_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "out of memory (N bytes for WHAT)". */
mn_status mn_fail_memory(mn_error *error, unsigned long long size_bytes, const char *what);

#endif
