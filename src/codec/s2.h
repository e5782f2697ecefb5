/* SPDX-License-Identifier: Apache-2.0 */
/* S2: a block of the format that extends Snappy, both ways. The framing of many blocks is
 * s2_stream.h.
 *
 * A block is the plain length as a uvarint and then elements, whose first byte says in its two low
 * bits what they are:
 *
 *   00  literal    length - 1 in the upper 6 bits; 60 to 63 say that it follows in 1 to 4 bytes
 *   01  copy       length - 4 in 3 bits, offset in the upper 3 bits and the next byte; offset 0
 *                  repeats the last one, and 5, 6, 7 say that more length follows in 1 to 3 bytes
 *   10  copy       length - 1 in the upper 6 bits, offset in 2 bytes
 *   11  copy       the same, offset in 4 bytes
 *
 * What is written here uses offsets below 64 KiB and repeats.
 *
 * Thread:  any; pure. Memory: the caller's; nothing is allocated. An encoder is a table without
 *          a meaning between calls: 128 KiB, on the heap of whoever encodes.
 * Hostile: decoding reads and writes nothing beyond what it was given. */
#ifndef MIDGE_CODEC_S2_H
#define MIDGE_CODEC_S2_H

#include "base/err.h"
#include "base/slice.h"

enum { S2_TABLE_BITS = 15 };

struct s2_encoder {
    uint32_t table[1 << S2_TABLE_BITS];
};

/* What the block says of itself; believe it only below a limit. INVALID: no block. */
MUST_CHECK enum err s2_decoded_len(struct slice block, uint32_t *ret_len);

/* `ret_plain` has room for `len` bytes, which is what s2_decoded_len() gave. INVALID: corrupt;
 * something may have been written. */
MUST_CHECK enum err s2_decode(struct slice block, uint8_t *ret_plain, uint32_t len);

/* Room that any block fits in: at worst each short match costs a byte more than it saves. */
static inline uint32_t s2_encoded_max(uint32_t len)
{
    return len + len / 6 + 32;
}

/* `ret_block` has room for s2_encoded_max(). Returns the length. Asserts that `plain` is below
 * 16 MiB: longer ones are cut into blocks, see s2_stream.h. */
uint32_t s2_encode(struct s2_encoder *, struct slice plain, uint8_t *ret_block);

#endif
