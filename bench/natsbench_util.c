/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
    int error = errno;
    va_list args;
    va_start(args, format);
    (void)fputs("natsbench: ", stderr);
    (void)vfprintf(stderr, format, args);
    if (error != 0) (void)fprintf(stderr, " (%s)", strerror(error));
    (void)fputc('\n', stderr);
    va_end(args);
    _Exit(1);   /* other threads may still be running: no exit handlers */
}

uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NANOS_PER_SECOND + (uint64_t)t.tv_nsec;
}

void sleep_until_ns(uint64_t when_ns)
{
    struct timespec t = {
        .tv_sec = (time_t)(when_ns / NANOS_PER_SECOND),
        .tv_nsec = (long)(when_ns % NANOS_PER_SECOND),
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

void *xalloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) die("out of memory");
    return memory;
}

pthread_t thread_start(void *(*body)(void *), void *ctx)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, ctx) != 0) die("cannot start a thread");
    return thread;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

void thread_yield_to_others(void)
{
    /* On Linux the nice value belongs to the thread, and 0 means the calling one. */
    (void)setpriority(PRIO_PROCESS, 0, 10);
}

void thread_wake_at_once(void)
{
    /* Linux from 6.12 on takes the length of a turn so; elsewhere it changes nothing. */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } a = { .size = sizeof a, .runtime = NANOS_PER_SECOND / 2000 };
    a.nice = getpriority(PRIO_PROCESS, 0);
    (void)syscall(SYS_sched_setattr, 0, &a, 0);
}

void files_max_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
