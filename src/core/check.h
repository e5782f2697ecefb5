/* SPDX-License-Identifier: Apache-2.0 */
/* Check: asserts what the structures of core promise. What needs no walk is called in release
 * builds too, at the doors of the slower operations; the rest by tests and where things end.
 *
 * Thread:  session_check(), session_subs_check() and core_reactor_check(): that reactor's;
 *          core_check(): any, while no reactor ticks. Memory: nothing is kept.
 * See also sub.h, account.h and closed.h, which have checks of their own. */
#ifndef MIDGE_CORE_CHECK_H
#define MIDGE_CORE_CHECK_H

#include <stdint.h>

struct core;
struct core_reactor;
struct hand;
struct session;

/* Who it belongs to, which states exclude each other, what follows from what. O(1), some thirty
 * comparisons: not per message. */
void session_check(const struct session *);
/* Its subscriptions: each is found, and is its own. O(n). Returns how many there are. */
uint32_t session_subs_check(const struct session *);

/* Between two messages: nothing is left over from the last one. O(reactors). */
void hand_check(const struct hand *);

/* One reactor's part with its lists. O(sessions). Returns how many are open. */
uint64_t core_reactor_check(const struct core_reactor *);

/* Everything: counts of clients agree with the lists, for the server and each account. O(all). */
void core_check(struct core *);

#endif
