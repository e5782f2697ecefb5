/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of JetStream: a series per account, stream and consumer of a report, under the names and
 * with the labels of prometheus-nats-exporter, or of nats-surveyor.
 *
 * Pure; thread: one at a time. Memory: texts lie in the arena; nothing is kept.
 * Limits: at most METRICS_STREAMS_MAX streams and METRICS_CONSUMERS_MAX consumers have series. */
#ifndef MIDGE_MONITOR_METRICS_JS_H
#define MIDGE_MONITOR_METRICS_JS_H

#include "core/core.h"
#include "monitor/exposition.h"
#include "stream/js_report.h"

enum { METRICS_STREAMS_MAX = 10000, METRICS_CONSUMERS_MAX = 10000 };

struct metrics_js {
    const struct js_report       *report;
    const struct server_identity *identity;
    struct arena                 *arena;
    struct exposition            *out;
    const char                   *prefix;       /* "nats_" or "jetstream_" */
    bool                          is_surveyor;
    bool                          with_accounts; /* series of accounts; the exporter's only */
    nanos                         now;          /* since 1970 */
};

/* False: there is more than has series. */
MUST_CHECK bool metrics_js_add(const struct metrics_js *);

#endif
