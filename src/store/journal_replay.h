/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_replay: what is torn, what is rotten, and what is handed up of the batches that were
 * found.
 *
 * The end of the journal is the highest batch that is whole, or that some head says is durable:
 * what is bad or missing up to there is rot, what stands behind it a torn tail.
 *
 * Thread: the one that opens, blocking. Errors: IO when bytes that may hold the end cannot be read,
 * DENIED when a sealed batch is whole and the key does not open it. Then nothing is to be
 * changed. */
#ifndef MIDGE_STORE_JOURNAL_REPLAY_H
#define MIDGE_STORE_JOURNAL_REPLAY_H

#include "store/journal_scan.h"

struct replay_end {
    journal_pos last;      /* batches up to here are the journal */
    journal_pos last_full; /* … with records */
    uint64_t    last_link; /* 0: that one was not found */
    bool        is_damaged;
};

/* Cuts `found` at the end and hands up. What was not known durable is written again, to be synced
 * by the caller: its segment `is_dirty`. */
MUST_CHECK enum err replay_all(struct scan *, const struct journal_replay *, struct replay_end *ret,
                               struct errmsg *why);

#endif
