/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/client.h"

#include <stdio.h>

#include "base/assert.h"

enum { TRACE_SHOWN = 200 }; /* bytes of an operation */

void client_init(struct sim_client *c, struct sim_host *host, struct model *model, struct rng *rng,
                 uint32_t id)
{
    *c = (struct sim_client){ .host = host, .model = model, .rng = rng, .id = id };
    sim_pipe_init(&c->pipe, host, TRACE_SHOWN);
}

void client_deinit(struct sim_client *c)
{
    sim_pipe_deinit(&c->pipe);
}

bool client_is_in(const struct sim_client *c)
{
    return c->peer != NULL && !c->is_broken;
}

/* ---- the connection ---- */

static void forget(struct sim_client *c)
{
    if (c->peer != NULL) model_died(c->model, c->peer);
    sim_pipe_reset(&c->pipe);
    c->peer = NULL;
    c->is_broken = c->is_draining = false;
    c->reading = SIM_READS_ALL;
    c->dial_at = c->host->clock.now + (nanos)(rng_next(c->rng) % (uint64_t)(200 * MILLISECOND));
}

void client_dial(struct sim_client *c)
{
    assert(c->pipe.link == NULL);
    c->dialled = c->model->now;
    c->pipe.link = sim_link_dial(&c->host->net, sim_host_port(c->host));
}

static void let_go(struct sim_client *c)
{
    sim_link_drop(c->pipe.link);
    forget(c);
}

void client_leave(struct sim_client *c)
{
    sim_link_finish(c->pipe.link);
    let_go(c);
}

void client_reset(struct sim_client *c)
{
    sim_link_reset(c->pipe.link);
    let_go(c);
}

void client_cut(struct sim_client *c)
{
    sim_link_cut(c->pipe.link);
    c->is_broken = true;
    c->broken_until = c->host->clock.now + (nanos)rng_below(c->rng, 60) * SECOND;
    if (c->peer != NULL) {
        model_may_close(c->peer, "its wire is cut");
        model_died(c->model, c->peer);
    }
}

static void lost(struct sim_client *c)
{
    if (c->peer != NULL && !c->is_broken) model_closed(c->model, c->peer);
    sim_link_finish(c->pipe.link);
    let_go(c);
}

/* ---- verbs ---- */

struct sim_sub *client_sub(struct sim_client *c, const char *pattern, int group)
{
    static const char *const names[SIM_GROUPS] = { "g0", "g1", "g2" };
    struct sim_sub *s = model_sub(c->model, c->peer, pattern, group);
    sim_codec_sub(&c->pipe.out, slice_str(pattern), slice_str(group < 0 ? NULL : names[group]),
                  s->sid);
    return s;
}

void client_unsub(struct sim_client *c, struct sim_sub *s, uint32_t max)
{
    model_unsub(c->model, s, max);
    sim_codec_unsub(&c->pipe.out, s->sid, max);
}

void client_pub(struct sim_client *c, const char *subject, const char *reply, uint32_t size,
                bool headers)
{
    struct buf head = { 0 }, payload = { 0 };
    struct sim_msg *msg = model_publish(c->model, c->peer, subject, reply, size,
                                        headers && c->peer->headers);
    model_payload(msg, &payload);
    model_headers(msg, &head);
    sim_codec_pub(&c->pipe.out, slice_str(subject), slice_str(msg->reply), buf_slice(&head),
                  buf_slice(&payload));
    buf_deinit(&head);
    buf_deinit(&payload);
}

void client_ping(struct sim_client *c)
{
    if (c->peer->pings - c->peer->pongs >= SIM_BARRIERS_MAX) return;
    model_ping(c->model, c->peer);
    buf_add_str(&c->pipe.out, "PING\r\n");
}

void client_raw(struct sim_client *c, const char *text)
{
    buf_add_str(&c->pipe.out, text);
}

static void connect_now(struct sim_client *c)
{
    const struct sim_config *config = model_config(c->model);
    uint32_t user = config->users_count > 0 ? rng_below(c->rng, config->users_count) : 0;
    for (uint32_t i = 0; i < config->users_count && config->users[user].is_removed; i++)
        user = (user + 1) % config->users_count;
    c->peer = model_open(c->model, user, c->dialled);
    sim_link_watch(c->pipe.link, &c->peer->is_forgotten);
    struct sim_peer *p = c->peer;
    p->verbose = rng_below(c->rng, 4) == 0;
    p->echo = rng_below(c->rng, 4) > 0;
    p->headers = rng_below(c->rng, 4) > 0;
    p->no_responders = p->headers && rng_below(c->rng, 4) > 0;
    p->ops += 1;
    buf_printf(&c->pipe.out,
               "CONNECT {\"verbose\":%s,\"pedantic\":false,\"echo\":%s,\"headers\":%s,"
               "\"no_responders\":%s,\"protocol\":1",
               p->verbose ? "true" : "false", p->echo ? "true" : "false",
               p->headers ? "true" : "false", p->no_responders ? "true" : "false");
    if (p->user != NULL)
        buf_printf(&c->pipe.out, ",\"user\":\"%s\",\"pass\":\"%s\"", p->user->name, p->user->pass);
    buf_add_str(&c->pipe.out, "}\r\n");
    client_ping(c);
}

/* ---- what comes ---- */

static bool contains(struct slice text, const char *what)
{
    uint32_t len = (uint32_t)strlen(what);
    if (text.ptr == NULL) return false;
    for (uint32_t at = 0; at + len <= text.len; at++)
        if (memcmp(text.ptr + at, what, len) == 0) return true;
    return false;
}

static void take_info(struct sim_client *c, struct slice json)
{
    if (c->peer == NULL) {
        connect_now(c);
    } else if (contains(json, "\"ldm\":true")) {
        c->is_draining = true;
        model_may_close(c->peer, "lame duck");
    }
}

static void take_message(struct sim_client *c, const struct sim_op *op)
{
    struct sim_sub *s = NULL;
    struct sim_msg *msg = model_message(c->model, c->peer, op, &s);
    if (msg == NULL || msg->reply[0] == 0 || !c->answers || c->is_broken) return;
    client_pub(c, msg->reply, NULL, 20, false);
}

static void take(struct sim_client *c, const struct sim_op *op)
{
    if (c->peer == NULL && op->verb != SIM_INFO && op->verb != SIM_ERR) {
        model_fail(c->model, "client %u heard something before INFO", c->id);
        return;
    }
    switch (op->verb) {
    case SIM_INFO: take_info(c, op->text); break;
    case SIM_MSG:
    case SIM_HMSG: take_message(c, op); break;
    case SIM_PING: buf_add_str(&c->pipe.out, "PONG\r\n"); break;
    case SIM_PONG: model_pong(c->model, c->peer); break;
    case SIM_OK: model_ok(c->model, c->peer); break;
    case SIM_ERR:
        if (c->peer != NULL) model_err(c->model, c->peer, op->text);
        break;
    }
}

static void parse(struct sim_client *c)
{
    struct sim_op op;
    enum sim_parse got;
    (void)snprintf(c->pipe.who, sizeof c->pipe.who, "%u/%d", c->id,
                   c->peer == NULL ? -1 : (int)c->peer->id);
    while ((got = sim_pipe_next(&c->pipe, &op)) == SIM_PARSE_OP) take(c, &op);
    if (got == SIM_PARSE_BAD)
        model_fail(c->model, "client %u cannot read: %.60s", c->id,
                   (const char *)c->pipe.in.ptr + c->pipe.at);
}

static uint32_t appetite(struct sim_client *c, uint32_t most)
{
    if (c->reading == SIM_READS_NEVER) return 0;
    if (c->reading == SIM_READS_ALL) return most;
    return rng_below(c->rng, 4) == 0 ? rng_below(c->rng, 400) : 0;
}

/* False when the link is over. */
static bool read_link(struct sim_client *c)
{
    for (;;) {
        uint32_t most = appetite(c, SIM_PIPE_READ);
        if (most == 0) return true;
        int64_t got = sim_pipe_read(&c->pipe, most);
        if (got == NET_AGAIN) return true;
        if (got <= 0) return false;
        parse(c);
        if (most < SIM_PIPE_READ) return true;
    }
}

void client_step(struct sim_client *c)
{
    if (c->pipe.link == NULL) return;
    if (c->is_broken && c->host->clock.now >= c->broken_until) {
        client_reset(c);
        return;
    }
    sim_pipe_write(&c->pipe);
    if (!read_link(c)) {
        lost(c);
        return;
    }
    sim_pipe_write(&c->pipe);
}
