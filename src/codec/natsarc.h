/* SPDX-License-Identifier: Apache-2.0 */
/* Natsarc: the archive inside a stream backup of nats-server 2.15 and later, "NATSARC1". It stands
 * in an S2 stream (s2_stream.h). Behind the eight bytes of its name come entries:
 *
 *   uvarint  length of the name
 *   varint   time, nanoseconds since 1970
 *   uvarint  sequence; 0: none
 *   uvarint  length of the header
 *   uvarint  length of the payload
 *   bytes    name, header, payload
 *
 * The first is "state.json", then one "consumers/NAME" each, then the messages, whose name is their
 * subject; the last has no name and five zeros. The order is the caller's matter.
 *
 * Thread:  one user. Memory: a reader holds what it has of one entry, and never more than has come.
 * Hostile: no entry is larger than the limits. A cut archive never gives NATSARC_DONE. */
#ifndef MIDGE_CODEC_NATSARC_H
#define MIDGE_CODEC_NATSARC_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/units.h"

struct natsarc_reader;

struct natsarc_entry {
    struct slice name;
    nanos time;
    uint64_t sequence;
    struct slice header;
    struct slice payload;
};

/* Together they stay under 1 GiB, which is asserted. */
struct natsarc_limits {
    uint32_t name_max;
    uint32_t header_max;
    uint32_t payload_max;
};

enum natsarc_verdict {
    NATSARC_MORE, /* all of the input was taken, and more is needed */
    NATSARC_ENTRY,
    NATSARC_DONE,  /* the last entry; what follows is not looked at */
    NATSARC_BAD,   /* no such archive, or corrupt */
    NATSARC_LIMIT, /* an entry larger than the caller allows */
};

struct natsarc_reader *natsarc_reader_new(const struct natsarc_limits *);
struct natsarc_reader *natsarc_reader_free(
    struct natsarc_reader *); /* NULL is fine; returns NULL */

/* Takes bytes off the front of `*in`. The entry is valid until the next call, and as long as `in`
 * is. DONE, BAD and LIMIT stay. */
enum natsarc_verdict natsarc_reader_next(struct natsarc_reader *, struct slice *in,
                                         struct natsarc_entry *ret_entry);

/* True where an archive may have been cut without hurting an entry. */
bool natsarc_reader_is_between(const struct natsarc_reader *);

/* What an archive is made of, appended to `out`: the start, entries with a name, the end. */
void natsarc_start_add(struct buf *out);
void natsarc_entry_add(const struct natsarc_entry *, struct buf *out);
void natsarc_end_add(struct buf *out);

#endif
