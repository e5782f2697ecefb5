/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection and a subscription cost when nothing happens. */
#include <string.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_report.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define SUBS_BYTES (1 << 20)

/* idle: open `pubs` connections one after the other and hold them; connect: close each at once,
 * for `seconds` or `pubs` times. */
void mode_idle(const struct options *o)
{
    bool holds = strcmp(o->mode, "idle") == 0;
    files_max_raise();
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t rss = server_rss_bytes(o->server_pid), start = now_ns(), opened = 0;
    uint64_t end = o->seconds > 0 ? start + (uint64_t)(o->seconds * 1e9) : UINT64_MAX;
    for (; (o->seconds > 0 || opened < o->pubs) && now_ns() < end; opened++) {
        struct conn *c = conn_open(o, (uint32_t)opened);
        if (!holds) (void)conn_close(c);
    }
    uint64_t elapsed = now_ns() - start;
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_number("connections", (double)opened);
    report_rate(opened, elapsed);
    report_cpu(o, cpu, opened, "conn");
    report_rss(o);
    if (holds && o->server_pid != 0)
        report_number("bytes_conn",
                      ((double)server_rss_bytes(o->server_pid) - (double)rss) / (double)opened);
    report_end();
}

/* `msgs` distinct subscriptions of one connection. */
void mode_subs(const struct options *o)
{
    struct conn *c = conn_open(o, 0);
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t rss = server_rss_bytes(o->server_pid), start = now_ns();
    char *lines = xalloc(1, SUBS_BYTES);
    size_t fill = 0;
    for (uint64_t i = 0; i < o->msgs; i++) {
        unsigned long long n = i;
        fill += text_print(lines + fill, SUBS_BYTES - fill,
                           "SUB region.%llu.device.%llu.state %llu\r\n", n % 100, n, n + 1);
        if (fill < SUBS_BYTES - 256) continue;
        conn_send(c, lines, fill);
        fill = 0;
    }
    if (fill > 0) conn_send(c, lines, fill);
    conn_ping_pong(c);
    uint64_t elapsed = now_ns() - start;
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_rate(o->msgs, elapsed);
    report_cpu(o, cpu, o->msgs, "sub");
    report_rss(o);
    report_number("bytes_sub",
                  ((double)server_rss_bytes(o->server_pid) - (double)rss) / (double)o->msgs);
    report_end();
}
