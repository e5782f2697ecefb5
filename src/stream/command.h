/* SPDX-License-Identifier: Apache-2.0 */
/* Command: what a stream's log holds. Each is a decision that was made once, by the leader; the
 * bytes are the same in a journal, in a Raft log and in memory.
 *
 * What depends on time, interest, duplicates or clients is decided before and stands in the
 * command. What follows from the configuration and the messages that are there (limits, what a
 * rollup replaces) every replica finds alone when it applies: both are replicated state, so all
 * find the same, and a limit stays exact whatever else is in flight.
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
    COMMAND_SKIP,            /* sequences without messages: a mirror's gaps */
    COMMAND_REMOVE,          /* sequences: MSG.DELETE, acked messages, expired ones */
    COMMAND_COMPACT,         /* everything below a sequence: max_age */
    COMMAND_PURGE,           /* by filter, bound and number to keep */
    COMMAND_CONFIG,          /* the stream's configuration, as JSON */
    COMMAND_CONSUMER,        /* a consumer is made or changed: its configuration, as JSON */
    COMMAND_CONSUMER_GONE,
    COMMAND_PROGRESS,        /* deliveries and acks of several consumers: see acks.h */
    COMMAND_SOURCE,          /* how far a source has been read */
    COMMAND_DELETE,          /* the stream itself; no body */
    COMMAND_RESTORE,         /* begins a stream that nobody finds until COMMAND_CONFIG: same body */
    COMMAND_CONSUMER_ACKS,   /* how far a consumer is: the same as in a checkpoint */
    COMMAND_KINDS,
};

/* COMMAND_STORE
 *   offset  size
 *        0     1  version, 1
 *        1     1  flags: STORE_*
 *        2     2  subject length
 *        4     4  header length
 *        8     4  payload length
 *       12     4  0
 *       16     8  time, ns since 1970
 *       24     8  id: 64 bits of the hash of Nats-Msg-Id, keyed by the store; 0: none
 *       32     8  expires, ns since 1970; 0: never, but for max_age
 *       40     8  due: only with STORE_SCHEDULE or STORE_SCHEDULE_MOVES
 *        …     …  subject, header, payload
 */
enum {
    STORE_ROLLUP_SUBJECT = 1, /* older messages of the subject go */
    STORE_ROLLUP_ALL = 2,     /* all older messages go */
    STORE_FOR_EVER = 4,       /* max_age does not count for it */
    STORE_SCHEDULE = 8,       /* it is a schedule, and fires at `due`: see schedules.h */
    STORE_SCHEDULE_ENDS = 16, /* the subject in its header Nats-Scheduler is purged */
    STORE_SCHEDULE_MOVES = 32, /* … its schedule fires next at `due` */
    STORE_UNWANTED = 64,      /* nobody is interested: it gets a sequence and is not stored. Beside
                               * it nothing but SCHEDULE_MOVES */
};

struct store_command {
    uint8_t       flags;
    nanos         time;
    uint64_t      id;
    nanos         expires;
    nanos         due;
    struct slice  subject, header, payload;
};

uint32_t store_command_size(const struct store_command *);
/* Exactly store_command_size() bytes. */
void store_command_write(const struct store_command *, uint8_t *at);
MUST_CHECK enum err store_command_read(struct slice, struct store_command *ret);

/* COMMAND_STORE_MANY
 *   offset  size
 *        0     1  version, 1
 *        1     3  0
 *        4     4  count
 *        8     …  count times: 4 length, 4 zero, a COMMAND_STORE
 */
uint32_t store_many_size(uint32_t count, uint64_t bodies);
void store_many_begin(uint8_t *at, uint32_t count);
/* Puts the head of a body of this length at `*offset` (at first STORE_MANY_HEAD), which moves
 * behind the body; returns where the body goes. */
uint8_t *store_many_add(uint8_t *at, uint32_t *offset, uint32_t body_len);
enum { STORE_MANY_HEAD = 8 };
/* for (uint32_t at = 0; store_many_next(body, &at, &c);) …  The whole was checked before. */
MUST_CHECK enum err store_many_check(struct slice body, uint32_t *ret_count);
bool store_many_next(struct slice body, uint32_t *at, struct store_command *ret);

/* COMMAND_SKIP
 *        0     1  version, 1
 *        1     7  0
 *        8     8  last: the stream's last sequence afterwards
 *       16     8  time
 */
enum { SKIP_SIZE = 24 };
struct skip_command {
    uint64_t last;
    nanos    time;
};
void skip_command_write(const struct skip_command *, uint8_t *at);
MUST_CHECK enum err skip_command_read(struct slice, struct skip_command *ret);

/* COMMAND_REMOVE
 *        0     1  version, 1
 *        1     1  flags: REMOVE_*
 *        2     2  0
 *        4     4  count
 *        8     …  sequences, 8 bytes each
 */
enum { REMOVE_ERASE = 1 }; /* what is left is overwritten */
struct remove_command {
    uint8_t        flags;
    uint32_t       count;
    const uint8_t *sequences; /* when read; not aligned */
};
uint32_t remove_command_size(uint32_t count);
void remove_command_begin(uint8_t *at, uint8_t flags, uint32_t count);
void remove_command_set(uint8_t *at, uint32_t index, uint64_t sequence);
MUST_CHECK enum err remove_command_read(struct slice, struct remove_command *ret);
uint64_t remove_command_get(const struct remove_command *, uint32_t index);

/* COMMAND_COMPACT: 1 version, 7 zero, 8 first sequence that stays */
enum { COMPACT_SIZE = 16 };
void compact_command_write(uint64_t first, uint8_t *at);
MUST_CHECK enum err compact_command_read(struct slice, uint64_t *ret_first);

/* COMMAND_PURGE
 *        0     1  version, 1
 *        1     3  0
 *        4     4  filter length
 *        8     8  below; 0: any
 *       16     8  keep
 *       24     …  filter
 */
struct purge_command {
    uint64_t     below, keep;
    struct slice filter;
};
/* All below a bound: it may lie above the last sequence, which moves then. */
static inline bool purge_is_compact(const struct purge_command *c)
{
    return c->filter.len == 0 && c->keep == 0 && c->below > 0;
}
uint32_t purge_command_size(const struct purge_command *);
void purge_command_write(const struct purge_command *, uint8_t *at);
MUST_CHECK enum err purge_command_read(struct slice, struct purge_command *ret);

/* COMMAND_CONFIG
 *        0     1  version, 1
 *        1     3  0
 *        4     4  account length
 *        8     8  created, ns since 1970
 *       16     …  account, JSON
 */
struct config_command {
    nanos        created;
    struct slice account, json;
};
uint32_t config_command_size(const struct config_command *);
void config_command_write(const struct config_command *, uint8_t *at);
MUST_CHECK enum err config_command_read(struct slice, struct config_command *ret);

#endif
