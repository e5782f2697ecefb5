/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a seqset, for the files that are it: its table of parts.
 *
 * Thread: the set's. Memory: the set owns the parts.
 * Parts are in ascending order of their keys and do not meet; none is empty; what is wholly in the
 * set is FULL, and two FULL ones do not touch. */
#ifndef MIDGE_STORE_SEQSET_INTERNAL_H
#define MIDGE_STORE_SEQSET_INTERNAL_H

#include "store/seqset.h"
#include "store/seqset_part.h"

struct seqset {
    struct part *parts; /* [start, end) are in use: compaction takes from the front */
    uint32_t start, end, cap;
    uint64_t count; /* sequences */
    uint64_t bytes; /* that the parts own */
};

/* Behind its last part. */
static inline uint64_t part_end_key(const struct part *p)
{
    return p->key + (p->kind == PART_FULL ? p->span : 1);
}

/* A bitmap from `sequence` on, as it stands in the encoding; all of it is in one part. */
void seqset_add_bytes(struct seqset *, uint64_t sequence, const uint8_t *bytes, uint32_t count);

#endif
