/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one consumer: proposed, applied, begun; changed; ended. */
#include "base/alloc.h"
#include "base/assert.h"
#include "json/request.h"
#include "stream/command_consumer.h"
#include "stream/consumer_config_check.h"
#include "stream/consumer_internal.h"
#include "stream/pace.h"

/* Small, for there may be many consumers; a configuration seldom has more than 400 bytes. */
enum { SETUP_BLOCK = 448 };

/* Without ack_wait (acks by flow control) nothing is delivered again. */
#define NO_WAIT (100 * 365 * DAY)

static_assert(sizeof(struct consumer) <= 1400, "the budget of an idle consumer");

/* ---- configurations ---- */

static void setup_filter(struct consumer_setup *s)
{
    uint32_t count = 0;
    while (consumer_filter(&s->config, count) != NULL) count++;
    if (count == 0) return;
    struct slice *patterns = arena_alloc(s->arena, count * sizeof *patterns);
    for (uint32_t i = 0; i < count; i++) patterns[i] = slice_str(consumer_filter(&s->config, i));
    s->filter = (struct msgs_filter){ patterns, count };
    assert(s->filter.count > 0);
}

static void setup_make(struct consumer_setup *ret, const struct consumer_config *config)
{
    *ret = (struct consumer_setup){ .arena = arena_new_of(SETUP_BLOCK) };
    consumer_config_copy(config, ret->arena, &ret->config);
    setup_filter(ret);
    assert(ret->arena != NULL);
}

bool consumer_setup_read(struct consumer_setup *ret, struct slice json)
{
    struct consumer_setup s = { .arena = arena_new_of(SETUP_BLOCK) };
    const struct json_request request = { &consumer_config_table, json, JSON_REQUEST_PLAIN };
    if (json_request_read(&request, s.arena, &s.config, NULL) != ERR_OK) {
        (void)arena_free(s.arena);
        return false;
    }
    setup_filter(&s);
    *ret = s;
    assert(ret->arena != NULL);
    return true;
}

void consumer_setup_free(struct consumer_setup *s)
{
    assert(s != NULL);
    s->arena = arena_free(s->arena);
    *s = (struct consumer_setup){ .arena = NULL };
}

bool consumer_is_logged(const struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    assert(c->set != NULL);
    if (!stream_is_file(c->set->stream)) return false;
    if (f->mem_storage || f->direct || f->sourcing) return false;
    return consumer_is_durable(f) || f->ack_policy != JS_ACK_NONE;
}

const struct consumer_config *consumer_newest(const struct consumer *c)
{
    assert(c->wanted == NULL || c->proposals > 0);
    return c->wanted != NULL ? &c->wanted->config : consumer_config(c);
}

static void wanted_free(struct consumer *c)
{
    if (c->wanted == NULL) return;
    assert(c->wanted->arena != NULL);
    consumer_setup_free(c->wanted);
    c->wanted = xfree(c->wanted);
}

/* ---- made and freed ---- */

static void on_timer(struct timer *t, nanos now)
{
    struct consumer *c = container_of(t, struct consumer, timer);
    (void)now;
    assert(!timer_is_set(t));
    c->timer_at = NANOS_MAX;
    consumer_wake(c);
}

static void on_counted(struct msgs_wait *w)
{
    struct consumer *c = container_of(w, struct consumer, wait);
    assert(c->is_reading && !c->is_loading);
    c->is_reading = false;
    consumer_wake(c);
}

/* The message is in memory now; the run asks for it again. */
static void on_loaded(struct msgs_load *l, enum err e)
{
    struct consumer *c = container_of(l, struct consumer, load);
    (void)e;
    assert(c->is_reading && c->is_loading);
    c->is_reading = c->is_loading = false;
    consumer_wake(c);
}

enum acks_policy consumer_acks_policy(const struct consumer_config *config)
{
    enum js_ack ack = config->ack_policy;
    static const enum acks_policy policies[] = {
        [JS_ACK_NONE] = ACKS_NONE,
        [JS_ACK_ALL] = ACKS_ALL,
        [JS_ACK_EXPLICIT] = ACKS_EXPLICIT,
        [JS_ACK_FLOW_CONTROL] = ACKS_FLOW_CONTROL,
    };
    assert((unsigned)ack < ARRAY_COUNT(policies));
    return policies[ack];
}

struct consumer *consumer_new(struct consumers *set, const struct consumer_command *made,
                              struct consumer_setup *take_setup)
{
    struct consumer *c = xcalloc(1, sizeof *c);
    assert(made->name.len > 0);
    c->set = set;
    c->id = made->id;
    c->name = slice_dup(made->name);
    c->created = made->created;
    c->start = made->start;
    c->list_end = made->list_end;
    c->setup = *take_setup;
    *take_setup = (struct consumer_setup){ .arena = NULL };
    list_init(&c->node);
    list_init(&c->ready);
    list_init(&c->changed);
    list_init(&c->wait.node);
    list_init(&c->load.node);
    acks_init(&c->acks, consumer_acks_policy(&c->setup.config), c->start);
    timer_init(&c->timer, on_timer);
    c->timer_at = NANOS_MAX;
    for (int i = 0; i < DUE_COUNT; i++) c->due[i] = NANOS_MAX;
    c->wait.done = on_counted;
    c->load.done = on_loaded;
    consumers_add(set, c);
    return c;
}

static void reading_stop(struct consumer *c)
{
    assert(c->set->stream->msgs != NULL);
    if (!c->is_reading) return;
    if (c->is_loading) msgs_load_cancel(c->set->stream->msgs, &c->load);
    else msgs_wait_cancel(&c->wait);
    c->is_reading = c->is_loading = false;
}

void consumer_stop(struct consumer *c)
{
    if (!c->is_begun) return;
    reading_stop(c);
    consumer_pull_free(c);
    consumer_push_end(c);
    wheel_cancel(&consumer_reactor(c)->wheel, &c->timer);
    list_remove(&c->ready);
    c->list = consumer_list_free(c->list);
    c->replay = xfree(c->replay);
    redelivery_deinit(&c->redelivery);
    c->is_begun = false;
}

struct consumer *consumer_free(struct consumer *c)
{
    if (c == NULL) return NULL;
    assert(list_empty(&c->node));
    consumer_stop(c);
    list_remove(&c->changed);
    wanted_free(c);
    consumer_setup_free(&c->setup);
    acks_deinit(&c->acks);
    xfree((void *)(uintptr_t)c->ack_prefix.ptr);
    xfree(c->filters);
    xfree((void *)(uintptr_t)c->name);
    return xfree(c);
}

/* ---- proposals ---- */

static bool propose_failed(struct js_error *e)
{
    return js_error_set(e, JS_ERR_CONSUMER_STORE_FAILED, "the log takes nothing");
}

void consumer_made(const struct consumer *c, const struct consumer_config *config, struct buf *json,
                   struct consumer_command *ret)
{
    struct json_writer w = json_writer_on(json, JSON_COMPACT);
    assert(json->len == 0);
    json_table_write(&consumer_config_table, config, &w);
    *ret = (struct consumer_command){
        .id = c->id,
        .created = c->created,
        .start = c->start,
        .list_end = c->list_end,
        .name = slice_str(c->name),
        .config = buf_slice(json),
    };
}

/* COMMAND_CONSUMER with this configuration. */
static bool propose(struct consumer *c, const struct consumer_config *config,
                    struct js_error *ret_error)
{
    struct buf json = { .ptr = NULL };
    struct consumer_command command;
    consumer_made(c, config, &json, &command);
    uint32_t size = consumer_command_size(&command);
    uint8_t *at = stream_log_propose(c->set->stream->log, COMMAND_CONSUMER, 0, size,
                                     JOURNAL_USE_STORE);
    if (at != NULL) consumer_command_write(&command, at);
    buf_deinit(&json);
    if (at == NULL) return propose_failed(ret_error);
    c->proposals++;
    assert(c->proposals > 0);
    return true;
}

struct consumer *consumer_create(struct consumers *set, const struct consumer_config *config,
                                 struct slice name, const struct consumer_start *start,
                                 struct js_error *ret_error)
{
    struct consumer_setup setup;
    const struct consumer_command made = {
        .id = set->next_id++,
        .created = set->stream->account->js->home->reactor->wall,
        .start = start->start,
        .list_end = start->list_end,
        .name = name,
    };
    assert(consumers_find(set, name) == NULL);
    setup_make(&setup, config);
    struct consumer *c = consumer_new(set, &made, &setup);
    if (config->direct) {
        c->is_created = true;
        consumer_begin(c);
        return c;
    }
    if (propose(c, config, ret_error)) return c;
    consumers_hide(set, c);
    consumers_forget(set, c);
    return NULL;
}

bool consumer_update(struct consumer *c, const struct consumer_config *config,
                     struct js_error *ret_error)
{
    assert(!c->is_deleted);
    assert(!consumer_config(c)->direct);
    if (consumer_config_equal(config, consumer_newest(c))) return true;
    if (!propose(c, config, ret_error)) return false;
    wanted_free(c);
    c->wanted = xcalloc(1, sizeof *c->wanted);
    setup_make(c->wanted, config);
    return true;
}

bool consumer_delete(struct consumer *c, struct js_error *ret_error)
{
    struct consumers *set = c->set;
    assert(!c->is_deleted);
    if (!consumer_config(c)->direct) {
        consumers_flush(set); /* what this tick acked counts, and is answered */
        stream_unneeded_propose(set->stream); /* what it acked goes before it does */
        uint8_t *at = stream_log_propose(set->stream->log, COMMAND_CONSUMER_GONE, 0,
                                         CONSUMER_GONE_SIZE, JOURNAL_USE_RELEASE);
        if (at == NULL) return propose_failed(ret_error);
        consumer_gone_write(c->id, at);
    }
    consumer_pull_dismiss(c, PULL_CONSUMER_DELETED);
    consumer_stop(c);
    consumers_hide(set, c);
    if (consumer_config(c)->direct) consumers_forget(set, c);
    return true;
}

/* ---- the leader's part ---- */

static void redelivery_config_of(const struct consumer *c, struct redelivery_config *ret)
{
    const struct consumer_config *f = consumer_config(c);
    *ret = (struct redelivery_config){
        .ack_wait = f->ack_wait > 0 ? f->ack_wait : NO_WAIT,
        .backoff = f->backoff.items,
        .backoff_count = f->backoff.count,
        .max_deliver = f->max_deliver > 0 ? consumer_limit(f->max_deliver) : 0,
    };
    assert(ret->ack_wait > 0);
}

/* What waits for an ack is due as if nothing had happened: a delay that is longer than ack_wait put
 * the time of the delivery into the future. */
static void track_pending(struct consumer *c)
{
    const struct reactor *r = consumer_reactor(c);
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = ack_list_next(&c->acks.pending, &at)) != NULL;) {
        nanos since = e->time > 0 ? e->time : 0; /* an archive may say any time of before */
        nanos delivered = nanos_add(r->now, since - r->wall);
        redelivery_track(&c->redelivery, e->stream_seq, e->deliveries,
                         delivered > 0 ? delivered : 0);
    }
    assert(redelivery_count(&c->redelivery) == acks_num_pending(&c->acks));
}

/* A little longer than configured, so that not all of them go at one moment: pull consumers, and
 * those that have the threshold only because ephemeral ones have one. As nats-server. */
static void look_after_idleness(struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    struct reactor *r = consumer_reactor(c);
    bool is_made_up = !consumer_is_durable(f) && f->inactive_threshold == CONSUMER_INACTIVE_DEFAULT;
    bool has_jitter = f->inactive_threshold > 0 && (!consumer_is_push(f) || is_made_up);
    c->idle_after = f->inactive_threshold;
    if (has_jitter && c->idle_after < NANOS_MAX / 2)
        c->idle_after += (100 + (nanos)rng_below(&r->rng, 900)) * MILLISECOND;
    consumer_due(c, DUE_IDLE,
                 0 < c->idle_after && c->idle_after < NANOS_MAX - r->now ? r->now + c->idle_after
                                                                         : NANOS_MAX);
}

static void look_after_pause(struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    const struct reactor *r = consumer_reactor(c);
    bool is_paused = f->pause_until > r->wall;
    consumer_due(c, DUE_PAUSE, is_paused ? nanos_add(r->now, f->pause_until - r->wall) : NANOS_MAX);
}

/* Original: up to what is the last one now. */
static void replay_begin(struct consumer *c)
{
    struct msgs_state state;
    assert(c->replay == NULL);
    if (consumer_config(c)->replay_policy != JS_REPLAY_ORIGINAL) return;
    msgs_state(c->set->stream->msgs, &state);
    c->replay = xalloc(sizeof *c->replay);
    replay_init(c->replay, state.last_sequence);
}

void consumer_begin(struct consumer *c)
{
    struct redelivery_config config;
    assert(!c->is_begun && !c->is_deleted);
    assert(c->is_created);
    c->is_begun = true;
    c->is_counted = false;
    c->delivered = c->acks.delivered;
    c->next = c->delivered.stream_seq + 1;
    c->used_at = consumer_reactor(c)->now;
    if (c->next <= c->list_end) c->list = consumer_list_new(c);
    redelivery_config_of(c, &config);
    redelivery_init(&c->redelivery, &config);
    track_pending(c);
    if (redelivery_count(&c->redelivery) > 0) consumer_due(c, DUE_ACKS, c->used_at);
    look_after_idleness(c);
    look_after_pause(c);
    replay_begin(c);
    if (consumer_is_push(consumer_config(c))) consumer_push_begin(c);
}

/* Another configuration is in force. */
static void configured(struct consumer *c, const struct consumer_setup *old)
{
    struct redelivery_config config;
    const struct consumer_config *f = consumer_config(c);
    if (!c->is_begun) return;
    redelivery_config_of(c, &config);
    redelivery_configure(&c->redelivery, &config);
    if (redelivery_count(&c->redelivery) > 0) consumer_due(c, DUE_ACKS, consumer_reactor(c)->now);
    if (f->inactive_threshold != old->config.inactive_threshold) look_after_idleness(c);
    look_after_pause(c);
    consumer_pull_configure(c);
    consumer_push_configure(c, &old->config);
    c->list = consumer_list_free(c->list);
    consumer_recount(c);
    consumer_wake(c);
}

static bool filters_equal(const struct msgs_filter *a, const struct msgs_filter *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!slice_equal(a->patterns[i], b->patterns[i])) return false;
    return true;
}

void consumer_configure(struct consumer *c, struct consumer_setup *take_setup)
{
    struct consumer_setup old = c->setup;
    assert(take_setup->arena != NULL);
    c->setup = *take_setup;
    *take_setup = (struct consumer_setup){ .arena = NULL };
    if (!c->is_deleted) consumer_index(c);
    if (!filters_equal(&c->setup.filter, &old.filter)) consumer_unneeded(c);
    configured(c, &old);
    consumer_setup_free(&old);
}

void consumer_reset(struct consumer *c, uint64_t sequence)
{
    const struct acks_command command = { .kind = ACKS_RESET, .stream_seq = sequence };
    assert(sequence > 0 && sequence < INT64_MAX);
    assert(consumer_is_alive(c));
    reading_stop(c);
    redelivery_clear(&c->redelivery);
    c->list = consumer_list_free(c->list);
    c->delivered = (struct acks_position){ 0, sequence - 1 };
    c->delivered_at = c->acked_at = 0;
    c->next = sequence;
    consumer_recount(c);
    consumer_command(c, &command);
    consumer_wake(c);
}

void consumer_hold(struct consumer *c)
{
    assert(consumer_is_alive(c));
    c->held_until = c->set->stream->log->proposed;
    assert(!consumer_is_held(c) || c->held_until > 0);
}

void consumer_made_applied(struct consumer *c)
{
    assert(c->setup.arena != NULL);
    if (c->proposals > 0 && --c->proposals == 0) wanted_free(c);
    assert(c->wanted == NULL || c->proposals > 0);
}

/* ---- all of them ---- */

void consumers_start(struct consumers *set)
{
    assert(!set->is_running);
    LIST_EACH(&set->all, node) {
        struct consumer *c = container_of(node, struct consumer, node);
        if (!c->is_created || c->is_begun || c->is_deleted) continue;
        consumer_begin(c);
        assert(c->is_begun);
    }
}

void consumer_check(const struct consumer *c)
{
    acks_check(&c->acks);
    assert(c->id != 0 && c->id < c->set->next_id);
    assert(c->filters_count > 0 || c->is_deleted);
    assert(c->wanted == NULL || c->proposals > 0);
    if (!c->is_begun) return;
    assert(c->is_created);
    redelivery_check(&c->redelivery);
    assert(c->delivered.stream_seq < c->next);
    assert(c->is_loading ? c->is_reading : true);
}
