/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash_long.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"

uint64_t hash_long(const void *bytes, size_t len, uint64_t seed)
{
    assert(len >= HASH_LONG);
    return XXH3_64bits_withSeed(bytes, len, seed);
}
