/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_meta: meta.inf of a stream or a consumer: JSON, the configuration with two fields more:
 * "Created", and "Name" of a consumer. Sealed with encryption (crypto/nats_seal.h). Beside it,
 * meta.sum has 16 hexadecimal digits: the HighwayHash-64 of the file as it is, under the SHA-256 of
 * "STREAM" or "STREAM/CONSUMER".
 *
 * Thread: any; pure. Memory: the caller's. */
#ifndef MIDGE_IMPORT_NATS_META_H
#define MIDGE_IMPORT_NATS_META_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"

/* `name`: "STREAM" or "STREAM/CONSUMER"; `sum`: what stands in meta.sum. */
bool nats_meta_sum_fits(struct slice file, struct slice name, struct slice sum);
/* 0: it does not say. INVALID: not JSON. */
MUST_CHECK enum err nats_meta_created(struct slice json, nanos *ret_created);

/* sources.db (2.15): how far a stream has read its sources when no message tells any more.
 *   1 version, 1; 8 count; 8 sequence up to which it counts; each: uv length, name, uv sequence,
 *   uv length, identity */
struct nats_sources {
    struct slice rest; /* private */
    uint64_t     left;
    uint64_t     upto; /* the stream's next sequence when it was written */
};
struct nats_source {
    struct slice name, identity;
    uint64_t     sequence;
};
MUST_CHECK enum err nats_sources_init(struct nats_sources *, struct slice file);
/* NOTFOUND: there are no more. */
MUST_CHECK enum err nats_sources_next(struct nats_sources *, struct nats_source *ret);

#endif
