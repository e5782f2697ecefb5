/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_index: index.db, what nats-server remembers of a stream's blocks, so that a start need not
 * read them.
 *
 * With encryption it is sealed (crypto/nats_seal.h) but for the last 8 bytes, the HighwayHash-64 of
 * all before them, under the SHA-256 of the stream's name. Inside, uv is a uvarint, v a varint:
 *
 *   11, version (1 to 4)
 *   uv messages, uv bytes, uv first sequence, v its time, uv last sequence, v its time
 *   uv count of subjects, each: uv length, text, uv messages, uv first block, and when there is
 *      more than one message or the version is 4: uv last block. A length of 0 stands alone
 *   uv count of blocks, each: uv number, uv bytes, uv first, v time, uv last, v time (both from
 *      the first time), uv count of deleted, from version 2 on uv messages with a TTL, from 3 on uv
 *      schedules; deleted sequences when there are any
 *   uv number of the last block, 8 bytes: the checksum that it ends with
 *
 * Deleted sequences: 22, version (1 or 2), 4 count of nodes, 4 count of sequences, nodes: 8 first
 * sequence, 64 (version 1) or 32 words of 64 bits, 2 height. A bit is a sequence.
 *
 * What the index says counts for nats-server when it is whole and nothing was written behind it;
 * else it scans the blocks.
 *
 * Thread:  any; pure. Memory: nats_index_deinit() frees; deleted sequences are slices of the bytes.
 * Hostile: anything else is CORRUPT; memory is bounded by the length of the bytes. */
#ifndef MIDGE_IMPORT_NATS_INDEX_H
#define MIDGE_IMPORT_NATS_INDEX_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"

enum { NATS_SUM_SIZE = 8 };

struct nats_index_block {
    uint32_t     number;
    uint64_t     bytes;
    uint64_t     first, last;   /* last is first - 1: none */
    uint64_t     deleted_count;
    struct slice deleted;       /* nodes; see struct nats_deleted */
    uint8_t      deleted_version;
};

struct nats_index {
    uint64_t messages, bytes;
    uint64_t first, last;
    nanos    first_time, last_time;
    struct nats_index_block *blocks; /* ascending */
    uint32_t blocks_count;
    uint32_t last_number;
    uint8_t  last_sum[NATS_SUM_SIZE];
};

/* The bytes of the file without the checksum. CORRUPT: it does not fit. */
MUST_CHECK enum err nats_index_body(struct slice file, struct slice stream, struct slice *ret_body);
/* `plain`: that, opened. */
MUST_CHECK enum err nats_index_read(struct slice plain, struct nats_index *ret);
void nats_index_deinit(struct nats_index *);
/* It agrees with itself, as nats-server wants it; whether the last block still ends as it says is
 * the caller's to look at. */
bool nats_index_is_consistent(const struct nats_index *);
/* NULL: it names no such block. */
const struct nats_index_block *nats_index_find(const struct nats_index *, uint32_t number);

/* Asks for sequences, cheaply when they ascend. Fields are private. */
struct nats_deleted {
    const struct nats_index_block *block;
    uint64_t from, to;  /* the range that `words` answers for */
    const uint8_t *words; /* NULL: nothing in it is deleted */
};
void nats_deleted_init(struct nats_deleted *, const struct nats_index_block *);
bool nats_deleted_has(struct nats_deleted *, uint64_t sequence);

#endif
