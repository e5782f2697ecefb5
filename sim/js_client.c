/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_client.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { TRACE_SHOWN = 400 }; /* bytes of an operation */

void js_client_init(struct js_client *c, void *world, struct sim_host *host, uint32_t id)
{
    *c = (struct js_client){ .world = world, .host = host, .id = id };
    sim_pipe_init(&c->pipe, host, TRACE_SHOWN);
    (void)snprintf(c->pipe.who, sizeof c->pipe.who, "%u", id);
    list_init(&c->calls);
}

static void end_call(struct js_client *c, struct js_call *call, const struct sim_op *op)
{
    list_remove(&call->node);
    c->calls_count--;
    call->done(c->world, call, op);
    xfree(call);
}

static void forget(struct js_client *c)
{
    sim_pipe_reset(&c->pipe);
    c->is_in = false;
    while (!list_empty(&c->calls))
        end_call(c, container_of(c->calls.next, struct js_call, node), NULL);
}

void js_client_drop(struct js_client *c, bool in_order)
{
    if (c->pipe.link == NULL) return;
    if (in_order) sim_link_finish(c->pipe.link);
    else sim_link_reset(c->pipe.link);
    sim_link_drop(c->pipe.link);
    forget(c);
}

void js_client_deinit(struct js_client *c)
{
    js_client_drop(c, true);
    sim_pipe_deinit(&c->pipe);
}

void js_client_dial(struct js_client *c)
{
    assert(c->pipe.link == NULL);
    c->pipe.link = sim_link_dial(&c->host->net, sim_host_port(c->host));
    if (c->pipe.link != NULL) c->connection++;
}

/* ---- verbs ---- */

static void inbox(const struct js_client *c, uint32_t token, char text[JS_INBOX_MAX])
{
    snprintf(text, JS_INBOX_MAX, "_INBOX.%u.%u.%u", c->id, c->connection, token);
}

void js_client_pub(struct js_client *c, const char *subject, const char *reply,
                   struct slice headers, struct slice payload)
{
    assert(c->is_in);
    sim_codec_pub(&c->pipe.out, slice_str(subject), slice_str(reply), headers, payload);
}

struct js_call *js_client_call(struct js_client *c, const char *subject, struct slice headers,
                               struct slice payload,
                               void (*done)(void *, struct js_call *, const struct sim_op *))
{
    char reply[JS_INBOX_MAX];
    struct js_call *call = xcalloc(1, sizeof *call);
    call->token = ++c->next_token;
    call->done = done;
    list_add_tail(&c->calls, &call->node);
    c->calls_count++;
    inbox(c, call->token, reply);
    js_client_pub(c, subject, reply, headers, payload);
    return call;
}

void js_client_sub(struct js_client *c, const char *subject)
{
    sim_codec_sub(&c->pipe.out, slice_str(subject), SLICE_LIT(""), ++c->next_sid);
}

/* ---- what comes ---- */

static void take_info(struct js_client *c)
{
    char subject[JS_INBOX_MAX];
    if (c->is_in) return;
    buf_add_str(&c->pipe.out, "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,"
                              "\"no_responders\":true,\"protocol\":1}\r\n");
    snprintf(subject, sizeof subject, "_INBOX.%u.%u.>", c->id, c->connection);
    c->next_sid = 0;
    js_client_sub(c, subject);
    buf_add_str(&c->pipe.out, "PING\r\n");
}

/* The call that an inbox subject names, or NULL. */
static struct js_call *call_of(struct js_client *c, struct slice subject)
{
    char text[JS_INBOX_MAX];
    LIST_EACH(&c->calls, at) {
        struct js_call *call = container_of(at, struct js_call, node);
        inbox(c, call->token, text);
        if (slice_equal_str(subject, text)) return call;
    }
    return NULL;
}

static void take(struct js_client *c, const struct sim_op *op)
{
    struct js_call *call;
    switch (op->verb) {
    case SIM_INFO: take_info(c); break;
    case SIM_MSG:
    case SIM_HMSG:
        call = call_of(c, op->subject);
        if (call != NULL) end_call(c, call, op);
        else c->on_message(c->world, c, op);
        break;
    case SIM_PING: buf_add_str(&c->pipe.out, "PONG\r\n"); break;
    case SIM_PONG:
        if (c->is_in) break;
        c->is_in = true;
        c->on_in(c->world, c);
        break;
    case SIM_OK: break;
    case SIM_ERR: c->on_wrong(c->world, "the server says -ERR"); break;
    }
}

static void parse(struct js_client *c)
{
    struct sim_op op;
    enum sim_parse got;
    while ((got = sim_pipe_next(&c->pipe, &op)) == SIM_PARSE_OP) {
        take(c, &op);
        if (c->pipe.link == NULL) return;
    }
    if (got == SIM_PARSE_BAD) c->on_wrong(c->world, "the server writes what is no NATS");
}

static bool read_link(struct js_client *c)
{
    while (c->pipe.link != NULL) {
        int64_t got = sim_pipe_read(&c->pipe, SIM_PIPE_READ);
        if (got == NET_AGAIN) return true;
        if (got <= 0) return false;
        parse(c);
    }
    return true;
}

void js_client_step(struct js_client *c)
{
    if (c->pipe.link == NULL) return;
    sim_pipe_write(&c->pipe);
    if (!read_link(c)) {
        js_client_drop(c, true);
        return;
    }
    if (c->pipe.link != NULL) sim_pipe_write(&c->pipe);
}
