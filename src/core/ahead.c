/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ahead.h"

#include "base/assert.h"
#include "core/core.h"
#include "core/match_cache.h"
#include "core/sub.h"

enum step { STEP_KNOWN, STEP_TOPIC, STEP_ENTRIES, STEP_ENTRY, STEP_SINK, STEP_SOON };
enum { STEP_OVER = STEP_SOON + SINK_SOON_STEPS };

/* Known from an earlier match, or what the match will read is asked for. */
static void find_known(struct ahead *p, struct core_reactor *cr, const struct account *a,
                       struct slice subject)
{
    assert(subject.len > 0);
    assert(p->entry == NULL && p->topic == NULL);
    p->generation = interest_generation(a->interest);
    p->entry = p->known == NULL ? NULL : match_cache_look(p->known, a, subject);
    p->is_alone = p->entry != NULL;
    p->step = p->is_alone ? STEP_SINK : STEP_TOPIC;
    if (p->is_alone) PREFETCH(sub_of(p->entry));
    else interest_soon(a->interest, subject, &cr->ahead);
}

static void find_topic(struct ahead *p, struct core_reactor *cr, const struct account *a,
                       struct slice subject)
{
    struct matches *m = &cr->ahead;
    assert(p->topic == NULL && p->entry == NULL);
    assert(p->entries == NULL && p->sink == NULL);
    interest_match(a->interest, subject, m);
    p->entry = m->single;
    p->step = STEP_ENTRIES;
    if (m->single != NULL) {
        p->step = STEP_SINK;
        PREFETCH(sub_of(m->single));
    } else if (m->count == 0) {
        p->step = STEP_OVER;
    } else {
        p->topic = m->topics[0];
        PREFETCH(p->topic);
    }
}

static void find_entries(struct ahead *p)
{
    assert(p->topic != NULL);
    assert(p->entry == NULL && p->entries == NULL);
    assert(p->sink == NULL);
    p->entries = atomic_load_explicit(&p->topic->plain, memory_order_acquire);
    p->step = p->entries != NULL ? STEP_ENTRY : STEP_OVER;
    if (p->entries != NULL) PREFETCH(p->entries);
}

static void find_entry(struct ahead *p)
{
    struct entries *e = p->entries;
    assert(e != NULL && p->topic != NULL);
    assert(p->entry == NULL);
    p->step = STEP_OVER;
    if (atomic_load_explicit(&e->len, memory_order_acquire) == 0) return;
    p->entry = atomic_load_explicit(&e->at[0], memory_order_acquire);
    if (p->entry == NULL) return;
    p->step = STEP_SINK;
    PREFETCH(sub_of(p->entry));
}

/* One that lives elsewhere is not ours to read. */
static bool is_own(const struct core_reactor *cr, const struct sink *sink)
{
    assert(sink != NULL);
    assert(cr->reactor != NULL);
    return sink->soon != NULL && sink->reactor == cr->reactor->id;
}

static void find_sink(struct ahead *p)
{
    assert(p->entry != NULL);
    assert(p->sink == NULL);
    p->sink = sub_of(p->entry)->sink;
    p->step = STEP_SOON;
    assert(p->sink != NULL);
    PREFETCH(p->sink);
}

static void ask_sink(struct ahead *p, const struct core_reactor *cr)
{
    assert(p->step >= STEP_SOON && p->step < STEP_OVER);
    assert(p->sink != NULL);
    assert(p->entry != NULL);
    if (is_own(cr, p->sink)) p->sink->soon(p->sink, p->step - STEP_SOON);
    else p->step = STEP_OVER - 1;
    p->step++;
}

void ahead_begin(struct ahead *p, const struct core_reactor *cr, struct slice subject)
{
    *p = (struct ahead){ .step = STEP_KNOWN, .known = match_cache_soon(cr, subject) };
    assert(p->entry == NULL && p->sink == NULL);
    assert(!p->is_over);
}

static void find_more(struct ahead *p, struct core_reactor *cr, const struct account *a,
                      struct slice subject)
{
    assert(!p->is_over);
    assert(subject.len > 0);
    switch ((enum step)p->step) {
    case STEP_KNOWN: find_known(p, cr, a, subject); break;
    case STEP_TOPIC: find_topic(p, cr, a, subject); break;
    case STEP_ENTRIES: find_entries(p); break;
    case STEP_ENTRY: find_entry(p); break;
    case STEP_SINK: find_sink(p); break;
    case STEP_SOON:
    default: unreachable();
    }
}

void ahead_step(struct ahead *p, struct core_reactor *cr, const struct account *a,
                struct slice subject)
{
    assert(p->step < STEP_OVER);
    assert(subject.len > 0);
    /* who was found may be gone */
    if (p->step > STEP_KNOWN && p->generation != interest_generation(a->interest))
        p->step = STEP_OVER;
    else if (p->step >= STEP_SOON) ask_sink(p, cr);
    else find_more(p, cr, a, subject);
    p->is_over = p->step == STEP_OVER;
}

void ahead_tell(const struct ahead *p, struct core_reactor *cr, const struct account *a,
                struct slice subject)
{
    assert(!cr->hand.is_busy);
    assert(subject.len > 0);
    cr->found.entry = p->is_alone ? p->entry : NULL;
    if (!p->is_alone) return;
    assert(p->entry != NULL);
    cr->found.subject = subject;
    cr->found.account = a;
    cr->found.generation = p->generation;
}

static bool is_one_place(struct ahead *const *all, uint32_t count)
{
    assert(count >= 2);
    assert(count <= AHEAD_MAX);
    for (uint32_t i = 1; i < count; i++)
        if (all[i]->sink != all[0]->sink) return false;
    return true;
}

bool ahead_look(struct ahead *const *all, const struct slice *subjects, uint32_t count,
                struct core_reactor *cr, const struct account *a)
{
    assert(count >= 2);
    assert(count <= AHEAD_MAX);
    for (uint32_t step = STEP_KNOWN; step < STEP_OVER; step++) {
        for (uint32_t i = 0; i < count; i++)
            if (all[i]->step <= step) ahead_step(all[i], cr, a, subjects[i]);
        if (step == STEP_SINK && is_one_place(all, count)) return false;
    }
    return true;
}
