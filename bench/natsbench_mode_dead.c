/* SPDX-License-Identifier: Apache-2.0 */
/* What one subscriber that never reads costs the others: how much they receive in `seconds` from
 * its
 * SUB, in a full flow. With `-d 0` the same without it, to compare. */
#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

#define WARM_UP_NS (NANOS_PER_SECOND / 2)

void mode_dead(const struct options *o)
{
    struct options others = *o;
    others.dead_subs = 0;
    struct flow *f = flow_open(&others, FLOW_FAN);
    struct conn *dead = o->dead_subs > 0 ? conn_open(o, 0) : NULL;
    flow_start(f, FLOW_ENDLESS);
    flow_receive(f, now_ns() + WARM_UP_NS);

    if (dead != NULL) conn_print(dead, "SUB %s 1\r\n", o->subject);
    uint64_t start = now_ns(), before = flow_received(f);
    flow_receive(f, start + (uint64_t)(o->seconds * 1e9));
    uint64_t elapsed = now_ns() - start, msgs = flow_received(f) - before;

    report_begin(o);
    report_number("dead", o->dead_subs);
    report_rate(msgs, elapsed);
    report_rss(o);
    report_end();
    /* Publishers may be held back by the server for a long time: the process ends without them. */
}
