/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash_long.h"

#include <xxh_x86dispatch.h>

#include "base/assert.h"

uint64_t hash_long(const void *bytes, size_t len, uint64_t seed)
{
    assert(len >= HASH_LONG);
    return XXH3_64bits_withSeed_dispatch(bytes, len, seed);
}
