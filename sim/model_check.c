/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients read, held against what they and the others sent. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "sim/model.h"
#include "sim/model_rules.h"

/* ---- messages ---- */

static struct sim_msg *msg_by_text(const struct model *m, struct slice text)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t id = 0;
    if (text.len < 8) return NULL;
    for (uint32_t i = 0; i < 8; i++) {
        const char *at = memchr(digits, text.ptr[i], 16);
        if (at == NULL) return NULL;
        id = id * 16 + (uint64_t)(at - digits);
    }
    return id < m->msgs_count ? m->msgs[id] : NULL;
}

static bool same_payload(const struct sim_msg *msg, struct slice payload)
{
    struct buf want = { 0 };
    model_payload(msg, &want);
    bool same = slice_equal(buf_slice(&want), payload);
    buf_deinit(&want);
    return same;
}

static bool same_headers(const struct sim_msg *msg, struct slice headers)
{
    struct buf want = { 0 };
    model_headers(msg, &want);
    bool same = slice_equal(buf_slice(&want), headers);
    buf_deinit(&want);
    return same;
}

/* Bytes: the receiver gets what the publisher wrote, headers only where it understands them. */
static void check_bytes(struct model *m, const struct sim_peer *p, const struct sim_msg *msg,
                        const struct sim_op *op)
{
    struct slice none = { 0 };
    if (!slice_equal_str(op->subject, msg->subject))
        model_fail(m, "message %u came with subject %.*s", msg->id, SLICE_ARGS(op->subject));
    if (!slice_equal_str(op->reply, msg->reply))
        model_fail(m, "message %u came with reply '%.*s'", msg->id, SLICE_ARGS(op->reply));
    if (!same_payload(msg, op->payload))
        model_fail(m, "message %u came with another payload (%u bytes)", msg->id, op->payload.len);
    bool with = p->headers && msg->has_headers;
    if (with != (op->verb == SIM_HMSG))
        model_fail(m, "message %u came %s headers", msg->id, with ? "without" : "with");
    else if (with ? !same_headers(msg, op->headers) : !slice_equal(op->headers, none))
        model_fail(m, "message %u came with other headers", msg->id);
}

/* A queue member may be younger: when the one that was chosen is gone, the choice is made anew,
 * later. */
static void check_sub(struct model *m, const struct sim_sub *s, const struct sim_msg *msg)
{
    const char *wrong = NULL;
    uint64_t now = m->now;
    if (!sim_matches(s->pattern, msg->subject)) wrong = "it does not match";
    else if (s->unsub_confirmed != SIM_NEVER) wrong = "it had been given up";
    else if (s->ended != SIM_NEVER) wrong = "the server had ended it";
    else if (s->group < 0 && msg->confirmed < s->sent) wrong = "it is younger than the message";
    else if (s->max_confirmed && s->got >= s->max) wrong = "it had had all it asked for";
    else if (msg->from == s->peer && !s->peer->echo) wrong = "echo is off";
    else if (msg->is_refused) wrong = "the publisher was told it may not";
    else if (model_may_publish(m, msg, now) == SIM_NO) wrong = "the publisher may not";
    else if (model_may_receive(m, s, msg, now) == SIM_NO) wrong = "the receiver may not";
    else if (!s->peer->is_vague && !msg->from->is_vague && s->peer->account != msg->from->account)
        wrong = "it is in another account";
    else if (msg->no_responders > 0) wrong = "a 503 had said that nobody listens";
    if (wrong != NULL)
        model_fail(m, "message %u (%s) came to subscription %s (connection %u sid %u): %s", msg->id,
                   msg->subject, s->pattern, s->peer->id, s->sid, wrong);
}

/* Whatever happened to this message must have happened to those before it. */
static void confirm_through(struct model *m, struct sim_peer *from, uint32_t number)
{
    while (from->msgs_confirmed < number) {
        struct sim_msg *msg = from->msgs[from->msgs_confirmed++];
        if (msg->confirmed == SIM_NEVER) msg->confirmed = m->now;
    }
}

/* Permitted for certain, to send and to receive, all the time that counts. */
static bool is_free(const struct model *m, const struct sim_sub *s, const struct sim_msg *msg)
{
    return !msg->is_refused && model_may_publish(m, msg, msg->confirmed) == SIM_YES &&
           model_may_receive(m, s, msg, m->now) == SIM_YES &&
           model_may_keep(m, s, m->now) == SIM_YES;
}

/* May it be missing at this moment, though it was carried out? */
static bool is_required(const struct model *m, const struct sim_sub *s, const struct sim_msg *msg)
{
    if (msg->confirmed == SIM_NEVER || s->peer->died != SIM_NEVER) return false;
    if (s->peer->is_vague || msg->from->is_vague) return false;
    if (s->ended != SIM_NEVER || s->unsub_sent < msg->confirmed) return false;
    if (s->max > 0 && s->got >= s->max) return false;
    return is_free(m, s, msg);
}

static void remove_due(struct sim_sub *s, uint32_t at)
{
    memmove(s->due + at, s->due + at + 1, (s->due_count - at - 1) * sizeof *s->due);
    s->due_count--;
}

static void check_due(struct model *m, struct sim_sub *s, struct sim_msg *msg)
{
    for (uint32_t i = 0; i < s->due_count; i++) {
        struct sim_msg *due = s->due[i];
        if (due == msg) {
            remove_due(s, i--);
            m->dues_met++;
        } else if (due->from == msg->from && due->number < msg->number) {
            if (is_free(m, s, due))
                model_fail(m,
                           "message %u overtook or replaced %u of the same publisher at %s "
                           "(connection %u sid %u)",
                           msg->id, due->id, s->pattern, s->peer->id, s->sid);
            remove_due(s, i--);
        }
    }
}

static void check_order(struct model *m, struct sim_sub *s, const struct sim_msg *msg)
{
    uint32_t from = msg->from->id;
    if (from >= s->last_cap) {
        s->last = xrealloc(s->last, (from + 16) * sizeof *s->last);
        memset(s->last + s->last_cap, 0, (from + 16 - s->last_cap) * sizeof *s->last);
        s->last_cap = from + 16;
    }
    bool again = s->last[from] == msg->number;
    if (again || (s->group < 0 && s->last[from] > msg->number))
        model_fail(m, "message %u came %s to %s (connection %u sid %u)", msg->id,
                   again ? "twice" : "too late", s->pattern, s->peer->id, s->sid);
    s->last[from] = msg->number;
}

static void confirm_sub(struct model *m, struct sim_sub *s, uint64_t proven)
{
    s->confirmed = m->now;
    s->proven = proven;
}

static void deliver(struct model *m, struct sim_sub *s, struct sim_msg *msg)
{
    check_sub(m, s, msg);
    check_order(m, s, msg);
    s->got++;
    if (s->confirmed == SIM_NEVER) confirm_sub(m, s, msg->sent); /* what is served is there */
    msg->deliveries++;
    m->delivered++;
    if (s->group >= 0 && ++msg->group_got[s->group] > 1)
        model_fail(m, "message %u came to two members of queue group %d", msg->id, s->group);
    confirm_through(m, msg->from, msg->number);
    check_due(m, s, msg);
}

/* ---- 503 ---- */

static bool is_503(const struct sim_op *op)
{
    return op->verb == SIM_HMSG && slice_starts(op->headers, SLICE_LIT("NATS/1.0 503"));
}

static void take_503(struct model *m, struct sim_peer *p, struct sim_sub *s,
                     const struct sim_op *op)
{
    char want[SIM_SUBJECT_MAX + 64];
    struct slice tail = slice_from(op->subject, op->subject.len > 8 ? op->subject.len - 8 : 0);
    struct sim_msg *msg = msg_by_text(m, tail);
    if (msg == NULL || msg->from != p || !slice_equal_str(op->subject, msg->reply)) {
        model_fail(m, "connection %u got a 503 for %.*s, which it did not ask", p->id,
                   SLICE_ARGS(op->subject));
        return;
    }
    snprintf(want, sizeof want, "NATS/1.0 503\r\nNats-Subject: %s\r\n\r\n", msg->subject);
    if (!slice_equal_str(op->headers, want) || op->payload.len > 0)
        model_fail(m, "the 503 of message %u has the wrong text", msg->id);
    if (!msg->wants_503) model_fail(m, "a 503 came for message %u, unasked", msg->id);
    if (msg->deliveries > 0) model_fail(m, "a 503 came for message %u, which arrived", msg->id);
    if (msg->is_refused) model_fail(m, "a 503 came for message %u, which was refused", msg->id);
    if (s->group >= 0) model_fail(m, "a 503 came to queue group %d", s->group);
    if (++msg->no_responders > 1) model_fail(m, "two 503 came for message %u", msg->id);
}

struct sim_msg *model_message(struct model *m, struct sim_peer *p, const struct sim_op *op,
                              struct sim_sub **ret_sub)
{
    uint64_t sid;
    m->now++;
    if (!slice_to_u64(op->sid, &sid) || sid == 0 || sid > p->subs_count) {
        model_fail(m, "connection %u got a message for sid %.*s, which it never had", p->id,
                   SLICE_ARGS(op->sid));
        return NULL;
    }
    struct sim_sub *s = p->subs[sid - 1];
    if (is_503(op)) {
        take_503(m, p, s, op);
        return NULL;
    }
    struct sim_msg *msg = msg_by_text(m, op->payload);
    if (msg == NULL) {
        model_fail(m, "connection %u got %u bytes on %.*s that nobody sent", p->id, op->payload.len,
                   SLICE_ARGS(op->subject));
        return NULL;
    }
    *ret_sub = s;
    check_bytes(m, p, msg, op);
    if (m->mischief.drop_at > 0 && --m->mischief.drop_at == 0) return msg;
    deliver(m, s, msg);
    if (m->mischief.double_at > 0 && --m->mischief.double_at == 0) deliver(m, s, msg);
    return msg;
}

/* ---- barriers ---- */

/* Somebody may have listened, or may yet have been chosen. */
static bool anybody(const struct model *m, const struct sim_msg *msg)
{
    for (uint32_t i = 0; i < m->subs_count; i++)
        if (model_might_listen(m, m->subs[i], msg)) return true;
    return false;
}

/* Its own plain subscription, there for certain, that takes the 503. */
static bool has_inbox(const struct sim_peer *p, const struct sim_msg *msg)
{
    for (uint32_t i = 0; i < p->subs_count; i++) {
        const struct sim_sub *s = p->subs[i];
        if (s->group < 0 && s->max == 0 && s->confirmed < msg->sent && s->ended == SIM_NEVER &&
            s->unsub_sent == SIM_NEVER && sim_matches(s->pattern, msg->reply))
            return true;
    }
    return false;
}

/* A refusal that was taken for an earlier message on the same subject. */
static bool told_about_another(const struct sim_peer *p, const struct sim_msg *msg)
{
    for (uint32_t i = 0; i + 1 < msg->number; i++) {
        const struct sim_msg *other = p->msgs[i];
        if (other->is_told && !other->is_refused && strcmp(other->subject, msg->subject) == 0)
            return true;
    }
    return false;
}

/* What its publisher must have been told by now. */
static void judge(struct model *m, struct sim_peer *p, struct sim_msg *msg)
{
    enum sim_verdict may = model_may_publish(m, msg, m->now);
    if (may == SIM_NO && !msg->is_refused && !told_about_another(p, msg))
        model_fail(m, "connection %u published to %s, which it may not, and was not told", p->id,
                   msg->subject);
    if (may != SIM_YES || msg->is_refused || !msg->wants_503 || msg->no_responders > 0) return;
    if (!p->is_vague && msg->deliveries == 0 && has_inbox(p, msg) && !anybody(m, msg))
        model_fail(m, "nobody listened to message %u (%s), but no 503 came", msg->id, msg->subject);
}

static void confirm_subs_verbs(struct model *m, struct sim_sub *s, const struct sim_barrier *b)
{
    if (s->sid <= b->subs && s->confirmed == SIM_NEVER && s->ended == SIM_NEVER &&
        !s->is_doubtful) {
        confirm_sub(m, s, b->sent);
        if (model_may_subscribe(m, s, m->now) == SIM_NO)
            model_fail(m, "connection %u subscribed to %s, which it may not", s->peer->id,
                       s->pattern);
    }
    if (s->unsub_sent < b->sent && s->unsub_confirmed == SIM_NEVER) s->unsub_confirmed = m->now;
    if (s->max_sent < b->sent) s->max_confirmed = true;
}

static void check_arrived(struct model *m, struct sim_sub *s, const struct sim_barrier *b)
{
    for (uint32_t i = 0; i < s->due_count; i++) {
        const struct sim_msg *msg = s->due[i];
        bool own = msg->from == s->peer && msg->number <= b->msgs;
        if (!own && msg->confirmed >= b->sent) continue;
        if (!is_required(m, s, msg)) continue;
        model_fail(m,
                   "message %u (%s) stands behind a PONG that must follow it, at %s "
                   "(connection %u sid %u)",
                   msg->id, msg->subject, s->pattern, s->peer->id, s->sid);
    }
}

void model_pong(struct model *m, struct sim_peer *p)
{
    m->now++;
    if (p->pongs == p->pings) {
        model_fail(m, "connection %u got a PONG that it did not ask", p->id);
        return;
    }
    const struct sim_barrier *b = &p->barriers[p->pongs++ % SIM_BARRIERS_MAX];
    if (p->in == SIM_NEVER) p->in = m->now;
    p->answered = b->sent;
    confirm_through(m, p, b->msgs);
    for (; p->msgs_judged < b->msgs; p->msgs_judged++) judge(m, p, p->msgs[p->msgs_judged]);
    for (uint32_t i = 0; i < p->subs_count; i++) confirm_subs_verbs(m, p->subs[i], b);
    for (uint32_t i = 0; i < p->subs_count; i++) check_arrived(m, p->subs[i], b);
    if (p->verbose && p->oks + p->refusals != b->ops)
        model_fail(m, "connection %u is verbose: %u operations, but %u +OK and %u refusals", p->id,
                   b->ops, p->oks, p->refusals);
}

void model_ok(struct model *m, struct sim_peer *p)
{
    m->now++;
    p->oks++;
    if (!p->verbose) model_fail(m, "connection %u got +OK but is not verbose", p->id);
}

/* ---- errors ---- */

/* The text between the first two quotes. */
static bool quoted(struct slice text, char ret_inside[SIM_SUBJECT_MAX])
{
    struct slice before, inside;
    if (!slice_cut(&text, '"', &before) || !slice_cut(&text, '"', &inside)) return false;
    snprintf(ret_inside, SIM_SUBJECT_MAX, "%.*s", SLICE_ARGS(inside));
    return true;
}

/* What is answered before the next PONG was asked before its PING. */
static struct sim_barrier segment(const struct sim_peer *p)
{
    if (p->pongs < p->pings) return p->barriers[p->pongs % SIM_BARRIERS_MAX];
    return (struct sim_barrier){ .msgs = p->msgs_count, .subs = p->subs_count };
}

/* The first that may be meant. While a reload is near it may be another one on the same subject. */
static void refused_publish(struct model *m, struct sim_peer *p, const char *subject)
{
    p->refusals++;
    for (uint32_t i = p->msgs_judged; i < segment(p).msgs; i++) {
        struct sim_msg *msg = p->msgs[i];
        if (msg->is_refused || msg->is_told || strcmp(msg->subject, subject) != 0) continue;
        enum sim_verdict may = model_may_publish(m, msg, m->now);
        if (may == SIM_YES) continue;
        msg->is_told = true;
        if (may == SIM_MAYBE) return;
        msg->is_refused = true;
        confirm_through(m, p, msg->number);
        if (msg->deliveries > 0) model_fail(m, "message %u was refused, but arrived", msg->id);
        return;
    }
    model_fail(m, "connection %u was refused to publish %s, which it may", p->id, subject);
}

/* 0, which no subscription has, when it is no number. */
static uint64_t number_before(struct slice text, char end)
{
    struct slice digits;
    uint64_t number;
    (void)slice_cut(&text, (uint8_t)end, &digits);
    return slice_to_u64(digits, &number) ? number : 0;
}

/* A reload took it away. */
static void lost_sub(struct model *m, struct sim_peer *p, uint64_t sid)
{
    struct sim_sub *s = sid > 0 && sid <= p->subs_count ? p->subs[sid - 1] : NULL;
    if (s == NULL || s->ended != SIM_NEVER || model_may_subscribe(m, s, m->now) == SIM_YES)
        model_fail(m, "connection %u lost its subscription %u without a cause", p->id,
                   (unsigned)sid);
    else s->ended = m->now;
}

static void refused_sub(struct model *m, struct sim_peer *p, const char *pattern)
{
    for (uint32_t i = 0; i < segment(p).subs; i++) {
        struct sim_sub *s = p->subs[i];
        if (s->confirmed != SIM_NEVER || s->ended != SIM_NEVER) continue;
        if (strcmp(s->pattern, pattern) != 0) continue;
        if (model_may_subscribe(m, s, m->now) == SIM_YES) continue;
        s->ended = m->now;
        p->refusals++;
        return;
    }
    model_fail(m, "connection %u was refused to subscribe to %s, which it may", p->id, pattern);
}

/* No memory for some subscription of those that wait: it does not say for which, so that none of
 * them is certain. */
static void no_room_for_sub(struct model *m, struct sim_peer *p)
{
    m->casualties++;
    p->refusals++;
    for (uint32_t i = 0; i < segment(p).subs; i++)
        if (p->subs[i]->confirmed == SIM_NEVER) p->subs[i]->is_doubtful = true;
}

void model_err(struct model *m, struct sim_peer *p, struct slice text)
{
    static const char sid_mark[] = " (sid \"";
    char copy[512];
    char subject[SIM_SUBJECT_MAX];
    m->now++;
    snprintf(copy, sizeof copy, "%.*s", SLICE_ARGS(text));
    const char *sid = strstr(copy, sid_mark);
    if (slice_starts(text, SLICE_LIT("Permissions Violation for Publish to ")) &&
        quoted(text, subject)) {
        refused_publish(m, p, subject);
    } else if (slice_starts(text, SLICE_LIT("Permissions Violation for Subscription to ")) &&
               quoted(text, subject)) {
        if (sid != NULL) lost_sub(m, p, number_before(slice_str(sid + strlen(sid_mark)), '"'));
        else refused_sub(m, p, subject);
    } else if (m->memory_fails && strcmp(copy, "maximum subscriptions exceeded") == 0) {
        no_room_for_sub(m, p);
    } else if (!p->may_close && !m->memory_fails) {
        model_fail(m, "connection %u got -ERR '%s'", p->id, copy);
    }
}

/* ---- the end ---- */

static bool surely_listened(const struct model *m, const struct sim_sub *s,
                            const struct sim_msg *msg)
{
    return s->confirmed < msg->sent && s->unsub_sent > msg->confirmed && s->max == 0 &&
           s->ended > msg->confirmed && !s->peer->is_vague && is_free(m, s, msg);
}

/* Somebody in the group listened all the time, nobody died who may have had it: then one has it. */
static void finish_groups(struct model *m, const struct sim_msg *msg)
{
    bool sure[SIM_GROUPS] = { false }, spoilt[SIM_GROUPS] = { false };
    for (uint32_t i = 0; i < m->subs_count; i++) {
        const struct sim_sub *s = m->subs[i];
        if (s->group < 0 || !model_might_listen(m, s, msg)) continue;
        bool has_read_on = s->peer->answered > msg->confirmed; /* it would have shown */
        if (s->peer->died != SIM_NEVER && !has_read_on) spoilt[s->group] = true;
        if (surely_listened(m, s, msg)) sure[s->group] = true;
    }
    for (int g = 0; g < SIM_GROUPS; g++) {
        if (!sure[g] || spoilt[g]) continue;
        if (msg->group_got[g] == 0)
            model_fail(m, "message %u (%s) came to no member of queue group %d", msg->id,
                       msg->subject, g);
    }
}

static void finish_sub(struct model *m, const struct sim_sub *s)
{
    for (uint32_t i = 0; i < s->due_count; i++)
        if (is_required(m, s, s->due[i]))
            model_fail(m, "message %u (%s) never came to %s (connection %u sid %u)", s->due[i]->id,
                       s->due[i]->subject, s->pattern, s->peer->id, s->sid);
}

void model_finish(struct model *m)
{
    m->now++;
    for (uint32_t i = 0; i < m->subs_count; i++) finish_sub(m, m->subs[i]);
    for (uint32_t i = 0; i < m->msgs_count; i++) {
        struct sim_msg *msg = m->msgs[i];
        if (msg->confirmed != SIM_NEVER && !msg->from->is_vague && !msg->is_refused)
            finish_groups(m, msg);
    }
    const struct sim_version *newest = &m->versions[m->versions_count - 1];
    for (uint32_t i = 0; i < m->peers_count; i++) {
        const struct sim_peer *p = m->peers[i];
        if (p->died != SIM_NEVER || p->user == NULL) continue;
        const struct sim_user *u = &newest->config.users[p->user_index];
        if (u->is_removed || strcmp(u->pass, p->user->pass) != 0)
            model_fail(m, "connection %u lives on, but its user is gone", p->id);
    }
}
