/* SPDX-License-Identifier: Apache-2.0 */
/* Block_format: the bytes of a block of messages, and what is believed of them.
 *
 * A block is a file of parts, end to end: chunks of messages, and a footer when it is full. Little
 * endian. Part:
 *
 *   offset  size
 *        0     8  sum of the head: of its bytes from 8 on
 *        8     4  magic, "MBC" (chunk) or "MBF" (footer), and the version of the format
 *       12     4  flags: 1 the body is compressed (zstd), 2 it is sealed, behind that
 *       16     8  id of the store
 *       24     8  incarnation of the stream
 *       32     4  number of the block
 *       36     4  count of messages
 *       40     8  first sequence
 *       48     8  last sequence
 *       56     8  offset of this part in the file
 *       64     4  bytes of the body as it stands here
 *       68     4  bytes of the body when it is plain
 *       72     8  sum of the body as it stands here; 0 for a chunk that is plain
 *       80    24  nonce; zeros when the body is not sealed
 *      104     …  body
 *
 * Body of a chunk: messages, ascending, end to end. Message:
 *        0     8  sum of the message from 8 on
 *        8     8  sequence
 *       16     8  time, ns since 1970
 *       24     4  bytes of the payload
 *       28     4  bytes of the header
 *       32     2  bytes of the subject
 *       34     2  flags: 1 erased: the texts are zeros
 *       36     …  subject, header, payload
 *
 * Body of a footer: what an index of the block needs (block_index.h):
 *        0     4  count of chunks
 *        4     4  count of subjects
 *        8     …  chunks: 8 offset of the part, 4 bytes of its body, 4 the same when plain, 4 count
 *                 of messages, 4 flags of the part
 *        …     …  subjects: 8 sequence of its last message before this block (0: none known),
 *                 2 length; an erased one is zeros
 *        …     …  messages: 4 sequence less the block's first one, 4 bytes of the message, 4 number
 *                 of the subject (bit 31: it has a header), 8 time
 *        …     …  the subjects' texts
 *
 * Sums are XXH3. That of a head is seeded with the store's id, which is random and told to nobody;
 * that of a message with the id and the incarnation: so neither bytes in a payload nor a message of
 * another stream or sequence can pass for one. Each message has a sum of its own, and a chunk that
 * is plain has none over all: so what rots is one message, and one can be erased in place.
 *
 * Thread: any; pure. Memory: the caller's. Errors: bad bytes are a verdict, never an assert. */
#ifndef MIDGE_STORE_BLOCK_FORMAT_H
#define MIDGE_STORE_BLOCK_FORMAT_H

#include <stdbool.h>

#include "base/assert.h"
#include "base/le.h"
#include "base/slice.h"
#include "store/msgs.h"

enum {
    PART_SUM = 0,
    PART_MAGIC = 8, /* from here to PART_BODY_SUM it is the context of a sealed body */
    PART_FLAGS = 12,
    PART_STORE = 16,
    PART_INCARNATION = 24,
    PART_BLOCK = 32,
    PART_COUNT = 36,
    PART_FIRST = 40,
    PART_LAST = 48,
    PART_OFFSET = 56,
    PART_STORED = 64,
    PART_PLAIN = 68,
    PART_BODY_SUM = 72,
    PART_NONCE = 80,
    PART_HEAD = 104,

    MESSAGE_SUM = 0,
    MESSAGE_SEQUENCE = 8,
    MESSAGE_TIME = 16,
    MESSAGE_PAYLOAD = 24,
    MESSAGE_HEADER = 28,
    MESSAGE_SUBJECT = 32,
    MESSAGE_FLAGS = 34,
    MESSAGE_HEAD = 36,

    FOOTER_CHUNKS = 0,
    FOOTER_SUBJECTS = 4,
    FOOTER_HEAD = 8,
    FOOTER_CHUNK = 24,
    FOOTER_SUBJECT = 10,
    FOOTER_MESSAGE = 20,

    PART_FLAG_ZSTD = 1,
    PART_FLAG_SEALED = 2,
    PART_FLAGS_ALL = 3,
    MESSAGE_FLAG_ERASED = 1,

    /* A message of the greatest size behind a chunk that was almost full; sealing adds a little. */
    PART_BODY_MAX = 96 << 20,
};
static_assert(PART_HEAD == PART_NONCE + 24, "the body stands right behind the nonce");
static_assert(MESSAGE_HEAD == MESSAGE_FLAGS + 2, "the texts stand right behind the flags");

enum part_kind { PART_CHUNK, PART_FOOTER };

struct part_head {
    enum part_kind kind;
    uint32_t flags;
    uint64_t store_id;
    uint64_t incarnation;
    uint32_t block;
    uint32_t count;
    uint64_t first;
    uint64_t last;
    uint64_t offset;
    uint32_t stored;
    uint32_t plain;
    uint64_t body_sum;
};

enum part_verdict {
    PART_NONE,
    PART_FOUND,
    PART_NEWER, /* of this store, in a version of the format that is not known here */
};

/* Writes all of a head but its sums and nonce. */
void part_encode(const struct part_head *, uint8_t *to);
/* Writes the sums; the body, as it is stored, is behind the head. Nothing may change afterwards but
 * messages of a plain chunk. */
void part_finish(uint8_t *part);
/* Only the head; `in` has at least PART_HEAD bytes, or there is none. Whose it is and where it
 * stands is not compared but for the store. */
enum part_verdict part_decode(struct slice in, uint64_t store_id, struct part_head *ret);
/* The body behind a head that was decoded is what was written; true for a plain chunk. */
bool part_body_check(const struct part_head *, struct slice body);
struct slice part_context(const uint8_t *part); /* what is authenticated with a sealed body */

/* Seed of the sums of messages. */
uint64_t message_seed(uint64_t store_id, uint64_t incarnation);

static inline uint32_t message_len(const struct stored *m)
{
    return MESSAGE_HEAD + m->subject.len + m->header.len + m->payload.len;
}

/* Writes all of it. */
void message_encode(const struct stored *, uint64_t seed, uint8_t *to);
/* What stands at the beginning of `in`: false when it is not whole or not sound. With OK slices
 * point into `in`; the bytes it takes are message_len(). */
bool message_decode(struct slice in, uint64_t seed, struct stored *ret, bool *ret_erased);
/* Of a message that was checked when it was read, or was made here. */
static inline void message_view(const uint8_t *at, struct stored *ret)
{
    uint32_t subject = le_get_u16(at + MESSAGE_SUBJECT), header = le_get_u32(at + MESSAGE_HEADER);
    const uint8_t *texts = at + MESSAGE_HEAD;
    *ret = (struct stored){
        .sequence = le_get_u64(at + MESSAGE_SEQUENCE),
        .time = (nanos)le_get_u64(at + MESSAGE_TIME),
        .subject = slice_of(texts, subject),
        .header = slice_of(texts + subject, header),
        .payload = slice_of(texts + subject + header, le_get_u32(at + MESSAGE_PAYLOAD)),
    };
}
/* Overwrites the texts of a whole message with zeros, and marks it. */
void message_erase(uint8_t *message, uint64_t seed);

#endif
