/* SPDX-License-Identifier: Apache-2.0 */
/* Thread: one with a name, a small stack and all signals blocked.
 *
 * Thread: start and join from one thread. Memory: the thread object belongs to the caller until
 * thread_join(). `ctx` stays the caller's.
 * Errors: NULL when the machine refuses another thread. */
#ifndef MIDGE_OS_THREAD_H
#define MIDGE_OS_THREAD_H

#include "base/compiler.h"
#include "os/roster.h"

struct thread;

/* `name` is cut at 15 bytes; it is what `top -H` shows. While `main` runs the thread stands in
 * the roster, which may be NULL. */
MUST_CHECK struct thread *thread_start(struct roster *, const char *name, void (*main)(void *ctx),
                                       void *ctx);
struct thread *thread_join(struct thread *);        /* waits; NULL is fine; returns NULL */

/* The calling thread lets others go first from now on, where the machine allows that: what serves
 * clients runs as soon as it is woken, also when all cores compute. */
void thread_yield_to_others(void);

#endif
