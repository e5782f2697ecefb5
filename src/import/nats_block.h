/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_block: the records of one message block of nats-server, "NUMBER.blk".
 *
 * A block is records one behind another, little endian:
 *
 *   offset  size
 *        0     4  length of all this; bit 31: there is a header
 *        4     8  sequence; bit 63: erased, bit 62: a tombstone
 *       12     8  time, ns since 1970
 *       20     2  length of the subject
 *       22     …  subject
 *        …     4  length of the header, when there is one, and the header
 *        …     …  payload
 *        …     8  HighwayHash-64 of all from offset 4 on but the two lengths; the key is the
 *                 SHA-256 of "STREAM-NUMBER"
 *
 * An erased record stands for a message that is gone, its bytes are random. A tombstone says that a
 * message is gone whose record, in this block or an earlier one, may still be there. A sequence may
 * stand in a block twice; the first record counts.
 *
 * A block that is no longer written to may be compressed: "cmp", a byte (1: S2), the length as a
 * uvarint, an S2 stream, and the last 8 bytes as they were. Encryption is around all of it
 * (crypto/nats_seal.h); backups are neither encrypted nor compressed.
 *
 * Thread:  any; pure. Memory: records are slices of the block.
 * Damage:  a record that fails its checksum is told with its place and the sequence that it seems
 *          to have; reading goes on behind it, if need be at the next bytes that are a record for
 *          sure. nats-server drops all behind it when it scans blocks, and serves it when it has
 *          an index.
 * Hostile: time and memory are bounded by the length of the block. */
#ifndef MIDGE_IMPORT_NATS_BLOCK_H
#define MIDGE_IMPORT_NATS_BLOCK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"
#include "codec/highway.h"

enum {
    NATS_RECORD_LEN = 0,
    NATS_RECORD_SEQUENCE = 4,
    NATS_RECORD_TIME = 12,
    NATS_RECORD_SUBJECT_LEN = 20,
    NATS_RECORD_HEAD = 22,
    NATS_RECORD_SUM_SIZE = 8,
    NATS_RECORD_MIN = NATS_RECORD_HEAD + NATS_RECORD_SUM_SIZE,
    NATS_RECORD_MAX = 32 << 20,
    /* a block is closed by the record that makes it full */
    NATS_BLOCK_MAX = 64 << 20,
};

enum nats_record_kind { NATS_MESSAGE, NATS_ERASED, NATS_TOMBSTONE };

struct nats_record {
    enum nats_record_kind kind;
    uint64_t     sequence;
    nanos        time;
    struct slice subject, header, payload; /* of a message; `header` may be empty */
    uint32_t     size; /* what it counts in the `bytes` of a stream */
};

struct nats_damage {
    uint32_t offset, len; /* in the plain block */
    uint64_t sequence;    /* that the record seems to have had; 0: unknown */
};

enum nats_block_verdict { NATS_BLOCK_RECORD, NATS_BLOCK_DAMAGE, NATS_BLOCK_END };

/* Fields are private. */
struct nats_block {
    struct slice bytes;
    uint32_t     at;
    uint8_t      key[HIGHWAY_KEY_SIZE];
    uint64_t     last;   /* sequence of the last message that was whole */
    uint64_t     budget; /* of bytes that may be hashed in the search behind damage */
};

/* `file` is decrypted. `*ret_plain` is `file` itself, or points into `room`. CORRUPT: it says that
 * it is compressed and cannot be read, LIMIT: or would be larger than NATS_BLOCK_MAX; `*ret_plain`
 * is what came out before that. */
MUST_CHECK enum err nats_block_plain(struct slice file, struct buf *room, struct slice *ret_plain);

void nats_block_init(struct nats_block *, struct slice plain, struct slice stream, uint32_t number);
/* What it is at is a whole record. */
bool nats_block_begins_whole(const struct nats_block *);
/* RECORD fills `*ret`, DAMAGE fills `*ret_damage`; END stays. */
enum nats_block_verdict nats_block_next(struct nats_block *, struct nats_record *ret,
                                        struct nats_damage *ret_damage);

#endif
