/* SPDX-License-Identifier: Apache-2.0 */
/* Hash: XXH3 with a secret seed, so that a stranger cannot aim for collisions.
 *
 * The seed is drawn once per process (per simulation run) and passed down; a hash never leaves the
 * process. */
#ifndef MIDGE_BASE_HASH_H
#define MIDGE_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

uint64_t hash_bytes(struct slice s, uint64_t seed);

/* The same as formats on a disk have it, of any length; seed 0 is XXH3 without one. Long texts are
 * summed with what vector instructions the processor has. */
uint64_t hash_sum(const void *bytes, size_t len, uint64_t seed);

/* For integers and pointers-as-integers; a bijection, not keyed. */
static inline uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x;
}

#endif
