/* SPDX-License-Identifier: Apache-2.0 */
/* Debugz: the pages for people who look inside: the index, /stacksz, /debug/vars, /ipqueuesz,
 * /raftz.
 *
 * Thread and memory: request.h. Source: reference monitoring 1 and 12. */
#ifndef MIDGE_MONITOR_DEBUGZ_H
#define MIDGE_MONITOR_DEBUGZ_H

struct request;

void index_serve(struct request *);
void stacksz_serve(struct request *);
void vars_serve(struct request *);
void ipqueuesz_serve(struct request *);
void raftz_serve(struct request *);

#endif
