/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sub.h"

#include "base/assert.h"
#include "base/hash.h"
#include "core/account.h"

enum { SIDS_FIRST = 4, SIDS_SHARDS = 256, SIDS_SHARD_FROM = 4096 };

static size_t sub_size(size_t texts)
{
    return sizeof(struct sub) + texts;
}

struct sub *sub_new(struct door *door, struct sink *sink, struct slice subject, struct slice queue,
                    struct slice sid)
{
    if (queue.len > UINT16_MAX || sid.len > UINT16_MAX) return NULL;
    struct sub *s = door_alloc(door, sub_size((size_t)subject.len + queue.len + sid.len));
    if (s == NULL) return NULL;
    *s = (struct sub){ .sink = sink, .door = door, .sid_len = (uint16_t)sid.len };
    s->entry.text = s->text;
    s->entry.subject_len = subject.len;
    s->entry.queue_len = (uint16_t)queue.len;
    memcpy(s->text, subject.ptr, subject.len);
    if (queue.len > 0) memcpy(s->text + subject.len, queue.ptr, queue.len);
    if (sid.len > 0) memcpy(s->text + subject.len + queue.len, sid.ptr, sid.len);
    return s;
}

void sub_free(struct sub *s)
{
    (void)door_free(s->door, s,
                    sub_size((size_t)s->entry.subject_len + s->entry.queue_len + s->sid_len));
}

/* Memory that the index replaced, until readers are past it. */
struct retired_garbage {
    struct retired  retired;
    struct garbage *list;
};

static void free_garbage(struct retired *r)
{
    struct retired_garbage *g = container_of(r, struct retired_garbage, retired);
    garbage_free(g->list);
    xfree(g);
}

static void retire_garbage(struct reactor *r, struct garbage *list)
{
    if (list == NULL) return;
    struct retired_garbage *g = xalloc(sizeof *g);
    g->list = list;
    reactor_retire(r, &g->retired, free_garbage);
}

/* Called on the reactor that retired it, whose door counted it. */
static void free_sub(struct retired *r)
{
    struct sub *s = container_of(r, struct sub, retired);
    sub_free(s);
}

void sub_enter(struct reactor *r, struct account *account, struct sub *s)
{
    struct garbage *garbage = NULL;
    interest_insert(account->interest, &s->entry, &garbage);
    retire_garbage(r, garbage);
}

void sub_leave(struct reactor *r, struct account *account, struct sub *s)
{
    struct garbage *garbage = NULL;
    atomic_store_explicit(&s->is_closed, true, memory_order_relaxed);
    interest_remove(account->interest, &s->entry, &garbage);
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
    uint32_t at = home_of(shard, hash);
    while (shard->at[at] != NULL) at = (at + 1) & (shard->cap - 1);
    shard->at[at] = s;
    shard->count++;
}

static void shard_resize(struct sid_shard *shard, uint64_t seed, uint32_t cap)
{
    struct sid_shard old = *shard;
    *shard = (struct sid_shard){ .at = xcalloc(cap, sizeof(struct sub *)), .cap = cap };
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.at[i] != NULL) shard_put(shard, hash_bytes(sub_sid(old.at[i]), seed), old.at[i]);
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
    s->many = xcalloc(SIDS_SHARDS, sizeof *s->many);
    for (uint32_t i = 0; i < s->first.cap; i++) {
        struct sub *sub = s->first.at[i];
        if (sub == NULL) continue;
        uint64_t hash = hash_bytes(sub_sid(sub), seed);
        shard_add(shard_of(s, hash), seed, hash, sub);
    }
    xfree(s->first.at);
    s->first = (struct sid_shard){ 0 };
}

void sids_add(struct sids *s, uint64_t seed, struct sub *sub)
{
    if (s->many == NULL && s->count >= SIDS_SHARD_FROM) spread(s, seed);
    uint64_t hash = hash_bytes(sub_sid(sub), seed);
    shard_add(shard_of(s, hash), seed, hash, sub);
    s->count++;
}

/* Backward shift: what follows moves up, so that no marks of removed ones pile up. */
static void shard_remove_at(struct sid_shard *shard, uint64_t seed, uint32_t hole)
{
    uint32_t mask = shard->cap - 1;
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
    assert(at != UINT32_MAX && shard->at[at] == sub);
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
    return sids_next(s, &at);
}

void sids_deinit(struct sids *s)
{
    for (uint32_t i = 0; s->many != NULL && i < SIDS_SHARDS; i++) xfree(s->many[i].at);
    xfree(s->many);
    xfree(s->first.at);
    *s = (struct sids){ 0 };
}
