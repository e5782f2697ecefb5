/* SPDX-License-Identifier: Apache-2.0 */
/* Js_client: one link after the other with requests on it, for runs with JetStream.
 *
 * A call is a request whose answer somebody waits for; it ends exactly once: with an answer, or
 * with NULL when its connection ends first. What comes to another subject of the client's inbox
 * (pulled messages), or to a subscription of its own (pushed ones), goes to `on_message`.
 * Thread: one. Memory: embedded in the world; calls belong to the client until they end. */
#ifndef MIDGE_SIM_JS_CLIENT_H
#define MIDGE_SIM_JS_CLIENT_H

#include "base/list.h"
#include "sim/pipe.h"

enum { JS_INBOX_MAX = 64 };

struct js_client;

struct js_call {
    struct list node; /* of the client */
    uint32_t token;
    void *about;
    uint64_t number;
    /* NULL: the connection ended first. The call is freed when it returns. */
    void (*done)(void *world, struct js_call *, const struct sim_op *);
};

struct js_client {
    void *world;
    struct sim_host *host;
    uint32_t id;
    uint32_t connection; /* counts them */
    struct sim_pipe pipe;
    bool is_in;
    struct list calls;
    uint32_t calls_count;
    uint32_t next_token;
    uint32_t next_sid;
    void (*on_in)(void *world, struct js_client *);
    void (*on_message)(void *world, struct js_client *, const struct sim_op *);
    /* The server did what it may not: a sentence. */
    void (*on_wrong)(void *world, const char *what);
};

void js_client_init(struct js_client *, void *world, struct sim_host *, uint32_t id);
void js_client_deinit(struct js_client *); /* ends all calls */

void js_client_dial(struct js_client *);
/* The client vanishes: calls end without an answer. What it wrote may still arrive, or not. */
void js_client_drop(struct js_client *, bool in_order);
/* Moves bytes both ways and takes what came. */
void js_client_step(struct js_client *);

/* Only while `is_in`. Headers and payload may be empty. */
struct js_call *js_client_call(struct js_client *, const char *subject, struct slice headers,
                               struct slice payload,
                               void (*done)(void *, struct js_call *, const struct sim_op *));
/* `reply` may be NULL. */
void js_client_pub(struct js_client *, const char *subject, const char *reply, struct slice headers,
                   struct slice payload);
void js_client_sub(struct js_client *, const char *subject);

#endif
