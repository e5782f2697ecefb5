/* SPDX-License-Identifier: Apache-2.0 */
/* Damage: messages of a stream that are found to be damaged are told to operators, by sequence: a
 * line of the log and an advisory (advisory.h).
 *
 * What is found within a second is one line and one advisory of a stream, and the next ones come
 * ten seconds later at the earliest: a disk that loses a million messages is not a million lines.
 * Nothing is told twice, and nothing is left out at the end of the server.
 *
 * Thread: the JetStream reactor. Memory: a stream has one while something of it is untold. */
#ifndef MIDGE_STREAM_DAMAGE_H
#define MIDGE_STREAM_DAMAGE_H

#include "base/buf.h"
#include "base/units.h"

struct jetstream;
struct stream;
struct damage;

/* As text: "5, 7-9, …", the first of them. */
enum { DAMAGE_RANGES_TOLD = 20 };
struct damage_text {
    struct buf text;
    uint32_t   count;
};
/* An `each` of msgs_lost(). */
bool damage_text_add(void *damage_text, uint64_t first, uint64_t last);

/* These were not known before. */
void damage_found(struct stream *, uint64_t first, uint64_t last);
/* The stream ends: nothing of it is told any more. One without damage is fine. */
void damage_forget(struct stream *);

/* At the end of each tick: tells what is due. With NANOS_MAX: all. */
void damage_tick(struct jetstream *, nanos now);
/* When something is to be told; NANOS_MAX: nothing is. */
nanos damage_due(const struct jetstream *);

#endif
