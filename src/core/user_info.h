/* SPDX-License-Identifier: Apache-2.0 */
/* User info: `$SYS.REQ.USER.INFO`, a service of the server in every account that tells a client who
 * it is (reference: events, section 3).
 *
 * Thread: answers on the asking client's reactor. Memory: the subscription belongs to its
 * account. */
#ifndef MIDGE_CORE_USER_INFO_H
#define MIDGE_CORE_USER_INFO_H

struct account;
struct core;

/* before or between ticks of the starting thread */
void user_info_serve(struct core *, struct account *);
void user_info_end(struct account *);                       /* when no reactor ticks any more */

#endif
