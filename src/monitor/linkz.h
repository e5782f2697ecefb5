/* SPDX-License-Identifier: Apache-2.0 */
/* Linkz: /routez, /gatewayz and /leafz, the connections to other servers. There are none yet, and
 * that is what the pages say.
 *
 * Thread and memory: request.h. Source: reference monitoring 4 to 6. */
#ifndef MIDGE_MONITOR_LINKZ_H
#define MIDGE_MONITOR_LINKZ_H

struct request;

void routez_serve(struct request *);
void gatewayz_serve(struct request *);
void leafz_serve(struct request *);

#endif
