/* SPDX-License-Identifier: Apache-2.0 */
/* Roster: the threads of one server, each with its name and what it does just now.
 *
 * A thread enters itself when it begins (thread_start() does that) and leaves before it ends. To
 * say what it does it stores one pointer: no lock, and nothing to free.
 *
 * Thread:  any; a row belongs to the thread that entered.
 * Memory:  outlives its threads: while one has not left (a stop that gave up waiting),
 *          roster_free() frees nothing. What a thread does is a static text.
 * Invariant: a thread has at most one row. A roster of NULL is fine but for roster_threads(): then
 *          nobody is noted. */
#ifndef MIDGE_OS_ROSTER_H
#define MIDGE_OS_ROSTER_H

#include "env/threads.h"

struct roster;

struct roster  *roster_new(void);
struct roster  *roster_free(struct roster *);           /* NULL is fine; returns NULL */
struct threads *roster_threads(struct roster *);        /* the roster as env shows it */

/* The calling thread enters, by the name that the machine has of it, and leaves. */
void roster_enter(struct roster *, const char *doing);
void roster_leave(struct roster *);

/* What the calling thread does from now on. Nothing happens when it has not entered. */
void roster_doing(struct roster *, const char *doing);
/* … stands from now on in `place`, which must live until the thread has left. */
void roster_doing_at(struct roster *, _Atomic(const char *) *place);

#endif
