/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/permissions.h"
#include "base/assert.h"
#include "core/check.h"
#include "core/note.h"
#include "json/quote.h"
#include "core/session.h"
#include "core/trace.h"
#include "subject/subject.h"

/* "SUBJECT" or "SUBJECT" using queue "QUEUE", as the -ERR has it. */
static void describe(struct buf *out, struct slice subject, struct slice queue)
{
    assert(out->len == 0);
    assert(subject.len > 0);
    quote_go(out, subject);
    if (queue.len == 0) return;
    buf_add_str(out, " using queue ");
    quote_go(out, queue);
}

struct refused {
    struct slice subject;
    struct slice queue;
    struct slice sid;
    const char *said, *logged; /* why, behind what is said and logged anyway */
};

static void refuse(struct session *s, const struct refused *r)
{
    struct buf text = { 0 };
    assert(s->phase == SESSION_OPEN);
    describe(&text, r->subject, r->queue);
    session_err(s, "Permissions Violation for Subscription to %s%s", buf_str(&text), r->said);
    text.len = 0;
    quote_go(&text, r->subject);
    if (r->queue.len > 0) {
        buf_add_str(&text, ", Queue: ");
        quote_go(&text, r->queue);
    }
    note(s, LOG_ERROR, "Subscription Violation%s - Subject %s, SID %.*s", r->logged, buf_str(&text),
         SLICE_ARGS(r->sid));
    buf_deinit(&text);
}

/* All that may be said against a subscription. False: it was said. */
static bool admit(struct session *s, const struct nats_op *op, enum permission *ret_permission)
{
    int64_t tokens_max = s->home->settings->options->limits.max_sub_tokens;
    *ret_permission = permission_subscribe(s->permissions, op->subject, op->queue);
    if (tokens_max > 0 && subject_token_count(op->subject) > tokens_max) {
        const struct refused r = { .subject = op->subject,
                                   .sid = op->sid,
                                   .said = ", too many tokens",
                                   .logged = " Too Many Tokens" };
        refuse(s, &r);
        return false;
    }
    if (*ret_permission == PERMISSION_DENIED) {
        const struct refused r = { op->subject, op->queue, op->sid, "", "" };
        refuse(s, &r);
        return false;
    }
    if (s->subs_max >= 0 && s->subs.count >= s->subs_max) {
        note(s, LOG_ERROR, "maximum subscriptions exceeded");
        session_err(s, "maximum subscriptions exceeded");
        return false;
    }
    assert(*ret_permission != PERMISSION_DENIED);
    return true;
}

void session_subscribe(struct session *s, const struct nats_op *op)
{
    struct core_reactor *cr = s->home;
    enum permission permission;
    session_check(s);
    assert(s->is_counted);
    assert(s->phase == SESSION_OPEN);
    s->last_active = cr->reactor->now;
    if (!admit(s, op, &permission)) return;
    if (sids_find(&s->subs, cr->core->hash_seed, op->sid) != NULL) {
        session_ok(s);                          /* the first one stays */
        return;
    }
    if (!subject_valid(op->subject)) {
        session_err(s, "Invalid Subject");
        return;
    }
    struct sub *sub = sub_new(&cr->reactor->door, &s->sink, op->subject, op->queue, op->sid);
    if (sub == NULL) {
        session_err(s, "maximum subscriptions exceeded");
        return;
    }
    sub->is_filtered = permission == PERMISSION_ALLOWED_FILTERED;
    assert(!sub->is_filtered || s->permissions != NULL);
    sids_add(&s->subs, cr->core->hash_seed, sub);
    sub_enter(cr->reactor, s->account, sub);
    assert(s->subs_max < 0 || s->subs.count <= s->subs_max);
    session_ok(s);
}

void session_sub_end(struct session *s, struct sub *sub)
{
    assert(sub->sink == &s->sink);
    assert(s->subs.count > 0);
    if (s->traced) trace_delsub(s, sub_sid(sub));
    sids_remove(&s->subs, s->home->core->hash_seed, sub);
    sub_leave(s->home->reactor, s->account, sub);
}

void session_unsubscribe(struct session *s, const struct nats_op *op)
{
    struct sub *sub = sids_find(&s->subs, s->home->core->hash_seed, op->sid);
    session_check(s);
    assert(op->max <= UINT32_MAX);      /* the parser reads no more */
    s->last_active = s->home->reactor->now;
    if (sub != NULL) {
        assert(sub->sink == &s->sink);
        if (op->max > 0 && op->max > sub->delivered) sub->max = (uint32_t)op->max;
        else session_sub_end(s, sub);
    }
    session_ok(s);
}

uint32_t session_subs_sweep(struct session *s, uint32_t most)
{
    assert_slow(session_subs_check(s) == s->subs.count);
    uint64_t at = 0; /* a walk from the start for each would cost the square of their number */
    while (s->subs.count > 0 && most-- > 0) {
        struct sub *sub = sids_next(&s->subs, &at);
        if (sub == NULL) { /* removing has moved some to where the walk had been */
            at = 0;
            sub = sids_next(&s->subs, &at);
        }
        sids_remove(&s->subs, s->home->core->hash_seed, sub);
        sub_leave(s->home->reactor, s->account, sub);
    }
    return s->subs.count;
}

void session_subs_clear(struct session *s)
{
    uint32_t left = session_subs_sweep(s, UINT32_MAX);
    assert(left == 0);
    assert(sids_any(&s->subs) == NULL);
}

static void tell_lost(struct session *s, const struct sub *sub)
{
    struct buf behind = { 0 };
    assert(sub->sink == &s->sink);
    buf_printf(&behind, " (sid \"%.*s\")", SLICE_ARGS(sub_sid(sub)));
    const struct refused r = { interest_entry_subject(&sub->entry),
                               interest_entry_queue(&sub->entry), sub_sid(sub), buf_str(&behind),
                               "" };
    refuse(s, &r);
    buf_deinit(&behind);
}

/* Two passes, since removing moves what the walk stands on. */
void session_subs_recheck(struct session *s)
{
    uint32_t before = s->subs.count;
    assert(s->old_directory == NULL);           /* judged by the rules that now hold */
    struct sub **lost = xalloc((s->subs.count + 1) * sizeof(struct sub *));
    uint32_t count = 0;
    struct sub *sub;
    for (uint64_t at = 0; (sub = sids_next(&s->subs, &at)) != NULL;) {
        enum permission p = permission_subscribe(
            s->permissions, interest_entry_subject(&sub->entry), interest_entry_queue(&sub->entry));
        sub->is_filtered = p == PERMISSION_ALLOWED_FILTERED;
        if (p == PERMISSION_DENIED) lost[count++] = sub;
    }
    assert(count <= before);
    for (uint32_t i = 0; i < count; i++) {
        tell_lost(s, lost[i]);
        if (s->phase == SESSION_CLOSED) break;  /* the words could not be said: all have ended */
        session_sub_end(s, lost[i]);
    }
    assert(s->subs.count == before - count || s->phase == SESSION_CLOSED);
    assert_slow(session_subs_check(s) == s->subs.count);
    xfree(lost);
}
