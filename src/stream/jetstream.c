/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/jetstream.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "net/mailbox.h"
#include "store/store_guard.h"
#include "stream/advisory.h"
#include "stream/api.h"
#include "stream/consumer.h"
#include "stream/damage.h"
#include "stream/jetstream_internal.h"
#include "stream/restore.h"
#include "stream/snapshot.h"
#include "stream/stream.h"
#include "stream/stream_restore.h"

/* Consumers of a stream, when neither it nor its account says: as nats-server has it. */
enum { CONSUMERS_DEFAULT = 1000 };
/* Where nobody says where to store. */
static const char STORE_DIR[] = "/tmp/nats";

/* ---- limits ---- */

static void limits_set(struct jetstream *js)
{
    const struct jetstream_options *o = &js->options->jetstream;
    int64_t consumers = o->limits.consumers_default_max;
    js->limits = (struct js_server_limits){
        .duplicate_window = o->limits.duplicate_window,
        .ack_pending_max = o->limits.ack_pending_max,
        .request_batch_max = o->limits.request_batch_max,
        .consumers_default_max = consumers == 0 ? CONSUMERS_DEFAULT : consumers,
        .memory_max = o->memory_max >= 0 ? o->memory_max : js_space_memory(js),
        .store_max = INT64_MAX,
    };
}

/* ---- the store ---- */

static struct store_owner *owner_found(void *ctx, const struct store_found *found)
{
    struct jetstream *js = ctx;
    js->store = found->store;
    struct stream *s = stream_recover(js, found);
    return s == NULL ? NULL : &s->owner;
}

static void on_failed(void *ctx, enum err e, const char *what)
{
    struct jetstream *js = ctx;
    assert(e != ERR_OK);
    js->is_failed = true;
    log_error(js->core->env->log, "JetStream: %s: no file stream takes anything until a restart",
              what);
    for (uint32_t at = 0; at < js->accounts_count; at++) {
        const struct js_account *a = js->accounts[at];
        for (uint32_t i = 0; i < a->streams_count; i++)
            if (stream_is_file(a->streams[i])) stream_fail(a->streams[i], e);
    }
    restores_failed(js, e);
}

/* Before the log of the configuration is open, lines are kept for jetstream_report(). */
static void on_report(void *ctx, const char *what)
{
    struct jetstream *js = ctx;
    struct buf all = { 0 };
    if (js->is_open) {
        log_warn(js->core->env->log, "JetStream: %s", what);
        return;
    }
    if (js->reports != NULL) buf_add_str(&all, js->reports);
    buf_printf(&all, "%s\n", what);
    xfree(js->reports);
    js->reports = buf_take_str(&all);
}

static void on_notice(void *ctx, const char *what)
{
    struct jetstream *js = ctx;
    assert(what != NULL);
    if (js->is_open) log_info(js->core->env->log, "JetStream: %s", what);
    else on_report(ctx, what);
}

static enum store_cipher cipher_of(const struct jetstream_options *o)
{
    if (!js_text_set(o->key)) return STORE_PLAIN;
    return o->cipher == JS_CIPHER_AES ? STORE_AES : STORE_CHACHA;
}

static const char *cipher_name(const struct jetstream_options *o)
{
    switch (cipher_of(o)) {
    case STORE_PLAIN: return NULL;
    case STORE_CHACHA: return "ChaCha20-Poly1305";
    case STORE_AES: return "AES-GCM";
    default: unreachable();
    }
}

/* Of the descriptors that are kept for the store some are for its journal and for what it makes. */
static uint32_t files_max(const struct net *net)
{
    uint32_t kept = net == NULL ? 0 : atomic_load(&net->files_kept);
    return kept > 2 * STORE_FILES_OTHER ? kept - STORE_FILES_OTHER : kept / 2;
}

static enum err open_store(struct jetstream *js, struct errmsg *why)
{
    const struct jetstream_options *o = &js->options->jetstream;
    bool is_lazy = o->sync_present && !o->sync_always && o->sync_interval > 0;
    const struct store_options options = {
        .env = js->core->env,
        .wake = reactor_wake,
        .wake_ctx = jetstream_reactor(js),
        .directory = js->directory,
        .sync = is_lazy ? JOURNAL_SYNC_LAZY : JOURNAL_SYNC_EACH,
        .sync_interval = is_lazy ? o->sync_interval : 0,
        .cache_bytes = (uint64_t)js->options->midge.store_cache,
        .files_max = files_max(js->core->env->net),
        .cipher = cipher_of(o),
        .key = slice_str(o->key),
        .previous_key = slice_str(o->prev_key),
    };
    const struct store_host host = {
        .ctx = js,
        .owner_found = owner_found,
        .on_failed = on_failed,
        .on_report = on_report,
        .on_notice = on_notice,
    };
    return store_open(&options, &host, &js->store, why);
}

/* ---- the end of each tick ---- */

static void due_fire(struct timer *t, nanos now)
{
    (void)t;        /* the tick that fires it has its last turn */
    (void)now;
}

/* A disk that is full is told once; the service goes on by itself when it is not. */
static void look_at_space(struct jetstream *js)
{
    const struct advisory_facts none = { 0 };
    bool is_full = store_is_full(js->store);
    if (LIKELY(is_full == js->is_full)) return;
    js->is_full = is_full;
    if (!is_full) {
        log_info(js->core->env->log, "JetStream: there is space on the disk again");
        return;
    }
    log_error(js->core->env->log,
              "JetStream: the disk of %s is full: nothing is stored, what frees "
              "space is",
              js->directory);
    if (!js->is_stopping) advise_server(js, ADVISORY_OUT_OF_STORAGE, &none);
}

static void last_turn(struct turn *t, struct reactor *r)
{
    struct jetstream *js = container_of(t, struct jetstream, last_turn);
    assert(js->home->reactor == r);
    store_tick(js->store, r->now);
    look_at_space(js);
    damage_tick(js, r->now);
    nanos due = store_next_due(js->store), told = damage_due(js);
    if (told < due) due = told;
    if (due == NANOS_MAX) wheel_cancel(&r->wheel, &js->due);
    else wheel_set(&r->wheel, &js->due, due);
    if (js->is_storing_last && store_is_idle(js->store) && atomic_load(&js->away) == 0)
        atomic_store(&js->is_done, true);
}

/* ---- life ---- */

static void start_streams(struct js_account *a)
{
    for (uint32_t i = 0; i < a->streams_count; i++)
        if (!a->streams[i]->is_started) stream_start(a->streams[i]);
}

static bool accounts_enable(struct jetstream *js, struct errmsg *why)
{
    struct js_error e;
    enum js_err excess = js_accounts_update(js);
    if (excess == JS_ERR_NONE) return true;
    (void)js_error_set(&e, excess);
    (void)errmsg_set(why, ERR_LIMIT, "Error enabling jetstream on configured accounts: %s (%u)",
                     e.text, (unsigned)e.err_code);
    return false;
}

static enum err start_all(struct jetstream *js, struct errmsg *why)
{
    const struct jetstream_options *o = &js->options->jetstream;
    const char *store_dir = js_text_set(o->store_dir) ? o->store_dir : STORE_DIR;
    js->directory = arena_printf(js->arena, "%s/midge", store_dir);
    enum err e = store_guard(js->core->env, store_dir, why);
    if (e) return e;
    limits_set(js);
    (void)js_accounts_update(js);
    e = open_store(js, why);
    if (e) return e;
    js->is_open = true;
    js_space_begin(js, js_accounts_store_max(js));
    if (!accounts_enable(js, why)) return ERR_LIMIT;
    reactor_set_disk(jetstream_reactor(js), store_queue(js->store));
    reactor_set_last(jetstream_reactor(js), &js->last_turn);
    streams_hidden_sort(js);
    if (js->is_at_rest) return ERR_OK;
    for (uint32_t i = 0; i < js->accounts_count; i++) start_streams(js->accounts[i]);
    return ERR_OK;
}

static struct jetstream *make(const struct jetstream_setup *setup)
{
    struct core *core = setup->core;
    struct jetstream *js = xcalloc(1, sizeof *js);
    assert(core->reactors->count > 0);
    js->core = core;
    js->is_at_rest = setup->is_at_rest;
    js->started = setup->started;
    js->started_ctx = setup->ctx;
    js->home = core->at[core->reactors->count - 1];
    js->arena = arena_new();
    turn_init(&js->last_turn, last_turn);
    timer_init(&js->due, due_fire);
    return js;
}

/* With the settings that its reactor has now. */
static enum err start(struct jetstream *js, struct errmsg *why)
{
    nanos begin = clock_monotonic(js->core->env->clock);
    assert(!js->is_open && js->settings == NULL);
    js->settings = settings_ref(js->home->settings);
    js->options = js->settings->options;
    js->domain = arena_slice(js->arena, slice_str(js->options->jetstream.domain));
    nuid_init(&js->nuid, &jetstream_reactor(js)->rng);
    js->api = api_new(js);
    assert(js->options->jetstream.enabled);
    enum err e = start_all(js, why);
    js->took = clock_monotonic(js->core->env->clock) - begin;
    if (e == ERR_OK) atomic_store(&js->core->has_jetstream, true);
    return e;
}

enum err jetstream_new(const struct jetstream_setup *setup, struct jetstream **ret,
                       struct errmsg *why)
{
    struct jetstream *js = make(setup);
    enum err e = start(js, why);
    if (e) {
        (void)jetstream_free(js);
        return e;
    }
    *ret = js;
    return ERR_OK;
}

void jetstream_facts(const struct jetstream *js, struct jetstream_facts *ret)
{
    const struct jetstream_options *o = &js->options->jetstream;
    assert(js->is_open);
    *ret = (struct jetstream_facts){
        .memory_max = js->limits.memory_max,
        .store_max = js->limits.store_max,
        .directory = js->directory,
        .domain = js_text_set(o->domain) ? o->domain : NULL,
        .cipher = cipher_name(o),
        .reports = js->reports,
        .took = js->took,
        .is_strict = o->strict,
        .is_temporary = !js_text_set(o->store_dir),
    };
}

struct jetstream *jetstream_free(struct jetstream *js)
{
    if (js == NULL) return NULL;
    struct reactor *r = jetstream_reactor(js);
    js->is_ending = true;
    assert(atomic_load(&js->away) == 0);
    reactor_set_last(r, NULL);
    wheel_cancel(&r->wheel, &js->due);
    if (js->api != NULL) api_stop(js->api);
    snapshots_stop(js);
    restores_stop(js);
    streams_hidden_free(js);
    js_accounts_free(js);
    streams_end(js);
    js->api = api_free(js->api);
    if (r->disk != NULL) reactor_set_disk(r, NULL);
    if (js->is_open) js->store = store_close(js->store);
    settings_unref(js->settings);
    arena_free(js->arena);
    buf_deinit(&js->ack);
    xfree(js->reports);
    return xfree(js);
}

/* ---- from the thread that reloads and stops ---- */

struct order {
    struct mail       mail;
    struct jetstream *js;
};

static void order(struct jetstream *js, void (*run)(struct mail *, struct reactor *))
{
    struct order *o = xalloc(sizeof *o);
    *o = (struct order){ .mail.run = run, .js = js };
    reactor_post(jetstream_reactor(js), &o->mail);
}

/* Storage that the configuration does not give was found, and stays; so does what is reserved of
 * it. */
static void limits_reload(struct jetstream *js)
{
    const struct js_server_limits was = js->limits;
    const struct jetstream_options *o = &js->options->jetstream;
    limits_set(js);
    js->limits.memory_max = o->memory_max >= 0 ? o->memory_max : was.memory_max;
    js->limits.store_max = o->store_max >= 0 ? o->store_max : was.store_max;
    js->limits.memory_reserved = was.memory_reserved;
    js->limits.store_reserved = was.store_reserved;
    assert(js->limits.is_clustered == was.is_clustered);
}

/* Who waits for a message is told that none comes from here any more. */
static void tell_waiting(struct jetstream *js)
{
    for (uint32_t at = 0; at < js->accounts_count; at++) {
        const struct js_account *a = js->accounts[at];
        assert(a->js == js);
        for (uint32_t i = 0; i < a->streams_count; i++)
            consumers_shutdown(a->streams[i]->consumers);
    }
}

/* What is only in memory does not outlive it. */
static void lose_memory(struct jetstream *js)
{
    struct js_error e;
    for (uint32_t at = 0; at < js->accounts_count; at++) {
        const struct js_account *a = js->accounts[at];
        for (uint32_t i = 0; i < a->streams_count; i++) {
            struct stream *s = a->streams[i];
            if (stream_is_file(s) || s->is_deleted) continue;
            if (!stream_delete(s, &e)) log_warn(js->core->env->log, "JetStream: %s", e.text);
        }
    }
}

/* Nobody is served any more. The store stays open: what is in it waits for the next start, or for
 * the reload that turns it on again. */
static void turn_off(struct jetstream *js)
{
    struct log *log = js->core->env->log;
    assert(!js->is_off);
    log_info(log, "Initiating JetStream Shutdown...");
    tell_waiting(js);
    snapshots_stop(js);
    restores_stop(js);
    atomic_store(&js->core->has_jetstream, false);
    js->is_off = true;
    (void)js_accounts_update(js);
    lose_memory(js);
    log_info(log, "JetStream Shutdown");
}

static bool is_same_place(const struct jetstream *js)
{
    const char *dir = js->options->jetstream.store_dir;
    struct slice here = slice_str(js->directory),
                 there = slice_str(js_text_set(dir) ? dir : STORE_DIR);
    return slice_starts(here, there) && slice_equal_str(slice_from(here, there.len), "/midge");
}

/* Those of streams that are started: the others begin with their stream. */
static void resume_streams(struct jetstream *js)
{
    for (uint32_t at = 0; at < js->accounts_count; at++) {
        const struct js_account *a = js->accounts[at];
        for (uint32_t i = 0; i < a->streams_count; i++)
            if (a->streams[i]->is_started) consumers_resume(a->streams[i]->consumers);
    }
}

static void turn_on(struct jetstream *js)
{
    assert(js->is_off);
    if (!is_same_place(js)) {
        log_warn(js->core->env->log,
                 "Can't start JetStream: another storage directory needs a restart");
        return;
    }
    js->is_off = false;
    atomic_store(&js->core->has_jetstream, true);
    resume_streams(js);
    if (js->started != NULL) js->started(js->started_ctx, js, NULL);
}

static void adapt(struct jetstream *js)
{
    struct log *log = js->core->env->log;
    bool is_wanted = js->options->jetstream.enabled;
    if (!js->is_open) {
        if (is_wanted) log_warn(log, "Can't start JetStream: it has failed, and needs a restart");
        return;
    }
    limits_reload(js);
    if (!is_wanted && !js->is_off) turn_off(js);
    if (is_wanted && js->is_off) turn_on(js);
    if (js->is_off) return;
    struct errmsg why;
    if (!accounts_enable(js, &why)) log_error(log, "%s", why.text);
    for (uint32_t i = 0; i < js->accounts_count; i++)
        if (js->accounts[i]->is_enabled) start_streams(js->accounts[i]);
}

/* Core's own mail came before: the reactor has the new settings. */
static void reload_here(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    struct jetstream *js = o->js;
    struct settings *old = js->settings;
    assert(js->home->reactor == r);
    js->settings = settings_ref(js->home->settings);
    js->options = js->settings->options;
    settings_unref(old);
    adapt(js);
    xfree(o);
}

void jetstream_reload(struct jetstream *js)
{
    order(js, reload_here);
}

/* What has failed to start serves nobody, and is nobody's. */
static void start_here(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    struct jetstream *js = o->js;
    struct errmsg why = { 0 };
    assert(js->home->reactor == r);
    enum err e = start(js, &why);
    if (e != ERR_OK) {
        js->is_failed = js->is_off = true;
        (void)js_accounts_update(js);
    }
    if (js->started != NULL) js->started(js->started_ctx, js, e == ERR_OK ? NULL : why.text);
    xfree(o);
}

struct jetstream *jetstream_new_later(const struct jetstream_setup *setup)
{
    struct jetstream *js = make(setup);
    order(js, start_here);
    return js;
}

/* The sessions of this reactor are closed; nothing more comes. */
static void store_last(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    assert(o->js->home->reactor == r);
    assert(o->js->is_stopping);
    snapshots_stop(o->js);
    restores_stop(o->js);
    if (o->js->is_open) store_stop(o->js->store);
    else atomic_store(&o->js->is_done, true);
    o->js->is_storing_last = true;
    xfree(o);
}

/* The tick in which they were told is over, and what they are told on its way to other reactors. */
static void close_sessions(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    assert(o->js->home->reactor == r);
    assert(o->js->is_stopping);
    core_close_all(o->js->core);
    order(o->js, store_last);
    xfree(o);
}

/* A tick later: the turns have taken up what stood in their queues. */
static void tell_here(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    assert(o->js->home->reactor == r);
    assert(o->js->is_stopping);
    tell_waiting(o->js);
    order(o->js, close_sessions);
    xfree(o);
}

/* What was published before the stop is still taken: a pull whose PONG went out is told, too. */
static void stop_here(struct mail *mail, struct reactor *r)
{
    struct order *o = container_of(mail, struct order, mail);
    assert(o->js->home->reactor == r);
    (void)mailbox_drain_records(r, UINT32_MAX);
    atomic_store(&o->js->is_stopping, true);
    damage_tick(o->js, NANOS_MAX);
    order(o->js, tell_here);
    xfree(o);
}

void jetstream_stop(struct jetstream *js)
{
    order(js, stop_here);
}

bool jetstream_is_idle(const struct jetstream *js)
{
    return atomic_load(&js->is_done);
}

bool jetstream_has_failed(const struct jetstream *js)
{
    struct store_stats stats;
    if (!js->is_open) return js->is_failed;
    store_stats(js->store, &stats);
    return js->is_failed || stats.is_failed || stats.is_stuck;
}
