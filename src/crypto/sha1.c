/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha1.h"

#include <openssl/evp.h>

#include "base/assert.h"

void sha1(struct slice bytes, uint8_t ret[SHA1_LEN])
{
    int ok = EVP_Digest(bytes.ptr, bytes.len, ret, NULL, EVP_sha1(), NULL);
    assert(ok == 1);
}
