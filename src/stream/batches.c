/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batches.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "config/options.h"
#include "stream/advisory.h"
#include "stream/api_requests.h"
#include "stream/batches_internal.h"

/* As nats-server has them when the configuration does not say. */
static const struct {
    uint32_t of_stream, of_server;
} limits[BATCH_KINDS] = {
    [BATCH_ATOMIC] = { 50, 1000 },
    [BATCH_FAST] = { 1000, 50000 },
};
#define IDLE_MAX (10 * SECOND)

static const struct js_limit_options *options_of(const struct stream *s)
{
    return &s->account->js->options->jetstream.limits;
}

static nanos idle_max(const struct stream *s)
{
    nanos configured = options_of(s)->batch_timeout;
    return configured > 0 ? configured : IDLE_MAX;
}

static uint32_t or_default(int64_t configured, uint32_t otherwise)
{
    if (configured <= 0) return otherwise;
    return configured > UINT32_MAX ? UINT32_MAX : (uint32_t)configured;
}

/* ---- those that are idle ---- */

static struct batch_head *first(const struct batches *b, enum batch_kind kind)
{
    if (list_empty(&b->open[kind])) return NULL;
    return container_of(b->open[kind].next, struct batch_head, node);
}

static void arm(struct batches *b)
{
    nanos due = NANOS_MAX;
    for (int kind = 0; kind < BATCH_KINDS; kind++) {
        const struct batch_head *h = first(b, (enum batch_kind)kind);
        if (h != NULL && h->due < due) due = h->due;
    }
    if (due != NANOS_MAX && !timer_is_set(&b->timer))
        wheel_set(&jetstream_reactor(b->stream->account->js)->wheel, &b->timer, due);
}

static void fire(struct timer *t, nanos now)
{
    struct batches *b = container_of(t, struct batches, timer);
    struct batch_head *h;
    while ((h = first(b, BATCH_ATOMIC)) != NULL && h->due <= now)
        batches_give_up(b, h, BATCH_TIMEOUT);
    while ((h = first(b, BATCH_FAST)) != NULL && h->due <= now) batches_end(b, BATCH_FAST, h);
    arm(b);
    stream_wake(b->stream);
}

/* ---- life ---- */

struct batches *batches_get(struct stream *s)
{
    if (s->batches != NULL) return s->batches;
    struct batches *b = xcalloc(1, sizeof *b);
    b->stream = s;
    for (int kind = 0; kind < BATCH_KINDS; kind++) list_init(&b->open[kind]);
    timer_init(&b->timer, fire);
    s->batches = b;
    return b;
}

static void end_all(struct batches *b, enum batch_kind kind)
{
    struct batch_head *h;
    while ((h = first(b, kind)) != NULL) batches_end(b, kind, h);
    assert(b->count[kind] == 0);
}

struct batches *batches_free(struct batches *b)
{
    if (b == NULL) return NULL;
    end_all(b, BATCH_ATOMIC);
    end_all(b, BATCH_FAST);
    wheel_cancel(&jetstream_reactor(b->stream->account->js)->wheel, &b->timer);
    text_queue_deinit(&b->given_up);
    return xfree(b);
}

uint64_t batches_bytes(const struct stream *s)
{
    return s->batches == NULL ? 0 : s->batches->bytes;
}

void batches_update(struct stream *s)
{
    if (s->batches == NULL) return;
    if (!s->config.allow_atomic) end_all(s->batches, BATCH_ATOMIC);
    if (!s->config.allow_batched) end_all(s->batches, BATCH_FAST);
}

struct batch_head *batches_find(struct batches *b, enum batch_kind kind, struct slice id)
{
    LIST_EACH(&b->open[kind], node) {
        struct batch_head *h = container_of(node, struct batch_head, node);
        if (slice_equal(batch_id(h), id)) return h;
    }
    return NULL;
}

struct batch_head *batches_open(struct batches *b, enum batch_kind kind, struct slice id)
{
    struct stream *s = b->stream;
    struct jetstream *js = s->account->js;
    const struct js_limit_options *o = options_of(s);
    uint32_t of_stream = or_default(o->batch_inflight_per_stream_max, limits[kind].of_stream);
    uint32_t of_server = or_default(o->batch_inflight_total_max, limits[kind].of_server);
    assert(id.len <= BATCH_ID_MAX);
    if (b->count[kind] >= of_stream || js->batches_open[kind] >= of_server) return NULL;
    size_t size = kind == BATCH_ATOMIC ? sizeof(struct batch) : sizeof(struct fast_batch);
    void *made = xcalloc(1, size);
    struct batch_head *h = kind == BATCH_ATOMIC ? &((struct batch *)made)->head
                                                : &((struct fast_batch *)made)->head;
    h->id_len = (uint8_t)id.len;
    memcpy(h->id, id.ptr, id.len);
    list_init(&h->node);
    b->count[kind]++;
    js->batches_open[kind]++;
    batches_touch(b, kind, h);
    return h;
}

void batches_touch(struct batches *b, enum batch_kind kind, struct batch_head *h)
{
    h->due = nanos_add(jetstream_reactor(b->stream->account->js)->now, idle_max(b->stream));
    list_remove(&h->node);
    list_add_tail(&b->open[kind], &h->node);
    arm(b);
}

void batches_end(struct batches *b, enum batch_kind kind, struct batch_head *h)
{
    struct jetstream *js = b->stream->account->js;
    assert(b->count[kind] > 0 && js->batches_open[kind] > 0);
    list_remove(&h->node);
    b->count[kind]--;
    js->batches_open[kind]--;
    if (kind == BATCH_FAST) {
        xfree(fast_batch_of(h)->end_reply);
        xfree(fast_batch_of(h));
        return;
    }
    struct batch *batch = batch_of(h);
    assert(b->bytes >= text_queue_bytes(&batch->staged));
    b->bytes -= text_queue_bytes(&batch->staged);
    text_queue_deinit(&batch->staged);
    xfree(batch);
}

/* ---- those that were given up ---- */

void batches_give_up(struct batches *b, struct batch_head *h, enum batch_reason reason)
{
    struct text_entry e = { reason, { batch_id(h) } };
    text_queue_add(&b->given_up, &e);
    batches_end(b, BATCH_ATOMIC, h);
    stream_wake(b->stream);
}

void batches_run(struct stream *s)
{
    static const struct slice reasons[] = {
        [BATCH_TIMEOUT] = SLICE_INIT("timeout"),
        [BATCH_LARGE] = SLICE_INIT("large"),
        [BATCH_INCOMPLETE] = SLICE_INIT("incomplete"),
        [BATCH_UNSUPPORTED] = SLICE_INIT("unsupported"),
    };
    struct batches *b = s->batches;
    struct text_entry e;
    if (b == NULL) return;
    while (text_queue_peek(&b->given_up, &s->sending, &e)) {
        struct advisory_facts facts = {
            .stream = stream_name(s),
            .batch = e.texts[0],
            .reason = reasons[e.number],
        };
        text_queue_drop(&b->given_up);
        advise(s->account, ADVISORY_BATCH_ABANDONED, &facts);
    }
    if (b->count[BATCH_ATOMIC] > 0 || b->count[BATCH_FAST] > 0) return;
    s->batches = batches_free(b);
}

bool batch_level_is_too_high(const struct publish_headers *h)
{
    struct js_error unused;
    return !js_level_check(h->at[PUBLISH_REQUIRED_API_LEVEL], &unused);
}
