/* SPDX-License-Identifier: Apache-2.0 */
/* Origin: the bytes that a value of a document was read from, as its sender wrote them.
 *
 * For the sentences of errors, which quote them; each search goes through the document and its text
 * once. Pure; thread: any; memory: none. */
#ifndef MIDGE_JSON_ORIGIN_H
#define MIDGE_JSON_ORIGIN_H

#include "json/reader.h"

/* The part of `text` that `value` came from: `root` is the document that was made of exactly this
 * text. Empty: it has no place of its own there (null). */
struct slice json_origin(struct slice text, struct json_value root, struct json_value value);

#endif
