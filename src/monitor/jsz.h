/* SPDX-License-Identifier: Apache-2.0 */
/* Jsz: /jsz, the streams: JetStream is not served, and the page says so. /healthz, whether the
 * server can do its work.
 *
 * Thread and memory: request.h. Source: reference monitoring 10 and 11. */
#ifndef MIDGE_MONITOR_JSZ_H
#define MIDGE_MONITOR_JSZ_H

struct request;

void jsz_serve(struct request *);
void healthz_serve(struct request *);

#endif
