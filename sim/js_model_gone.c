/* SPDX-License-Identifier: Apache-2.0 */
/* What may have removed a message, and what certainly has. */
#include <string.h>

#include "base/assert.h"
#include "sim/js_model.h"

/* Nothing that expires need go sooner than this after its time. */
static const nanos EXPIRY_SLACK = 3 * SECOND;

/* ---- for something that a client asked for ---- */

static bool removal_reaches(const struct jm_removal *r, const struct jm_msg *msg)
{
    if (!r->is_purge) return msg->seq == r->seq;
    return jm_subject_matches(r->filter, msg->subject) && (r->seq == 0 || msg->seq < r->seq);
}

static bool may_be_removed(const struct jm_stream *s, const struct jm_msg *msg)
{
    for (uint32_t i = 0; i < s->removals_count; i++) {
        const struct jm_removal *r = s->removals[i];
        if (r->fate != JM_REFUSED && msg->sent < r->answered && removal_reaches(r, msg))
            return true;
    }
    return false;
}

static bool must_be_removed(const struct jm_stream *s, const struct jm_msg *msg)
{
    for (uint32_t i = 0; i < s->removals_count; i++) {
        const struct jm_removal *r = s->removals[i];
        if (r->fate != JM_DONE || r->keep > 0 || !removal_reaches(r, msg)) continue;
        if (!r->is_purge || msg->answered < r->sent) return true;
    }
    return false;
}

/* By its sequence, and not for its subject, which nobody may be able to tell any more. */
bool jm_was_deleted(const struct jm_stream *s, uint64_t seq)
{
    for (uint32_t i = 0; i < s->removals_count; i++) {
        const struct jm_removal *r = s->removals[i];
        if (r->fate == JM_DONE && !r->is_purge && r->seq == seq) return true;
    }
    return false;
}

static bool rolls_up(const struct jm_msg *by, const struct jm_msg *msg)
{
    return by->is_rollup && by != msg && jm_subject_matches(msg->subject, by->subject);
}

static bool may_be_rolled_up(const struct jm_stream *s, const struct jm_msg *msg)
{
    for (uint32_t i = 0; i < s->msgs_count; i++) {
        const struct jm_msg *by = s->msgs[i];
        if (!rolls_up(by, msg) || by->fate == JM_REFUSED) continue;
        if (by->seq == 0 || by->seq > msg->seq) return true;
    }
    return false;
}

/* Of one that the journal lost nothing has come to pass. */
static bool must_be_rolled_up(const struct jm *m, const struct jm_stream *s,
                              const struct jm_msg *msg)
{
    for (uint32_t i = 0; i < s->msgs_count; i++) {
        const struct jm_msg *by = s->msgs[i];
        if (rolls_up(by, msg) && by->seq > msg->seq && !jm_may_be_damaged(m, s, by->seq))
            return true;
    }
    return false;
}

/* ---- for limits ---- */

/* What may stand behind it, in messages of its subject and in bytes. */
static bool is_pushed_out(const struct jm_stream *s, const struct jm_msg *msg)
{
    const struct jm_config *c = &s->loosest;
    uint64_t same = 0, bytes = 0, msgs = 0;
    for (uint32_t i = 0; i < s->msgs_count; i++) {
        const struct jm_msg *o = s->msgs[i];
        if (o->fate == JM_REFUSED || (o->seq != 0 && o->seq < msg->seq)) continue;
        bytes += jm_bytes(s, o);
        if (o == msg) continue;
        msgs++;
        same += jm_subject_matches(msg->subject, o->subject);
    }
    if (c->per_subject_max > 0 && same >= c->per_subject_max) return true;
    /* what is there stays where new messages are refused, also under a lower limit */
    if (c->is_new_refused && s->config.is_new_refused && s->update.is_new_refused) return false;
    if (c->msgs_max > 0 && msgs >= c->msgs_max) return true;
    return c->bytes_max > 0 && bytes > c->bytes_max;
}

static nanos life(const struct jm_stream *s, const struct jm_msg *msg)
{
    nanos age = s->config.age_max > 0 ? s->config.age_max : NANOS_MAX;
    return msg->ttl > 0 && msg->ttl < age ? msg->ttl : age;
}

bool jm_may_be_expired(const struct jm *m, const struct jm_stream *s, const struct jm_msg *msg)
{
    nanos most = life(s, msg);
    return most != NANOS_MAX && m->wall - msg->sent_at >= most;
}

static bool must_be_expired(const struct jm *m, const struct jm_stream *s, const struct jm_msg *msg)
{
    nanos most = life(s, msg);
    return most != NANOS_MAX && msg->answered_at != NANOS_MAX &&
           m->wall - msg->answered_at > most + EXPIRY_SLACK;
}

/* ---- for consumers ---- */

static const struct jm_seen *seen_of(const struct jm_consumer *c, const struct jm_msg *msg)
{
    static const struct jm_seen nothing = { 0 };
    return msg->seq < c->seen_cap ? &c->seen[msg->seq] : &nothing;
}

static bool may_be_acked(const struct jm_consumer *c, const struct jm_msg *msg)
{
    const struct jm_seen *seen = seen_of(c, msg);
    return c->policy == JM_NONE || seen->acked != JM_NOT_ACKED || seen->is_dropped;
}

/* It was there before the message, is there, wants it and has not been told that it was served. */
static bool holds(const struct jm_consumer *c, const struct jm_msg *msg)
{
    if (c->creation != JM_DONE || c->deletion != JM_REFUSED) return false;
    return c->creation_answered < msg->sent && jm_consumer_wants(c, msg) && !may_be_acked(c, msg);
}

static bool may_be_unneeded(const struct jm_stream *s, const struct jm_msg *msg)
{
    bool is_queue = s->config.retention == JM_WORKQUEUE;
    if (s->config.retention == JM_LIMITS) return false;
    for (uint32_t i = 0; i < s->consumers_count; i++) {
        const struct jm_consumer *c = s->consumers[i];
        if (is_queue && jm_consumer_wants(c, msg) && may_be_acked(c, msg)) return true;
        if (!is_queue && holds(c, msg)) return false;
    }
    return !is_queue;
}

static bool is_gone_for_certain(const struct jm_consumer *c)
{
    return c->deletion == JM_DONE || c->creation == JM_REFUSED;
}

/* An ack that comes when it was delivered as often as it may is answered, and counts or not; and
 * one of a message that was pushed out does not count, should what pushed it out be lost. */
static bool must_be_unneeded(const struct jm *m, const struct jm_stream *s,
                             const struct jm_msg *msg)
{
    uint32_t acked = 0;
    if (s->config.retention == JM_LIMITS || jm_may_be_back(m, s, msg)) return false;
    for (uint32_t i = 0; i < s->consumers_count; i++) {
        const struct jm_consumer *c = s->consumers[i];
        if (is_gone_for_certain(c) || !jm_consumer_wants(c, msg)) continue;
        if (seen_of(c, msg)->acked != JM_ACKED) return false;
        if (jm_may_be_exhausted(m, c, msg)) return false;
        acked++;
    }
    return acked > 0;
}

/* ---- one that only a refusal has named ---- */

/* It is one of those of which nobody knows what became. */
static bool may_be_named(const struct jm_msg *msg, const struct jm_msg *named)
{
    bool is_open = msg->seq == 0 ? msg->fate != JM_REFUSED : msg->attempts > 1 && msg->copy == NULL;
    return is_open && msg->sent < named->answered &&
           (named->subject[0] == 0 || strcmp(named->subject, msg->subject) == 0);
}

/* `may_be_gone` holds for one of them, if that is the one. */
static bool may_any_be(const struct jm *m, struct jm_stream *s, const struct jm_msg *named,
                       bool (*may_be_gone)(const struct jm *, struct jm_stream *,
                                           const struct jm_msg *))
{
    for (uint32_t i = 0; i < s->msgs_count; i++) {
        struct jm_msg *msg = s->msgs[i];
        uint64_t seq = msg->seq;
        if (!may_be_named(msg, named)) continue;
        msg->seq = named->seq;
        bool may = may_be_gone(m, s, msg);
        msg->seq = seq;
        if (may) return true;
    }
    return false;
}

/* ---- all together ---- */

bool jm_may_be_gone_alone(const struct jm *m, struct jm_stream *s, const struct jm_msg *msg)
{
    if (msg->id == 0) return may_any_be(m, s, msg, jm_may_be_gone_alone);
    return jm_may_be_expired(m, s, msg) || may_be_unneeded(s, msg) || may_be_removed(s, msg);
}

bool jm_may_be_pushed_out(const struct jm_stream *s, const struct jm_msg *msg)
{
    assert(msg->id != 0);
    return may_be_rolled_up(s, msg) || is_pushed_out(s, msg);
}

/* The last one looks at all messages. */
bool jm_may_be_gone(const struct jm *m, struct jm_stream *s, const struct jm_msg *msg)
{
    if (msg->id == 0) return may_any_be(m, s, msg, jm_may_be_gone);
    return jm_may_be_gone_alone(m, s, msg) || jm_may_be_pushed_out(s, msg);
}

const char *jm_must_be_gone(const struct jm *m, struct jm_stream *s, const struct jm_msg *msg)
{
    if (must_be_removed(s, msg)) return "was removed";
    if (must_be_rolled_up(m, s, msg)) return "was rolled up";
    if (must_be_expired(m, s, msg)) return "has expired";
    if (must_be_unneeded(m, s, msg)) return "was acked by all";
    return NULL;
}
