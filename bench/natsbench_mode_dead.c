/* SPDX-License-Identifier: Apache-2.0 */
/* What one subscriber that never reads costs the others in the `seconds` from its SUB, as a share
 * of what they receive in a full flow that never stops.
 *
 * `dead_subs` such subscribers come, one after the other; the loss is the median of theirs. A
 * subscriber counts from its SUB until AFTERMATH_NS after the server has cut it, at most `seconds`:
 * the rest of the time has nothing in it but the drift of a shared machine, which is larger than
 * what is judged. What it cost is that time less the time in which the others' free flow, right
 * before and right after, would have brought as much. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

#define WARM_UP_NS (NANOS_PER_SECOND / 2)
#define AFTERMATH_NS NANOS_PER_SECOND
#define FREE_NS (2 * NANOS_PER_SECOND)
#define LOOK_NS (NANOS_PER_SECOND / 50)     /* how often a cut is looked for */

struct window {
    uint64_t msgs;              /* that the others received */
    uint64_t elapsed_ns;
};

static double rate(struct window w)
{
    return (double)w.msgs * 1e9 / (double)w.elapsed_ns;
}

static struct window window_free(struct flow *f)
{
    uint64_t start = now_ns(), before = flow_received(f);
    flow_receive(f, start + FREE_NS);
    return (struct window){ flow_received(f) - before, now_ns() - start };
}

/* A close cannot be seen behind what is not read, but what is sent after it is refused: a PONG
 * that nobody has asked for changes nothing in a server. */
static bool conn_is_cut(const struct conn *c)
{
    return send(conn_fd(c), "PONG\r\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN;
}

static struct window window_beside_dead(struct flow *f, const struct options *o)
{
    struct conn *dead = conn_open(o, 0);
    conn_print(dead, "SUB %s 1\r\n", o->subject);
    uint64_t start = now_ns(), before = flow_received(f);
    uint64_t end = start + (uint64_t)(o->seconds * 1e9);
    bool is_cut = false;
    for (uint64_t now = start; now < end; now = now_ns()) {
        flow_receive(f, now + LOOK_NS < end ? now + LOOK_NS : end);
        if (is_cut || !conn_is_cut(dead)) continue;
        is_cut = true;
        if (now_ns() + AFTERMATH_NS < end) end = now_ns() + AFTERMATH_NS;
    }
    struct window w = { flow_received(f) - before, now_ns() - start };
    (void)conn_close(dead);
    return w;
}

void mode_dead(const struct options *o)
{
    if (o->dead_subs == 0 || o->seconds <= 0) die("dead needs -d and -T");
    struct options others = *o;
    others.dead_subs = 0;
    struct flow *f = flow_open(&others, FLOW_FAN);
    double *losses = xalloc(o->dead_subs, sizeof *losses), beside_seconds = 0;
    flow_start(f, FLOW_ENDLESS);
    flow_receive(f, now_ns() + WARM_UP_NS);

    struct window after = window_free(f);
    for (uint32_t i = 0; i < o->dead_subs; i++) {
        struct window before = after, held = window_beside_dead(f, o);
        after = window_free(f);
        double free_rate = (rate(before) + rate(after)) / 2;
        double held_seconds = (double)held.elapsed_ns / 1e9;
        losses[i] = (held_seconds - (double)held.msgs / free_rate) / o->seconds;
        beside_seconds += held_seconds / o->dead_subs;
    }

    report_begin(o);
    report_number("rate", rate(after));
    report_number("beside_seconds", beside_seconds);
    report_number("loss", median(losses, o->dead_subs));
    report_number("loss_least", losses[0]);
    report_number("loss_most", losses[o->dead_subs - 1]);
    report_rss(o);
    report_end();
    /* Publishers may be held back by the server for a long time: the process ends without them. */
}
