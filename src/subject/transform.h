/* SPDX-License-Identifier: Apache-2.0 */
/* Transform: a subject mapping. Subjects that match a source become the destination, whose tokens
 * may be `$n`, `{{wildcard(n)}}`, `{{partition(n,i…)}}`, `{{partition(n)}}`, `{{split(i,text)}}`,
 * `{{splitFromLeft(i,n)}}`, `{{splitFromRight(i,n)}}`, `{{sliceFromLeft(i,n)}}`,
 * `{{sliceFromRight(i,n)}}`, `{{left(i,n)}}`, `{{right(i,n)}}` or `{{random(n)}}`, where i and n of
 * `$n` and `wildcard` say which `*` of the source is meant.
 *
 * It does what nats-server does, quirks included: 0 and less mean the first token of the source; a
 * number that is out of a token's range leaves the token whole; a partition is FNV-1a over the
 * tokens without their dots, over the whole subject when none is named.
 *
 * Thread:  any; a transform does not change. Memory: it has copies of its texts.
 * Errors:  INVALID with nats-server's words in `why`. An empty source stands for `>`. */
#ifndef MIDGE_SUBJECT_TRANSFORM_H
#define MIDGE_SUBJECT_TRANSFORM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/slice.h"

struct transform;

/* The destination is not empty. */
MUST_CHECK enum err transform_new(struct slice source, struct slice destination,
                                  struct transform **ret, struct errmsg *why);
struct transform *transform_free(struct transform *); /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(transform)

/* The subject is literal, and one of the source's. */
bool transform_matches(const struct transform *, struct slice subject);

/* Appends what a subject that matches becomes. `rng` is for `random`. What comes out may be no
 * valid subject, or one with wildcards: publishers choose the tokens. */
void transform_apply(const struct transform *, struct slice subject, struct rng *rng,
                     struct buf *out);

/* Would transform_new() do it? */
MUST_CHECK enum err transform_check(struct slice source, struct slice destination,
                                    struct errmsg *why);

/* Imports may only move wildcards around, and must use all of them. `*` in the destination stands
 * for the next one. */
MUST_CHECK enum err transform_check_import(struct slice source, struct slice destination,
                                           struct errmsg *why);

#endif
