/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribing beside full traffic: the CPU per delivered message beside `rate` SUB and as many
 * UNSUB a second, against the flow alone. The churn alone runs first, for `seconds`; its own cost
 * per operation is taken off. Then the flow goes alone and beside the churn in turn, for twice
 * `seconds` in all, on the same connections: the rise is the median over the turns, each against
 * the flow alone right before and right after it, because a shared machine drifts.
 *
 * Subjects go round over a million names, one in two a wildcard, so that the interest table has a
 * history; LIVE_SUBS stand at a time. */
#include <stdatomic.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_flow.h"
#include "natsbench_report.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define NAMES 1000000
#define LIVE_SUBS 1000
#define TURN_NS 1000000ull      /* one send a millisecond */
#define TURN_PAIRS_MAX 2000     /* what a late turn makes up for */
#define PAIR_BYTES 128
#define TURNS 7                 /* of the flow beside the churn */

struct churn {
    uint32_t rate;              /* pairs a second */
    struct conn *conn;
    pthread_t thread;
    atomic_bool is_stopping;
    uint64_t first;             /* where in the round of names it starts */
    uint64_t pairs;             /* read after the join */
};

struct phase {
    struct server_cpu cpu;
    uint64_t msgs;
    uint64_t pairs;
    uint64_t elapsed_ns;
};

static size_t pair_print(char *out, const struct churn *c)
{
    uint64_t n = c->pairs;
    unsigned long long name = (c->first + n) % NAMES, sid = n + 1;
    const char *last = name % 2 ? "*" : "x";
    size_t len = text_print(out, PAIR_BYTES, "SUB churn.%llu.%s %llu\r\n", name, last, sid);
    if (n < LIVE_SUBS) return len;
    return len + text_print(out + len, PAIR_BYTES - len, "UNSUB %llu\r\n", sid - LIVE_SUBS);
}

static void churn_turn(struct churn *c, char *out, uint64_t due)
{
    if (due > c->pairs + TURN_PAIRS_MAX) due = c->pairs + TURN_PAIRS_MAX;
    size_t len = 0;
    for (; c->pairs < due; c->pairs++) len += pair_print(out + len, c);
    if (len > 0) conn_send(c->conn, out, len);
}

static void *churn_run(void *ctx)
{
    struct churn *c = ctx;
    char *out = xalloc(TURN_PAIRS_MAX, PAIR_BYTES);
    uint64_t start = now_ns();
    while (!atomic_load(&c->is_stopping)) {
        uint64_t now = now_ns();
        churn_turn(c, out, (uint64_t)((double)(now - start) * c->rate / 1e9));
        sleep_until_ns(now + TURN_NS);
    }
    conn_ping_pong(c->conn);
    return NULL;
}

static struct phase phase_run(const struct options *o, double seconds, struct flow *f,
                              struct churn *c)
{
    uint64_t received = f != NULL ? flow_received(f) : 0;
    if (c != NULL) c->conn = conn_open(o, 0);
    struct phase p = { .cpu = server_cpu_begin(o->server_pid) };
    uint64_t start = now_ns();
    if (c != NULL) {
        atomic_store(&c->is_stopping, false);
        c->first += c->pairs;
        c->pairs = 0;
        c->thread = thread_start(churn_run, c);
    }
    if (f != NULL) {
        flow_start(f, FLOW_ENDLESS);
        flow_receive_background(f);
    }
    sleep_until_ns(start + (uint64_t)(seconds * 1e9));
    if (c != NULL) {
        atomic_store(&c->is_stopping, true);
        (void)pthread_join(c->thread, NULL);
        p.pairs = c->pairs;
    }
    if (f != NULL) flow_finish(f);
    p.elapsed_ns = now_ns() - start;
    p.cpu = server_cpu_since(o->server_pid, p.cpu);
    p.msgs = f != NULL ? flow_received(f) - received : 0;
    if (c != NULL) c->conn = conn_close(c->conn);
    return p;
}

/* CPU per message, less what its pairs cost alone. */
static double net_ns(const struct phase *p, double per_pair)
{
    return ((double)p->cpu.sched_ns - per_pair * (double)p->pairs) / (double)p->msgs;
}

void mode_churn(const struct options *o)
{
    if (o->server_pid == 0 || o->rate == 0) die("churn needs -P and -r");
    struct churn churn = { .rate = o->rate };
    struct phase alone = phase_run(o, o->seconds, NULL, &churn), all = { 0 };
    double per_pair = (double)alone.cpu.sched_ns / (double)alone.pairs;

    struct flow *f = flow_open(o, FLOW_FAN);
    double turn = 2 * o->seconds / (2 * TURNS + 1), net[TURNS], quiet[TURNS], rise[TURNS];
    struct phase after = phase_run(o, turn, f, NULL);
    for (int i = 0; i < TURNS; i++) {
        struct phase before = after, both = phase_run(o, turn, f, &churn);
        after = phase_run(o, turn, f, NULL);
        quiet[i] = (net_ns(&before, per_pair) + net_ns(&after, per_pair)) / 2;
        net[i] = net_ns(&both, per_pair);
        rise[i] = net[i] / quiet[i];
        all.msgs += both.msgs;
        all.pairs += both.pairs;
        all.elapsed_ns += both.elapsed_ns;
    }
    (void)flow_close(f);

    report_begin(o);
    report_rate(all.msgs, all.elapsed_ns);
    report_number("pairs_per_second", (double)all.pairs * 1e9 / (double)all.elapsed_ns);
    report_number("churn_cpu_ns_pair", per_pair);
    report_number("quiet_cpu_ns_msg", median(quiet, TURNS));
    report_number("net_cpu_ns_msg", median(net, TURNS));
    report_number("rise", median(rise, TURNS));
    report_number("rise_least", rise[0]);
    report_number("rise_most", rise[TURNS - 1]);
    report_end();
}
