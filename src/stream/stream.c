/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/near.h"
#include "stream/batches.h"
#include "stream/damage.h"
#include "stream/dedupe.h"
#include "stream/expiry.h"
#include "stream/schedules.h"
#include "stream/source.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"
#include "stream/zone.h"
#include "subject/transform.h"

static void run(struct turn *, struct reactor *);

/* ---- life ---- */

struct stream *stream_new(struct js_account *a, const struct stream_config *config,
                          uint64_t incarnation)
{
    struct stream *s = near_zalloc(sizeof *s);
    s->account = a;
    s->incarnation = incarnation;
    bool is_file = config->storage == JS_STORAGE_FILE;
    s->hash_seed = is_file ? store_id(a->js->store) : a->js->core->hash_seed;
    s->config_arena = arena_new();
    stream_config_copy(config, s->config_arena, &s->config);
    inflight_init(&s->inflight, s->hash_seed);
    s->dedupe = dedupe_new();
    s->expiry = expiry_new();
    s->schedules = schedules_new();
    s->sink.reactor = jetstream_reactor(a->js)->id;
    s->sink.deliver = ingest_deliver;
    s->sink.soon = ingest_soon;
    list_init(&s->waits);
    list_init(&s->changes);
    list_init(&s->erasing);
    turn_init(&s->turn, run);
    stream_bodies_new(s);
    s->consumers = consumers_new(s);
    return s;
}

/* Numbers of streams of memory are drawn: they do not outlive the process. */
uint64_t stream_incarnation(struct js_account *a, const struct stream_config *config)
{
    if (config->storage == JS_STORAGE_FILE) return store_incarnation_new(a->js->store);
    return rng_next(&jetstream_reactor(a->js)->rng) | UINT64_C(1) << 63;
}

enum err stream_create(struct js_account *a, const struct stream_config *config,
                       struct stream **ret, struct js_error *ret_error)
{
    assert(js_text_set(config->name));
    assert(js_account_stream(a, slice_str(config->name)) == NULL);
    struct stream *s = stream_new(a, config, stream_incarnation(a, config));
    s->created = jetstream_reactor(a->js)->wall;
    s->is_started = true;
    stream_expiry_start(s);
    s->last_proposed = config->first_seq > 1 ? config->first_seq - 1 : 0;
    if (!stream_config_propose(s, COMMAND_CONFIG, config, ret_error)) {
        stream_free(s);
        return ERR_LIMIT;
    }
    js_account_add(a, s);
    *ret = s;
    return ERR_OK;
}

bool stream_update(struct stream *s, const struct stream_config *config, struct js_error *ret_error)
{
    assert(slice_equal(slice_str(config->name), stream_name(s)));
    assert(!s->is_deleted);
    return stream_config_propose(s, COMMAND_CONFIG, config, ret_error);
}

bool stream_delete(struct stream *s, struct js_error *ret_error)
{
    assert(!s->is_deleted);
    if (s->failure != ERR_OK ||
        stream_log_propose(s->log, COMMAND_DELETE, 0, 0, JOURNAL_USE_RELEASE) == NULL)
        return stream_log_refusal(s, ret_error);
    s->is_deleted = true;
    stream_subs_update(s);
    sources_update(s);
    return true;
}

void stream_uncharge(struct stream *s)
{
    if (s->charged > 0) js_account_charge(s->account, stream_is_file(s), -(int64_t)s->charged);
    s->charged = 0;
}

void stream_dismantle(struct stream *s)
{
    assert(list_empty(&s->waits));
    s->is_deleted = true;
    damage_forget(s);
    stream_subs_update(s);
    s->sources = sources_free(s->sources);
    turn_cancel(&s->turn);
    stream_expiry_stop(s);
    ingest_held_stop(s);
    msgs_wait_cancel(&s->unneeded_wait);
    s->batches = batches_free(s->batches);
    stream_changes_fail(s, ERR_CLOSED);
    stream_erasing_fail(s, ERR_CLOSED);
    s->consumers = consumers_free(s->consumers);
    s->log = s->log->ops->free(s->log);
    inflight_deinit(&s->inflight);
    s->dedupe = dedupe_free(s->dedupe);
    s->expiry = expiry_free(s->expiry);
    s->schedules = schedules_free(s->schedules);
    s->zone = zone_free(s->zone);
    s->zone_name = xfree(s->zone_name);
    s->transform = transform_free(s->transform);
    s->republish = transform_free(s->republish);
    text_queue_deinit(&s->answers);
    struct buf *bufs[] = {
        &s->last_id,          &s->last_id_proposed,
        &s->unneeded,         &s->leaving,
        &s->sending,          &s->scratch,
        &s->scratch_header,   &s->loading_ids,
        &s->loading_expiries, &s->loading_schedules,
        &s->counter_payload,  &s->counter_sources,
        &s->counter_header,   &s->counter_header_all,
    };
    for (size_t i = 0; i < ARRAY_COUNT(bufs); i++) buf_deinit(bufs[i]);
    stream_ack_drop(s);
    s->config_arena = arena_free(s->config_arena);
}

struct stream *stream_free(struct stream *s)
{
    if (s == NULL) return NULL;
    struct store *store = s->account->js->store;
    while (!list_empty(&s->waits)) list_remove(s->waits.next);
    if (store != NULL) store_leave(store, &s->owner);
    stream_dismantle(s);
    s->msgs = msgs_free(s->msgs);
    return near_free(s, sizeof *s);
}

struct stream *stream_recover(struct jetstream *js, const struct store_found *found)
{
    AUTO_FREE(arena) arena = arena_new();
    struct config_command c;
    struct stream_config config;
    if (!stream_begins(found->is_record, found->kind)) return NULL;
    if (config_command_read(found->bytes, &c) != ERR_OK) return NULL;
    struct js_account *a = js_account_get(js, c.account);
    if (a == NULL || stream_config_read(c.json, arena, &config) != ERR_OK) return NULL;
    if (config.storage != JS_STORAGE_FILE) return NULL;
    struct stream *s = stream_new(a, &config, found->incarnation);
    s->created = c.created;
    stream_hide(s);                     /* until all is replayed: streams_hidden_sort() */
    return s;
}

/* Acks of before are durable, and so is that consumers went or want less; the removals that this
 * led to need not be. A share in each turn. A work queue knows of each what was acked: it keeps
 * what its consumers have only passed over. A list of before version 3 (store/versions.h) did not
 * tell: then what they are past was acked. */
static void sweep(struct stream *s, const struct msgs_state *state)
{
    uint64_t last = consumers_reach(s->consumers);
    if (s->config.retention == JS_RETENTION_WORKQUEUE) {
        if (s->is_config_told && !s->is_acked_told) stream_acked_find(s, last);
        if (s->unneeded.len > 0) stream_wake(s);
        return;
    }
    if (s->let_go > last) last = s->let_go;
    if (last > state->last_sequence) last = state->last_sequence;
    if (state->messages > 0 && last >= state->first_sequence)
        stream_unneeded(s, state->first_sequence, last);
}

/* What it came with may be behind its consumers: a backup, or a directory after kill -9. */
void stream_made(struct stream *s)
{
    struct msgs_state state;
    assert(s->is_created);
    msgs_state(s->msgs, &state);
    if (state.messages == 0) return;
    if (s->config.retention != JS_RETENTION_WORKQUEUE) sweep(s, &state);
    else stream_acked_find(s, consumers_reach(s->consumers));
}

void stream_start(struct stream *s)
{
    struct msgs_state state;
    assert(!s->is_started);
    assert(!s->is_gone && !s->is_hidden);
    msgs_state(s->msgs, &state);
    s->last_proposed = state.last_sequence;
    s->time_proposed = state.last_time;
    buf_add(&s->last_id_proposed, buf_slice(&s->last_id));
    s->has_ids = s->last_id.len > 0;
    s->is_started = true;
    stream_charge(s);
    stream_expiry_start(s);
    stream_subs_update(s);
    sources_update(s);
    if (!s->is_created) return;
    consumers_start(s->consumers);
    sweep(s, &state);
}

/* ---- what waits ---- */

void stream_after(struct stream *s, struct stream_wait *w)
{
    assert(w->done != NULL);
    w->upto = s->log->proposed;
    list_add_tail(&s->waits, &w->node);
    s->is_quiet = false;
    stream_log_hurry(s->log);
    reactor_turn(jetstream_reactor(s->account->js), &s->turn);
}

void stream_wait_cancel(struct stream_wait *w)
{
    if (w->node.next != NULL) list_remove(&w->node);
}

/* Those that wait for no more than so many commands. */
static void waits_end(struct stream *s, uint64_t applied, bool is_gone)
{
    while (!list_empty(&s->waits)) {
        struct stream_wait *w = container_of(s->waits.next, struct stream_wait, node);
        if (w->upto > applied) return;
        list_remove(&w->node);
        w->done(w, is_gone);
    }
}

/* ---- its end ---- */

void stream_fail(struct stream *s, enum err e)
{
    assert(e != ERR_OK);
    if (s->failure != ERR_OK || s->is_gone) return; /* its files may outlive it, and fail */
    s->failure = e;
    stream_wake(s);
}

static void end(struct stream *s)
{
    struct js_account *a = s->account;
    assert(s->is_gone);
    consumers_dismiss(s->consumers);
    stream_answers_send(s, s->log->applied);
    stream_uncharge(s);
    js_account_remove(a, s);
    waits_end(s, s->log->applied, false);
    stream_changes_fail(s, ERR_CLOSED);
    waits_end(s, UINT64_MAX, true);
    if (!stream_is_file(s)) {
        stream_free(s);
        return;
    }
    stream_dismantle(s);
    stream_file_end(s);
}

/* ---- its turn ---- */

static bool is_quiet(const struct stream *s)
{
    return text_queue_empty(&s->answers) && list_empty(&s->waits) && text_queue_empty(&s->held) &&
           s->unneeded.len == 0 && s->maker == NULL;
}

static void run(struct turn *t, struct reactor *r)
{
    struct stream *s = container_of(t, struct stream, turn);
    assert(r == jetstream_reactor(s->account->js));
    assert(s->is_started);
    if (s->is_gone) {
        end(s);
        return;
    }
    stream_answers_send(s, s->log->applied);
    waits_end(s, s->log->applied, false);
    if (s->failure != ERR_OK) {
        stream_answers_fail(s);
        stream_changes_fail(s, s->failure);
        waits_end(s, UINT64_MAX, true);
        return;
    }
    ingest_held_run(s);
    batches_run(s);
    sources_held_run(s->sources);
    stream_expire(s);
    if (s->account->is_enabled) consumers_run(s->consumers);
    stream_unneeded_propose(s);
    s->is_quiet = is_quiet(s);
}

/* What a command that was applied, or a message that came, may have to be followed by. */
static bool has_follow_up(const struct stream *s)
{
    return !s->is_quiet || s->is_gone || s->failure != ERR_OK || s->batches != NULL ||
           s->sources != NULL || s->is_expiring ||
           (s->has_consumers && !consumers_are_idle(s->consumers));
}

void stream_follow_up(struct stream *s)
{
    assert(s->is_started);
    if (has_follow_up(s)) stream_wake(s);
}

void stream_wake(struct stream *s)
{
    if (s->is_started) reactor_turn(jetstream_reactor(s->account->js), &s->turn);
}

void stream_check(struct stream *s)
{
    struct msgs_state state;
    msgs_check(s->msgs);
    msgs_state(s->msgs, &state);
    inflight_check(&s->inflight);
    dedupe_check(s->dedupe);
    expiry_check(s->expiry);
    schedules_check(s->schedules);
    text_queue_check(&s->answers);
    text_queue_check(&s->held);
    consumers_check(s->consumers);
    sources_check(s->sources);
    assert(s->log->applied <= s->log->proposed);
    assert(is_quiet(s) || !s->is_quiet);
    assert(s->has_ids || (s->last_id.len == 0 && s->last_id_proposed.len == 0));
    assert(s->charged == state.bytes || !s->is_started);
    assert(!s->is_started || s->last_proposed >= state.last_sequence);
    assert(!s->is_gone || s->is_deleted);
    uint64_t before = 0;
    LIST_EACH(&s->waits, node) {
        const struct stream_wait *w = container_of(node, struct stream_wait, node);
        assert(w->upto >= before);
        before = w->upto;
    }
}
