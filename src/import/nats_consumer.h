/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_consumer: o.dat, how far a consumer of nats-server is. Sealed with encryption
 * (crypto/nats_seal.h), else without any checksum. uv is a uvarint, v a varint:
 *
 *   22, version (1 or 2)
 *   uv ack floor: consumer, stream; uv delivered: consumer, stream. Version 1: delivered counts
 *      from the floor on
 *   uv count of pending ones; when there are any: v a time in seconds, and each: uv stream sequence
 *      above the floor, version 2: uv consumer sequence above the floor, v seconds before that time
 *      (version 1: behind it)
 *   uv count of redelivered ones, each: uv stream sequence above the floor, uv how often again
 *
 * Thread:  any; pure. Memory: nats_consumer_deinit() frees.
 * Hostile: anything else is CORRUPT; memory is bounded by the length of the bytes. */
#ifndef MIDGE_IMPORT_NATS_CONSUMER_H
#define MIDGE_IMPORT_NATS_CONSUMER_H

#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"

struct nats_position {
    uint64_t consumer, stream;
};

struct nats_pending {
    uint64_t stream, consumer; /* consumer is 0 in version 1 */
    nanos    time;             /* of its last delivery, to the second */
};

struct nats_redelivered {
    uint64_t stream, count;
};

struct nats_consumer {
    struct nats_position     floor, delivered;
    struct nats_pending     *pending; /* in any order */
    uint32_t                 pending_count;
    struct nats_redelivered *redelivered; /* in any order */
    uint32_t                 redelivered_count;
};

MUST_CHECK enum err nats_consumer_read(struct slice plain, struct nats_consumer *ret);
void nats_consumer_deinit(struct nats_consumer *);

#endif
