/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "base/assert.h"

/* SplitMix64 spreads a small seed over the whole state, which must not be all zero. */
static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) r->s[i] = splitmix(&seed);
    assert((r->s[0] | r->s[1] | r->s[2] | r->s[3]) != 0);
}

bool rng_chance(struct rng *r, uint32_t numerator, uint32_t denominator)
{
    assert(denominator > 0);
    return rng_below(r, denominator) < numerator;
}
