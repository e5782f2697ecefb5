/* SPDX-License-Identifier: Apache-2.0 */
/* What flipped bits may have cost, and what the server tells of it. */
#include "base/assert.h"
#include "sim/js_model.h"

void jm_rotted(struct jm *m, const struct jm_rot *rot)
{
    const struct jm_stream *stream = NULL;
    assert(rot->first > 0 && rot->first <= rot->last);
    for (uint32_t i = 0; i < m->rots_count; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (r->owner != rot->owner) continue;
        stream = r->stream;
        bool is_in = r->first <= rot->first && rot->last <= r->last;
        if (is_in && r->is_before == rot->is_before) return;
    }
    struct jm_rot *made = arena_push(m->arena, (void **)&m->rots, &m->rots_count, sizeof *made);
    *made = *rot;
    made->moment = ++m->now;
    made->stream = stream;
}

static bool may_be_of(const struct jm_rot *r, const struct jm_stream *s)
{
    return s->born <= r->moment && (r->stream == NULL || r->stream == s);
}

/* The rot that may have reached it, or NULL. */
static const struct jm_rot *reach(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < m->rots_count; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (r->first <= seq && seq <= r->last && may_be_of(r, s)) return r;
    }
    return NULL;
}

bool jm_may_be_damaged(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    return seq > 0 && s->config.is_file && reach(m, s, seq) != NULL;
}

bool jm_may_lack_a_batch(const struct jm *m, const struct jm_stream *s)
{
    for (uint32_t i = 0; i < m->rots_count && s->config.is_file; i++)
        if (m->rots[i].is_before && may_be_of(&m->rots[i], s)) return true;
    return false;
}

bool jm_is_lost(const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < s->lost_count; i++)
        if (s->lost[i] == seq) return true;
    return false;
}

static bool was_told(const struct jm *m, uint64_t owner, uint64_t seq)
{
    for (uint32_t i = 0; i < m->told_count; i++) {
        const struct jm_rot *t = &m->told[i];
        if (t->owner == owner && t->first <= seq && seq <= t->last) return true;
    }
    return false;
}

bool jm_was_lost(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    if (seq >= s->first) return false;
    for (uint32_t i = 0; i < s->lost_once_count; i++)
        if (s->lost_once[i] == seq) return true;
    for (uint32_t i = 0; i < m->rots_count && s->config.is_file; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (r->first <= seq && seq <= r->last && may_be_of(r, s) && was_told(m, r->owner, seq))
            return true;
    }
    return false;
}

void jm_log_told(struct jm *m, uint64_t owner, uint64_t first, uint64_t last)
{
    struct jm_rot *at;
    for (uint64_t seq = first; seq <= last; seq++) {
        bool is_explained = false;
        for (uint32_t i = 0; i < m->rots_count && !is_explained; i++) {
            const struct jm_rot *r = &m->rots[i];
            is_explained = r->owner == owner && r->first <= seq && seq <= r->last;
        }
        if (is_explained) continue;
        jm_fail(m,
                "the log tells that %llu of stream %llu is damaged, but no bit of it was flipped",
                (unsigned long long)seq, (unsigned long long)owner);
        return;
    }
    at = arena_push(m->arena, (void **)&m->told, &m->told_count, sizeof *at);
    *at = (struct jm_rot){ .owner = owner, .first = first, .last = last };
}

/* Of several that may have been hit nobody knows which one this is: it was told of each. */
static bool tell_of_each(struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    bool is_any = false;
    for (uint32_t i = 0; i < m->rots_count; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (seq < r->first || seq > r->last || !may_be_of(r, s)) continue;
        is_any = true;
        if (was_told(m, r->owner, seq)) continue;
        struct jm_rot *at = arena_push(m->arena, (void **)&m->told, &m->told_count, sizeof *at);
        *at = (struct jm_rot){ .owner = r->owner, .first = seq, .last = seq };
    }
    return is_any;
}

void jm_log_told_of(struct jm *m, const struct jm_stream *s, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        if (tell_of_each(m, s, seq)) continue;
        jm_fail(m, "the log tells that %llu of %s is damaged, but no bit of it was flipped",
                (unsigned long long)seq, s->config.name);
        return;
    }
}

bool jm_may_be_back(const struct jm *m, const struct jm_stream *s, const struct jm_msg *msg)
{
    for (uint32_t i = 0; i < m->rots_count && s->config.is_file; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (r->last > msg->seq && may_be_of(r, s)) return jm_may_be_pushed_out(s, msg);
    }
    return false;
}

void jm_lost_counted(const struct jm *m, const struct jm_stream *s, uint64_t *ret_least,
                     uint64_t *ret_most)
{
    *ret_least = *ret_most = 0;
    for (uint32_t i = 0; i < s->lost_count; i++) {
        bool may_be_before = false, is_any = false;
        for (uint32_t k = 0; k < m->rots_count; k++) {
            const struct jm_rot *r = &m->rots[k];
            if (s->lost[i] < r->first || s->lost[i] > r->last || !may_be_of(r, s)) continue;
            may_be_before |= r->is_before;
            is_any = true;
        }
        *ret_least += !may_be_before;
        *ret_most += is_any;
    }
}

static void push(struct jm *m, uint64_t **array, uint32_t *count, uint64_t seq)
{
    uint64_t *at = arena_push(m->arena, (void **)array, count, sizeof *at);
    *at = seq;
}

/* What may have reached one that is reported. */
struct reached {
    uint64_t owner; /* 0: of several streams; which one is this cannot be told */
    bool may_be_before;
};

static struct reached reached(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    struct reached ret = { 0 };
    bool is_one = true;
    for (uint32_t i = 0; i < m->rots_count; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (seq < r->first || seq > r->last || !may_be_of(r, s)) continue;
        is_one = is_one && (ret.owner == 0 || ret.owner == r->owner);
        ret.owner = r->owner;
        ret.may_be_before |= r->is_before;
    }
    if (!is_one) ret.owner = 0;
    return ret;
}

/* It is one of this stream: all bits that were flipped in what has its number are. */
static void settle(struct jm *m, const struct jm_stream *s, uint64_t owner)
{
    for (uint32_t i = 0; i < m->rots_count && owner > 0; i++)
        if (m->rots[i].owner == owner) m->rots[i].stream = s;
}

void jm_audit_lost(struct jm *m, struct jm_stream *s, uint64_t seq)
{
    const struct jm_msg *msg = jm_at(s, seq);
    const struct reached by = reached(m, s, seq);
    const char *name = s->config.name;
    push(m, &s->lost, &s->lost_count, seq);
    push(m, &s->lost_once, &s->lost_once_count, seq);
    if (!jm_may_be_damaged(m, s, seq)) {
        jm_fail(m, "%s: tells that %llu is damaged, but no bit of it was flipped", name,
                (unsigned long long)seq);
        return;
    }
    settle(m, s, by.owner);
    m->damaged++;
    if (msg != NULL && msg->is_found)
        jm_fail(m, "%s: tells that %llu is damaged, and shows it", name, (unsigned long long)seq);
    if (jm_was_deleted(s, seq))
        jm_fail(m, "%s: tells that %llu is damaged, though it was deleted", name,
                (unsigned long long)seq);
    /* one that has nothing more begins behind what it has lost; and what the journal has lost may
     * never have been in it */
    bool is_early = seq < s->first && s->first <= s->last && !by.may_be_before;
    if (is_early || seq > s->last)
        jm_fail(m, "%s: tells that %llu is damaged, and has %llu to %llu", name,
                (unsigned long long)seq, (unsigned long long)s->first, (unsigned long long)s->last);
}
