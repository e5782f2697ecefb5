/* SPDX-License-Identifier: Apache-2.0 */
#include "base/qsbr.h"

#include "base/assert.h"

void qsbr_init(struct qsbr *q)
{
    atomic_init(&q->epoch, 1);
    for (uint32_t i = 0; i < QSBR_READERS_MAX; i++) atomic_init(&q->slots[i].seen, 0);
}

uint64_t qsbr_retire(struct qsbr *q)
{
    uint64_t ticket = atomic_fetch_add_explicit(&q->epoch, 1, memory_order_seq_cst) + 1;
    /* the unlinking stands before any look at a reader */
    atomic_thread_fence(memory_order_seq_cst);
    return ticket;
}

bool qsbr_passed(struct qsbr *q, uint64_t ticket)
{
    assert(ticket > 1);
    for (uint32_t i = 0; i < QSBR_READERS_MAX; i++) {
        uint64_t seen = atomic_load_explicit(&q->slots[i].seen, memory_order_seq_cst);
        if (seen != 0 && seen < ticket) return false;
    }
    return true;
}
