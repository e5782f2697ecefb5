/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer's part of its stream's turn: what time has brought, then deliveries. One timer for all
 * reasons, set to the earliest of them. */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/consumer_internal.h"

void consumer_due(struct consumer *c, enum consumer_due why, nanos when)
{
    assert(why < DUE_COUNT);
    assert(c->is_begun);
    c->due[why] = when;
    if (when >= c->timer_at) return; /* a timer that comes too early looks again */
    c->timer_at = when;
    wheel_set(&consumer_reactor(c)->wheel, &c->timer, when);
}

/* After a run: the timer stands at the earliest reason. */
static void arm(struct consumer *c)
{
    nanos earliest = NANOS_MAX;
    for (int i = 0; i < DUE_COUNT; i++)
        if (c->due[i] < earliest) earliest = c->due[i];
    if (earliest == c->timer_at) return;
    c->timer_at = earliest;
    if (earliest == NANOS_MAX) wheel_cancel(&consumer_reactor(c)->wheel, &c->timer);
    else wheel_set(&consumer_reactor(c)->wheel, &c->timer, earliest);
}

bool consumer_is_paused(const struct consumer *c)
{
    assert(c->set != NULL);
    return consumer_config(c)->pause_until > consumer_reactor(c)->wall;
}

bool consumer_is_held(const struct consumer *c)
{
    const struct stream_log *log = c->set->stream->log;
    assert(log->applied <= log->proposed);
    return log->applied < c->held_until;
}

/* Since when nobody uses it; NANOS_MAX: somebody does. */
static nanos idle_since(struct consumer *c)
{
    assert(c->is_begun);
    if (c->push != NULL) return consumer_push_is_bound(c) ? NANOS_MAX : c->used_at;
    if (consumer_waiting(c) > 0) return NANOS_MAX;
    /* somebody may still be at work on what was delivered */
    nanos last = redelivery_last_due(&c->redelivery);
    return last > c->used_at ? last : c->used_at;
}

/* True: it went. */
static bool idle_check(struct consumer *c)
{
    nanos now = consumer_reactor(c)->now, threshold = c->idle_after;
    assert(threshold > 0);
    nanos since = idle_since(c);
    if (since == NANOS_MAX) {
        c->used_at = now;
        since = now;
    }
    c->due[DUE_IDLE] = since > NANOS_MAX - threshold ? NANOS_MAX : since + threshold;
    if (c->due[DUE_IDLE] > now) return false;
    struct js_error why;
    if (!consumer_delete(c, &why)) {
        c->due[DUE_IDLE] = now + SECOND;
        return false;
    }
    const struct advisory_facts facts = { .stream = stream_name(c->set->stream),
                                          .consumer = slice_str(c->name),
                                          .action = "delete" };
    advise(consumer_account(c), ADVISORY_CONSUMER_DELETED, &facts);
    return true;
}

void consumer_tell_pause(const struct consumer *c, nanos until)
{
    const struct advisory_facts facts = {
        .stream = stream_name(c->set->stream),
        .consumer = slice_str(c->name),
        .paused = until > consumer_reactor(c)->wall,
        .pause_until = until == 0 ? GOTIME_ZERO : until,
    };
    assert(!c->is_deleted);
    advise(consumer_account(c), ADVISORY_CONSUMER_PAUSE, &facts);
}

static void pause_ends(struct consumer *c)
{
    assert(!consumer_is_paused(c));
    c->due[DUE_PAUSE] = NANOS_MAX;
    consumer_tell_pause(c, consumer_config(c)->pause_until);
}

bool consumer_run(struct consumer *c)
{
    nanos now = consumer_reactor(c)->now;
    assert(consumer_is_alive(c));
    if (c->due[DUE_ACKS] <= now) consumer_expire(c);
    if (c->due[DUE_RETRY] <= now) c->due[DUE_RETRY] = NANOS_MAX;
    if (c->due[DUE_PAUSE] <= now && !consumer_is_paused(c)) pause_ends(c);
    if (c->due[DUE_IDLE] <= now && idle_check(c)) return false;
    bool has_more = c->push != NULL ? consumer_push_run(c) : consumer_pull_run(c);
    arm(c);
    return has_more;
}
