/* SPDX-License-Identifier: Apache-2.0 */
/* Qsbr: when may memory be freed that other reactors read without a lock?
 *
 * Quiescent-state reclamation. Every reactor says once per tick that it holds no pointer to shared
 * memory (qsbr_quiescent), or that it sleeps (qsbr_offline). What was unlinked at epoch e may be
 * freed when every reactor that is not offline has been quiescent at an epoch >= e.
 *
 * A pointer that was posted to another reactor outlives that reactor's producer's tick: its owner
 * frees it only after it has also consumed all that was posted to it before; net/mailbox.h tells
 * (limbo in net/reactor.h).
 *
 * Thread: each slot is written by its reactor only. Memory: a value; slots are fixed at
 * QSBR_READERS_MAX. */
#ifndef MIDGE_BASE_QSBR_H
#define MIDGE_BASE_QSBR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum { QSBR_READERS_MAX = 16 };

struct qsbr_slot {
    /* the epoch last seen while quiescent; 0: offline */
    CACHE_ALIGNED _Atomic uint64_t seen;
};

struct qsbr {
    CACHE_ALIGNED _Atomic uint64_t epoch; /* from 1 */
    struct qsbr_slot slots[QSBR_READERS_MAX];
};

void qsbr_init(struct qsbr *); /* all readers offline */

/* The fence pairs with the one in qsbr_retire(): either the retiring side sees this reader online,
 * or the reader sees what was unlinked. */
static inline void qsbr_announce(struct qsbr *q, uint32_t reader, uint64_t epoch)
{
    atomic_store_explicit(&q->slots[reader].seen, epoch, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst);
}

/* The reader holds no shared pointer now; also takes it online. */
static inline void qsbr_quiescent(struct qsbr *q, uint32_t reader)
{
    uint64_t now = atomic_load_explicit(&q->epoch, memory_order_acquire);
    if (atomic_load_explicit(&q->slots[reader].seen, memory_order_relaxed) != now)
        qsbr_announce(q, reader, now);
}

/* Before sleeping: nobody waits for this reader until it calls qsbr_quiescent() again. */
static inline void qsbr_offline(struct qsbr *q, uint32_t reader)
{
    atomic_store_explicit(&q->slots[reader].seen, 0, memory_order_seq_cst);
}

/* Call after unlinking. The result is the ticket for qsbr_passed(). */
uint64_t qsbr_retire(struct qsbr *);

/* True when no reader can still hold what was unlinked before the ticket was drawn. */
bool qsbr_passed(struct qsbr *, uint64_t ticket);

#endif
