/* SPDX-License-Identifier: Apache-2.0 */
/* What flipped bits may have cost, and what the server tells of it. */
#include "base/assert.h"
#include "sim/js_model.h"

void jm_rotted(struct jm *m, const struct jm_rot *rot)
{
    assert(m->rots_count < JM_ROTS);
    assert(rot->first > 0 && rot->first <= rot->last);
    struct jm_rot *made = &m->rots[m->rots_count++];
    *made = *rot;
    made->moment = ++m->now;
    for (uint32_t i = 0; i + 1 < m->rots_count; i++)
        if (m->rots[i].owner == made->owner) made->stream = m->rots[i].stream;
}

/* The rot that may have reached it, or NULL. */
static const struct jm_rot *reach(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < m->rots_count; i++) {
        const struct jm_rot *r = &m->rots[i];
        if (seq < r->first || seq > r->last || s->born > r->moment) continue;
        if (r->stream == NULL || r->stream == s) return r;
    }
    return NULL;
}

bool jm_may_be_damaged(const struct jm *m, const struct jm_stream *s, uint64_t seq)
{
    return seq > 0 && s->config.is_file && reach(m, s, seq) != NULL;
}

bool jm_is_lost(const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < s->lost_count; i++)
        if (s->lost[i] == seq) return true;
    return false;
}

bool jm_was_lost(const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < s->lost_once_count && seq < s->first; i++)
        if (s->lost_once[i] == seq) return true;
    return false;
}

static void push(struct jm *m, uint64_t **array, uint32_t *count, uint64_t seq)
{
    uint64_t *at = arena_push(m->arena, (void **)array, count, sizeof *at);
    *at = seq;
}

/* It is one of this stream: all bits that were flipped in what has its number are. */
static void settle(struct jm *m, const struct jm_stream *s, uint64_t owner)
{
    for (uint32_t i = 0; i < m->rots_count; i++)
        if (m->rots[i].owner == owner) m->rots[i].stream = s;
}

void jm_audit_lost(struct jm *m, struct jm_stream *s, uint64_t seq)
{
    const struct jm_msg *msg = jm_at(s, seq);
    const struct jm_rot *rot = jm_may_be_damaged(m, s, seq) ? reach(m, s, seq) : NULL;
    const char *name = s->config.name;
    push(m, &s->lost, &s->lost_count, seq);
    push(m, &s->lost_once, &s->lost_once_count, seq);
    if (rot == NULL) {
        jm_fail(m, "%s: tells that %llu is damaged, but no bit of it was flipped", name,
                (unsigned long long)seq);
        return;
    }
    settle(m, s, rot->owner);
    m->damaged++;
    if (msg != NULL && msg->is_found)
        jm_fail(m, "%s: tells that %llu is damaged, and shows it", name, (unsigned long long)seq);
    if (jm_was_deleted(s, seq))
        jm_fail(m, "%s: tells that %llu is damaged, though it was deleted", name,
                (unsigned long long)seq);
    if (seq < s->first || seq > s->last)
        jm_fail(m, "%s: tells that %llu is damaged, and has %llu to %llu", name,
                (unsigned long long)seq, (unsigned long long)s->first, (unsigned long long)s->last);
}
