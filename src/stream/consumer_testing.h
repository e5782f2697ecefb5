/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer_testing: a stream of memory with its consumers and a client who is connected, for tests
 * of consumers. Included by tests only.
 *
 * Thread: the test's. Memory: stage_new() and stage_free().
 * What stream.c, js_account.c and advisory.c do is done here in a few lines: the turn, waits that
 * are called when all is applied, one account with one stream, and a list of what was advised. */
#ifndef MIDGE_STREAM_CONSUMER_TESTING_H
#define MIDGE_STREAM_CONSUMER_TESTING_H

#include "base/le.h"
#include "core/core_fake.h"
#include "stream/consumer_internal.h"

/* A log that makes things durable when it is told to. */
struct stage_log {
    struct stream_log base;
    struct buf        waiting;          /* kind, length, body of each; 4 bytes each number */
    bool              is_full;
};

struct stage {
    struct world     *world;
    struct jetstream  js;
    struct js_account account;
    struct stream     stream;
    struct stage_log  log;
    struct stream    *replica;          /* follows the log; NULL: none */
    uint32_t          client;
    struct buf        advised;          /* "MSG_NAKED 5 2 1 reason\n" … */
    nanos             ack_time;         /* of the last one */
    struct buf        unneeded;         /* "3-5\n" … */
};

static struct stage *stage_now;

void stream_wake(struct stream *s)
{
    reactor_turn(jetstream_reactor(s->account->js), &s->turn);
}

void stream_after(struct stream *s, struct stream_wait *w)
{
    w->upto = s->log->proposed;
    list_add_tail(&s->waits, &w->node);
    stream_wake(s);
}

void stream_wait_cancel(struct stream_wait *w)
{
    list_remove(&w->node);
}

void stream_unneeded(struct stream *s, uint64_t first, uint64_t last)
{
    (void)s;
    buf_printf(&stage_now->unneeded, "%llu-%llu\n", (unsigned long long)first,
               (unsigned long long)last);
}

void stream_unneeded_propose(struct stream *s)
{
    assert(s == &stage_now->stream);
}

struct stream *js_account_stream(const struct js_account *a, struct slice name)
{
    (void)a;
    return slice_equal(name, stream_name(&stage_now->stream)) ? &stage_now->stream : NULL;
}

void advise(struct js_account *a, enum advisory advisory, const struct advisory_facts *f)
{
    static const char *const names[] = {
#define X(id, subject, type) #id,
        ADVISORY_LIST(X)
#undef X
    };
    (void)a;
    buf_printf(&stage_now->advised, "%s %llu %llu %llu %.*s\n", names[advisory],
               (unsigned long long)f->stream_seq, (unsigned long long)f->consumer_seq,
               (unsigned long long)f->deliveries, SLICE_ARGS(f->reason));
    stage_now->ack_time = f->ack_time;
}

static inline void stage_turn(struct turn *t, struct reactor *r)
{
    struct stream *s = container_of(t, struct stream, turn);
    (void)r;
    LIST_EACH(&s->waits, node) {
        struct stream_wait *w = container_of(node, struct stream_wait, node);
        if (w->upto > s->log->applied) continue;
        list_remove(&w->node);
        w->done(w, false);
    }
    consumers_run(s->consumers);
    if (!list_empty(&s->waits)) stream_wake(s);
}

static inline void stage_apply(void *ctx, const struct stream_log_command *c)
{
    struct stream *s = ctx;
    consumers_apply(s->consumers, c);
}

static inline struct stream_log *stage_log_free(struct stream_log *base)
{
    struct stage_log *l = container_of(base, struct stage_log, base);
    buf_deinit(&l->waiting);
    return NULL;
}

static inline uint8_t *stage_log_propose(struct stream_log *base, uint32_t kind, uint64_t sequence,
                                         uint32_t len, enum journal_use use)
{
    struct stage_log *l = container_of(base, struct stage_log, base);
    (void)sequence;
    (void)use;
    if (l->is_full) return NULL;
    buf_reserve(&l->waiting, 8 + len);
    le_put_u32(l->waiting.ptr + l->waiting.len, kind);
    le_put_u32(l->waiting.ptr + l->waiting.len + 4, len);
    l->waiting.len += 8 + len;
    base->proposed++;
    return l->waiting.ptr + l->waiting.len - len;
}

static inline enum err stage_log_error(const struct stream_log *base)
{
    return container_of(base, struct stage_log, base)->is_full ? ERR_LIMIT : ERR_OK;
}

static const struct stream_log_ops stage_log_ops = { .free = stage_log_free,
                                                     .propose = stage_log_propose,
                                                     .error = stage_log_error };

static inline void stage_follow(struct stage *g, struct stream_log_command c)
{
    c.is_replay = true;
    if (g->replica != NULL) consumers_apply(g->replica->consumers, &c);
}

/* All that was proposed is durable now. */
static inline void stage_durable(struct stage *g)
{
    struct buf now = g->log.waiting;
    g->log.waiting = (struct buf){ .ptr = NULL };
    for (uint32_t at = 0; at < now.len;) {
        struct stream_log_command c = { .kind = le_get_u32(now.ptr + at) };
        c.body = slice_of(now.ptr + at + 8, le_get_u32(now.ptr + at + 4));
        at += 8 + c.body.len;
        g->log.base.applied++;
        stage_follow(g, c);
        consumers_apply(g->stream.consumers, &c);
    }
    buf_deinit(&now);
    stream_wake(&g->stream);
}

/* From now on a stream in files: what is proposed waits for stage_durable(). */
static inline void stage_file(struct stage *g)
{
    assert(g->stream.consumers->names.count == 0);
    g->stream.log = g->stream.log->ops->free(g->stream.log);
    g->log.base = (struct stream_log){
        .ops = &stage_log_ops,
    };
    g->stream.log = &g->log.base;
    g->stream.config.storage = JS_STORAGE_FILE;
}

static inline struct stage *stage_new(void)
{
    static const char *subjects[] = { "s.>" };
    struct stage *g = xcalloc(1, sizeof *g);
    stage_now = g;
    g->world = world_new(1, NULL);
    g->js.core = g->world->core;
    g->js.home = g->world->core->at[0];
    g->account.js = &g->js;
    g->account.account = g->world->core->global;
    struct stream *s = &g->stream;
    s->account = &g->account;
    s->incarnation = 1;
    s->is_started = true;
    s->config.name = "S";
    s->config.subjects = (struct json_array){ subjects, 1 };
    s->config.storage = JS_STORAGE_MEMORY;
    s->log = stream_log_none_new(g->js.home->reactor);
    s->log->ctx = s;
    s->log->apply = stage_apply;
    s->msgs = msgs_memory_new(1);
    s->consumers = consumers_new(s);
    list_init(&s->waits);
    turn_init(&s->turn, stage_turn);
    g->client = world_client_settled(g->world, 0);
    return g;
}

static inline void stage_free(struct stage *g)
{
    turn_cancel(&g->stream.turn);
    g->stream.consumers = consumers_free(g->stream.consumers);
    g->stream.log = g->stream.log->ops->free(g->stream.log);
    g->stream.msgs = msgs_free(g->stream.msgs);
    buf_deinit(&g->js.ack);
    buf_deinit(&g->advised);
    buf_deinit(&g->unneeded);
    world_free(g->world);
    xfree(g);
    stage_now = NULL;
}

static inline void stage_run(struct stage *g)
{
    for (int i = 0; i < 4; i++) world_run(g->world);
    consumers_check(g->stream.consumers);
}

/* Time goes by, and what is due is done. */
static inline void stage_pass(struct stage *g, nanos time)
{
    g->world->fake->now += time;
    g->world->fake->wall += time;
    stage_run(g);
}

static inline uint64_t stage_store(struct stage *g, const char *subject, const char *payload)
{
    struct msgs_state state;
    msgs_state(g->stream.msgs, &state);
    const struct stored m = { .sequence = state.last_sequence + 1,
                              .time = g->world->fake->wall,
                              .subject = slice_str(subject),
                              .payload = slice_str(payload) };
    msgs_append(g->stream.msgs, &m);
    if (g->stream.has_consumers) consumers_stored(g->stream.consumers, m.sequence, m.subject);
    return m.sequence;
}

static inline void stage_remove(struct stage *g, uint64_t sequence)
{
    struct slice subject;
    uint64_t size;
    enum err e = msgs_meta(g->stream.msgs, sequence, &subject, &size);
    assert(e == ERR_OK);
    consumers_removed(g->stream.consumers, sequence, subject);
    if (g->replica != NULL) consumers_removed(g->replica->consumers, sequence, subject);
    bool was_there = msgs_remove(g->stream.msgs, sequence, NULL);
    assert(was_there);
}

/* A consumer as it stands after the checks: what is 0 stays 0. */
static inline struct consumer *stage_consumer(struct stage *g, const char *name,
                                              const struct consumer_config *config)
{
    struct consumer_start start;
    struct msgs_wait wait = { .done = NULL };
    struct js_error why;
    enum err e = consumer_start_find(&g->stream, config, &wait, &start);
    assert(e == ERR_OK);
    struct consumer *c = consumer_create(g->stream.consumers, config, slice_str(name), &start,
                                         &why);
    assert(c != NULL);
    stage_run(g);
    if (g->stream.config.storage == JS_STORAGE_FILE) stage_durable(g);
    stage_run(g);
    return c;
}

/* An explicit pull consumer. */
static inline struct consumer_config stage_pull_config(void)
{
    return (struct consumer_config){ .durable_name = "C",
                                     .name = "C",
                                     .ack_policy = JS_ACK_EXPLICIT,
                                     .ack_wait = 30 * SECOND,
                                     .max_deliver = -1,
                                     .max_waiting = 512,
                                     .max_ack_pending = 1000 };
}

/* MSG.NEXT, in a turn of its own. Gives what the client was sent. */
static inline const char *stage_pull(struct stage *g, struct consumer *c, const char *reply,
                                     const char *body)
{
    consumer_pull(c, slice_str(reply), SLICE_LIT(""), slice_str(body));
    stage_run(g);
    return world_take(g->world, g->client);
}

static inline const char *stage_ack(struct stage *g, const char *subject, const char *reply,
                                    const char *payload)
{
    struct ack_subject ack;
    bool is_ack = ack_subject_parse(slice_str(subject), &ack);
    assert(is_ack);
    bool is_taken = consumer_ack(&g->account, &ack, slice_str(reply), slice_str(payload));
    stage_run(g);
    return is_taken ? world_take(g->world, g->client) : "nobody";
}

static inline const char *stage_advised(struct stage *g)
{
    buf_add(&g->world->taken, SLICE_LIT(""));
    g->world->taken.len = 0;
    buf_add(&g->world->taken, buf_slice(&g->advised));
    g->advised.len = 0;
    return buf_str(&g->world->taken);
}

#endif
