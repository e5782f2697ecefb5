/* SPDX-License-Identifier: Apache-2.0 */
/* Cover: which of many patterns is covered by another one, or meets one? They are sorted by their
 * tokens, and each is looked for as a subject would be: every pair is not compared, for a hundred
 * thousand fit into one request.
 *
 * Pure; thread: any. Memory: the cover's; the texts are the caller's and stay until it is freed. */
#ifndef MIDGE_SUBJECT_COVER_H
#define MIDGE_SUBJECT_COVER_H

#include "base/compiler.h"
#include "base/slice.h"

struct cover;

/* All are added before the first question. */
struct cover *cover_new(uint32_t count);
struct cover *cover_free(struct cover *); /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(cover)
void cover_add(struct cover *, struct slice pattern);

/* Patterns can be made for which even this takes as long as comparing each pair. Then it gives up
 * after a second or so, and what was answered means nothing. */
bool cover_gave_up(const struct cover *);

/* The pattern that was added as the index-th (from 0) is covered by another one, or is there
 * twice: as subject_covers() says it. */
bool cover_has(struct cover *, uint32_t index);

/* It meets another one, as subject_overlaps() says it, or is there twice. */
bool cover_meets(struct cover *, uint32_t index);
/* The same of a pattern that was not added. */
bool cover_meets_other(struct cover *, struct slice pattern);

#endif
