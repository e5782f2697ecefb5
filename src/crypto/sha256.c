/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <sodium.h>

#include "base/assert.h"

static_assert((int)SHA256_SIZE == (int)crypto_hash_sha256_BYTES, "a sum has 256 bits");

void sha256(struct slice bytes, uint8_t ret_sum[SHA256_SIZE])
{
    int failed = crypto_hash_sha256(ret_sum, bytes.ptr, bytes.len);
    assert(failed == 0);
}
