/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: /metrics, the reports again, for Prometheus, under the names that dashboards know.
 *
 *   ?style=helm       nats_varz_…, as the exporter with the prefix of its Helm chart; the default
 *   ?style=exporter   gnatsd_varz_… and jetstream_…, as the exporter alone
 *   ?style=surveyor   nats_core_…, as nats-surveyor
 *   ?connz=detailed   a series per connection
 *   ?jsz=accounts     a series per account that may have streams; ?jsz=streams also per stream,
 *                     ?jsz=consumers or all also per consumer (metrics_js.h)
 *
 * At most METRICS_CONNS_MAX connections and METRICS_ACCOUNTS_MAX accounts have series of their own;
 * nats_metrics_truncated tells when there are more.
 * Thread and memory: request.h. Source: reference ecosystem 4. */
#ifndef MIDGE_MONITOR_METRICS_H
#define MIDGE_MONITOR_METRICS_H

#include <stdbool.h>

struct request;

enum { METRICS_CONNS_MAX = 10000, METRICS_ACCOUNTS_MAX = 1024 };

bool metrics_plan(struct request *);
void metrics_serve(struct request *);

#endif
