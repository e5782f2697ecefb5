/* SPDX-License-Identifier: Apache-2.0 */
/* Msgs_sections: what kinds of sections a stream has in a checkpoint (store/checkpoint.h), and what
 * those of its messages say. The owner of all is the incarnation of the stream.
 *
 * Little endian. What a section says replaces what earlier ones said of the same thing; saying it
 * twice is saying it once.
 *
 *   STATE     offset  size
 *                  0     8  messages
 *                  8     8  bytes, as users see them
 *                 16     8  first sequence
 *                 24     8  last sequence
 *                 32     8  time of the first message
 *                 40     8  time of the last one
 *                 48     8  sequence of the last one that was put in; later ones were skipped
 *                 56     8  messages that went with damage, whose subjects are still counted
 *                 64     4  number of the next block
 *                 68     4  flags: 1 all subjects said before are gone (a purge of everything)
 *                 72     8  bytes of what is damaged, as far as they are known; missing in lists of
 *                           version 1 (versions.h)
 *   BLOCK     blocks that are new or have grown, 48 bytes each:
 *                  0     4  number
 *                  4     2  flags: 1 it has a footer; 2 it is forgotten
 *                  6     2  number of the key that seals all of it; 0: none
 *                  8     8  first sequence
 *                 16     8  last sequence of what is safe
 *                 24     8  bytes of its chunks that are safe; the footer stands behind them
 *                 32     4  bytes of its footer
 *                 36     4  messages that were written to it
 *                 40     8  bytes of them without chunk heads
 *   DELETED   an encoded seqset: sequences that are gone, to be added to those said before
 *   SUBJECTS  2 length of the subject, 8 first, 8 last, 4 count, 1 flags (1: its ends are bounds,
 *             damage hides them), the subject; end to end. Count 0: it has no message any more
 *   TAIL      records (block_format.h), end to end, of messages that no block has safely; those
 *             with a sequence that was said before, here or by a block, are the same
 *   LOST      an encoded seqset: what is damaged, all of it
 *   MISSING   an encoded seqset: what was in a part of the journal that is gone, all of it; they
 *             count among those that are gone
 *
 * Thread: any; constants. */
#ifndef MIDGE_STORE_MSGS_SECTIONS_H
#define MIDGE_STORE_MSGS_SECTIONS_H

enum section_kind {
    SECTION_STATE = 1,
    SECTION_BLOCK = 2,
    SECTION_DELETED = 3,
    SECTION_SUBJECTS = 4,
    SECTION_TAIL = 5,
    SECTION_LOST = 6,
    SECTION_MISSING = 7,
    SECTION_MSGS_MAX = 63, /* kinds up to here are those of messages */
    SECTION_STREAM = 64,   /* from here on they are the stream's, whose table stands in stream/ */
};

enum {
    STATE_MESSAGES = 0,
    STATE_BYTES = 8,
    STATE_FIRST = 16,
    STATE_LAST = 24,
    STATE_FIRST_TIME = 32,
    STATE_LAST_TIME = 40,
    STATE_PUT = 48,
    STATE_UNKNOWN = 56,
    STATE_NEXT_BLOCK = 64,
    STATE_FLAGS = 68,
    STATE_LOST_BYTES = 72,
    STATE_SIZE = 80,
    STATE_SIZE_OLDEST = STATE_LOST_BYTES,
    STATE_FLAG_NO_SUBJECTS = 1,

    BLOCK_NUMBER = 0,
    BLOCK_FLAGS = 4,
    BLOCK_KEY = 6,
    BLOCK_FIRST = 8,
    BLOCK_LAST = 16,
    BLOCK_END = 24,
    BLOCK_FOOTER = 32,
    BLOCK_RECORDS = 36,
    BLOCK_BYTES = 40,
    BLOCK_SIZE = 48,
    BLOCK_FLAG_FOOTER = 1,
    BLOCK_FLAG_FORGOTTEN = 2,

    SUBJECT_LEN = 0,
    SUBJECT_FIRST = 2,
    SUBJECT_LAST = 10,
    SUBJECT_COUNT = 18,
    SUBJECT_FLAGS = 22,
    SUBJECT_SIZE = 23,
};

#endif
