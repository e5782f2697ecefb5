/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of a transform's destination: one token at a time.
 *
 * Thread: any. Memory: slices point into the token that was parsed. */
#ifndef MIDGE_SUBJECT_TRANSFORM_INTERNAL_H
#define MIDGE_SUBJECT_TRANSFORM_INTERNAL_H

#include "base/err.h"
#include "base/slice.h"

enum transform_function {
    TRANSFORM_TEXT, /* as it stands */
    TRANSFORM_REST, /* `>` */
    TRANSFORM_WILDCARD,
    TRANSFORM_PARTITION,
    TRANSFORM_SPLIT,
    TRANSFORM_SPLIT_FROM_LEFT,
    TRANSFORM_SPLIT_FROM_RIGHT,
    TRANSFORM_SLICE_FROM_LEFT,
    TRANSFORM_SLICE_FROM_RIGHT,
    TRANSFORM_LEFT,
    TRANSFORM_RIGHT,
    TRANSFORM_RANDOM,
};

enum { TRANSFORM_INDEXES_MAX = 62 };

struct transform_piece {
    enum transform_function function;
    struct slice text; /* the token */
    struct slice separator;
    int32_t number;
    uint32_t indexes_count;
    /* of the source's wildcards, from 1; 0: the first token */
    uint16_t indexes[TRANSFORM_INDEXES_MAX];
};

/* One token; `source` is what its indexes speak of. */
MUST_CHECK enum err transform_parse(struct slice source, struct slice token,
                                    struct transform_piece *ret, struct errmsg *why);

#endif
