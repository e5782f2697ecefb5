/* SPDX-License-Identifier: Apache-2.0 */
/* Consumes a stream that jsfill has left: all of it, or one of its subjects. */
#include "natsbench.h"
#include "natsbench_api.h"
#include "natsbench_consume.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

/* One of many subjects has few messages: it is consumed again and again. */
#define FILTERED_TIMES 20

struct consumed {
    uint64_t msgs;
    uint64_t elapsed_ns;
    struct latencies latencies;
};

static void consume_once(struct consume *c, const struct consume_spec *spec, struct consumed *sum)
{
    uint64_t start = now_ns();
    sum->msgs += consume_begin(c, spec);
    consume_all(c, &sum->latencies);
    sum->elapsed_ns += now_ns() - start;
    consume_end(c);
}

void mode_jsconsume(const struct options *o)
{
    struct api *api = api_open(o);
    struct consume *c = consume_open(o, api);
    struct consumed sum = { 0 };
    const struct consume_spec spec = {
        .stream = "BENCH0000",
        .filter = o->is_filtered ? "js.0000.00000000" : NULL,
        .policy = "all",
        .batch = o->batch,
        .pulls = o->window,
        .most = o->msgs,
        .is_acked = o->is_acked,
        .is_durable = true,
    };
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    for (int i = 0; i < (o->is_filtered ? FILTERED_TIMES : 1); i++) consume_once(c, &spec, &sum);
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_number("batch", o->batch);
    report_rate(sum.msgs, sum.elapsed_ns);
    report_cpu(o, cpu, sum.msgs, "msg");
    report_rss(o);
    latencies_report(&sum.latencies, "");
    report_end();
}
