/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint_format: the bytes of a list of a checkpoint log, and what is believed of them.
 *
 * List, little endian, at a multiple of 512 in its file, as long as a multiple of 512; the same
 * bytes in both copies:
 *
 *   offset  size
 *        0     8  sum of the head: of its bytes from 8 on
 *        8     8  sum of the body and the zeros behind it
 *       16     4  magic, "MCL" and the version of the format
 *       20     4  flags: 1 the body is sealed; 2 the log was not yet complete: it is a rewrite's
 *                 that goes on; 4 a slice of the rewrite, not a checkpoint
 *       24     8  id of the store
 *       32     4  number of the file
 *       36     4  count of sections
 *       40     8  offset of this list in the file
 *       48     8  number of this list in the file; the first has 1
 *       56     8  the journal's position
 *       64     8  bytes that the file had when its rewrite was complete; 0: it was none
 *       72     4  bytes of the body (as it stands here: sealed)
 *       76     4  zero
 *       80     8  turn: number of the checkpoint since the store was made, in all files
 *       88    24  nonce; zeros when the body is plain
 *      112     …  body: sections, end to end, or one sealed text of them
 *        …     …  zeros
 *   end-24    24  mark: number of the list, journal's position, sum of the body (8 each)
 *
 * Section:
 *        0     8  owner
 *        8     4  kind
 *       12     4  bytes
 *       16     …  what the owner wrote
 *
 * Sums are XXH3, seeded with the store's id, which is random and told to nobody: bytes in a section
 * cannot pass for a list. That of the body is also seeded with the list's number and place.
 *
 * Thread: any; pure. Memory: the caller's. Errors: bad bytes are a verdict, never an assert. */
#ifndef MIDGE_STORE_CHECKPOINT_FORMAT_H
#define MIDGE_STORE_CHECKPOINT_FORMAT_H

#include <stdbool.h>

#include "base/assert.h"
#include "base/le.h"
#include "base/slice.h"
#include "store/checkpoint.h"

enum {
    CHECKPOINT_SECTOR = 512,

    HEAD_SUM = 0,
    HEAD_BODY_SUM = 8,
    HEAD_MAGIC = 16,
    HEAD_FLAGS = 20,
    HEAD_STORE = 24,
    HEAD_FILE = 32,
    HEAD_SECTIONS = 36,
    HEAD_OFFSET = 40,
    HEAD_NUMBER = 48,
    HEAD_POS = 56,
    HEAD_BASE = 64,
    HEAD_BODY_LEN = 72,
    HEAD_ZERO = 76,
    HEAD_TURN = 80,
    HEAD_NONCE = 88,
    HEAD_SIZE = 112,

    SECTION_OWNER = 0,
    SECTION_KIND = 8,
    SECTION_LEN = 12,
    SECTION_SIZE = 16,

    MARK_NUMBER = 0,
    MARK_POS = 8,
    MARK_SUM = 16,
    MARK_SIZE = 24,

    CHECKPOINT_NONCE_SIZE = HEAD_SIZE - HEAD_NONCE,
    CHECKPOINT_BODY_MAX = 1 << 30,

    CHECKPOINT_FLAG_SEALED = 1,
    CHECKPOINT_FLAG_PARTIAL = 2,
    CHECKPOINT_FLAG_SLICE = 4,
    CHECKPOINT_FLAGS = 7,
};
static_assert(HEAD_SIZE == HEAD_NONCE + 24, "the body stands right behind the nonce");

struct checkpoint_head {
    uint64_t    body_sum;
    uint32_t    flags;
    uint64_t    store_id;
    uint32_t    file;
    uint32_t    sections;
    uint64_t    offset;
    uint64_t    number;
    journal_pos pos;
    uint64_t    base;
    uint32_t    body_len;
    uint64_t    turn;
    uint8_t     nonce[CHECKPOINT_NONCE_SIZE];
};

/* What some bytes at the beginning of a sector are. */
enum checkpoint_verdict {
    CHECKPOINT_NO_HEAD,
    CHECKPOINT_HEAD,
    CHECKPOINT_NEWER_HEAD, /* of this store, in a version of the format that is not known here */
};

/* Bytes of a whole list on the disk. */
static inline uint64_t checkpoint_list_len(uint32_t body_len)
{
    uint64_t len = (uint64_t)HEAD_SIZE + body_len + MARK_SIZE;
    return (len + CHECKPOINT_SECTOR - 1) / CHECKPOINT_SECTOR * CHECKPOINT_SECTOR;
}

/* Writes all of a head but its sums. */
void checkpoint_head_encode(const struct checkpoint_head *, uint8_t *to);
/* Behind a head that was encoded stands the body; writes zeros, sums and the mark. */
void checkpoint_list_finish(uint8_t *list);
/* Where the list stands is not compared: the caller knows where it has read. */
enum checkpoint_verdict checkpoint_head_decode(struct slice in, uint64_t store_id,
                                               struct checkpoint_head *ret);
/* True when the list with this head, all of it, is what was written; of a plain body also when its
 * sections are as many as they should be. */
bool checkpoint_list_check(const struct checkpoint_head *, struct slice list);
/* What is authenticated with a sealed body: the head but its sums, and the nonce. */
struct slice checkpoint_context(const uint8_t *list);

void checkpoint_section_encode(const struct checkpoint_section *, uint8_t *to); /* its head */
/* for (uint32_t at = 0; checkpoint_next(body, &at, &section);) …  of a plain body */
bool checkpoint_next(struct slice body, uint32_t *at, struct checkpoint_section *ret);
/* True when a plain body is so many sections and nothing else. */
bool checkpoint_body_check(struct slice body, uint32_t sections);

#endif
