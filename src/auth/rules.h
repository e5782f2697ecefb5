/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: one compiled allow or deny list of subjects.
 *
 * Literal subjects stand in a hash table, patterns in a trie of tokens, entries for queue groups in
 * a list of their own (they are rare, and asked at SUB only).
 *
 * Thread: any; never changes. Memory: the arena it was built in. Asking allocates nothing.
 * Cost:   rules_match() is one hash, and if there are patterns one step per trie node that fits. */
#ifndef MIDGE_AUTH_RULES_H
#define MIDGE_AUTH_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct subject_rule;
struct rules;

struct rules *rules_new(struct arena *, const struct subject_rule *, uint32_t count,
                        uint64_t hash_seed);

/* Without any entry at all, for queues or not. */
bool rules_empty(const struct rules *);

/* Entries without a queue. `subject` of rules_match() is taken literally: its `*` and `>` are
 * tokens like others. A subject with an empty token is matched by nothing. */
bool rules_match(const struct rules *, struct slice subject);
bool rules_cover(const struct rules *, struct slice pattern);       /* one entry covers all of it */
bool rules_overlap(const struct rules *, struct slice pattern);

/* Entries with a queue, of those that match (cover, overlap) the subject. */
enum rules_relation { RULES_MATCH, RULES_COVER, RULES_OVERLAP };
struct rules_queues {
    bool any;                           /* there are such entries */
    bool fits;                          /* .. one for this queue */
    bool misfits;                       /* .. one that is not for this queue */
};
struct rules_queues rules_queues(const struct rules *, enum rules_relation, struct slice subject,
                                 struct slice queue);

#endif
