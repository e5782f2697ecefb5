/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_mend: a batch of which one bit is wrong. What a journal holds stands there once, a
 * stream's configuration among it; and a sum tells which bit it is, by trying.
 *
 * Thread: any; pure. Memory: the caller's. Limits: heads of up to JOURNAL_MEND_HEAD bytes, plain
 * records and sealed bodies of up to JOURNAL_MEND_BODY: some 30 ms of trying.
 * A torn batch does not become a whole one: a sum of 64 bits would have to fit by chance. */
#ifndef MIDGE_STORE_JOURNAL_MEND_H
#define MIDGE_STORE_JOURNAL_MEND_H

#include "store/journal_format.h"

enum {
    JOURNAL_MEND_HEAD = 12 * JOURNAL_SECTOR,
    JOURNAL_MEND_BODY = 8 << 10,
};

/* What every head that stands here must say is there, but for a bit. `at` has a sector. */
bool journal_is_nearly_head(const uint8_t *at, uint64_t store_id, uint32_t segment,
                            uint64_t offset);
/* The bit of a head, of which `len` bytes may be looked at, with which it is one; UINT32_MAX:
 * none. The bytes are as before. */
uint32_t journal_mend_head(uint8_t *head, uint32_t len, uint64_t store_id);
/* The bit of a body, plain or sealed, that was wrong and has been turned; UINT32_MAX: none. */
uint32_t journal_mend_body(const struct journal_head *, uint8_t *body);

#endif
