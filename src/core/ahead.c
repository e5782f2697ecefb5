/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ahead.h"

#include "base/assert.h"
#include "core/core.h"
#include "core/match_cache.h"
#include "core/sub.h"

/* The first that wants a message: how far it is known. */
struct place {
    struct topic          *topic;
    struct entries        *entries;
    struct interest_entry *entry;
    const struct sink     *sink;        /* that fetches, and lives here */
};

/* Known from an earlier match, or what the match will read is asked for. */
static void find_known(struct core_reactor *cr, const struct account *a, struct slice subject,
                       struct matches *m, struct place *ret)
{
    assert(subject.len > 0);
    assert(a->interest != NULL);
    *ret = (struct place){ .entry = match_cache_find(cr, a, subject) };
    if (ret->entry != NULL) PREFETCH(sub_of(ret->entry));
    else interest_soon(a->interest, subject, m);
}

static void find_topic(const struct account *a, struct slice subject, struct matches *m,
                       struct place *ret)
{
    assert(ret->topic == NULL);
    assert(ret->entries == NULL && ret->sink == NULL);
    if (ret->entry != NULL) return;
    interest_match(a->interest, subject, m);
    ret->entry = m->single;
    if (m->single != NULL) PREFETCH(m->single);
    if (m->single != NULL || m->count == 0) return;
    ret->topic = m->topics[0];
    PREFETCH(ret->topic);
}

static void find_entries(struct place *p)
{
    if (p->topic == NULL) return;
    assert(p->entry == NULL);
    assert(p->entries == NULL);
    p->entries = atomic_load_explicit(&p->topic->plain, memory_order_acquire);
    if (p->entries != NULL) PREFETCH(p->entries);
}

static void find_entry(struct place *p)
{
    struct entries *e = p->entries;
    assert(e == NULL || p->topic != NULL);
    assert(p->entry == NULL || p->topic == NULL);       /* known from the table of literals */
    if (e == NULL || atomic_load_explicit(&e->len, memory_order_acquire) == 0) return;
    p->entry = atomic_load_explicit(&e->at[0], memory_order_acquire);
    if (p->entry != NULL) PREFETCH(sub_of(p->entry));
}

static void find_sink(struct place *p)
{
    assert(p->sink == NULL);
    if (p->entry == NULL) return;
    p->sink = sub_of(p->entry)->sink;
    assert(p->sink != NULL);
    PREFETCH(p->sink);
}

/* One that lives elsewhere is not ours to read. */
static void keep_own(const struct core_reactor *cr, struct place *p)
{
    if (p->sink == NULL) return;
    assert(p->entry != NULL);
    if (p->sink->soon == NULL || p->sink->reactor != cr->reactor->id) p->sink = NULL;
}

static bool is_one_place(const struct place *at, uint32_t count)
{
    assert(count >= 2);
    assert(count <= AHEAD_MAX);
    for (uint32_t i = 1; i < count; i++)
        if (at[i].sink != at[0].sink) return false;
    return true;
}

bool ahead_look(struct core_reactor *cr, struct account *a, const struct slice *subjects,
                uint32_t count)
{
    struct place at[AHEAD_MAX];
    struct matches *m = &cr->ahead;
    assert(count >= 2);
    assert(count <= AHEAD_MAX);
    assert(!cr->hand.is_busy);          /* between two operations */
    for (uint32_t i = 0; i < count; i++) match_cache_soon(cr, subjects[i]);
    for (uint32_t i = 0; i < count; i++) find_known(cr, a, subjects[i], m, &at[i]);
    for (uint32_t i = 0; i < count; i++) find_topic(a, subjects[i], m, &at[i]);
    for (uint32_t i = 0; i < count; i++) find_entries(&at[i]);
    for (uint32_t i = 0; i < count; i++) find_entry(&at[i]);
    for (uint32_t i = 0; i < count; i++) find_sink(&at[i]);
    if (is_one_place(at, count)) return false;
    for (uint32_t i = 0; i < count; i++) keep_own(cr, &at[i]);
    for (uint32_t step = 0; step < SINK_SOON_STEPS; step++)
        for (uint32_t i = 0; i < count; i++)
            if (at[i].sink != NULL) at[i].sink->soon(at[i].sink, step);
    return true;
}
