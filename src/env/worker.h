/* SPDX-License-Identifier: Apache-2.0 */
/* Worker: work that would block a reactor (password hashes, handshakes, name look-ups), done
 * elsewhere.
 *
 * Quick work (about a millisecond) goes first, and long work never takes all hands, so that a
 * handshake does not stand behind a hundred password hashes.
 *
 * Memory:  the work belongs to the caller until `finished` has been called, exactly once.
 * Thread:  submit from any; run and finished are called on a worker thread, one after the other. A
 *          reactor's work comes home by a message that `finished` posts (net/reactor.h:
 *          reactor_work).
 * Errors:  LIMIT when the queue is full; nothing is called then. */
#ifndef MIDGE_ENV_WORKER_H
#define MIDGE_ENV_WORKER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/list.h"

struct work {
    struct list node; /* private to the worker */
    bool is_quick;
    const char *doing; /* a static text: what whoever runs it does, for /stacksz */
    void (*run)(struct work *);
    void (*finished)(struct work *);
};

struct worker {
    MUST_CHECK enum err (*submit)(struct worker *, struct work *);
};

#endif
