/* SPDX-License-Identifier: Apache-2.0 */
/* Stored publishes: into one stream or many at once (jspub), and to leave a store behind
 * (jsfill). */
#include "natsbench.h"
#include "natsbench_api.h"
#include "natsbench_ask.h"
#include "natsbench_report.h"
#include "natsbench_stored.h"
#include "natsbench_util.h"

static void report_streams(const struct options *o)
{
    report_begin(o);
    report_number("streams", o->streams);
    report_number("subjects", (double)o->subjects);
    report_number("window", o->window);
    report_text("storage", o->is_memory ? "memory" : "file");
}

void mode_jspub(const struct options *o)
{
    struct api *api = api_open(o);
    struct stored *s = stored_new(o);
    struct ask_kind kind = stored_kind(s);
    if (!o->is_kept) stored_streams_new(api, o);
    struct asks *as = asks_open(o, &kind);
    struct latencies latencies = { 0 };
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    struct server_io io = server_io_begin(o->server_pid, o->folder);
    struct asks_result result = asks_run_as_asked(as, &latencies);
    cpu = server_cpu_since(o->server_pid, cpu);
    io = server_io_since(o->server_pid, o->folder, io);

    report_streams(o);
    report_rate(result.answers, result.elapsed_ns);
    report_number("errors", (double)result.errors);
    if (result.errors > 0) report_text("complaint", stored_complaint(s));
    report_cpu(o, cpu, result.answers, "msg");
    report_io(o, io, result.answers);
    report_rss(o);
    latencies_report(&latencies, "");
    report_end();
    if (!o->is_kept) stored_streams_delete(api, o);
}

void mode_jsfill(const struct options *o)
{
    struct api *api = api_open(o);
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t rss = server_rss_bytes(o->server_pid), start = now_ns();
    stored_fill(api, o);
    uint64_t elapsed = now_ns() - start;
    cpu = server_cpu_since(o->server_pid, cpu);

    report_streams(o);
    report_rate(o->msgs, elapsed);
    report_cpu(o, cpu, o->msgs, "msg");
    report_rss(o);
    report_number("rss_before_bytes", (double)rss);
    report_end();
}
