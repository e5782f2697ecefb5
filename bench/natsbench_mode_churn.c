/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribing beside full traffic. Three phases of `seconds` on one server: the flow alone, the
 * churn alone (`rate` SUB and as many UNSUB a second), both. The churn's own cost per operation,
 * measured alone, is taken off before the CPU per delivered message is compared.
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

struct churn {
    uint32_t rate;              /* pairs a second */
    struct conn *conn;
    pthread_t thread;
    atomic_bool is_stopping;
    uint64_t pairs;             /* read after the join */
};

struct phase {
    struct server_cpu cpu;
    uint64_t msgs;
    uint64_t pairs;
    uint64_t elapsed_ns;
};

static size_t pair_print(char *out, uint64_t n)
{
    unsigned long long name = n % NAMES, sid = n + 1;
    const char *last = name % 2 ? "*" : "x";
    size_t len = text_print(out, PAIR_BYTES, "SUB churn.%llu.%s %llu\r\n", name, last, sid);
    if (n < LIVE_SUBS) return len;
    return len + text_print(out + len, PAIR_BYTES - len, "UNSUB %llu\r\n", sid - LIVE_SUBS);
}

static void churn_turn(struct churn *c, char *out, uint64_t due)
{
    if (due > c->pairs + TURN_PAIRS_MAX) due = c->pairs + TURN_PAIRS_MAX;
    size_t len = 0;
    for (; c->pairs < due; c->pairs++) len += pair_print(out + len, c->pairs);
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

static struct phase phase_run(const struct options *o, bool has_flow, bool has_churn)
{
    struct flow *f = has_flow ? flow_open(o, FLOW_FAN) : NULL;
    struct churn churn = { .rate = o->rate, .conn = has_churn ? conn_open(o, 0) : NULL };
    struct phase p = { .cpu = server_cpu_begin(o->server_pid) };
    uint64_t start = now_ns(), end = start + (uint64_t)(o->seconds * 1e9);
    if (has_churn) churn.thread = thread_start(churn_run, &churn);
    if (has_flow) {
        flow_start(f, FLOW_ENDLESS);
        flow_receive_background(f);
    }
    sleep_until_ns(end);
    atomic_store(&churn.is_stopping, true);
    if (has_churn) (void)pthread_join(churn.thread, NULL);
    if (has_flow) flow_finish(f);
    p.elapsed_ns = now_ns() - start;
    p.cpu = server_cpu_since(o->server_pid, p.cpu);
    p.msgs = has_flow ? flow_received(f) : 0;
    p.pairs = churn.pairs;
    if (has_flow) (void)flow_close(f);
    (void)conn_close(churn.conn);
    return p;
}

void mode_churn(const struct options *o)
{
    if (o->server_pid == 0 || o->rate == 0) die("churn needs -P and -r");
    struct phase quiet = phase_run(o, true, false);
    struct phase churn = phase_run(o, false, true);
    struct phase both = phase_run(o, true, true);
    double per_pair = (double)churn.cpu.sched_ns / (double)churn.pairs;
    double quiet_ns = (double)quiet.cpu.sched_ns / (double)quiet.msgs;
    double gross_ns = (double)both.cpu.sched_ns / (double)both.msgs;
    double net_ns = ((double)both.cpu.sched_ns - per_pair * (double)both.pairs) / (double)both.msgs;

    report_begin(o);
    report_rate(both.msgs, both.elapsed_ns);
    report_number("pairs_per_second", (double)both.pairs * 1e9 / (double)both.elapsed_ns);
    report_number("churn_cpu_ns_pair", per_pair);
    report_number("quiet_cpu_ns_msg", quiet_ns);
    report_number("gross_cpu_ns_msg", gross_ns);
    report_number("net_cpu_ns_msg", net_ns);
    report_number("quiet_rate", (double)quiet.msgs * 1e9 / (double)quiet.elapsed_ns);
    report_number("rise", net_ns / quiet_ns);
    report_end();
}
