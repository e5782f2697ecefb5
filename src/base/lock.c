/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX and not C11 threads: thread sanitizers do not understand the latter. */
#include "base/lock.h"

#include "base/assert.h"

void lock_init(struct lock *l)
{
    int failed = pthread_mutex_init(&l->mutex, NULL);
    assert(failed == 0);
}

void lock_deinit(struct lock *l)
{
    int failed = pthread_mutex_destroy(&l->mutex);
    assert(failed == 0);
}

void lock_take(struct lock *l)
{
    int failed = pthread_mutex_lock(&l->mutex);
    assert(failed == 0);
}

void lock_drop(struct lock *l)
{
    int failed = pthread_mutex_unlock(&l->mutex);
    assert(failed == 0);
}
