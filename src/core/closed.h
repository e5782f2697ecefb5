/* SPDX-License-Identifier: Apache-2.0 */
/* Closed ring: the connections that were closed last, for /connz?state=closed.
 *
 * Thread:  any; it has a lock of its own, held for a copy of pointers or one insertion.
 * Memory:  at most `max` entries; the oldest goes first. The table grows with its content. An entry
 *          is shared by count, so that a report reads it while the ring moves on.
 * Order:   oldest first. */
#ifndef MIDGE_CORE_CLOSED_H
#define MIDGE_CORE_CLOSED_H

#include <stdatomic.h>

#include "base/compiler.h"
#include "core/report.h"

struct closed_ring;

/* A closed connection keeps at most so many subscriptions for reports; their number is right. */
enum { CLOSED_SUBS_MAX = 1000 };

struct closed_conn {
    _Atomic uint32_t refs;
    struct conn_report *report;
};
struct closed_conn *closed_conn_unref(struct closed_conn *); /* returns NULL; NULL is fine */

struct closed_ring *closed_ring_new(uint32_t max);
struct closed_ring *closed_ring_free(struct closed_ring *); /* NULL is fine; returns NULL */

/* On the session's reactor, when its phase is closed and its reason is set. */
void closed_ring_add(struct closed_ring *, const struct session *);
/* As closed_ring_add() for what is not a session any more; moves the report in (one block). */
void closed_ring_add_report(struct closed_ring *, struct conn_report *take_report);

/* How many were ever added, and how many of the newest are here now. */
uint64_t closed_ring_total(struct closed_ring *);
uint32_t closed_ring_count(struct closed_ring *);

/* A reference to each entry, oldest first. `*ret` is to be given back with xfree(), each entry with
 * closed_conn_unref(). Returns how many. */
uint32_t closed_ring_list(struct closed_ring *, struct closed_conn ***ret);

/* Asserts every invariant; takes the lock; O(n). Returns how many are here. */
uint32_t closed_ring_check(struct closed_ring *);

#endif
