/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "natsbench.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

static enum flow_kind kind_of(const char *mode)
{
    if (strcmp(mode, "pub") == 0) return FLOW_SILENT;
    return strcmp(mode, "queue") == 0 ? FLOW_QUEUE : FLOW_FAN;
}

/* Either `msgs` messages, or as many as fit in `seconds`. */
void mode_flow(const struct options *o)
{
    enum flow_kind kind = kind_of(o->mode);
    struct flow *f = flow_open(o, kind);
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t start = now_ns();
    bool is_timed = o->seconds > 0;
    flow_start(f, is_timed ? FLOW_ENDLESS : o->msgs);
    flow_receive(f, is_timed ? start + (uint64_t)(o->seconds * 1e9) : UINT64_MAX);
    if (is_timed) flow_finish(f);
    uint64_t elapsed = now_ns() - start;
    cpu = server_cpu_since(o->server_pid, cpu);
    uint64_t msgs = kind == FLOW_SILENT ? flow_published(f) : flow_received(f);

    report_begin(o);
    report_rate(msgs, elapsed);
    report_cpu(o, cpu, msgs, "msg");
    report_rss(o);
    report_end();
}
