/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - the hash that names model files in the store. */
#ifndef MN_STORE_SHA256_H
#define MN_STORE_SHA256_H

#include <minnow/status.h>

#include <stddef.h>

typedef struct mn_sha256 mn_sha256;
#define MN_SHA256_SIZE 65 /* hexadecimal digits and '\0' */

mn_status mn_sha256_open(mn_sha256 **out, mn_error *error);
mn_status mn_sha256_add(mn_sha256 *hash, const void *bytes, size_t size, mn_error *error);
mn_status mn_sha256_end(mn_sha256 *hash, char out[MN_SHA256_SIZE], mn_error *error);
void mn_sha256_close(mn_sha256 *hash); /* NULL is fine */

#endif
