/* SPDX-License-Identifier: Apache-2.0 */
/* Transform check: is a subject transform from `source` to `destination` possible?
 *
 * Pure; any thread. NULL: the pair is fine; else the words of nats-server, which lie in the arena
 * or are constants. */
#ifndef MIDGE_SUBJECT_TRANSFORM_CHECK_H
#define MIDGE_SUBJECT_TRANSFORM_CHECK_H

#include "base/arena.h"

/* No destination, NULL or empty, is fine: nothing is changed. */
const char *transform_error(struct arena *, const char *source, const char *destination);

/* Imports may only move wildcards around, and must use all of them. `*` in the destination stands
 * for the next one. */
const char *transform_import_error(struct arena *, const char *source, const char *destination);

#endif
