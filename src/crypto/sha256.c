/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/assert.h"

void sha256(struct slice bytes, uint8_t ret_sum[SHA256_SIZE])
{
    unsigned len = 0;
    const void *from = bytes.len == 0 ? "" : (const void *)bytes.ptr;
    int done = EVP_Digest(from, bytes.len, ret_sum, &len, EVP_sha256(), NULL);
    assert(done == 1);
    assert(len == SHA256_SIZE);
}
