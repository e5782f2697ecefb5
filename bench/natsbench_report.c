/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "natsbench_util.h"

static const char *const transport_names[] = { "tcp", "tls", "ws" };

void report_begin(const struct options *o)
{
    (void)printf("{\"mode\":\"%s\",\"transport\":\"%s\",\"payload\":%u,\"pubs\":%u,\"subs\":%u",
                 o->mode, transport_names[o->transport], o->payload_len, o->pubs, o->subs);
}

void report_number(const char *name, double value)
{
    (void)printf(",\"%s\":%.12g", name, value);
}

void report_text(const char *name, const char *value)
{
    (void)printf(",\"%s\":\"", name);
    for (; *value != '\0'; value++) (void)putchar(*value == '"' || *value == '\\' ? '\'' : *value);
    (void)putchar('"');
}

void report_cpu(const struct options *o, struct server_cpu cpu, uint64_t ops, const char *unit)
{
    if (o->server_pid == 0 || ops == 0) return;
    (void)printf(",\"cpu_ns_%s\":%.1f,\"cpu_ticks_ns_%s\":%.1f", unit,
                 (double)cpu.sched_ns / (double)ops, unit, (double)cpu.tick_ns / (double)ops);
}

void report_rate(uint64_t msgs, uint64_t elapsed_ns)
{
    double secs = (double)elapsed_ns / (double)NANOS_PER_SECOND;
    report_number("msgs", (double)msgs);
    report_number("secs", secs);
    report_number("rate", (double)msgs / secs);
}

void report_rss(const struct options *o)
{
    if (o->server_pid != 0) report_number("rss_bytes", (double)server_rss_bytes(o->server_pid));
}

void report_io(const struct options *o, struct server_io io, uint64_t ops)
{
    if (o->server_pid == 0 || ops == 0 || !io.is_known) return;
    (void)printf(",\"written_bytes_msg\":%.1f", (double)io.written_bytes / (double)ops);
    (void)printf(",\"flushes_million\":%.1f", (double)io.flushes * 1e6 / (double)ops);
}

void report_end(void)
{
    (void)puts("}");
    (void)fflush(stdout);
}

void latencies_add(struct latencies *l, uint64_t ns)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 4096 : l->capacity * 2;
        l->us = realloc(l->us, l->capacity * sizeof *l->us);
        if (l->us == NULL) die("out of memory");
    }
    l->us[l->count++] = (float)ns / 1000.0f;
}

void latencies_clear(struct latencies *l)
{
    l->count = 0;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double latencies_percentile_us(struct latencies *l, double share)
{
    if (l->count == 0) return 0;
    qsort(l->us, l->count, sizeof *l->us, compare);
    size_t index = (size_t)((double)l->count * share);
    return (double)l->us[index < l->count ? index : l->count - 1];
}

void latencies_report(struct latencies *l, const char *prefix)
{
    static const struct {
        const char *name;
        double share;
    } rows[] = {
        { "p50_us", 0.50 },
        { "p99_us", 0.99 },
        { "p999_us", 0.999 },
        { "max_us", 1.0 },
    };
    (void)printf(",\"%ssamples\":%zu", prefix, l->count);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)printf(",\"%s%s\":%.1f", prefix, rows[i].name,
                     latencies_percentile_us(l, rows[i].share));
}
