/* SPDX-License-Identifier: Apache-2.0 */
/* Log: lines for the operator. Who decides logs, once; libraries below core return errors instead.
 *
 * Thread: any; a line is written whole. Memory: `text` is borrowed for the call.
 * Level names and the line format are those of nats-server (reference: cli, log line format). */
#ifndef MIDGE_ENV_LOG_H
#define MIDGE_ENV_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/slice.h"

#define LOG_LEVELS(X) \
    X(FATAL, "FTL")   \
    X(ERROR, "ERR")   \
    X(WARN, "WRN")    \
    X(INFO, "INF")    \
    X(DEBUG, "DBG")   \
    X(TRACE, "TRC")

enum log_level {
#define X(name, tag) LOG_##name,
    LOG_LEVELS(X)
#undef X
};

struct log {
    void (*write)(struct log *, enum log_level, struct slice text); /* no line end in `text` */
    atomic_bool debug;        /* debug lines are wanted; a reload changes it */
    atomic_bool trace;        /* protocol traces are wanted */
    atomic_bool trace_system; /* those of the system account too (trace_verbose) */
};

void log_line(struct log *, enum log_level, const char *format, ...) PRINTF_LIKE(3, 4);

static inline bool log_debug_on(struct log *l)
{
    return atomic_load_explicit(&l->debug, memory_order_relaxed);
}

static inline bool log_trace_on(struct log *l)
{
    return atomic_load_explicit(&l->trace, memory_order_relaxed);
}

#define log_error(log, ...) log_line((log), LOG_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_line((log), LOG_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_line((log), LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...)                                             \
    do {                                                                \
        if (log_debug_on(log)) log_line((log), LOG_DEBUG, __VA_ARGS__); \
    } while (0)

#endif
