/* SPDX-License-Identifier: Apache-2.0 */
/* What every file of natsbench needs: giving up, time, memory that cannot fail, threads.
 *
 * Thread:  any.
 * Memory:  the caller frees what xalloc returns.
 * Errors:  `die` prints the reason (with errno when it is set) and ends the process with status 1.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define NANOS_PER_SECOND 1000000000ull

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t now_ns(void);                          /* monotonic */
void sleep_until_ns(uint64_t when_ns);

void *xalloc(size_t count, size_t size);        /* zeroed */

double median(double *values, size_t count);    /* sorts them; count > 0 */

pthread_t thread_start(void *(*body)(void *), void *ctx);
/* lowers the calling thread's priority: it is load, not the judge */
void thread_yield_to_others(void);
/* Asks for short turns, so that the calling thread runs when it is woken: what is measured is the
 * server, not the generator's wait for a core. */
void thread_wake_at_once(void);

void files_max_raise(void);                     /* open files: up to the hard limit */
