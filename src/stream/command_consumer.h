/* SPDX-License-Identifier: Apache-2.0 */
/* Command_consumer: the bodies of COMMAND_CONSUMER, COMMAND_CONSUMER_GONE and COMMAND_PROGRESS; the
 * first two are also sections of a checkpoint.
 *
 * COMMAND_CONSUMER: it is made, or its configuration changes
 *   offset  size
 *        0     1  version, 1
 *        1     1  0
 *        2     2  name length
 *        4     4  configuration length
 *        8     8  id, within the stream, never 0
 *       16     8  created, ns since 1970
 *       24     8  start: the first delivery is above it
 *       32     8  list end (last_per_subject), or 0
 *       40     …  name, configuration as JSON
 *
 * COMMAND_CONSUMER_GONE
 *        0     1  version, 1
 *        1     7  0
 *        8     8  id
 *
 * COMMAND_PROGRESS: version, 1 byte, 1; then runs, each of one consumer: id, 8 bytes; length,
 * 4 bytes; so many bytes of commands (acks.h).
 *
 * Little endian. Pure; thread: any. Decoding is bounded and gives CORRUPT for what no encoder
 * wrote. */
#ifndef MIDGE_STREAM_COMMAND_CONSUMER_H
#define MIDGE_STREAM_COMMAND_CONSUMER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "stream/acks.h"

struct consumer_command {
    uint64_t     id;
    nanos        created;
    uint64_t     start;
    uint64_t     list_end;
    struct slice name;
    struct slice config;                /* JSON */
};

uint32_t consumer_command_size(const struct consumer_command *);
void consumer_command_write(const struct consumer_command *, uint8_t *at);
MUST_CHECK enum err consumer_command_read(struct slice, struct consumer_command *ret);

enum { CONSUMER_GONE_SIZE = 16 };
void consumer_gone_write(uint64_t id, uint8_t at[CONSUMER_GONE_SIZE]);
MUST_CHECK enum err consumer_gone_read(struct slice, uint64_t *ret_id);

/* ---- progress ---- */

/* Begins a body in an empty buffer. */
void progress_begin(struct buf *out);
/* Begins the run of a consumer; its commands are appended with acks_command_encode(). Returns where
 * the run is. */
uint32_t progress_run_begin(struct buf *out, uint64_t id);
void progress_run_end(struct buf *out, uint32_t run);   /* not empty */

/* `*in` begins as the body. */
MUST_CHECK enum err progress_open(struct slice *in);
/* Cuts the next run off the front; NOTFOUND when there is none. */
MUST_CHECK enum err progress_next(struct slice *in, uint64_t *ret_id, struct slice *ret_commands);

#endif
