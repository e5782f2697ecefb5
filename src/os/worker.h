/* SPDX-License-Identifier: Apache-2.0 */
/* Worker: a few threads that run blocking work. They are started when there is work for them.
 *
 * Thread:  submit from any; new and free from one.
 * Memory:  work belongs to its submitter until `finished`.
 * Limits:  WORKER_QUEUE_MAX pieces wait; more are refused with LIMIT.
 * At stop: os_worker_free() lets what runs end; what still waits is only finished, never run. */
#ifndef MIDGE_OS_WORKER_H
#define MIDGE_OS_WORKER_H

#include "env/worker.h"
#include "os/roster.h"

enum {
    WORKER_THREADS = 3,
    /* threads that long work may have at a time; the rest are for quick */
    WORKER_LONG_MAX = 2,
    WORKER_QUEUE_MAX = 1024,
};

struct worker *os_worker_new(struct roster *);     /* NULL: of nobody */
struct worker *os_worker_free(struct worker *);     /* waits; NULL is fine; returns NULL */

#endif
