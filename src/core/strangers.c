/* SPDX-License-Identifier: Apache-2.0 */
/* Shards of open addressing, by a keyed hash of the address. A place whose count falls to zero is
 * removed by moving up what follows. */
#include "core/strangers.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/lock.h"

/* So many shards that a table of 65536 addresses grows in steps of microseconds, and that two
 * reactors seldom want the same lock. */
enum { SHARDS = 64, CAP_FIRST = 4 };
static_assert((SHARDS & (SHARDS - 1)) == 0, "a hash is cut to a shard by a mask");
static_assert((CAP_FIRST & (CAP_FIRST - 1)) == 0, "and to a table too");

struct place {
    uint64_t network;                   /* an IPv4 address, or the /64 of an IPv6 one */
    uint32_t count;                     /* 0: free */
    bool     v6;
};

struct shard {
    struct lock   lock;
    struct place *at;
    uint32_t      cap;
    uint32_t      used;
};

struct strangers {
    uint64_t     hash_seed;
    struct shard shards[SHARDS];
};

struct strangers *strangers_new(uint64_t hash_seed)
{
    static_assert(sizeof(struct place) == 16, "four in a cache line");
    struct strangers *s = xcalloc(1, sizeof *s);
    s->hash_seed = hash_seed;
    for (uint32_t i = 0; i < SHARDS; i++) lock_init(&s->shards[i].lock);
    assert(strangers_check(s) == 0);
    return s;
}

struct strangers *strangers_free(struct strangers *s)
{
    if (s == NULL) return NULL;
    for (uint32_t i = 0; i < SHARDS; i++) {
        assert(s->shards[i].used == 0); /* all have gone before */
        lock_deinit(&s->shards[i].lock);
        xfree(s->shards[i].at);
    }
    return xfree(s);
}

static struct place place_of(const struct net_addr *a)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct place p = { .v6 = a->v6 && memcmp(a->ip, mapped, sizeof mapped) != 0 };
    static_assert(sizeof a->ip == sizeof mapped + 4, "an IPv4 address stands last");
    const uint8_t *bytes = a->v6 && !p.v6 ? a->ip + sizeof mapped : a->ip;
    uint32_t len = p.v6 ? sizeof p.network : 4;
    for (uint32_t i = 0; i < len; i++) p.network = p.network << 8 | bytes[i];
    assert(p.v6 || p.network <= UINT32_MAX);
    return p;
}

static uint64_t hash_of(const struct strangers *s, const struct place *p)
{
    uint8_t key[sizeof p->network + 1];
    memcpy(key, &p->network, sizeof p->network);
    key[sizeof p->network] = p->v6;
    return hash_bytes(slice_of(key, sizeof key), s->hash_seed);
}

static struct shard *shard_of(struct strangers *s, uint64_t hash)
{
    return &s->shards[(hash >> 32) & (SHARDS - 1)];
}

static bool is_same(const struct place *a, const struct place *b)
{
    return a->network == b->network && a->v6 == b->v6;
}

/* Where it is, or the hole where it would be. The table has one. */
static uint32_t find(const struct shard *shard, uint64_t hash, const struct place *p)
{
    uint32_t mask = shard->cap - 1;
    assert(shard->used < shard->cap);
    uint32_t at = (uint32_t)hash & mask;
    while (shard->at[at].count > 0 && !is_same(&shard->at[at], p)) at = (at + 1) & mask;
    assert(at < shard->cap);
    return at;
}

static bool resize(struct strangers *s, struct shard *shard, uint32_t cap)
{
    assert((cap & (cap - 1)) == 0);
    assert(4 * shard->used < 3 * cap);  /* what is in fits, and one more */
    struct shard new = { .cap = cap, .at = try_alloc(cap * sizeof *new.at) };
    if (new.at == NULL) return false;
    memset(new.at, 0, cap * sizeof *new.at);
    for (uint32_t i = 0; i < shard->cap; i++) {
        const struct place *p = &shard->at[i];
        if (p->count == 0) continue;
        new.at[find(&new, hash_of(s, p), p)] = *p;
        new.used++;
    }
    assert(new.used == shard->used);
    xfree(shard->at);
    shard->at = new.at;
    shard->cap = new.cap;
    return true;
}

static bool has_room(struct strangers *s, struct shard *shard)
{
    if (4 * (shard->used + 1) <= 3 * shard->cap) return true;
    assert(shard->cap == 0 || shard->used > 0);
    if (!resize(s, shard, shard->cap > 0 ? shard->cap * 2 : CAP_FIRST)) return false;
    assert(4 * (shard->used + 1) <= 3 * shard->cap);
    return true;
}

static bool enter(struct strangers *s, struct shard *shard, uint64_t hash, struct place who,
                  int64_t max)
{
    if (!has_room(s, shard)) return false;
    struct place *p = &shard->at[find(shard, hash, &who)];
    if (max > 0 && p->count >= max) return false;
    if (p->count == 0) {
        *p = who;
        shard->used++;
    }
    assert(is_same(p, &who));
    assert(p->count < UINT32_MAX);
    p->count++;
    return true;
}

bool strangers_enter(struct strangers *s, const struct net_addr *addr, int64_t max)
{
    struct place who = place_of(addr);
    uint64_t hash = hash_of(s, &who);
    struct shard *shard = shard_of(s, hash);
    assert(max >= 0);
    lock_take(&shard->lock);
    bool entered = enter(s, shard, hash, who, max);
    assert(!entered || shard->used > 0);
    lock_drop(&shard->lock);
    return entered;
}

/* What follows moves up, so that each is found from its home without a hole between. */
static void remove_at(struct strangers *s, struct shard *shard, uint32_t hole)
{
    uint32_t mask = shard->cap - 1;
    assert(hole < shard->cap);
    assert(shard->at[hole].count == 0);
    assert(shard->used > 0);
    for (uint32_t at = (hole + 1) & mask; shard->at[at].count > 0; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)hash_of(s, &shard->at[at]) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        shard->at[hole] = shard->at[at];
        shard->at[at].count = 0;
        hole = at;
    }
    shard->used--;
    if (shard->cap > CAP_FIRST && shard->used * 8 < shard->cap)
        (void)resize(s, shard, shard->cap / 2);     /* a flood leaves nothing behind */
}

void strangers_leave(struct strangers *s, const struct net_addr *addr)
{
    struct place who = place_of(addr);
    uint64_t hash = hash_of(s, &who);
    struct shard *shard = shard_of(s, hash);
    lock_take(&shard->lock);
    assert(shard->used > 0);
    uint32_t at = find(shard, hash, &who);
    assert(shard->at[at].count > 0);    /* it has entered, and leaves once */
    if (--shard->at[at].count == 0) remove_at(s, shard, at);
    lock_drop(&shard->lock);
}

uint32_t strangers_of(struct strangers *s, const struct net_addr *addr)
{
    struct place who = place_of(addr);
    uint64_t hash = hash_of(s, &who);
    struct shard *shard = shard_of(s, hash);
    lock_take(&shard->lock);
    assert(shard->used <= shard->cap);
    uint32_t count = shard->used > 0 ? shard->at[find(shard, hash, &who)].count : 0;
    lock_drop(&shard->lock);
    return count;
}

/* Returns how many are in. */
static uint64_t shard_check(const struct strangers *s, const struct shard *shard)
{
    uint64_t in = 0;
    uint32_t used = 0;
    assert((shard->at == NULL) == (shard->cap == 0));
    assert((shard->cap & (shard->cap - 1)) == 0);
    assert(4 * shard->used <= 3 * shard->cap);
    for (uint32_t i = 0; i < shard->cap; i++) {
        const struct place *p = &shard->at[i];
        if (p->count == 0) continue;
        assert(find(shard, hash_of(s, p), p) == i);
        in += p->count;
        used++;
    }
    assert(used == shard->used);
    return in;
}

uint64_t strangers_check(struct strangers *s)
{
    uint64_t in = 0;
    for (uint32_t i = 0; i < SHARDS; i++) {
        lock_take(&s->shards[i].lock);
        in += shard_check(s, &s->shards[i]);
        lock_drop(&s->shards[i].lock);
    }
    return in;
}
