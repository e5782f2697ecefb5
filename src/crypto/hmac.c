/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hmac.h"

#include <sodium.h>

#include "base/assert.h"

static_assert(HMAC_SIZE == crypto_auth_hmacsha256_BYTES, "the size of a SHA-256");

void hmac_sha256(struct slice key, struct slice first, struct slice second,
                 uint8_t ret_sum[HMAC_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.ptr, key.len);
    crypto_auth_hmacsha256_update(&state, first.ptr, first.len);
    crypto_auth_hmacsha256_update(&state, second.ptr, second.len);
    crypto_auth_hmacsha256_final(&state, ret_sum);
    sodium_memzero(&state, sizeof state);
}
