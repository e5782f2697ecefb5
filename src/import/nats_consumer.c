/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_consumer.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "import/nats_cursor.h"

enum { CONSUMER_MAGIC = 22, PENDING_MIN = 2, REDELIVERED_MIN = 2 };

static const uint64_t sequence_max = INT64_MAX;

/* A number above `base`; sequences have 63 bits. */
static uint64_t take_above(struct nats_cursor *c, uint64_t base)
{
    uint64_t value = nats_take(c);
    assert(base <= sequence_max);
    if (value > sequence_max - base) c->is_bad = true;
    return c->is_bad ? 0 : base + value;
}

/* How many follow, each of at least `least` bytes. */
static uint32_t take_count(struct nats_cursor *c, uint32_t least)
{
    uint64_t count = nats_take(c);
    if (count > c->rest.len / least) c->is_bad = true;
    return c->is_bad ? 0 : (uint32_t)count;
}

static nanos time_of(struct nats_cursor *c, int64_t seconds)
{
    const int64_t most = INT64_MAX / SECOND;
    if (seconds < 0 || seconds > most) c->is_bad = true;
    return c->is_bad ? 0 : seconds * SECOND;
}

static void read_positions(struct nats_cursor *c, struct nats_consumer *n)
{
    n->floor.consumer = take_above(c, 0);
    n->floor.stream = take_above(c, 0);
    uint64_t consumer = c->version == 1 && n->floor.consumer > 1 ? n->floor.consumer - 1 : 0;
    uint64_t stream = c->version == 1 && n->floor.stream > 1 ? n->floor.stream - 1 : 0;
    n->delivered.consumer = take_above(c, consumer);
    n->delivered.stream = take_above(c, stream);
}

static void read_pending(struct nats_cursor *c, struct nats_consumer *n)
{
    n->pending_count = take_count(c, PENDING_MIN);
    if (n->pending_count == 0) return;
    int64_t base = nats_take_signed(c);
    n->pending = xcalloc(n->pending_count, sizeof *n->pending);
    (void)time_of(c, base);
    for (uint32_t i = 0; i < n->pending_count && !c->is_bad; i++) {
        struct nats_pending *p = &n->pending[i];
        p->stream = take_above(c, n->floor.stream);
        if (c->version == 2) p->consumer = take_above(c, n->floor.consumer);
        int64_t seconds = nats_take_signed(c);
        if (seconds < -INT32_MAX || seconds > base + INT32_MAX) c->is_bad = true;
        else p->time = time_of(c, c->version == 2 ? base - seconds : base + seconds);
        if (p->stream == 0) c->is_bad = true;
    }
}

static void read_redelivered(struct nats_cursor *c, struct nats_consumer *n)
{
    uint32_t count = take_count(c, REDELIVERED_MIN);
    if (count == 0) return;
    n->redelivered = xcalloc(count, sizeof *n->redelivered);
    for (uint32_t i = 0; i < count && !c->is_bad; i++) {
        uint64_t stream = nats_take(c), times = nats_take(c);
        if (stream == 0 || times == 0) continue;
        if (stream > sequence_max - n->floor.stream) c->is_bad = true;
        else
            n->redelivered[n->redelivered_count++] = (struct nats_redelivered){
                n->floor.stream + stream, times
            };
    }
}

enum err nats_consumer_read(struct slice plain, struct nats_consumer *ret)
{
    struct nats_consumer n = { 0 };
    assert(ret != NULL);
    if (plain.len < 2 || plain.ptr[0] != CONSUMER_MAGIC) return ERR_CORRUPT;
    struct nats_cursor c = { .rest = slice_from(plain, 2), .version = plain.ptr[1] };
    if (c.version < 1 || c.version > 2) return ERR_CORRUPT;
    read_positions(&c, &n);
    if (!c.is_bad) read_pending(&c, &n);
    if (!c.is_bad) read_redelivered(&c, &n);
    if (c.is_bad) {
        nats_consumer_deinit(&n);
        return ERR_CORRUPT;
    }
    *ret = n;
    return ERR_OK;
}

void nats_consumer_deinit(struct nats_consumer *n)
{
    assert(n != NULL);
    xfree(n->pending);
    xfree(n->redelivered);
    *n = (struct nats_consumer){ 0 };
}
