/* SPDX-License-Identifier: Apache-2.0 */
/* Redirect: a path with empty, "." or ".." parts is answered with the path that was meant, as Go's
 * HTTP server does: scrapers join a base of "http://host:8222/" and "/varz".
 *
 * Pure. Memory: texts lie in the arena. */
#ifndef MIDGE_MONITOR_REDIRECT_H
#define MIDGE_MONITOR_REDIRECT_H

#include "base/arena.h"

/* Where the client should ask instead; NULL: `target` is fine. `target` is the path as it was sent,
 * still escaped; `query` too, without '?'. The answer is printable ASCII and begins with one
 * slash, so it never leads to another host. */
const char *redirect_of(const char *target, const char *query, struct arena *);

#endif
