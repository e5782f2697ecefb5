/* SPDX-License-Identifier: Apache-2.0 */
/* JetStream of one server: accounts, their streams, the API. What server/ builds when `jetstream`
 * is configured.
 *
 * Everything lives on one reactor, the last one (decision 007): the directory of names, all streams
 * and consumers, the store. Clients on other reactors reach it as they reach any subscriber: their
 * messages travel through mailboxes to internal sinks.
 *
 * Life of a publish: sink (ingest.c) → checks against what is applied and in flight → a command
 * into the stream's log → applied when durable (apply.c) → ack, consumers. A turn at the end of the
 * tick (reactor_turn) serves consumers, writes acks and starts the commit, so that a tick's work
 * shares one fsync.
 *
 * Files: jetstream.c (life), js_account.c (names, limits, usage), api/ (one file per group of
 * endpoints), ingest.c, apply.c, stream.c (life of one), consumer.c and deliver_push.c,
 * deliver_pull.c (consumers), advisory.c, source.c (mirrors and sources), snapshot.c.
 *
 * Thread:  each function says. Memory: owns all of it; outlives its reactor's last tick. */
#ifndef MIDGE_STREAM_JETSTREAM_H
#define MIDGE_STREAM_JETSTREAM_H

#include "core/core.h"

struct jetstream;

struct jetstream_setup {
    struct core *core; /* with settings that have JetStream on */
    /* Streams are read and stay as they are: nothing is taken, delivered, drawn or expires. For the
     * command line: js_import.h. */
    bool is_at_rest;
    /* It was turned on while the reactors tick: on its own one. `why` NULL: it is there, else why
     * it is not. NULL: nobody needs to know. */
    void (*started)(void *ctx, const struct jetstream *, const char *why);
    void *ctx;
};

/* Blocking (recovery); before the reactors tick. `why` says what an operator must do. */
MUST_CHECK enum err jetstream_new(const struct jetstream_setup *, struct jetstream **ret,
                                  struct errmsg *why);
/* While the reactors tick, after core_reload() with settings that turn it on: it starts on its own
 * reactor, which does nothing else meanwhile. Whatever becomes of it, it is there. */
struct jetstream *jetstream_new_later(const struct jetstream_setup *);
/* Reactors have stopped, jetstream_is_idle() was true. NULL is fine; returns NULL. */
struct jetstream *jetstream_free(struct jetstream *);

/* What the log says at the start. */
struct jetstream_facts {
    int64_t     memory_max, store_max;  /* bytes */
    const char *directory;
    const char *domain;                 /* NULL: none */
    const char *cipher;                 /* of what is at rest; NULL: plain */
    const char *reports;                /* what recovery has found, a line each; NULL: nothing */
    nanos       took;
    bool        is_strict;
    bool        is_temporary;           /* nobody said where to store */
};
void jetstream_facts(const struct jetstream *, struct jetstream_facts *ret);

/* The thread that starts, reloads and stops; the work is done on the JetStream reactor. */
void jetstream_reload(struct jetstream *); /* after core_reload() */
/* No new requests; waiting pulls are told, then every session is closed (core_close_all); all that
 * is in the log is made durable and checkpointed. */
void jetstream_stop(struct jetstream *);
bool jetstream_is_idle(const struct jetstream *); /* after stop: nothing is in flight; any thread */
/* What was proposed is not on the disk: the journal or the checkpoints have failed. */
bool jetstream_has_failed(const struct jetstream *);

#endif
