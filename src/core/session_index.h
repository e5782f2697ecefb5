/* SPDX-License-Identifier: Apache-2.0 */
/* Session index: a reactor's open sessions by number, for mail that names one.
 *
 * Thread:  the reactor of the sessions.
 * Memory:  chains of sessions from a table that doubles and halves with their number; a session is
 *          in it from its start to its close.
 * Cost:    O(1), but for the growth of the table. */
#ifndef MIDGE_CORE_SESSION_INDEX_H
#define MIDGE_CORE_SESSION_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct core_reactor;
struct session;

struct session_index {
    struct session **at;            /* the first of each chain; NULL before there was one */
    uint32_t         cap;           /* a power of two, or 0 */
    uint32_t         count;
};

/* It must be empty. */
void session_index_deinit(struct session_index *);

void session_index_add(struct session_index *, struct session *);
void session_index_remove(struct session_index *, struct session *);    /* it must be in it */

/* The open session that session_origin() names, which must be one of this reactor; NULL: it has
 * ended. */
struct session *session_find(const struct core_reactor *, uint64_t origin);

/* Asserts every invariant; O(n). Returns how many are in it. */
uint32_t session_index_check(const struct session_index *);

#endif
