/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings: what clients do wrong stands in the log, and no client fills it. The same line is there
 * once in two seconds, as on nats-server, and no more than WARNINGS_MAX different ones in that
 * time.
 *
 * Thread: the JetStream reactor. Memory: none. */
#ifndef MIDGE_STREAM_WARNINGS_H
#define MIDGE_STREAM_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "base/units.h"

struct jetstream;

enum { WARNINGS_MAX = 32 };
#define WARNINGS_PERIOD (2 * SECOND)

/* Zeros: nothing was said. */
struct warnings {
    nanos    begin;                     /* of the period */
    uint32_t count;
    uint64_t lines[WARNINGS_MAX];       /* hashes of those that were said in it */
};

/* May this line be said? Then it has been. */
bool warnings_admit(struct warnings *, struct slice line, nanos now);

/* One line for the operator, of at most WARNINGS_LINE_MAX bytes; what a terminal would obey is
 * replaced. */
enum { WARNINGS_LINE_MAX = 1023 };
void jetstream_warn(struct jetstream *, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
