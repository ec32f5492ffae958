/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.c - the hash that names model files in the store. */
#include "store/sha256.h"

#include "base/error.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <stdio.h>

struct mn_sha256 {
    EVP_MD_CTX *context;
};

static mn_status fail(mn_error *error)
{
    return mn_fail(error, MN_FAILED, "the SHA-256 of the system's OpenSSL cannot be used");
}

mn_status mn_sha256_open(mn_sha256 **out, mn_error *error)
{
    mn_sha256 *hash = *out = mn_alloc_array(1, sizeof *hash);
    if (!hash) return mn_fail_memory(error, sizeof *hash, "a hash");
    hash->context = EVP_MD_CTX_new();
    if (hash->context && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL)) return MN_OK;
    mn_sha256_close(hash);
    *out = NULL;
    return fail(error);
}

mn_status mn_sha256_add(mn_sha256 *hash, const void *bytes, size_t size, mn_error *error)
{
    return EVP_DigestUpdate(hash->context, bytes, size) ? MN_OK : fail(error);
}

mn_status mn_sha256_end(mn_sha256 *hash, char out[MN_SHA256_SIZE], mn_error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!EVP_DigestFinal_ex(hash->context, digest, &length) || length != 32) return fail(error);
    for (unsigned i = 0; i < length; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return MN_OK;
}

void mn_sha256_close(mn_sha256 *hash)
{
    if (hash) EVP_MD_CTX_free(hash->context);
    mn_free(hash);
}
