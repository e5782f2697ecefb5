/* SPDX-License-Identifier: Apache-2.0 */
/* Source name: the names and the header by which streams that draw from each other know where a
 * message came from. They are nats-server's: a stream that moves from there to here, or draws from
 * there, goes on where it was.
 *
 *   index name   <stream>[:<hash of external api>][:C=<hash of consumer>] <filters> <destinations>
 *                several filters, and their destinations, are divided by form feeds; ">" stands for
 *                none
 *   header       Nats-Stream-Source: <stream…> <sequence> <filters> <destinations> <subject>
 *                [<identity>]
 *   consumer     JS_MIRROR_<hash> or JS_SRC_<hash>, the same at each attempt
 *   identity     hash of when a stream was created: one that was made again has another
 *
 * Pure; thread: any. Memory: what is written is appended; what is read are slices of the value. */
#ifndef MIDGE_STREAM_SOURCE_NAME_H
#define MIDGE_STREAM_SOURCE_NAME_H

#include "base/buf.h"
#include "base/units.h"
#include "stream/ack_subject.h"
#include "stream/stream_config.h"

void source_index_name(const struct stream_source *, struct buf *out);

/* The stream that draws. `domain` empty: none. */
struct source_drawer {
    struct slice stream, account, domain;
};
/* `config` is the drawer's: a source that is not its only one from a stream gets a name of its
 * own. */
void source_consumer_name(const struct source_drawer *, const struct stream_config *config,
                          const struct stream_source *, struct buf *out);

enum { SOURCE_IDENTITY_LEN = ACCOUNT_HASH_LEN };
void source_identity(nanos created, char ret[SOURCE_IDENTITY_LEN + 1]);

struct source_header {
    struct slice stream; /* … up to the first blank of the index name */
    uint64_t     sequence;
    struct slice filters, destinations;
    struct slice subject, identity; /* empty: not told */
};

/* The value of Nats-Stream-Source. `index` is an index name. */
void source_header_write(struct slice index, uint64_t sequence, struct slice subject,
                         struct slice identity, struct buf *out);
/* False: it is not of this form. */
MUST_CHECK bool source_header_read(struct slice value, struct source_header *ret);
bool source_header_is_of(const struct source_header *, struct slice index);

#endif
