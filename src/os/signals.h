/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: a thread that waits for them and calls back, so that a handler may do anything.
 *
 * SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 are blocked in the whole process and taken by that
 * thread; SIGPIPE is ignored.
 * Thread:  start before other threads are started (they inherit the mask), on the main thread.
 *          `on_signal` runs on the signal thread, one at a time.
 * Memory:  owned until signals_stop(), as the roster must live (NULL is fine). One per process. */
#ifndef MIDGE_OS_SIGNALS_H
#define MIDGE_OS_SIGNALS_H

#include "base/compiler.h"
#include "os/roster.h"

enum signal_name {
    SIGNAL_INTERRUPT,           /* SIGINT */
    SIGNAL_TERMINATE,           /* SIGTERM */
    SIGNAL_HANGUP,              /* SIGHUP */
    SIGNAL_USER1,
    SIGNAL_USER2,
};

struct signals;

/* NULL when the machine refuses a thread; the signals then keep their default effect. */
MUST_CHECK struct signals *signals_start(struct roster *,
                                         void (*on_signal)(void *ctx, enum signal_name), void *ctx);
struct signals *signals_stop(struct signals *);         /* waits; NULL is fine; returns NULL */

/* "interrupt", "terminated", … as Go names them in the log. */
const char *signal_text(enum signal_name);

#endif
