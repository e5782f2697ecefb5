/* SPDX-License-Identifier: Apache-2.0 */
/* Command: what a stream's log holds. Each is a decision that was made once, by the leader; the
 * bytes are the same in a journal, in a Raft log and in memory.
 *
 * Little endian; lengths before texts. A new kind gets a new number, a changed one too: what was
 * written by an older version stays readable.
 * Pure. Decoding is bounded and gives CORRUPT for what no encoder wrote. */
#ifndef MIDGE_STREAM_COMMAND_H
#define MIDGE_STREAM_COMMAND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "store/msgs.h"

enum command_kind {
    COMMAND_STORE = 1,       /* one message, and what has to go for it */
    COMMAND_STORE_MANY,      /* an atomic batch: all of them or none */
    COMMAND_SKIP,            /* sequences without messages: a mirror's gaps, nobody interested */
    COMMAND_REMOVE,          /* sequences: MSG.DELETE, acked messages, expired ones */
    COMMAND_COMPACT,         /* everything below a sequence: limits, max_age */
    COMMAND_PURGE,           /* by filter, bound and number to keep */
    COMMAND_CONFIG,          /* the stream's configuration, as JSON */
    COMMAND_CONSUMER,        /* a consumer is made or changed: its configuration, as JSON */
    COMMAND_CONSUMER_GONE,
    COMMAND_PROGRESS,        /* deliveries and acks of several consumers: see acks.h */
    COMMAND_SOURCE,          /* how far a source has been read */
    COMMAND_DELETE,          /* the stream itself */
    COMMAND_KINDS,
};

/* COMMAND_STORE
 *   offset  size
 *        0     1  version, 1
 *        1     1  flags: STORE_*
 *        2     2  subject length
 *        4     4  header length
 *        8     4  payload length
 *       12     4  removals: how many sequences follow the fixed part, 8 bytes each
 *       16     8  time, ns since 1970
 *       24     8  compact: messages below it go first (limits); 0: none
 *       32     8  id: 64 bits of the hash of Nats-Msg-Id, keyed by the store; 0: none
 *       40     8  expires, ns since 1970; 0: never
 *       48     …  removals, subject, header, payload
 */
enum {
    STORE_ROLLUP_SUBJECT = 1, /* older messages of the subject go */
    STORE_ROLLUP_ALL = 2,     /* all older messages go */
};

struct store_command {
    uint8_t       flags;
    nanos         time;
    uint64_t      compact;
    uint64_t      id;
    nanos         expires;
    uint32_t      removals_count;
    const uint8_t *removals; /* 8 bytes each, not aligned; command_removal() reads one */
    struct slice  subject, header, payload;
};

uint32_t store_command_size(const struct store_command *);
/* Exactly store_command_size() bytes. `removals` are copied as they stand. */
void store_command_write(const struct store_command *, uint8_t *at);
MUST_CHECK enum err store_command_read(struct slice, struct store_command *ret);
uint64_t command_removal(const struct store_command *, uint32_t index);

#endif
