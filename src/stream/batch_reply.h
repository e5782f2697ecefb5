/* SPDX-License-Identifier: Apache-2.0 */
/* Batch reply: what the reply subject of a message in a fast batch says:
 *
 *   <prefix>.<batch id>.<flow>.<fail|ok>.<number>.<operation>.$FI
 *
 * Pure; thread: any; memory: the id points into the subject. */
#ifndef MIDGE_STREAM_BATCH_REPLY_H
#define MIDGE_STREAM_BATCH_REPLY_H

#include <stdbool.h>

#include "base/slice.h"

enum batch_operation {
    BATCH_START,
    BATCH_APPEND,
    BATCH_COMMIT,     /* this message is the last one */
    BATCH_COMMIT_END, /* … the one before was; this one is not stored */
    BATCH_PING,
};

struct batch_reply {
    struct slice         id;
    uint16_t             flow;   /* messages for one ack, at most */
    bool                 gap_ok; /* a gap does not end the batch */
    uint64_t             number; /* from 1 on */
    enum batch_operation operation;
};

/* It ends with ".$FI". */
bool batch_reply_is(struct slice reply);
/* One that does. False: the rest is not as it should be. */
bool batch_reply_parse(struct slice reply, struct batch_reply *ret);

#endif
