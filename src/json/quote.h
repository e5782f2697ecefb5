/* SPDX-License-Identifier: Apache-2.0 */
/* Quote: a text inside a message as Go's %q writes it: double quotes and escapes, so that no byte
 * of a stranger can break the protocol line. Pure; any thread. */
#ifndef MIDGE_JSON_QUOTE_H
#define MIDGE_JSON_QUOTE_H

#include "base/buf.h"

void quote_go(struct buf *out, struct slice text);

#endif
