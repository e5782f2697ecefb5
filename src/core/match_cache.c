/* SPDX-License-Identifier: Apache-2.0 */
#include "core/match_cache.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "core/core.h"
#include "core/sub.h"

enum { PLACES = 4096 };

/* Accounts live as long as the core, so that their address tells them apart. */
struct match_known {
    const struct account  *account; /* NULL: nothing is known here */
    uint64_t               generation;
    struct interest_entry *entry;
    uint8_t                len;
    uint8_t                text[MATCH_CACHE_SUBJECT];
};
_Static_assert(sizeof(struct match_known) == CACHE_LINE, "what is known is a line");

struct match_cache {
    struct match_known at[PLACES];
};

struct match_cache *match_cache_free(struct match_cache *c)
{
    return xfree(c);
}

/* A subject stands at one of two places side by side, so that two that share one do not drive each
 * other out. */
static struct match_known *places_of(const struct core_reactor *cr, struct slice subject)
{
    assert(cr->match_cache != NULL);
    assert(subject.len > 0);
    uint64_t hash = hash_bytes(subject, cr->core->hash_seed);
    return &cr->match_cache->at[hash % (PLACES / 2) * 2];
}

const struct match_known *match_cache_soon(const struct core_reactor *cr, struct slice subject)
{
    assert(subject.len > 0);
    assert(subject.ptr != NULL);
    if (cr->match_cache == NULL || subject.len > MATCH_CACHE_SUBJECT) return NULL;
    const struct match_known *at = places_of(cr, subject);
    PREFETCH(&at[0]);
    PREFETCH(&at[1]);
    return at;
}

/* As of this index and generation. */
static bool is_of(const struct match_known *k, const struct account *a)
{
    assert(k->len <= sizeof k->text);
    assert(a->interest != NULL);
    return k->account == a && k->generation == interest_generation(a->interest);
}

static bool is_known(const struct match_known *k, const struct account *a, struct slice subject)
{
    assert(subject.len > 0);
    assert(subject.len <= MATCH_CACHE_SUBJECT);
    return k->len == subject.len && is_of(k, a) && slice_equal(slice_of(k->text, k->len), subject);
}

struct interest_entry *match_cache_look(const struct match_known *at, const struct account *a,
                                        struct slice subject)
{
    assert(at != NULL);
    assert(subject.len > 0);
    if (LIKELY(is_known(&at[0], a, subject))) return at[0].entry;
    return is_known(&at[1], a, subject) ? at[1].entry : NULL;
}

static struct interest_entry *find(const struct core_reactor *cr, const struct account *a,
                                   struct slice subject)
{
    const struct match_found *f = &cr->found;
    assert(f->entry == NULL || f->account != NULL);
    assert(subject.len > 0);
    if (f->entry != NULL && f->subject.ptr == subject.ptr && f->subject.len == subject.len &&
        f->account == a && f->generation == interest_generation(a->interest))
        return f->entry;
    if (cr->match_cache == NULL || subject.len > MATCH_CACHE_SUBJECT) return NULL;
    return match_cache_look(places_of(cr, subject), a, subject);
}

/* Of a sink that fetches. Replies, each with a subject of its own, would drive out the others. */
static bool is_worth(const struct interest_entry *e)
{
    const struct sub *s = container_of(e, const struct sub, entry);
    assert(e->queue_len == 0);
    assert(s->sink != NULL);
    return s->sink->soon != NULL;
}

/* The only one that a match has found, if it is a plain one. */
static struct interest_entry *only_one(const struct matches *m)
{
    assert(m->single == NULL || m->single->queue_len == 0);
    if (m->count == 0) return m->single;
    if (m->count > 1 || m->single != NULL) return NULL;
    const struct topic *t = m->topics[0];
    assert(t != NULL);
    if (atomic_load_explicit(&t->groups, memory_order_acquire) != NULL) return NULL;
    struct entries *e = atomic_load_explicit(&t->plain, memory_order_acquire);
    if (e == NULL || atomic_load_explicit(&e->len, memory_order_acquire) != 1) return NULL;
    return atomic_load_explicit(&e->at[0], memory_order_acquire);
}

static void keep(struct core_reactor *cr, const struct account *a, uint64_t generation,
                 struct slice subject, struct interest_entry *entry)
{
    if (cr->match_cache == NULL)
        cr->match_cache = xalloc_aligned(CACHE_LINE, sizeof *cr->match_cache);
    struct match_known *at = places_of(cr, subject);
    struct match_known *k = is_of(&at[0], a) && !is_of(&at[1], a) ? &at[1] : &at[0];
    assert(subject.len > 0 && subject.len <= sizeof k->text);
    assert(entry != NULL && entry->queue_len == 0);
    assert(generation <= interest_generation(a->interest));
    k->account = a;
    k->generation = generation;
    k->entry = entry;
    k->len = (uint8_t)subject.len;
    memcpy(k->text, subject.ptr, subject.len);
}

void match_cached(struct core_reactor *cr, const struct account *a, struct slice subject,
                  struct matches *m)
{
    struct interest_entry *entry = find(cr, a, subject);
    if (LIKELY(entry != NULL)) {
        assert(entry->queue_len == 0);
        m->single = entry;
        m->count = 0;
        return;
    }
    assert(subject.len > 0);
    uint64_t generation = interest_generation(a->interest);
    interest_match(a->interest, subject, m);
    entry = only_one(m);
    if (entry != NULL && subject.len <= MATCH_CACHE_SUBJECT && is_worth(entry))
        keep(cr, a, generation, subject, entry);
}
