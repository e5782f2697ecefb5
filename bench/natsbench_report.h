/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a run: one flat JSON object on stdout, and a bag of latencies.
 *
 * Thread:  one at a time.
 * Memory:  latencies own their samples.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "natsbench.h"
#include "natsbench_server.h"

void report_begin(const struct options *);                  /* {"mode":...,"payload":... */
void report_number(const char *name, double value);
void report_text(const char *name, const char *value);     /* quotes inside become apostrophes */
void report_cpu(const struct options *, struct server_cpu, uint64_t ops, const char *unit);
/* Bytes written a message and the disk's flushes a million messages. */
void report_io(const struct options *, struct server_io, uint64_t ops);
void report_rate(uint64_t msgs, uint64_t elapsed_ns);       /* msgs, secs, rate */
void report_rss(const struct options *);
void report_end(void);

struct latencies {          /* fields are private to natsbench_report.c */
    float *us;
    size_t count;
    size_t capacity;
};

void latencies_add(struct latencies *, uint64_t ns);
void latencies_clear(struct latencies *);
double latencies_percentile_us(struct latencies *, double share);   /* sorts; 0 when empty */
void latencies_report(struct latencies *, const char *prefix);      /* PREFIXp50_us, ... */
