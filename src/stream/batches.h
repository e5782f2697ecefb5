/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: those that publishers of a stream have open.
 *
 * Atomic (Nats-Batch-Id): messages are put aside until the last one comes; then all are checked as
 * if they came one by one, and go into one command, or none of them does.
 * Fast (a reply that ends with ".$FI"): each message is stored when it comes; acks come in steps,
 * and say how many messages may be on their way.
 *
 * Thread:  the JetStream reactor. Memory: made when the first one opens; what is put aside counts
 *          as what is in flight does. The leader's: a crash ends those that are open, and nothing
 *          of an atomic one is there.
 * Limits:  so many of a stream, of the server, messages of one; one that is idle too long ends. */
#ifndef MIDGE_STREAM_BATCHES_H
#define MIDGE_STREAM_BATCHES_H

#include "stream/stream.h"

struct incoming;
struct raw_message;

struct batches *batches_free(struct batches *); /* NULL is fine; returns NULL */
/* Bytes that are put aside. */
uint64_t batches_bytes(const struct stream *);
/* The configuration has changed: those that it does not allow any more end. */
void batches_update(struct stream *);
/* In the stream's turn: tells of those that were given up. */
void batches_run(struct stream *);

/* A message of an atomic batch. False: it must be held. */
MUST_CHECK bool atomic_batch_take(struct stream *, const struct raw_message *, struct incoming *);

/* A message of a fast batch. False: it must be held. */
MUST_CHECK bool fast_batch_take(struct stream *, struct incoming *);
/* One of its messages is applied. */
void fast_batch_stored(struct stream *, struct slice reply, uint64_t sequence);
/* … or never will be, for the log has failed. The last one on its way ends the batch, and its
 * publisher is told. */
void fast_batch_lost(struct stream *, struct slice reply);

#endif
