/* SPDX-License-Identifier: Apache-2.0 */
/* What one subscriber that never reads costs the others: how much less they receive in `seconds`
 * from its SUB than in the `seconds` before and after it, in one full flow that never stops.
 *
 * `dead_subs` such subscribers come, one after the other; the loss is the median of theirs. Both
 * neighbours count because a shared machine's speed drifts by more than what is judged here, and
 * all stands in one flow because two runs of one flow differ by more than that, too. */
#include <stdlib.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

#define WARM_UP_NS (NANOS_PER_SECOND / 2)

/* Messages a second that the others receive in a window. */
static double window(struct flow *f, double seconds)
{
    uint64_t start = now_ns(), before = flow_received(f);
    flow_receive(f, start + (uint64_t)(seconds * 1e9));
    return (double)(flow_received(f) - before) * 1e9 / (double)(now_ns() - start);
}

static double window_beside_dead(struct flow *f, const struct options *o)
{
    struct conn *dead = conn_open(o, 0);
    conn_print(dead, "SUB %s 1\r\n", o->subject);
    double rate = window(f, o->seconds);
    (void)conn_close(dead);
    return rate;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

void mode_dead(const struct options *o)
{
    if (o->dead_subs == 0 || o->seconds <= 0) die("dead needs -d and -T");
    struct options others = *o;
    others.dead_subs = 0;
    struct flow *f = flow_open(&others, FLOW_FAN);
    double *losses = xalloc(o->dead_subs, sizeof *losses);
    flow_start(f, FLOW_ENDLESS);
    flow_receive(f, now_ns() + WARM_UP_NS);

    double free_rate = window(f, o->seconds), free_sum = free_rate, held_sum = 0;
    for (uint32_t i = 0; i < o->dead_subs; i++) {
        double before = free_rate, held = window_beside_dead(f, o);
        free_rate = window(f, o->seconds);
        losses[i] = 1 - held / ((before + free_rate) / 2);
        free_sum += free_rate;
        held_sum += held;
    }

    report_begin(o);
    report_number("free_rate", free_sum / (o->dead_subs + 1));
    report_number("rate", held_sum / o->dead_subs);
    report_number("loss", median(losses, o->dead_subs));
    report_number("loss_least", losses[0]);
    report_number("loss_most", losses[o->dead_subs - 1]);
    report_rss(o);
    report_end();
    /* Publishers may be held back by the server for a long time: the process ends without them. */
}
