/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_mend: which bit has turned, of bytes that are sound but for one.
 *
 * What the journal holds stands there once until a checkpoint has it: messages, but also what made
 * a stream or a consumer. One bit that turned is found by trying: where the sum fits, it was. That
 * costs the square of a length, though little of it (sum_mend.h), so there is a limit: a long
 * record that holds messages is told by their sequences when it is lost, and only its own head is
 * tried; one without a sequence, which nothing would tell of, is tried if it is no giant. Both
 * ciphers change each bit by itself, so one that has turned in a sealed body has turned at the same
 * place of its text, where records tell it. A sum that fits proves that the bytes are those that
 * were written, whatever had happened to them: nothing torn is ever taken for mended.
 *
 * Pure. The bytes are tried on and left as they were. */
#ifndef MIDGE_STORE_JOURNAL_MEND_H
#define MIDGE_STORE_JOURNAL_MEND_H

#include "store/journal_format.h"

enum {
    JOURNAL_MEND_MAX = 16 << 10,     /* bytes of a record or a sealed body: 0.1 s at the most */
    JOURNAL_MEND_STATE_MAX = 256 << 10, /* … of a record without a sequence: a second or two */
    JOURNAL_MEND_HEAD_MAX = 4 << 20,    /* … of a record whose own head is tried */
    JOURNAL_MEND_SEALED_MAX = 16 << 20, /* … of a sealed body that is looked at in plain text: any
                                           but that of a giant record */
};

struct journal_bit {
    uint32_t byte; /* from the beginning of what was tried */
    uint8_t mask;
};

/* What a head says of itself where it stands. */
struct journal_spot {
    uint64_t store_id;
    uint32_t segment;
    uint64_t offset;
};

/* A head has been here: what is known of one beforehand differs in a bit at the most. */
bool journal_is_likely_head(const uint8_t bytes[HEAD_SIZE], const struct journal_spot *);
/* `bytes` begin where a head is likely; as many as there are, or JOURNAL_HEAD_MAX. */
bool journal_mend_head(uint8_t *bytes, uint32_t len, const struct journal_spot *,
                       struct journal_bit *ret);
/* Of the body behind a head that is sound. False: it is sound, or more than a bit has turned, or it
 * is too long. A long one that is sealed is looked at in plain text, as `seal` lets it. */
bool journal_mend_body(const struct journal_head *, const struct journal_seal *, uint8_t *body,
                       struct journal_bit *ret);
/* A plain body in which one record is bad and all others are sound: where that one begins, and how
 * long it is with its head. */
bool journal_one_is_bad(const struct journal_head *, struct slice body, uint32_t *ret_at,
                        uint32_t *ret_len);

#endif
