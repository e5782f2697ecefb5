/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_request.h"
#include "natsbench_util.h"

static struct requests_limit limit_of(const struct options *o)
{
    struct requests_limit limit = { .count = o->msgs, .until_ns = UINT64_MAX };
    if (o->seconds > 0) {
        limit.count = UINT64_MAX;
        limit.until_ns = now_ns() + (uint64_t)(o->seconds * 1e9);
    }
    return limit;
}

void mode_request(const struct options *o)
{
    struct requests *rs = requests_open(o, o->subject);
    struct latencies latencies = { 0 };
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t start = now_ns();
    uint64_t msgs = requests_run(rs, limit_of(o), &latencies);
    uint64_t elapsed = now_ns() - start;
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_rate(msgs, elapsed);
    report_cpu(o, cpu, msgs, "msg");
    report_rss(o);
    latencies_report(&latencies, "");
    report_end();
}

/* One request at a time, while another publisher floods another subscriber of the same server. */
void mode_lone(const struct options *o)
{
    struct options lone = *o;
    lone.pubs = lone.window = 1;
    struct requests *rs = requests_open(&lone, "lone.request");
    struct flow *f = flow_open(o, FLOW_FAN);
    struct latencies latencies = { 0 };
    uint64_t start = now_ns();
    flow_start(f, FLOW_ENDLESS);
    flow_receive_background(f);
    sleep_until_ns(start + NANOS_PER_SECOND / 5);       /* the flood first fills its buffers */
    uint64_t requests = requests_run(rs, limit_of(o), &latencies);
    flow_finish(f);
    uint64_t elapsed = now_ns() - start;

    report_begin(o);
    report_number("requests", (double)requests);
    report_rate(flow_received(f), elapsed);
    report_rss(o);
    latencies_report(&latencies, "");
    report_end();
}
