/* SPDX-License-Identifier: Apache-2.0 */
/* Lock: for the few things that two reactors write (the interest index of an account, the
 * directory).
 *
 * Held for microseconds at most, never across a callback or a system call, never two at once.
 * Thread: any. In simulation there is one thread, so it is never contended. */
#ifndef MIDGE_BASE_LOCK_H
#define MIDGE_BASE_LOCK_H

#include <pthread.h>

struct lock {
    pthread_mutex_t mutex;
};

void lock_init(struct lock *);
void lock_deinit(struct lock *);
void lock_take(struct lock *);
void lock_drop(struct lock *);

#endif
