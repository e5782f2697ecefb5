/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sub.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/near.h"
#include "core/account.h"
#include "core/sub_watch.h"

enum { SIDS_FIRST = 4, SIDS_SHARDS = 256, SIDS_SHARD_FROM = 4096 };
static_assert((SIDS_FIRST & (SIDS_FIRST - 1)) == 0, "a hash is cut to a table by a mask");
static_assert(SIDS_SHARD_FROM > SIDS_FIRST, "what is spread is more than the first table");

void sink_check(const struct sink *s)
{
    bool is_internal = s->session == NULL;
    assert(s->reactor != SINK_ANYWHERE || is_internal);
    assert((s->deliver != NULL) == is_internal);
    assert(s->soon == NULL || is_internal);
    assert(s->reactor <= SINK_ANYWHERE);
}

void sub_check(const struct sub *s)
{
    assert(s->sink != NULL);
    assert(s->door != NULL);
    assert(s->entry.text == s->text);       /* its texts travel with it */
    assert(s->entry.subject_len > 0);
    assert(!atomic_load_explicit(&s->is_closed, memory_order_relaxed));
    assert(s->max == 0 || s->delivered <= s->max);
}

static size_t sub_size(size_t texts)
{
    return sizeof(struct sub) + texts;
}

/* What the index and the session's table hold for it, behind the door: a table of sids has at most
 * eight places for each that is taken. */
static size_t sub_cost(const struct sub *s)
{
    assert(s->entry.subject_len > 0);
    return interest_cost(interest_entry_subject(&s->entry), s->entry.queue_len) +
           8 * sizeof(struct sub *);
}

/* Of a sink that fetches, which one of many streams is, each message touches another one. */
static void *memory_take(struct door *door, size_t size, bool is_near)
{
    assert(size > sizeof(struct sub));
    assert(door->bytes_max == 0 || door->bytes <= door->bytes_max);
    if (!is_near) return door_alloc(door, size);
    return door_charge(door, size) ? near_alloc(size) : NULL;
}

static void memory_give(struct sub *s, size_t size)
{
    struct door *door = s->door;
    assert(door != NULL && door->bytes >= size);
    assert(size >= sizeof(struct sub));
    if (s->is_near) {
        near_free(s, size);
        door_discharge(door, size);
    } else {
        (void)door_free(door, s, size);
    }
}

struct sub *sub_new(struct door *door, struct sink *sink, struct slice subject, struct slice queue,
                    struct slice sid)
{
    if (queue.len > UINT16_MAX || sid.len > UINT16_MAX) return NULL;
    size_t size = sub_size((size_t)subject.len + queue.len + sid.len);
    bool is_near = sink->soon != NULL;
    struct sub *s = memory_take(door, size, is_near);
    if (s == NULL) return NULL;
    *s = (struct sub){ .sink = sink, .door = door, .sid_len = (uint16_t)sid.len };
    s->is_near = is_near;
    s->entry.text = s->text;
    s->entry.subject_len = subject.len;
    s->entry.queue_len = (uint16_t)queue.len;
    memcpy(s->text, subject.ptr, subject.len);
    if (queue.len > 0) memcpy(s->text + subject.len, queue.ptr, queue.len);
    if (sid.len > 0) memcpy(s->text + subject.len + queue.len, sid.ptr, sid.len);
    assert(slice_equal(sub_sid(s), sid));       /* the last text: the three did not overlap */
    if (door_charge(door, sub_cost(s))) return s;
    memory_give(s, size);
    return NULL;
}

void sub_free(struct sub *s)
{
    assert(s->entry.text == s->text);           /* not something else that is freed */
    assert(s->door != NULL);
    door_discharge(s->door, sub_cost(s));
    memory_give(s, sub_size((size_t)s->entry.subject_len + s->entry.queue_len + s->sid_len));
}

/* Memory that the index replaced, until readers are past it. */
struct retired_garbage {
    struct retired  retired;
    struct garbage *list;
};

static void free_garbage(struct retired *r)
{
    struct retired_garbage *g = container_of(r, struct retired_garbage, retired);
    assert(g->list != NULL);    /* nothing is retired for nothing */
    garbage_free(g->list);
    xfree(g);
}

static void retire_garbage(struct reactor *r, struct garbage *list)
{
    if (list == NULL) return;   /* most changes happen in place */
    struct retired_garbage *g = xalloc(sizeof *g);
    g->list = list;
    reactor_retire(r, &g->retired, free_garbage);
}

/* Called on the reactor that retired it, whose door counted it. */
static void free_sub(struct retired *r)
{
    struct sub *s = container_of(r, struct sub, retired);
    assert(atomic_load_explicit(&s->is_closed, memory_order_relaxed));
    sub_free(s);
}

void sub_enter(struct reactor *r, struct account *account, struct sub *s)
{
    struct garbage *garbage = NULL;
    sub_check(s);
    sink_check(s->sink);
    assert(s->sink->reactor == r->id || s->sink->reactor == SINK_ANYWHERE);
    assert(s->delivered == 0);
    interest_insert(account->interest, &s->entry, &garbage);
    if (s->sink->soon != NULL)
        atomic_fetch_add_explicit(&account->ahead_subs, 1, memory_order_relaxed);
    assert(interest_count(account->interest) > 0);
    sub_watches_poke(account->watches, r, s);
    retire_garbage(r, garbage);
}

void sub_leave(struct reactor *r, struct account *account, struct sub *s)
{
    struct garbage *garbage = NULL;
    sub_check(s);               /* leaves once */
    assert(s->sink->reactor == r->id);      /* its own reactor frees it, after the grace */
    assert(s->door == &r->door);
    assert(interest_count(account->interest) > 0);
    atomic_store_explicit(&s->is_closed, true, memory_order_relaxed);
    interest_remove(account->interest, &s->entry, &garbage);
    if (s->sink->soon != NULL) {
        uint32_t before = atomic_fetch_sub_explicit(&account->ahead_subs, 1, memory_order_relaxed);
        assert(before > 0);
    }
    sub_watches_poke(account->watches, r, s);
    retire_garbage(r, garbage);
    reactor_retire(r, &s->retired, free_sub);
}

/* ---- sids ---- */

static uint32_t home_of(const struct sid_shard *shard, uint64_t hash)
{
    return (uint32_t)hash & (shard->cap - 1);
}

static void shard_put(struct sid_shard *shard, uint64_t hash, struct sub *s)
{
    assert(shard->count + 1 < shard->cap);      /* a hole stays, where every search ends */
    uint32_t at = home_of(shard, hash);
    while (shard->at[at] != NULL) at = (at + 1) & (shard->cap - 1);
    shard->at[at] = s;
    shard->count++;
}

static void shard_resize(struct sid_shard *shard, uint64_t seed, uint32_t cap)
{
    assert((cap & (cap - 1)) == 0);
    assert(4 * shard->count < 3 * cap);         /* what is in fits, and one more */
    struct sid_shard old = *shard;
    *shard = (struct sid_shard){ .at = xcalloc(cap, sizeof(struct sub *)), .cap = cap };
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.at[i] != NULL) shard_put(shard, hash_bytes(sub_sid(old.at[i]), seed), old.at[i]);
    assert(shard->count == old.count);
    xfree(old.at);
}

static struct sid_shard *shard_of(const struct sids *s, uint64_t hash)
{
    if (s->many != NULL) return &s->many[(hash >> 32) % SIDS_SHARDS];
    return (struct sid_shard *)(uintptr_t)&s->first;
}

static uint32_t shard_find(const struct sid_shard *shard, uint64_t hash, struct slice sid)
{
    if (shard->cap == 0) return UINT32_MAX;
    for (uint32_t at = home_of(shard, hash); shard->at[at] != NULL;
         at = (at + 1) & (shard->cap - 1))
        if (slice_equal(sub_sid(shard->at[at]), sid)) return at;
    return UINT32_MAX;
}

struct sub *sids_find(const struct sids *s, uint64_t seed, struct slice sid)
{
    uint64_t hash = hash_bytes(sid, seed);
    const struct sid_shard *shard = shard_of(s, hash);
    uint32_t at = shard_find(shard, hash, sid);
    return at == UINT32_MAX ? NULL : shard->at[at];
}

static void shard_add(struct sid_shard *shard, uint64_t seed, uint64_t hash, struct sub *sub)
{
    if (4 * (shard->count + 1) > 3 * shard->cap)
        shard_resize(shard, seed, shard->cap > 0 ? shard->cap * 2 : SIDS_FIRST);
    shard_put(shard, hash, sub);
}

static void spread(struct sids *s, uint64_t seed)
{
    assert(s->many == NULL);
    assert(s->first.count == s->count);
    s->many = xcalloc(SIDS_SHARDS, sizeof *s->many);
    for (uint32_t i = 0; i < s->first.cap; i++) {
        struct sub *sub = s->first.at[i];
        if (sub == NULL) continue;
        uint64_t hash = hash_bytes(sub_sid(sub), seed);
        shard_add(shard_of(s, hash), seed, hash, sub);
    }
    xfree(s->first.at);
    s->first = (struct sid_shard){ 0 };
    assert_slow(sids_check(s, seed) == s->count);
}

void sids_add(struct sids *s, uint64_t seed, struct sub *sub)
{
    if (s->many == NULL && s->count >= SIDS_SHARD_FROM) spread(s, seed);
    uint64_t hash = hash_bytes(sub_sid(sub), seed);
    struct sid_shard *shard = shard_of(s, hash);
    assert_slow(shard_find(shard, hash, sub_sid(sub)) == UINT32_MAX);   /* a sid has one sub */
    shard_add(shard, seed, hash, sub);
    s->count++;
    assert(shard->count <= s->count);
}

/* Backward shift: what follows moves up, so that no marks of removed ones pile up. */
static void shard_remove_at(struct sid_shard *shard, uint64_t seed, uint32_t hole)
{
    uint32_t mask = shard->cap - 1;
    assert(hole < shard->cap);
    assert(shard->at[hole] != NULL);
    assert(shard->count > 0);
    for (uint32_t at = (hole + 1) & mask; shard->at[at] != NULL; at = (at + 1) & mask) {
        uint32_t home = home_of(shard, hash_bytes(sub_sid(shard->at[at]), seed));
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        shard->at[hole] = shard->at[at];
        hole = at;
    }
    shard->at[hole] = NULL;
    shard->count--;
}

void sids_remove(struct sids *s, uint64_t seed, struct sub *sub)
{
    uint64_t hash = hash_bytes(sub_sid(sub), seed);
    struct sid_shard *shard = shard_of(s, hash);
    uint32_t at = shard_find(shard, hash, sub_sid(sub));
    assert(at != UINT32_MAX);
    assert(shard->at[at] == sub);               /* not another of the same sid */
    assert(s->count >= shard->count);
    shard_remove_at(shard, seed, at);
    s->count--;
    if (shard->cap > 64 && shard->count * 8 < shard->cap) shard_resize(shard, seed, shard->cap / 2);
}

struct sub *sids_next(const struct sids *s, uint64_t *at)
{
    uint32_t shards = s->many == NULL ? 1 : SIDS_SHARDS;
    for (uint32_t i = (uint32_t)(*at >> 32); i < shards; i++, *at = (uint64_t)i << 32) {
        const struct sid_shard *shard = s->many == NULL ? &s->first : &s->many[i];
        for (uint32_t k = (uint32_t)*at; k < shard->cap; k++) {
            if (shard->at[k] == NULL) continue;
            *at = (uint64_t)i << 32 | (k + 1);
            return shard->at[k];
        }
    }
    return NULL;
}

struct sub *sids_any(const struct sids *s)
{
    uint64_t at = 0;
    struct sub *some = sids_next(s, &at);
    assert((some == NULL) == (s->count == 0));
    return some;
}

void sids_deinit(struct sids *s)
{
    assert(s->many == NULL || s->first.at == NULL);
    for (uint32_t i = 0; s->many != NULL && i < SIDS_SHARDS; i++) xfree(s->many[i].at);
    xfree(s->many);
    xfree(s->first.at);
    *s = (struct sids){ 0 };
}

/* Returns how many are in. */
static uint32_t shard_check(const struct sid_shard *shard, uint64_t seed)
{
    uint32_t found = 0;
    assert((shard->at == NULL) == (shard->cap == 0));
    assert((shard->cap & (shard->cap - 1)) == 0);
    assert(shard->cap == 0 || shard->cap >= SIDS_FIRST);
    assert(4 * shard->count <= 3 * shard->cap);
    for (uint32_t at = 0; at < shard->cap; at++) {
        const struct sub *s = shard->at[at];
        if (s == NULL) continue;
        found++;
        sub_check(s);
        assert(shard_find(shard, hash_bytes(sub_sid(s), seed), sub_sid(s)) == at);
    }
    assert(found == shard->count);
    return found;
}

uint32_t sids_check(const struct sids *s, uint64_t seed)
{
    uint32_t found = shard_check(&s->first, seed);
    assert(s->many == NULL || found == 0);      /* here or there, not both */
    for (uint32_t i = 0; s->many != NULL && i < SIDS_SHARDS; i++) {
        const struct sid_shard *shard = &s->many[i];
        found += shard_check(shard, seed);
        for (uint32_t k = 0; k < shard->cap; k++)
            assert(shard->at[k] == NULL ||
                   shard_of(s, hash_bytes(sub_sid(shard->at[k]), seed)) == shard);
    }
    assert(found == s->count);
    return found;
}
