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

/* ERR_OK; ERR_INVALID (not JSON) or ERR_LIMIT (deeper than `depth_max` <= JSON_DEPTH_MAX).
 * `*ret_has_huge` says whether an integer is outside int64 and uint64. */
MUST_CHECK enum err json_check(struct slice text, uint32_t depth_max, bool *ret_has_huge);

#endif
