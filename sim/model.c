/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "sim/model_rules.h"

void model_fail(struct model *m, const char *format, ...)
{
    va_list args;
    if (model_failed(m)) return;
    va_start(args, format);
    (void)vsnprintf(m->failure, sizeof m->failure, format, args);
    va_end(args);
}

void model_init(struct model *m, const struct sim_plan *plan)
{
    *m = (struct model){ .arena = arena_new(), .plan = plan, .now = 1 };
    m->versions = arena_alloc(m->arena, SIM_VERSIONS_MAX * sizeof *m->versions);
    m->versions[m->versions_count++] = (struct sim_version){ .config = plan->config };
}

void model_deinit(struct model *m)
{
    for (uint32_t i = 0; i < m->subs_count; i++) {
        xfree(m->subs[i]->due);
        xfree(m->subs[i]->last);
    }
    m->arena = arena_free(m->arena);
}

const struct sim_config *model_config(const struct model *m)
{
    return &m->versions[m->versions_count - 1].config;
}

/* ---- connections ---- */

struct sim_peer *model_open(struct model *m, uint32_t user_index, uint64_t dialled)
{
    struct sim_peer *p = arena_alloc(m->arena, sizeof *p);
    *(struct sim_peer **)arena_push(m->arena, (void **)&m->peers, &m->peers_count, sizeof p) = p;
    const struct sim_config *c = model_config(m);
    p->id = m->peers_count - 1;
    p->opened = ++m->now;
    p->in = p->died = p->gone = SIM_NEVER;
    p->echo = true;
    if (c->users_count > 0) {
        struct sim_user *known = arena_alloc(m->arena, sizeof *known);
        *known = c->users[user_index];
        p->user = known;
        p->user_index = user_index;
        p->account = known->account;
    }
    if (!model_login_is_sure(m, p, m->now)) {
        p->is_vague = true;
        model_may_close(p, "its user is changing");
    }
    if (m->versions_count > 1 && m->versions[m->versions_count - 1].applied > dialled)
        model_may_close(p, "a reload closes who has not sent CONNECT");
    if (p->user != NULL && p->user->is_bcrypt) model_may_close(p, "bcrypt may be too slow");
    if (m->plan->is_tight) model_may_close(p, "max_pending is small");
    if (m->plan->net.buffer < 65536) model_may_close(p, "the network is slow");
    return p;
}

void model_may_close(struct sim_peer *p, const char *why)
{
    if (!p->may_close) p->may_close_why = why;
    p->may_close = true;
}

void model_died(struct model *m, struct sim_peer *p)
{
    if (p->died == SIM_NEVER) p->died = ++m->now;
}

void model_gone(struct model *m, struct sim_peer *p)
{
    if (p->gone == SIM_NEVER) p->gone = ++m->now;
}

void model_closed(struct model *m, struct sim_peer *p)
{
    if (m->memory_fails && !p->may_close) m->casualties++;
    else if (!p->may_close) model_fail(m, "the server closed connection %u without a cause", p->id);
    model_died(m, p);
}

/* ---- subscriptions ---- */

struct sim_sub *model_sub(struct model *m, struct sim_peer *p, const char *pattern, int group)
{
    struct sim_sub *s = arena_alloc(m->arena, sizeof *s);
    *(struct sim_sub **)arena_push(m->arena, (void **)&p->subs, &p->subs_count, sizeof s) = s;
    *(struct sim_sub **)arena_push(m->arena, (void **)&m->subs, &m->subs_count, sizeof s) = s;
    s->peer = p;
    s->sid = p->subs_count;
    s->group = group;
    snprintf(s->pattern, sizeof s->pattern, "%s", pattern);
    s->sent = ++m->now;
    s->confirmed = s->unsub_sent = s->unsub_confirmed = s->ended = s->max_sent = SIM_NEVER;
    p->ops++;
    return s;
}

void model_unsub(struct model *m, struct sim_sub *s, uint32_t max)
{
    uint64_t now = ++m->now;
    s->peer->ops++;
    if (max == 0) {
        s->unsub_sent = now;
        return;
    }
    s->max = max;
    s->max_sent = now;
    s->max_confirmed = false;
}

/* ---- messages ---- */

static void add_due(struct sim_sub *s, struct sim_msg *msg)
{
    if (s->due_count == s->due_cap) {
        s->due_cap = s->due_cap > 0 ? s->due_cap * 2 : 8;
        s->due = xrealloc(s->due, s->due_cap * sizeof(struct sim_msg *));
    }
    s->due[s->due_count++] = msg;
}

/* Listens for certain while the message is sent; what comes later is looked at when it is
 * missed. */
static bool listens(const struct model *m, const struct sim_sub *s, const struct sim_msg *msg)
{
    const struct sim_peer *p = s->peer;
    if (s->group >= 0 || s->confirmed >= msg->sent || s->unsub_sent != SIM_NEVER) return false;
    if (p->died != SIM_NEVER || p->is_vague) return false;
    return model_might_listen(m, s, msg);
}

static void find_due(struct model *m, struct sim_msg *msg)
{
    if (msg->from->is_vague || model_may_publish(m, msg, m->now) == SIM_NO) return;
    for (uint32_t i = 0; i < m->subs_count; i++)
        if (listens(m, m->subs[i], msg)) add_due(m->subs[i], msg);
}

struct sim_msg *model_publish(struct model *m, struct sim_peer *p, const char *subject,
                              const char *reply, uint32_t size, bool headers)
{
    struct sim_msg *msg = arena_alloc(m->arena, sizeof *msg);
    *(struct sim_msg **)arena_push(m->arena, (void **)&m->msgs, &m->msgs_count, sizeof msg) = msg;
    *(struct sim_msg **)arena_push(m->arena, (void **)&p->msgs, &p->msgs_count, sizeof msg) = msg;
    msg->id = m->msgs_count - 1;
    msg->from = p;
    msg->number = p->msgs_count;
    msg->size = size < 8 ? 8 : size;
    msg->has_headers = headers;
    snprintf(msg->subject, sizeof msg->subject, "%s", subject);
    if (reply != NULL && reply[0] == '?') {
        snprintf(msg->reply, sizeof msg->reply, "_INBOX.%u.%08x", p->id, msg->id);
        msg->wants_503 = p->no_responders;
    } else if (reply != NULL) {
        snprintf(msg->reply, sizeof msg->reply, "%s", reply);
    }
    msg->sent = ++m->now;
    msg->confirmed = SIM_NEVER;
    p->ops++;
    find_due(m, msg);
    return msg;
}

/* Its number in 8 digits, then noise that only this message has. */
void model_payload(const struct sim_msg *msg, struct buf *out)
{
    buf_printf(out, "%08x", msg->id);
    uint64_t noise = hash_u64(msg->id + 1);
    for (uint32_t i = 8; i < msg->size; i++) {
        noise = noise * 6364136223846793005U + 1442695040888963407U;
        buf_add_byte(out, (uint8_t)(noise >> 56));
    }
}

void model_headers(const struct sim_msg *msg, struct buf *out)
{
    if (msg->has_headers) buf_printf(out, "NATS/1.0\r\nId: %08x\r\n\r\n", msg->id);
}

void model_ping(struct model *m, struct sim_peer *p)
{
    assert(p->pings - p->pongs < SIM_BARRIERS_MAX);
    p->barriers[p->pings++ % SIM_BARRIERS_MAX] = (struct sim_barrier){
        .sent = ++m->now, .ops = p->ops, .msgs = p->msgs_count, .subs = p->subs_count
    };
}

/* ---- configurations ---- */

void model_reload(struct model *m, const struct sim_config *c)
{
    assert(m->versions_count < SIM_VERSIONS_MAX);
    struct sim_version *v = &m->versions[m->versions_count++];
    *v = (struct sim_version){ .config = *c, .begun = ++m->now, .applied = SIM_NEVER };
    for (uint32_t i = 0; i < m->peers_count; i++) {
        struct sim_peer *p = m->peers[i];
        bool is_sure = model_login_is_sure(m, p, m->now);
        if (!is_sure) model_may_close(p, "a reload changed its user");
        if (!is_sure && p->in == SIM_NEVER) p->is_vague = true;
        if (p->in == SIM_NEVER) model_may_close(p, "a reload closes who has not sent CONNECT");
    }
}

void model_reload_applied(struct model *m)
{
    m->now++;
    for (uint32_t i = 0; i < m->versions_count; i++)
        if (m->versions[i].applied == SIM_NEVER) m->versions[i].applied = m->now;
}
