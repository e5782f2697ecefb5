/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pace.h"

#include <stdbool.h>

#include "base/assert.h"

void rate_init(struct rate *l, uint64_t bits_per_s, uint64_t burst)
{
    assert(bits_per_s == 0 || burst > 0);
    assert(burst <= UINT32_MAX);
    uint64_t bytes = bits_per_s / 8;
    if (bits_per_s > 0 && bytes == 0) bytes = 1;
    *l = (struct rate){ .bytes_per_s = bytes, .burst = burst };
}

static nanos time_for(const struct rate *l, uint64_t bytes)
{
    assert(l->bytes_per_s > 0);
    assert(bytes <= UINT32_MAX);
    return (nanos)(bytes * (uint64_t)SECOND / l->bytes_per_s);
}

nanos rate_take(struct rate *l, uint64_t size, nanos now)
{
    if (l->bytes_per_s == 0) return now;
    assert(now >= 0);
    nanos from = l->full_at > now ? l->full_at : now;
    nanos needs = time_for(l, size);
    l->full_at = from > NANOS_MAX - needs ? NANOS_MAX : from + needs;
    nanos leaves = l->full_at - time_for(l, l->burst);
    assert(l->full_at >= now);
    return leaves > now ? leaves : now;
}

void replay_init(struct replay *r, uint64_t last_seq)
{
    assert(r != NULL);
    assert(last_seq < UINT64_MAX);
    *r = (struct replay){ .last_seq = last_seq };
}

static bool is_over(const struct replay *r, uint64_t stream_seq)
{
    assert(stream_seq > 0);
    assert(r->last_time >= 0);
    return stream_seq > r->last_seq;
}

nanos replay_due(const struct replay *r, uint64_t stream_seq, nanos time, nanos now)
{
    assert(time >= 0);
    assert(now >= 0);
    if (is_over(r, stream_seq) || r->last_time == 0) return now;
    if (time <= r->last_time || time - r->last_time <= MILLISECOND) return now;
    nanos gap = time - r->last_time;
    nanos due = r->last_left > NANOS_MAX - gap ? NANOS_MAX : r->last_left + gap;
    return due > now ? due : now;
}

void replay_asked(struct replay *r, uint64_t stream_seq, nanos now)
{
    assert(stream_seq > 0);
    assert(now >= 0);
    if (r->asked_seq == stream_seq) return;
    r->asked_seq = stream_seq;
    r->last_left = now;
}

void replay_left(struct replay *r, uint64_t stream_seq, nanos time, nanos now)
{
    assert(time >= 0);
    assert(now >= 0);
    if (is_over(r, stream_seq)) return;
    r->last_time = time;
    r->last_left = now;
}
