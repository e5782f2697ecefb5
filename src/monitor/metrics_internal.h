/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics_internal: what the files of /metrics share. Thread and memory: metrics.h. */
#ifndef MIDGE_MONITOR_METRICS_INTERNAL_H
#define MIDGE_MONITOR_METRICS_INTERNAL_H

#include "monitor/exposition.h"
#include "monitor/request.h"

#define METRIC_GAUGE "gauge"
#define METRIC_COUNTER "counter"
#define METRIC_UNTYPED "untyped"

/* Names begin with these. */
struct naming {
    const char *name;
    const char *core;
    const char *jetstream;
};

struct metrics {
    struct request *request;
    struct exposition out;
    struct naming naming;
    struct label server[1]; /* server_id */
    bool is_surveyor;
    bool is_detailed;
    bool is_truncated;
};

/* ?jsz=: each level has those before it. */
enum { JSZ_NONE, JSZ_ACCOUNTS, JSZ_STREAMS, JSZ_CONSUMERS };

/* metrics.c: a series per account, stream and consumer, as far as `request` asks for them */
void metrics_add_js_details(struct metrics *);

/* metrics_accounts.c: accstatz and accountz */
void metrics_add_accounts(struct metrics *);
/* and nats-surveyor's; returns how many have clients */
uint32_t metrics_add_surveyor_accounts(struct metrics *);

/* metrics_surveyor.c: all that nats-surveyor tells */
void metrics_add_surveyor(struct metrics *);

#endif
