/* SPDX-License-Identifier: Apache-2.0 */
/* Healthz: /healthz, whether the server can do its work; of a stream or consumer, whether it is
 * there.
 *
 * Thread and memory: request.h. Source: reference monitoring 11. */
#ifndef MIDGE_MONITOR_HEALTHZ_H
#define MIDGE_MONITOR_HEALTHZ_H

#include <stdbool.h>

struct request;

bool healthz_plan(struct request *);
void healthz_serve(struct request *);

/* "ok", "unavailable" or "error": of the server, or also of each stream, as /metrics tells it. */
const char *healthz_status(struct request *, bool server_only);

#endif
