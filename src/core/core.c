/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"
#include "core/match_cache.h"

#include "auth/pass_cache.h"
#include "auth/throttle.h"
#include "base/assert.h"
#include "core/check.h"
#include "core/closed.h"
#include "core/deliver.h"
#include "core/listener.h"
#include "core/session.h"
#include "core/strangers.h"
#include "core/user_info.h"

/* nats-server's first client has the id 5: its own system connections come before. Some tools show
 * it. */
enum { FIRST_CID = 5 };

struct settings *settings_ref(struct settings *s)
{
    uint32_t before = atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    assert(before > 0);
    assert(before < UINT32_MAX);
    return s;
}

struct settings *settings_unref(struct settings *s)
{
    if (s == NULL) return NULL;
    assert(s->release != NULL);
    uint32_t before = atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) s->release(s->ctx);
    return NULL;
}

static bool is_wanted(const struct settings *settings, const struct account *a)
{
    return directory_account(settings->directory, slice_str(a->name)) != NULL;
}

/* Every account of the configuration exists, with the server's own services in it; others are not
 * configured any more. Reactors and monitoring read on meanwhile: each field changes once, from
 * what held to what holds. */
static void take_accounts(struct core *core, const struct settings *settings, nanos wall)
{
    struct account *a;
    for (uint32_t i = 0; (a = accounts_at(core->accounts, i)) != NULL; i++)
        if (!is_wanted(settings, a)) atomic_store(&a->is_configured, false);
    const struct auth_account *system = directory_system_account(settings->directory);
    for (uint32_t i = 0; i < directory_account_count(settings->directory); i++) {
        const struct auth_account *want = directory_account_at(settings->directory, i);
        a = accounts_get(core->accounts, slice_str(want->name));
        atomic_store(&a->is_system, want == system);
        atomic_store(&a->updated_wall, wall);
        atomic_store(&a->is_configured, true);
        assert(slice_equal_str(slice_str(a->name), want->name));
        if (want == system) atomic_store(&core->system, a);
        if (a->internal == NULL && system != NULL) user_info_serve(core, a);
    }
    if (core->global->internal == NULL && system != NULL) user_info_serve(core, core->global);
    assert(system == NULL || atomic_load(&core->system) != NULL);
    assert_slow(accounts_check(core->accounts) > 0);
}

static struct core_reactor *core_reactor_new(struct core *core, struct reactor *r,
                                             struct settings *settings)
{
    struct core_reactor *cr = xcalloc(1, sizeof *cr);
    cr->core = core;
    cr->reactor = r;
    cr->settings = settings_ref(settings);
    cr->drops_for_slow = settings->options->no_fast_producer_stall;
    list_init(&cr->sessions);
    list_init(&cr->sweeping);
    uint8_t key[PASSWORD_KEY];
    core->env->entropy->fill(core->env->entropy, key, sizeof key);
    cr->pass_cache = pass_cache_new(key);
    lame_duck_init(cr);
    assert(r->user == NULL);            /* one core on a set of reactors */
    r->user = cr;
    r->on_record = deliver_record;
    hand_check(&cr->hand);
    return cr;
}

struct core *core_new(struct env *env, struct reactors *reactors,
                      const struct server_identity *identity, struct settings *take_settings)
{
    struct core *core = xcalloc(1, sizeof *core);
    assert(reactors->count > 0);
    assert(reactors->count <= REACTORS_MAX);
    assert(take_settings->directory != NULL);
    core->env = env;
    core->reactors = reactors;
    core->identity = *identity;
    core->hash_seed = reactors->hash_seed;
    core->started_wall = clock_realtime(env->clock);
    core->started = clock_monotonic(env->clock);
    atomic_init(&core->next_cid, FIRST_CID - 1);
    core->accounts = accounts_new(core);
    core->closed = closed_ring_new((uint32_t)take_settings->options->limits.max_closed_clients);
    core->throttle = throttle_new(core->hash_seed);
    lock_init(&core->throttle_lock);
    core->strangers = strangers_new(core->hash_seed);
    core->global = accounts_get(core->accounts, SLICE_LIT(GLOBAL_ACCOUNT));
    take_accounts(core, take_settings, core->started_wall);
    for (uint32_t i = 0; i < reactors->count; i++)
        core->at[i] = core_reactor_new(core, reactors->at[i], take_settings);
    settings_unref(take_settings);      /* each reactor has its own */
    core_check(core);
    return core;
}

static void core_reactor_free(struct core_reactor *cr)
{
    assert(list_empty(&cr->sessions));
    assert(list_empty(&cr->sweeping));
    session_index_deinit(&cr->index);
    assert(cr->report_at == NULL || cr->report_at == &cr->sessions);
    assert(cr->reactor->works == 0);    /* no password is away */
    settings_unref(cr->settings);
    pass_cache_free(cr->pass_cache);
    hand_deinit(&cr->hand);
    matches_deinit(&cr->asked);
    matches_deinit(&cr->ahead);
    match_cache_free(cr->match_cache);
    buf_deinit(&cr->scratch);
    buf_deinit(&cr->scratch_record);
    info_deinit(cr);
    xfree(cr);
}

struct core *core_free(struct core *core)
{
    if (core == NULL) return NULL;
    core_check(core);
    assert(core_clients(core) == 0);
    for (uint32_t i = 0; i < core->listeners_count; i++) listener_free(core->listeners[i]);
    struct account *a;
    for (uint32_t i = 0; (a = accounts_at(core->accounts, i)) != NULL; i++) user_info_end(a);
    for (uint32_t i = 0; i < core->reactors->count; i++) core_reactor_free(core->at[i]);
    accounts_free(core->accounts);
    closed_ring_free(core->closed);
    throttle_free(core->throttle);
    lock_deinit(&core->throttle_lock);
    strangers_free(core->strangers);
    return xfree(core);
}

int64_t core_clients(const struct core *core)
{
    int64_t in = atomic_load_explicit(&core->clients, memory_order_acquire);
    int64_t knocking = atomic_load_explicit(&core->knocking, memory_order_acquire);
    assert(in >= 0);                    /* who leaves a number was in it */
    assert(knocking >= 0);
    return in + knocking;
}

const char *core_system_name(const struct core *core)
{
    const struct account *a = atomic_load(&core->system);
    return a != NULL ? a->name : NULL;
}

/* ---- mail to every reactor ---- */

struct order {
    struct mail      mail;
    struct core     *core;
    struct settings *settings;
    nanos            grace;
    nanos            duration;
    int64_t          clients;
};

static void send_all(struct core *core, const struct order *order,
                     void (*run)(struct mail *, struct reactor *))
{
    for (uint32_t i = 0; i < core->reactors->count; i++) {
        struct order *o = xalloc(sizeof *o);
        assert(core->at[i]->reactor == core->reactors->at[i]);
        *o = *order;
        o->core = core;
        o->mail.run = run;
        if (o->settings != NULL) settings_ref(o->settings);
        reactor_post(core->reactors->at[i], &o->mail);
    }
}

static void close_all_here(struct mail *mail, struct reactor *r)
{
    struct core_reactor *cr = core_reactor_of(r);
    struct order *o = container_of(mail, struct order, mail);
    assert(o->core == cr->core);
    assert(o->settings == NULL);        /* it brings none that somebody would have to give back */
    (void)mailbox_drain_records(r, UINT32_MAX);         /* what was told before this order */
    LIST_EACH(&cr->sessions, n)
        session_close(container_of(n, struct session, node), CLOSE_SHUTDOWN);
    assert(list_empty(&cr->sessions));
    xfree(o);
}

void core_close_all(struct core *core)
{
    send_all(core, &(struct order){ 0 }, close_all_here);
}

static void close_excess(struct core_reactor *cr)
{
    int64_t max = cr->settings->options->limits.max_connections;
    LIST_EACH(&cr->sessions, n) {
        struct session *s = container_of(n, struct session, node);
        assert(s->phase != SESSION_CLOSED);     /* or the rest would be spared */
        assert(!s->is_off_server);
        if (!s->is_knocking && !session_close_over_server(s, max)) return;
    }
}

static void reload_here(struct mail *mail, struct reactor *r)
{
    struct core_reactor *cr = core_reactor_of(r);
    struct order *o = container_of(mail, struct order, mail);
    struct settings *old = cr->settings;
    assert(o->core == cr->core);
    assert(o->settings != NULL);
    assert(o->settings != old);         /* sessions tell old rules from new by their directory */
    assert(o->settings->directory != old->directory);
    cr->settings = o->settings;
    info_forget(cr);
    cr->drops_for_slow = o->settings->options->no_fast_producer_stall;
    LIST_EACH(&cr->sessions, n) session_login_again(container_of(n, struct session, node));
    close_excess(cr);
    settings_unref(old);
    assert_slow(core_reactor_check(cr) <= (uint64_t)core_clients(cr->core));
    xfree(o);
}

void core_reload(struct core *core, struct settings *take_settings)
{
    assert(take_settings->directory != NULL);
    take_accounts(core, take_settings, clock_realtime(core->env->clock));
    send_all(core, &(struct order){ .settings = take_settings }, reload_here);
    assert(atomic_load(&take_settings->refs) > core->reactors->count);  /* each has its own */
    settings_unref(take_settings);
}

/* ---- lame duck ---- */

static void tell_duck(struct core_reactor *cr)
{
    assert(cr->is_lame_duck);           /* INFO says so */
    LIST_EACH(&cr->sessions, n) {
        struct session *s = container_of(n, struct session, node);
        assert(!s->first_pong_sent || s->is_connected);
        if (s->wants_events && s->first_pong_sent) session_info(s, INFO_UPDATE);
    }
}

/* Closes one client and sets the time of the next: evenly over what is left, each at least half an
 * interval apart. */
static void close_one(struct timer *t, nanos now)
{
    struct core_reactor *cr = container_of(t, struct core_reactor, duck);
    assert(cr->is_lame_duck);
    assert(cr->duck_interval >= 0);
    assert(cr->duck_interval <= SECOND);
    if (!cr->duck_closes && cr->reactor->id == 0)
        log_info(cr->core->env->log, "Closing existing clients");
    cr->duck_closes = true;
    if (list_empty(&cr->sessions)) return;
    session_close(container_of(cr->sessions.next, struct session, node), CLOSE_SHUTDOWN);
    nanos half = cr->duck_interval / 2;
    wheel_set(&cr->reactor->wheel, &cr->duck,
              now + half + (nanos)(rng_next(&cr->reactor->rng) % (uint64_t)(half + 1)));
}

void lame_duck_init(struct core_reactor *cr)
{
    assert(!cr->is_lame_duck);
    timer_init(&cr->duck, close_one);
}

static void duck_here(struct mail *mail, struct reactor *r)
{
    struct core_reactor *cr = core_reactor_of(r);
    struct order *o = container_of(mail, struct order, mail);
    uint64_t here = 0;
    assert(o->core == cr->core);
    assert(o->grace >= 0);
    LIST_EACH(&cr->sessions, n) here++;
    nanos spread = o->duration > o->grace ? o->duration - o->grace : 0;
    cr->is_lame_duck = true;
    info_forget(cr);
    cr->duck_interval = here > 0 ? spread / (nanos)here : 0;
    if (cr->duck_interval > SECOND) cr->duck_interval = SECOND;
    tell_duck(cr);
    wheel_set(&r->wheel, &cr->duck, r->now + o->grace);
    xfree(o);
}

void core_lame_duck(struct core *core, nanos grace, nanos duration)
{
    assert(grace <= duration);          /* or no time is left to close anybody in */
    atomic_store(&core->is_lame_duck, true);
    send_all(core, &(struct order){ .grace = grace, .duration = duration }, duck_here);
}
