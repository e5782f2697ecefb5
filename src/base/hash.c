/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash_long.h"

uint64_t hash_bytes(struct slice s, uint64_t seed)
{
    return hash_sum(s.ptr, s.len, seed);
}

uint64_t hash_sum(const void *bytes, size_t len, uint64_t seed)
{
    if (len >= HASH_LONG) return hash_long(bytes, len, seed);
    return XXH3_64bits_withSeed(bytes, len, seed);
}
