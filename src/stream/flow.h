/* SPDX-License-Identifier: Apache-2.0 */
/* Flow: how many bytes a push consumer may send before its client has confirmed.
 *
 * After more than half of the window a request goes out, whose reply confirms all that was sent
 * before it; beyond the window nothing is sent until then. The window starts at a sixteenth of its
 * limit and doubles with each reply. One request is outstanding at a time; meanwhile heartbeats
 * name it as what the consumer is stalled on.
 *
 * Pure values; thread: the consumer's reactor; memory: none. Lost in a crash: a new leader starts
 * small. */
#ifndef MIDGE_STREAM_FLOW_H
#define MIDGE_STREAM_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "stream/ack_subject.h"

enum { FLOW_WINDOW_MAX = 32 << 20, FLOW_WINDOW_FIRST = FLOW_WINDOW_MAX / 16 };

/* Fields are private to flow.c. */
struct flow {
    uint64_t window;
    uint64_t unconfirmed;               /* bytes sent */
    uint64_t asked;                     /* of them, what the outstanding request will confirm */
    bool     is_asked;
    char     id[FLOW_ID_LEN];
};

void flow_init(struct flow *);

bool flow_may_send(const struct flow *);

/* A message of `size` (deliver subject, reply, header, payload) was sent. True: send a request now;
 * then flow_asked(). `is_full`: acks by flow control, and as many are pending as may be. */
bool flow_sent(struct flow *, uint64_t size, bool is_full);

/* Nothing was sent for a heartbeat's time: acks by flow control are asked for if some are
 * pending. */
bool flow_idle(const struct flow *, bool has_pending);

/* A request whose subject ends in `id` is on its way. */
void flow_asked(struct flow *, const uint8_t id[FLOW_ID_LEN]);

/* The reply to a request; `id` is the last token of its subject. False: not the outstanding one. */
bool flow_confirmed(struct flow *, struct slice id);

/* The id of the outstanding request for Nats-Consumer-Stalled; empty: none. */
struct slice flow_stalled(const struct flow *);

#endif
