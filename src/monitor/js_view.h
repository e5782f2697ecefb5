/* SPDX-License-Identifier: Apache-2.0 */
/* Js_view: what /varz and /jsz show of JetStream as a whole: its limits, its sums.
 *
 * Thread and memory: request.h. Source: reference monitoring 2 and 10. */
#ifndef MIDGE_MONITOR_JS_VIEW_H
#define MIDGE_MONITOR_JS_VIEW_H

#include "json/table.h"
#include "stream/api_info.h"
#include "stream/js_report.h"

struct request;

struct js_stats_view {
    uint64_t memory, storage, reserved_memory, reserved_storage, accounts, ha_assets;
    struct js_api_stats api;
};

struct js_config_view {
    int64_t     max_memory, max_storage;
    const char *store_dir;
    nanos       sync_interval;
    bool        sync_always;
    const char *domain;
    bool        compress_ok;
    const char *unique_tag;
    bool        strict;
};

struct js_limits_view {
    int64_t request_batch, ack_pending, ha_assets;
    nanos   duplicate_window;
    int64_t batch_inflight_per_stream, batch_inflight_total, batch_size;
    nanos   batch_timeout;
    int64_t default_consumers;
};

extern const struct json_table js_stats_view_table, js_config_view_table, js_limits_view_table;

/* The whole of it, in the arena of the request, whose report was collected. */
struct js_stats_view  *js_stats_view(struct request *);
struct js_config_view *js_config_view(struct request *);
struct js_limits_view *js_limits_view(struct request *);

#endif
