/* SPDX-License-Identifier: Apache-2.0 */
/* Archive read: the bytes of a backup, as they come, as what a stream is made of: its state, its
 * consumers, its messages. Two kinds are understood, and told apart by what their S2 stream begins
 * with:
 *
 *   NATSARC1   nats-server 2.15 and later, and midge (codec/natsarc.h): state.json, as many
 *              "consumers/NAME" as that says, messages in order, the end
 *   tar        older ones: files of a store as nats-server has them, see archive_files.h
 *
 * Thread:  one user; pure. Memory: bounded by the limits: one entry, and what it is when read.
 * Hostile: no name is taken for a path; a sequence that does not ascend, an entry out of place, one
 *          that is too large, a missing end, acks beyond deliveries are BAD, with nats-server's
 *          words where it has some.
 *          What stands behind the end is not looked at. */
#ifndef MIDGE_STREAM_ARCHIVE_READ_H
#define MIDGE_STREAM_ARCHIVE_READ_H

#include "store/msgs.h"
#include "stream/api_info.h"
#include "stream/archive_consumer.h"

struct archive_reader;

struct nats_index;

struct archive_limits {
    uint32_t message_max;               /* header and payload together */
    int64_t  configured_max;            /* the same, by the stream's configuration; < 0: none */
};

enum archive_verdict {
    ARCHIVE_MORE,                       /* all of the input was taken, and more is needed */
    ARCHIVE_STATE,                      /* comes first, and once */
    ARCHIVE_CONSUMER,
    ARCHIVE_MESSAGE,
    ARCHIVE_REMOVED,                    /* a message that came before is gone */
    ARCHIVE_INDEX,                      /* … as are all that it does not know */
    ARCHIVE_END,                        /* it was whole; stays */
    ARCHIVE_BAD,                        /* archive_why() says why; stays */
};

/* Valid until the next call, as is what it points to. */
struct archive_item {
    struct stream_state     state;      /* with END: of the sequences, the last */
    nanos                   created;    /* of stream or consumer; 0: it does not say */
    struct slice            name;       /* of a consumer */
    struct archive_consumer consumer;
    struct stored           message;    /* sequences ascend */
    uint64_t                removed;
    const struct nats_index *index;
};

struct archive_reader *archive_reader_new(const struct archive_limits *);
struct archive_reader *archive_reader_free(struct archive_reader *);    /* NULL is fine */

/* Takes bytes off the front of `*in`. */
enum archive_verdict archive_reader_next(struct archive_reader *, struct slice *in,
                                         struct archive_item *ret);
/* No more will come. False: it is not whole, and archive_why() says so. */
bool archive_reader_finish(struct archive_reader *);
/* A sentence without a full stop; of BAD only. */
const char *archive_why(const struct archive_reader *);

#endif
