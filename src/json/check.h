/* SPDX-License-Identifier: Apache-2.0 */
/* Check: is this exactly one JSON value, as Go's encoding/json understands it?
 *
 * json-c forgives what Go refuses (single quotes, NaN, "1.", raw control characters) and caps
 * integers that do not fit, so the reader asks here first. One pass, no allocation, no recursion.
 * Pure; thread: any; memory: none. */
#ifndef MIDGE_JSON_CHECK_H
#define MIDGE_JSON_CHECK_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

enum { JSON_DEPTH_MAX = 1023 };

struct json_shape {
    uint32_t depth; /* containers within each other, at most; 0: a bare value */
    bool has_huge;  /* an integer is outside int64 and uint64 */
};

/* ERR_OK; ERR_INVALID (not JSON) or ERR_LIMIT (deeper than `depth_max` <= JSON_DEPTH_MAX).
 * `*ret_shape` is set with ERR_OK. */
MUST_CHECK enum err json_check(struct slice text, uint32_t depth_max, struct json_shape *ret_shape);

#endif
