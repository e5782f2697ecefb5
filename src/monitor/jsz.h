/* SPDX-License-Identifier: Apache-2.0 */
/* Jsz: /jsz, the streams and consumers of all accounts, or that JetStream is off.
 *
 * Thread and memory: request.h. Source: reference monitoring 10. */
#ifndef MIDGE_MONITOR_JSZ_H
#define MIDGE_MONITOR_JSZ_H

#include <stdbool.h>

struct request;

bool jsz_plan(struct request *);
void jsz_serve(struct request *);

#endif
