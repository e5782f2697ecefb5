/* SPDX-License-Identifier: Apache-2.0 */
/* Responses: reply subjects that a session may publish to, because a request with that reply was
 * delivered to it (`allow_responses`). They override a deny.
 *
 * Thread:  its session's. Memory: owned by the session, who makes it with the first reply.
 * Limits:  RESPONSES_MAX replies; beyond, the oldest is forgotten, as is one that expired.
 * Time:    any monotonic clock, always the same. */
#ifndef MIDGE_AUTH_RESPONSES_H
#define MIDGE_AUTH_RESPONSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/units.h"

struct response_rule;
struct responses;

enum { RESPONSES_MAX = 4096, RESPONSES_BYTES_MAX = 1024 * 1024 };

struct responses *responses_new(const struct response_rule *, uint64_t hash_seed);
struct responses *responses_free(struct responses *);       /* NULL is fine; returns NULL */

/* A request with this reply is on its way to the session. Call it only where permission_publish()
 * denies the reply. A reply that is known already starts anew. */
void responses_remember(struct responses *, struct slice reply, nanos now);

/* May the session publish to `subject` now? Counts down when it may. */
bool responses_take(struct responses *, struct slice subject, nanos now);

/* Forgets what has expired; worth a call every second or so while the count is not 0. */
void responses_prune(struct responses *, nanos now);
uint32_t responses_count(const struct responses *);

#endif
