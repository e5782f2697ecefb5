/* SPDX-License-Identifier: Apache-2.0 */
/* Topic: the subscribers of one subject or pattern, plain ones and queue groups. Private to
 * interest.c and its reader loops.
 *
 * Thread, memory: as interest.h. Adding appends in place; removing leaves a hole; an array that is
 * full or mostly holes is copied, so both are O(1) amortised and a reader never misses a subscriber
 * that stays. */
#ifndef MIDGE_SUBJECT_TOPIC_H
#define MIDGE_SUBJECT_TOPIC_H

#include "subject/interest.h"

struct topic *topic_new(struct slice subject);
void topic_free(struct topic *); /* at once; NULL is fine */
void topic_discard(struct topic *,
                   struct garbage **garbage); /* after a grace period; must be empty */

void topic_add(struct topic *, struct interest_entry *, struct garbage **garbage);
void topic_remove(struct topic *, struct interest_entry *, struct garbage **garbage);
bool topic_is_empty(const struct topic *);

uint64_t topic_check(struct topic *); /* NULL is fine; returns the number of entries */

#endif
