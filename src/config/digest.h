/* SPDX-License-Identifier: Apache-2.0 */
/* Digest: one short text that says whether two configurations mean the same.
 *
 * "sha256:" and the hex SHA-256 of the tree as Go's json.Encoder writes it: compact, keys sorted
 * bytewise, `<>&` escaped, a line feed at the end. Comments, order and syntax do not change it.
 * Pure; thread: any; memory: the text lies in the caller's arena. */
#ifndef MIDGE_CONFIG_DIGEST_H
#define MIDGE_CONFIG_DIGEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/value.h"

const char *digest_of(const struct value *root, struct arena *);

/* What is hashed. */
void digest_json(const struct value *root, struct buf *out);

#endif
