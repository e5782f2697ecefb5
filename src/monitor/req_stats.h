/* SPDX-License-Identifier: Apache-2.0 */
/* Req stats: how often each page was asked for, as /varz reports it.
 *
 * Thread: any; the counts are atomic. Memory: a plain value of the monitor. */
#ifndef MIDGE_MONITOR_REQ_STATS_H
#define MIDGE_MONITOR_REQ_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* In the order of their names, as a Go map is written. */
#define REQ_STATS(X)         \
    X(ROOT, "/")             \
    X(ACCOUNTZ, "/accountz") \
    X(ACCSTATZ, "/accstatz") \
    X(CONNZ, "/connz")       \
    X(GATEWAYZ, "/gatewayz") \
    X(HEALTHZ, "/healthz")   \
    X(JSZ, "/jsz")           \
    X(LEAFZ, "/leafz")       \
    X(METRICS, "/metrics")   \
    X(ROUTEZ, "/routez")     \
    X(SUBSZ, "/subsz")       \
    X(VARZ, "/varz")

enum req_stat {
#define X(name, path) REQ_STAT_##name,
    REQ_STATS(X)
#undef X
        REQ_STATS_COUNT,
    REQ_STAT_NONE = REQ_STATS_COUNT,
};

struct req_stats {
    _Atomic uint64_t hits[REQ_STATS_COUNT];
};

static inline const char *req_stats_path(uint32_t at)
{
    static const char *const paths[] = {
#define X(name, path) path,
        REQ_STATS(X)
#undef X
    };
    return paths[at];
}

static inline uint64_t req_stats_get(const struct req_stats *s, uint32_t at)
{
    return atomic_load_explicit(&s->hits[at], memory_order_relaxed);
}

static inline void req_stats_count(struct req_stats *s, enum req_stat at)
{
    if (at < REQ_STATS_COUNT) atomic_fetch_add_explicit(&s->hits[at], 1, memory_order_relaxed);
}

#endif
