/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/nuid.h"

#include "base/assert.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { BASE = sizeof(digits) - 1, STEP_MIN = 33, STEP_MAX = 333 };

/* BASE to the power of the places behind the prefix. */
static const uint64_t COUNT_MAX = 839299365868340224;

static void begin(struct nuid *n)
{
    for (uint32_t i = 0; i < NUID_PREFIX; i++)
        n->prefix[i] = (uint8_t)digits[rng_below(n->rng, BASE)];
    n->count = rng_next(n->rng) % COUNT_MAX;
    n->step = STEP_MIN + rng_below(n->rng, STEP_MAX - STEP_MIN);
}

void nuid_init(struct nuid *n, struct rng *rng)
{
    assert(rng != NULL);
    n->rng = rng;
    begin(n);
}

void nuid_next(struct nuid *n, char ret[NUID_LEN + 1])
{
    assert(n->step >= STEP_MIN);
    n->count += n->step;
    if (n->count >= COUNT_MAX) begin(n);
    assert(n->count < COUNT_MAX);
    uint64_t left = n->count;
    for (uint32_t i = 0; i < NUID_PREFIX; i++) ret[i] = (char)n->prefix[i];
    for (uint32_t i = NUID_LEN; i-- > NUID_PREFIX; left /= BASE) ret[i] = digits[left % BASE];
    ret[NUID_LEN] = '\0';
}
