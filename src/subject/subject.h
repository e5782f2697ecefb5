/* SPDX-License-Identifier: Apache-2.0 */
/* Subject: the grammar. Tokens separated by '.'; `*` stands for one token, `>` for one or more at
 * the end.
 *
 * Pure; any thread; nothing is kept. A wildcard is a whole token: `foo*` is a literal token. Bytes
 * are not checked for UTF-8, as nats-server does not (reference: protocol, subjects). */
#ifndef MIDGE_SUBJECT_SUBJECT_H
#define MIDGE_SUBJECT_SUBJECT_H

#include <stdbool.h>

#include "base/slice.h"

/* No empty token, `>` only last. What SUB takes. Blanks are not looked for: framing cannot deliver
 * any. */
bool subject_valid(struct slice subject);

/* subject_valid() and no wildcard token: what a pedantic publish demands. */
bool subject_literal(struct slice subject);

/* subject_valid() and no space, tab, CR, LF, FF: what configuration and JWTs demand. */
bool subject_valid_strict(struct slice subject);

bool subject_has_empty_token(struct slice subject);

/* Some token is `*` or `>`. */
bool subject_has_wildcard(struct slice subject);

uint32_t subject_token_count(struct slice subject);

/* Takes the next token off `*rest`; false when none is left. Start with *rest = the subject. A
 * slice with ptr == NULL means that nothing is left, so that "a." yields "a" and "". */
bool subject_next_token(struct slice *rest, struct slice *ret_token);

/* `pattern` matches the published `subject`, whose `*` and `>` are ordinary tokens. */
bool subject_matches(struct slice pattern, struct slice subject);

/* Every subject that `inner` matches is matched by `outer` too (both may have wildcards). */
bool subject_covers(struct slice outer, struct slice inner);

/* Some subject is matched by both (both may have wildcards). */
bool subject_overlaps(struct slice a, struct slice b);

#endif
