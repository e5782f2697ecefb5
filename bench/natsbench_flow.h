/* SPDX-License-Identifier: Apache-2.0 */
/* A flow: publishers at full speed, each on a thread of its own, and subscribers that only count.
 *
 * Every message of a flow has the same length on the wire, so a subscriber looks at one byte per
 * message; control lines between messages are recognised, and a PING is answered.
 *
 * Thread:  flow_receive runs on one thread (flow_receive_background starts one); the rest is the
 * owner's.
 * Memory:  a flow lives until the process ends, unless it is closed.
 * Errors:  a lost message (nothing for 10 s while some are due) ends the benchmark.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "natsbench.h"

struct flow;

enum flow_kind { FLOW_SILENT, FLOW_FAN, FLOW_QUEUE };       /* nobody, everybody, one of a group */

#define FLOW_ENDLESS UINT64_MAX

struct flow *flow_open(const struct options *, enum flow_kind);
struct flow *flow_close(struct flow *);

void flow_start(struct flow *, uint64_t msgs);              /* FLOW_ENDLESS: until flow_finish */
void flow_receive(struct flow *, uint64_t until_ns);        /* until all has come, or that time */
void flow_receive_background(struct flow *);                /* until flow_finish */
/* stops publishers, takes what is under way; the flow may start again */
void flow_finish(struct flow *);

uint64_t flow_received(const struct flow *);                /* deliveries so far */
uint64_t flow_published(const struct flow *);               /* after flow_finish */
