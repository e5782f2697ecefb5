/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sum_mend.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/le.h"

/* Of XXH3, as its specification has them. */
enum {
    SECRET = 192,
    LANES = 8,
    STRIPE = 64,
    BLOCK = 1024,
    KEY_STEP = 8, /* of the secret, from stripe to stripe */
    KEY_LAST = 121,
    KEY_SCRAMBLE = 128,
    KEY_MERGE = 11,
};

struct lanes {
    uint64_t at[LANES];
};

static const struct lanes begin = { {
    UINT64_C(0x00000000c2b2ae3d),
    UINT64_C(0x9e3779b185ebca87),
    UINT64_C(0xc2b2ae3d27d4eb4f),
    UINT64_C(0x165667b19e3779f9),
    UINT64_C(0x85ebca77c2b2ae63),
    UINT64_C(0x0000000085ebca77),
    UINT64_C(0x27d4eb2f165667c5),
    UINT64_C(0x000000009e3779b1),
} };
static const uint64_t prime_scramble = UINT64_C(0x9e3779b1);
static const uint64_t prime_len = UINT64_C(0x9e3779b185ebca87);
/* Times 0x165667919e3779f9, by which the sum was multiplied last, it is 1. */
static const uint64_t prime_undone = UINT64_C(0x08da8ee41d6df849);

struct trial {
    const struct sum_text *text;
    uint32_t blocks;           /* that are scrambled: something stands behind each */
    struct lanes *before;      /* each block */
    struct lanes *adds;        /* … and what it adds */
    struct lanes rest;         /* what all behind the blocks adds */
    uint64_t pairs[LANES / 2]; /* what two lanes must be worth if the other six are as they are */
    uint8_t secret[SECRET];
};

/* ---- XXH3 ---- */

static inline uint64_t product(uint64_t keyed)
{
    return (keyed & UINT32_MAX) * (keyed >> 32);
}

static void add_stripe(struct lanes *l, const uint8_t *from, const uint8_t *key)
{
    for (uint32_t i = 0; i < LANES; i++) {
        uint64_t word = le_get_u64(from + (size_t)8 * i);
        l->at[i ^ 1] += word;
        l->at[i] += product(word ^ le_get_u64(key + (size_t)8 * i));
    }
}

static struct lanes added(const struct trial *t, uint32_t at, uint32_t stripes)
{
    struct lanes l = { { 0 } };
    assert(stripes <= BLOCK / STRIPE);
    for (uint32_t i = 0; i < stripes; i++)
        add_stripe(&l, t->text->bytes + at + (size_t)i * STRIPE, t->secret + (size_t)i * KEY_STEP);
    return l;
}

static inline uint64_t scramble_key(const struct trial *t, uint32_t lane)
{
    return le_get_u64(t->secret + KEY_SCRAMBLE + (size_t)8 * lane);
}

static inline uint64_t scrambled(uint64_t lane, uint64_t key)
{
    return ((lane ^ (lane >> 47)) ^ key) * prime_scramble;
}

/* What two lanes at the end are worth in the sum. */
static inline uint64_t worth(const struct trial *t, uint32_t pair, uint64_t even, uint64_t odd)
{
    const uint8_t *key = t->secret + KEY_MERGE + (size_t)16 * pair;
    return XXH3_mul128_fold64(even ^ le_get_u64(key), odd ^ le_get_u64(key + 8));
}

/* What all lanes are worth, of a sum. */
static uint64_t worth_of(const struct sum_text *x)
{
    uint64_t all = x->sum ^ (x->sum >> 32);
    all *= prime_undone;
    all ^= all >> 37;
    return all - x->len * prime_len;
}

/* ---- reckoned once ---- */

static void reckon_pairs(struct trial *t, const struct lanes *end)
{
    uint64_t missing = worth_of(t->text);
    for (uint32_t i = 0; i < LANES / 2; i++) {
        t->pairs[i] = worth(t, i, end->at[2 * (size_t)i], end->at[2 * (size_t)i + 1]);
        missing -= t->pairs[i];
    }
    for (uint32_t i = 0; i < LANES / 2; i++) t->pairs[i] += missing;
}

static void trial_init(struct trial *t, const struct sum_text *x)
{
    struct lanes l = begin;
    *t = (struct trial){ .text = x, .blocks = (x->len - 1) / BLOCK };
    t->before = xalloc((t->blocks + (size_t)1) * sizeof *t->before);
    t->adds = xalloc((t->blocks + (size_t)1) * sizeof *t->adds);
    XXH3_generateSecret_fromSeed(t->secret, x->seed);
    for (uint32_t n = 0; n < t->blocks; n++) {
        t->before[n] = l;
        t->adds[n] = added(t, n * BLOCK, BLOCK / STRIPE);
        for (uint32_t i = 0; i < LANES; i++)
            l.at[i] = scrambled(l.at[i] + t->adds[n].at[i], scramble_key(t, i));
    }
    uint32_t behind = t->blocks * BLOCK;
    t->rest = added(t, behind, (x->len - 1 - behind) / STRIPE);
    add_stripe(&t->rest, x->bytes + x->len - STRIPE, t->secret + KEY_LAST);
    for (uint32_t i = 0; i < LANES; i++) l.at[i] += t->rest.at[i];
    reckon_pairs(t, &l);
}

static void trial_deinit(struct trial *t)
{
    t->before = xfree(t->before);
    t->adds = xfree(t->adds);
    assert(t->text != NULL);
}

/* ---- tries ---- */

/* A bit of a block, that is in one stripe only. */
static bool fits_in_block(const struct trial *t, uint32_t byte, uint8_t mask)
{
    uint32_t n = byte / BLOCK, stripe = byte % BLOCK / STRIPE, lane = byte % STRIPE / 8;
    uint32_t other = lane ^ 1;
    uint64_t key = le_get_u64(t->secret + (size_t)stripe * KEY_STEP + (size_t)8 * lane);
    uint64_t was = le_get_u64(t->text->bytes + byte / 8 * (size_t)8);
    uint64_t is = was ^ (uint64_t)mask << byte % 8 * 8;
    uint64_t a = t->before[n].at[lane] + product(is ^ key) - product(was ^ key);
    uint64_t b = t->before[n].at[other] + is - was;
    uint64_t key_a = scramble_key(t, lane), key_b = scramble_key(t, other);
    for (; n < t->blocks; n++) {
        a = scrambled(a + t->adds[n].at[lane], key_a);
        b = scrambled(b + t->adds[n].at[other], key_b);
    }
    a += t->rest.at[lane];
    b += t->rest.at[other];
    bool is_even = lane < other;
    return worth(t, lane / 2, is_even ? a : b, is_even ? b : a) == t->pairs[lane / 2];
}

static bool fits(const struct trial *t, uint32_t byte, uint8_t mask)
{
    const struct sum_text *x = t->text;
    bool is_in_block = byte / BLOCK < t->blocks && byte < x->len - STRIPE;
    if (is_in_block) return fits_in_block(t, byte, mask);
    x->bytes[byte] ^= mask;
    uint64_t sum = hash_sum(x->bytes, x->len, x->seed);
    x->bytes[byte] ^= mask;
    return sum == x->sum;
}

bool sum_mend(const struct sum_text *x, uint32_t from, uint32_t *ret_byte, uint8_t *ret_mask)
{
    struct trial t;
    uint32_t tried = 0, bits = 0;
    assert(x->len >= SUM_MEND_MIN && from <= x->len);
    trial_init(&t, x);
    bits = (x->len - from) * 8;
    while (tried < bits && !fits(&t, from + tried / 8, (uint8_t)(1U << tried % 8))) tried++;
    trial_deinit(&t);
    if (tried == bits) return false;
    *ret_byte = from + tried / 8;
    *ret_mask = (uint8_t)(1U << tried % 8);
    return true;
}
