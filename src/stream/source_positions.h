/* SPDX-License-Identifier: Apache-2.0 */
/* Source positions: how far a stream has read each of its sources. Replicated state: it changes
 * when commands are applied (a stored message says in its header where it came from; COMMAND_SOURCE
 * says it of messages that were not stored), and survives its messages and restarts. A mirror has
 * none: its last sequence says it all.
 *
 * The body of COMMAND_SOURCE is also a section of a checkpoint:
 *   offset  size
 *        0     1  version, 1
 *        1     1  identity length
 *        2     2  0
 *        4     4  name length
 *        8     8  sequence of the origin; 0: nothing was read
 *       16     …  index name (source_name.h), identity of the origin
 *
 * Thread: the JetStream reactor. Memory: owned; all zero is empty. Decoding is bounded and gives
 * CORRUPT for what no encoder wrote. Cost: O(1). */
#ifndef MIDGE_STREAM_SOURCE_POSITIONS_H
#define MIDGE_STREAM_SOURCE_POSITIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "stream/source_name.h"

struct source_position {
    char    *name;                      /* index name */
    uint64_t sequence;
    char     identity[SOURCE_IDENTITY_LEN + 1];
    bool     is_told;                   /* in a checkpoint */
};

struct source_positions {
    struct source_position *at;
    uint32_t                count, cap;
    uint32_t                last;       /* which was set last */
    struct map             *by_name;    /* index name: place in `at`, from 1; NULL: none is there */
    struct buf              name;       /* of what is looked for */
};

void source_positions_deinit(struct source_positions *);
/* NULL: there is none. */
const struct source_position *source_positions_find(const struct source_positions *,
                                                    struct slice name);
/* An identity that is too long counts as none. */
void source_positions_set(struct source_positions *, struct slice name, uint64_t sequence,
                          struct slice identity);
/* A message with this header was stored. Other headers change nothing, nor does a source that is
 * one too many: the stream has so many, and may have had SOURCE_POSITIONS_FORMER others. */
enum { SOURCE_POSITIONS_FORMER = 1024 };
void source_positions_note(struct source_positions *, uint32_t sources, struct slice header);
void source_positions_check(const struct source_positions *);

struct source_command {
    uint64_t     sequence;
    struct slice name, identity;
};
uint32_t source_command_size(const struct source_command *);
void source_command_write(const struct source_command *, uint8_t *at);
MUST_CHECK enum err source_command_read(struct slice, struct source_command *ret);

#endif
