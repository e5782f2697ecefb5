/* SPDX-License-Identifier: Apache-2.0 */
/* Pull request: what a MSG.NEXT body (or what follows +NXT) asks for, and whether this consumer may
 * be asked so.
 *
 * Nothing is one message, a number is a batch, an object names the rest; any other text counts as
 * one message, as on nats-server. Blanks around it do not matter.
 * Pure; thread: any. Memory: slices lie in the caller's arena. Refusals are values: see
 * pull_answer.h. */
#ifndef MIDGE_STREAM_PULL_REQUEST_H
#define MIDGE_STREAM_PULL_REQUEST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/units.h"
#include "stream/pull_answer.h"

struct pull_request {
    int64_t      batch;                 /* 0 and below still give one message */
    nanos        expires;               /* from now; 0: never. Below 0: at once */
    bool         no_wait;
    bool         is_object;             /* only objects are asked for their group */
    int64_t      max_bytes;             /* 0 and below: no limit */
    nanos        heartbeat;             /* 0 and below: none */
    struct slice group;
    int64_t      min_pending;
    int64_t      min_ack_pending;
    struct slice id;                    /* of the pin */
    int64_t      priority;              /* 0 comes first */
};

enum pull_policy { PULL_ANYONE, PULL_OVERFLOW, PULL_PINNED_CLIENT, PULL_PRIORITIZED };

/* What the consumer's configuration says of requests; 0: no limit. */
struct pull_caps {
    int64_t             max_batch;
    nanos               max_expires;
    int64_t             max_bytes;
    enum pull_policy    policy;
    const struct slice *groups;
    uint32_t            groups_count;
};

/* False: `*ret_refusal` is the answer; its text lies in the arena. */
MUST_CHECK bool pull_request_read(struct slice body, struct arena *, struct pull_request *ret,
                                  struct pull_answer *ret_refusal);

/* False: `*ret_refusal` is the answer. The pin is pull_queue's to compare. */
MUST_CHECK bool pull_request_judge(const struct pull_request *, const struct pull_caps *,
                                   struct pull_answer *ret_refusal);

#endif
