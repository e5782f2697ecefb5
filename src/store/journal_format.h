/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_format: the bytes of a journal's batch, and what is believed of them.
 *
 * Batch, little endian, at a multiple of 512 in the file of a segment, filled up with zeros to one:
 *
 *   offset  size
 *        0     8  sum of the head: of its bytes from 8 on, ranges included
 *        8     8  sum of the body
 *       16     4  magic, "MJB" and the version of the format
 *       20     4  flags: 1 the body is sealed
 *       24     8  id of the store
 *       32     8  generation of the segment, which grows with each use of any segment
 *       40     4  number of the segment's file
 *       44     4  count of ranges
 *       48     8  offset of this batch in the file
 *       56     8  number of this batch
 *       64     8  number of the batch with records before this one; 0: none
 *       72     8  link of that batch; 0: not known
 *       80     8  highest batch with records that was known durable when this one was written
 *       88     4  count of records
 *       92     4  bytes of the body (as it stands here: sealed)
 *       96    24  nonce; zeros when the body is plain
 *      120  24 n  ranges: owner, first sequence, last sequence (8 each; 0, 0: records without)
 *        …     …  body: records, end to end, or one sealed text of them
 *
 * Record:
 *        0     8  sum of the record from 8 on
 *        8     4  bytes of its body
 *       12     4  kind
 *       16     8  owner
 *       24     8  sequence
 *       32     …  body
 *
 * Sums are XXH3. That of a head is seeded with the store's id, which is random and told to nobody,
 * so that bytes in a message cannot pass for a head. That of a plain body is taken of the sums of
 * its records, in turn, so that the bytes are read once; that of a sealed body of its bytes. Both
 * are seeded with the batch's number and the id: the body of another batch does not fit.
 *
 * The link of a batch is a hash of what never changes in its head. It leaves out the sum of the
 * body, which changes when a record is erased: nothing on the disk may tell what an erased record
 * was.
 *
 * A batch without records is a position mark: it says how far all is durable. Nothing is lost when
 * one is, so no batch counts it as the one before. What the file "heads" has: journal_heads.c.
 *
 * Thread: any; pure. Memory: the caller's. Errors: bad bytes are a verdict, never an assert. */
#ifndef MIDGE_STORE_JOURNAL_FORMAT_H
#define MIDGE_STORE_JOURNAL_FORMAT_H

#include <stdbool.h>

#include "base/assert.h"
#include "base/slice.h"
#include "store/journal.h"
#include "store/sum_mend.h"
#include "store/versions.h"
#include "base/le.h"

enum {
    JOURNAL_SECTOR = 512,
    /* "MJB" and the version. A later version keeps the first 48 bytes and how a head is summed, so
     * that an older program sees whose batch this is and refuses, instead of taking it for a torn
     * one. */
    JOURNAL_MAGIC = 0x00424a4d | JOURNAL_VERSION << VERSION_SHIFT,

    HEAD_SUM = 0,
    HEAD_BODY_SUM = 8,
    HEAD_MAGIC = 16, /* from here on it is the context of a sealed body */
    HEAD_FLAGS = 20,
    HEAD_STORE = 24,
    HEAD_GENERATION = 32,
    HEAD_SEGMENT = 40,
    HEAD_RANGES = 44,
    HEAD_OFFSET = 48,
    HEAD_POS = 56,
    HEAD_BEFORE = 64,
    HEAD_LINK_BEFORE = 72,
    HEAD_DURABLE = 80,
    HEAD_RECORDS = 88,
    HEAD_BODY_LEN = 92,
    HEAD_NONCE = 96,
    HEAD_SIZE = 120,

    RANGE_OWNER = 0,
    RANGE_FIRST = 8,
    RANGE_LAST = 16,
    RANGE_SIZE = 24,

    RECORD_SUM = 0,
    RECORD_LEN = 8,
    RECORD_KIND = 12,
    RECORD_OWNER = 16,
    RECORD_SEQUENCE = 24,
    RECORD_SIZE = 32,

    JOURNAL_NONCE_SIZE = HEAD_SIZE - HEAD_NONCE,
    JOURNAL_FLAG_SEALED = 1,
    /* A batch of more owners is closed early: a head stays under 100 KB. */
    JOURNAL_RANGES_MAX = 4096,
    JOURNAL_HEAD_MAX = HEAD_SIZE + JOURNAL_RANGES_MAX * RANGE_SIZE,
    /* One record of the greatest size, or many small ones; sealing may add a little. */
    JOURNAL_BATCH_BODY_MAX = JOURNAL_BODY_MAX + 4096,
};
static_assert(HEAD_SIZE == HEAD_NONCE + 24, "ranges stand right behind the nonce");
static_assert(RECORD_SIZE == RECORD_SEQUENCE + 8, "the body stands right behind the sequence");

struct journal_head {
    uint64_t    body_sum;
    uint32_t    flags;
    uint64_t    store_id;
    uint64_t    generation;
    uint32_t    segment;
    uint32_t    ranges;
    uint64_t    offset;
    journal_pos pos;
    journal_pos before;
    uint64_t    link_before;
    journal_pos durable;
    uint32_t    records;
    uint32_t    body_len;
    uint8_t     nonce[JOURNAL_NONCE_SIZE];
};

struct journal_range {
    uint64_t owner;
    uint64_t first_sequence;
    uint64_t last_sequence;
};

/* What some bytes at the beginning of a sector are. */
enum journal_verdict {
    JOURNAL_NO_HEAD,
    JOURNAL_HEAD,
    JOURNAL_CUT_HEAD,    /* one may be here, but more of its bytes are needed: see `ret_need` */
    JOURNAL_NEWER_HEAD,  /* one of this store, in a version of the format that is not known here */
};

static inline uint32_t journal_head_len(uint32_t ranges)
{
    return HEAD_SIZE + ranges * RANGE_SIZE;
}

/* Bytes of a whole batch on the disk. */
static inline uint64_t journal_batch_len(uint32_t ranges, uint32_t body_len)
{
    uint64_t len = (uint64_t)journal_head_len(ranges) + body_len;
    return (len + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
}

/* Writes all but the two sums in front of the ranges, which stand at `to` + HEAD_SIZE already. */
void journal_head_encode(const struct journal_head *, uint8_t *to);
/* Writes the sums; nothing of the head may change afterwards. */
void journal_head_finish(uint8_t *head, uint64_t body_sum);
/* `*ret_need` bytes of the batch must be in `in` for a verdict other than JOURNAL_CUT_HEAD. Where
 * the batch stands is not compared: the caller knows where it has read. */
enum journal_verdict journal_head_decode(struct slice in, uint64_t store_id,
                                         struct journal_head *ret, uint32_t *ret_need);
/* The range with this index of a head that was decoded. */
struct journal_range journal_range_get(const uint8_t *head, uint32_t index);
/* Never 0. */
uint64_t journal_link(const struct journal_head *);

/* A record's own head; its sum comes with journal_body_finish(). */
static inline void journal_record_encode(const struct journal_record *r, uint8_t *to)
{
    le_put_u32(to + RECORD_LEN, r->body.len);
    le_put_u32(to + RECORD_KIND, r->kind);
    le_put_u64(to + RECORD_OWNER, r->owner);
    le_put_u64(to + RECORD_SEQUENCE, r->sequence);
}

/* What is summed of a head with all its ranges, and of a record, to look for a bit of it. */
struct sum_text journal_head_text(uint8_t *head, uint64_t store_id);
struct sum_text journal_record_text(uint8_t *record);

/* Bytes with its head of the sound record at `at` of a plain body; 0: none begins there. */
uint32_t journal_record_check(struct slice body, uint32_t at);
/* Seed of the sums of a batch's body. */
uint64_t journal_body_seed(const struct journal_head *);
/* Writes the sums of all records; returns the sum of a plain body. */
uint64_t journal_body_finish(uint8_t *body, uint32_t len, uint64_t seed);
/* True when a plain body is what was written: as many records, all sums. */
bool journal_body_check(const struct journal_head *, struct slice body);
uint64_t journal_sealed_sum(struct slice sealed, uint64_t seed);

#endif
