/* SPDX-License-Identifier: Apache-2.0 */
/* Block_code: a part of a block as it stands on the disk, and what is in it: compression and
 * sealing around block_format.h.
 *
 * Thread:  that of the seal. Memory: what comes back is the caller's.
 * Errors:  CORRUPT when a part is not what was written, for whatever reason. INVALID: it was
 *          written by a newer version. */
#ifndef MIDGE_STORE_BLOCK_CODE_H
#define MIDGE_STORE_BLOCK_CODE_H

#include "store/block_format.h"
#include "store/journal.h"

/* Whose parts. */
struct block_code {
    uint64_t seed; /* message_seed() */
    uint64_t store_id;
    uint64_t incarnation;
    const struct journal_seal *seal;
};

/* `part` has PART_HEAD bytes of room and behind them the plain body, `h->plain` bytes. The rest of
 * `h` (flags, store, incarnation, stored) is set here. Returns what is to be written, h->stored +
 * PART_HEAD bytes: `part` itself when the body is written as it is, else a new one (xfree). */
uint8_t *block_code_pack(const struct block_code *, struct part_head *h, uint8_t *part,
                         bool is_compressed);

/* Where a part was read. */
struct part_place {
    uint32_t block;
    uint64_t offset;
};

/* `*ret_plain` is a body of h->plain bytes:
 * inside `part` when it is written as it is, else new (xfree). Messages of a chunk that is plain
 * were not looked at. */
MUST_CHECK enum err block_code_unpack(const struct block_code *, struct part_place,
                                      struct slice part, struct part_head *ret,
                                      const uint8_t **ret_plain);

#endif
