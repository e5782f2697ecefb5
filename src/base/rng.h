/* SPDX-License-Identifier: Apache-2.0 */
/* Rng: fast, seedable, not secret (xoshiro256**; Blackman and Vigna). Secrets come from
 * env.entropy.
 *
 * Memory: a value. Thread: its owner's. Two generators with one seed give one sequence. */
#ifndef MIDGE_BASE_RNG_H
#define MIDGE_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *, uint64_t seed); /* any seed, 0 too */

static inline uint64_t rng_rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t result = rng_rotl(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rng_rotl(r->s[3], 45);
    return result;
}

/* Below `limit` (> 0), by the high half of a product; the bias is under limit / 2^32. */
static inline uint32_t rng_below(struct rng *r, uint32_t limit)
{
    return (uint32_t)(((rng_next(r) >> 32) * limit) >> 32);
}

bool rng_chance(struct rng *, uint32_t numerator, uint32_t denominator);

#endif
