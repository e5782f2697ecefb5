/* SPDX-License-Identifier: Apache-2.0 */
/* TTL: how long a message lives, by the text of Nats-TTL: "1h30m" (a Go duration of at least a
 * second, cut to whole ones), "90" (seconds), "never".
 *
 * Pure; thread: any. As nats-server 2.15 has it: "0" is a duration, and too short; "00" is a
 * number, and means that nothing was said. */
#ifndef MIDGE_STREAM_TTL_H
#define MIDGE_STREAM_TTL_H

#include <stdbool.h>

#include "base/slice.h"

enum { TTL_NONE = 0, TTL_NEVER = -1 };

/* Positive: seconds. An empty text says nothing: TTL_NONE. False: no such text. */
bool ttl_parse(struct slice text, int64_t *ret_seconds);

#endif
