/* SPDX-License-Identifier: Apache-2.0 */
/* Pace: when the next message of a consumer may leave: rate_limit_bps of push consumers, and the
 * gaps of replay_policy original.
 *
 * Pure values of now; thread: the consumer's reactor; memory: none. */
#ifndef MIDGE_STREAM_PACE_H
#define MIDGE_STREAM_PACE_H

#include <stdint.h>

#include "base/units.h"

/* A bucket that holds `burst` bytes, full at first. */
struct rate {
    uint64_t bytes_per_s;               /* 0: no limit */
    uint64_t burst;
    nanos    full_at;                   /* when the bucket is full again */
};

/* `bits_per_s` as configured, 0: no limit; `burst`: the largest message that the stream takes. */
void rate_init(struct rate *, uint64_t bits_per_s, uint64_t burst);

/* Takes a message of `size` (under 4 GiB) out of the bucket. Returns when it may leave: `now` or
 * later. */
nanos rate_take(struct rate *, uint64_t size, nanos now);

/* Original pace up to the message that was the stream's last when the consumer began to deliver. */
struct replay {
    uint64_t last_seq;                  /* 0: instant */
    nanos    last_time;                 /* of the message before, as stored */
    nanos    last_left;                 /* when that one left, or the next one was asked for */
    uint64_t asked_seq;                 /* … and which that was */
};

void replay_init(struct replay *, uint64_t last_seq); /* 0: instant */

/* When the message that was stored at `time` may leave: `now` or later. Gaps of up to a millisecond
 * count as none. The caller waits and then says when it left. */
nanos replay_due(const struct replay *, uint64_t stream_seq, nanos time, nanos now);
/* Of who delivers on demand: somebody asks for this one. The gap before it begins when that is said
 * first. */
void replay_asked(struct replay *, uint64_t stream_seq, nanos now);
void replay_left(struct replay *, uint64_t stream_seq, nanos time, nanos now);

#endif
