/* SPDX-License-Identifier: Apache-2.0 */
/* Acks testing: the documented rules of acks.h once more, as plainly as possible, for tests.
 *
 * One row per stream sequence, everything by looking at all of them. Thread and memory: the
 * test's. */
#ifndef MIDGE_STREAM_ACKS_TESTING_H
#define MIDGE_STREAM_ACKS_TESTING_H

#include <string.h>

#include "stream/acks.h"

enum { MODEL_SEQS = 256 };

enum model_state { MODEL_UNSEEN, MODEL_PENDING, MODEL_SPENT, MODEL_ACKED };

struct model_row {
    enum model_state state;
    uint64_t consumer_seq;
    uint32_t deliveries;
    nanos time;
};

struct model {
    enum acks_policy policy;
    struct acks_position delivered, floor;
    struct model_row rows[MODEL_SEQS];
};

static inline uint64_t model_first(const struct model *m, enum model_state state)
{
    for (uint64_t i = 1; i < MODEL_SEQS; i++)
        if (m->rows[i].state == state) return i;
    return 0;
}

static inline uint32_t model_count(const struct model *m, enum model_state state)
{
    uint32_t count = 0;
    for (uint64_t i = 1; i < MODEL_SEQS; i++) count += m->rows[i].state == state;
    return count;
}

static inline uint32_t model_redelivered(const struct model *m)
{
    uint32_t count = model_count(m, MODEL_SPENT);
    for (uint64_t i = 1; i < MODEL_SEQS; i++)
        count += m->rows[i].state == MODEL_PENDING && m->rows[i].deliveries > 1;
    return count;
}

static inline bool model_is_all(const struct model *m)
{
    return m->policy == ACKS_ALL || m->policy == ACKS_FLOW_CONTROL;
}

static inline void model_deliver(struct model *m, const struct acks_command *c)
{
    struct model_row *row = &m->rows[c->stream_seq];
    if (c->consumer_seq <= m->delivered.consumer_seq) return;
    m->delivered.consumer_seq = c->consumer_seq;
    if (m->policy == ACKS_NONE) {
        if (c->stream_seq > m->delivered.stream_seq) m->delivered.stream_seq = c->stream_seq;
        row->state = MODEL_ACKED;
        m->floor = m->delivered;
    } else if (c->stream_seq > m->delivered.stream_seq) {
        m->delivered.stream_seq = c->stream_seq;
        *row = (struct model_row){ MODEL_PENDING, c->consumer_seq, c->deliveries, c->time };
    } else if (row->state == MODEL_PENDING) {
        if (c->deliveries > row->deliveries) row->deliveries = c->deliveries;
        row->time = c->time;
    }
}

/* A message stopped being pending in a way that lets the floor move. */
static inline void model_move_floor(struct model *m, uint64_t seq)
{
    uint64_t first = model_first(m, MODEL_PENDING);
    if (first == 0) m->floor = m->delivered;
    else if (m->rows[seq].consumer_seq == m->floor.consumer_seq + 1)
        m->floor = (struct acks_position){ m->rows[first].consumer_seq - 1, first - 1 };
}

static inline void model_ack_all(struct model *m, const struct acks_command *c)
{
    if (c->stream_seq > m->floor.stream_seq) {
        if (c->consumer_seq <= m->floor.consumer_seq) return;
        if (c->stream_seq > m->delivered.stream_seq) {
            if (m->policy != ACKS_FLOW_CONTROL) return;
            uint64_t gap = c->stream_seq - m->delivered.stream_seq;
            uint64_t seen = c->consumer_seq;
            if (seen > m->delivered.consumer_seq + gap) seen = m->delivered.consumer_seq + gap;
            if (seen > m->delivered.consumer_seq) m->delivered.consumer_seq = seen;
            m->delivered.stream_seq = c->stream_seq;
        }
    }
    for (uint64_t i = 1; i <= c->stream_seq; i++)
        if (m->rows[i].state == MODEL_SPENT || m->rows[i].state == MODEL_PENDING)
            m->rows[i].state = MODEL_ACKED;
    if (c->stream_seq <= m->floor.stream_seq) return;
    uint64_t floor = c->consumer_seq;
    uint64_t first = model_first(m, MODEL_PENDING);
    if (floor > m->delivered.consumer_seq) floor = m->delivered.consumer_seq;
    if (first > 0 && floor >= m->rows[first].consumer_seq) floor = m->rows[first].consumer_seq - 1;
    if (floor > m->floor.consumer_seq) m->floor.consumer_seq = floor;
    m->floor.stream_seq = c->stream_seq;
}

/* Acked explicitly, or gone from the stream. */
static inline void model_finish(struct model *m, uint64_t seq)
{
    if (seq > m->delivered.stream_seq) return;
    struct model_row *row = &m->rows[seq];
    bool was_pending = row->state == MODEL_PENDING;
    if (!was_pending && row->state != MODEL_SPENT) return;
    row->state = MODEL_ACKED;
    if (was_pending) model_move_floor(m, seq);
}

static inline void model_compact(struct model *m, uint64_t below)
{
    uint64_t spent = model_first(m, MODEL_SPENT), last = below - 1;
    if (last <= m->floor.stream_seq && (spent == 0 || spent > last)) return;
    for (uint64_t i = 1; i <= last; i++) m->rows[i].state = MODEL_ACKED;
    if (m->delivered.stream_seq < last) m->delivered.stream_seq = last;
    uint64_t first = model_first(m, MODEL_PENDING);
    if (first == 0) m->floor = m->delivered;
    else if (m->floor.stream_seq < last)
        m->floor = (struct acks_position){ m->rows[first].consumer_seq - 1, last };
}

static inline void model_reset(struct model *m, uint64_t next)
{
    memset(m->rows, 0, sizeof(m->rows));
    m->delivered = m->floor = (struct acks_position){ 0, next - 1 };
}

static inline void model_apply(struct model *m, const struct acks_command *c)
{
    struct model_row *row = &m->rows[c->stream_seq];
    switch (c->kind) {
    case ACKS_DELIVER: model_deliver(m, c); break;
    case ACKS_ACK:
        if (model_is_all(m)) model_ack_all(m, c);
        else if (m->policy == ACKS_EXPLICIT) model_finish(m, c->stream_seq);
        break;
    case ACKS_TOUCH:
        if (row->state == MODEL_PENDING) row->time = c->time;
        break;
    case ACKS_EXHAUST:
        if (row->state == MODEL_PENDING) row->state = MODEL_SPENT;
        break;
    case ACKS_REMOVE: model_finish(m, c->stream_seq); break;
    case ACKS_COMPACT: model_compact(m, c->stream_seq); break;
    case ACKS_SKIP:
        if (c->stream_seq <= m->delivered.stream_seq) break;
        m->delivered.stream_seq = c->stream_seq;
        if (m->policy == ACKS_NONE) m->floor = m->delivered;
        break;
    case ACKS_RESET: model_reset(m, c->stream_seq); break;
    }
}

/* What retention asks. */
static inline bool model_needs(const struct model *m, uint64_t seq)
{
    if (m->rows[seq].state == MODEL_SPENT) return true;
    if (seq <= m->floor.stream_seq) return false;
    if (seq > m->delivered.stream_seq || m->policy != ACKS_EXPLICIT) return true;
    return m->rows[seq].state == MODEL_PENDING;
}

#endif
