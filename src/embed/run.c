/* SPDX-License-Identifier: Apache-2.0 */
/* One thread per reactor. At the stop the reactors first close their connections by themselves;
 * then their threads end, and the last ticks, in which memory is given back, are made here. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/midge_internal.h"
#include "net/reactor.h"
#include "os/limits.h"
#include "store/store.h"
#include "store/store_cache.h"

/* Standard streams, signals, log, configuration, listeners, monitoring; a poller and its wake. */
enum {
    FILES_MIN = 30,
    FILES_REACTOR = 2,
    FILES_KEPT = STORE_CACHE_FILES + STORE_FILES_OTHER,
    FILES_KEPT_SHARE = 4, /* one in so many at most … */
    FILES_KEPT_MANY = 8,  /* … and so many of a large number, so that a thousand streams … */
    FILES_KEPT_MOST = 4096, /* … need not open their files again for each checkpoint */
};

static const nanos STOP_STEP = 2 * MILLISECOND;
static const nanos STOP_MOST = 5 * SECOND;      /* for farewells that nobody reads … */
static const nanos STORE_MOST = MINUTE;         /* … and for what must be written */

static uint32_t reactors_of(const struct midge *m, const struct options *o)
{
    if (m->reactors_wanted > 0) return (uint32_t)m->reactors_wanted;
    if (o->midge.reactors > 0) return (uint32_t)o->midge.reactors;
    struct usage_now now;
    m->env->usage->read(m->env->usage, &now);
    if (now.cores <= 2) return 1;
    return now.cores - 1 < REACTORS_MAX ? now.cores - 1 : REACTORS_MAX;
}

static void reactor_main(void *ctx)
{
    const struct midge_loop *l = ctx;
    struct reactor *r = l->reactor;
    roster_doing_at(l->roster, &r->doing);
    while (!r->stop) (void)reactor_tick(r, NANOS_MAX);
}

static enum err start_threads(struct midge *m, struct errmsg *why)
{
    for (uint32_t i = 0; i < m->set->count; i++) {
        char name[16];
        m->loops[i] = (struct midge_loop){ m->set->at[i], machine_roster(m->machine) };
        (void)snprintf(name, sizeof name, "reactor %u", i);
        m->threads[i] = thread_start(machine_roster(m->machine), name, reactor_main, &m->loops[i]);
        if (m->threads[i] == NULL) return errmsg_set(why, ERR_LIMIT, "no thread for a reactor");
    }
    return ERR_OK;
}

/* What a crowd of connections leaves to the store, which must open files to go on. */
static uint32_t files_kept(const struct options *o)
{
    uint64_t allowed = limits_files(), share = allowed / FILES_KEPT_SHARE;
    if (!o->jetstream.enabled) return 0;
    if (share > 0 && share < FILES_KEPT) return (uint32_t)share;
    uint64_t many = allowed / FILES_KEPT_MANY;
    if (many <= FILES_KEPT) return FILES_KEPT;
    return many < FILES_KEPT_MOST ? (uint32_t)many : FILES_KEPT_MOST;
}

/* What the start itself takes for sure; later, whoever finds none left is refused or waits. */
static enum err check_files(uint32_t reactors, uint32_t kept, struct errmsg *why)
{
    uint64_t allowed = limits_files();
    uint64_t needed = FILES_MIN + FILES_REACTOR * (uint64_t)reactors + kept;
    if (allowed == 0 || allowed >= needed) return ERR_OK;
    return errmsg_set(why, ERR_LIMIT,
                      "%llu file descriptors are too few, at least %llu are needed (ulimit -n)",
                      (unsigned long long)allowed, (unsigned long long)needed);
}

/* Never fewer than before: a store that is turned off stays open. */
static enum err keep_files(struct midge *m, uint32_t reactors, const struct options *o,
                           struct errmsg *why)
{
    struct net *net = m->env->net;
    uint32_t kept = files_kept(o), was = atomic_load(&net->files_kept);
    assert(reactors > 0);
    if (kept < was) kept = was;
    enum err e = check_files(reactors, kept, why);
    if (e == ERR_OK) atomic_store(&net->files_kept, kept);
    return e;
}

enum err run_reload(struct midge *m, struct options *take_options, struct errmsg *why)
{
    uint32_t was = atomic_load(&m->env->net->files_kept);
    assert(m->server != NULL);
    enum err e = keep_files(m, m->set->count, take_options, why);
    if (e) {
        (void)options_free(take_options);
        return e;
    }
    e = server_reload(m->server, take_options, why);
    if (e) atomic_store(&m->env->net->files_kept, was);
    return e;
}

enum err run_build(struct midge *m, struct errmsg *why)
{
    struct options *options = NULL;
    enum err e = configure_load(m, &options, why);
    if (e) return e;
    if (m->wish == MIDGE_WANTS_CHECK) {
        (void)options_free(options);
        return ERR_OK;
    }
    uint32_t reactors = reactors_of(m, options);
    e = keep_files(m, reactors, options, why);
    if (e) {
        (void)options_free(options);
        return e;
    }
    m->set = reactors_new(m->env, reactors, (uint64_t)options->midge.memory_limit);
    struct server_setup setup = {
        .env = m->env,
        .reactors = m->set,
        .midge_version = "v" MIDGE_VERSION,
        .program = m->program,
        .process_id = (uint64_t)getpid(),
        .arguments = (const char *const *)m->argv,
        .arguments_count = (uint32_t)m->argc,
    };
    m->phase = PHASE_CONFIGURED;
    return server_new(&setup, options, &m->server, why);
}

enum err run_start(struct midge *m, struct errmsg *why)
{
    enum err e = configure_log(m, server_options(m->server), why);
    if (e == ERR_OK) e = start_threads(m, why);
    m->phase = PHASE_RUNNING;
    if (e) log_line(m->env->log, LOG_FATAL, "%s", why->text);
    else e = server_start(m->server, why);
    if (e) run_stop(m);
    return e;
}

/* --- stop --- */

static void halt(struct mail *mail, struct reactor *r)
{
    r->stop = true;
    (void)xfree(mail);
}

static void stop_threads(struct midge *m)
{
    for (uint32_t i = 0; i < m->set->count; i++) {
        if (m->threads[i] == NULL) continue;
        struct mail *mail = xalloc(sizeof *mail);
        *mail = (struct mail){ .run = halt };
        reactor_post(m->set->at[i], mail);
    }
    for (uint32_t i = 0; i < m->set->count; i++) m->threads[i] = thread_join(m->threads[i]);
}

static void nap(void)
{
    struct timespec t = { .tv_nsec = (long)STOP_STEP };
    (void)nanosleep(&t, NULL);
}

static void wait_idle(struct midge *m)
{
    bool stores = server_options(m->server)->jetstream.enabled;
    nanos end = clock_monotonic(m->env->clock) + (stores ? STORE_MOST : STOP_MOST);
    while (!server_is_idle(m->server) && clock_monotonic(m->env->clock) < end) nap();
}

/* Ticks until nothing is left. False: something did not end in time. */
static bool finish_ticks(struct midge *m)
{
    nanos end = clock_monotonic(m->env->clock) + STOP_MOST;
    for (bool done = false; !done;) {
        done = true;
        for (uint32_t i = 0; i < m->set->count; i++) {
            (void)reactor_tick(m->set->at[i], 0);
            done &= reactor_is_done(m->set->at[i]);
        }
        if (done) break;
        if (clock_monotonic(m->env->clock) >= end) return false;
        nap();
    }
    return true;
}

void run_stop(struct midge *m)
{
    if (m->phase == PHASE_NEW || m->phase == PHASE_STOPPED) return;
    if (m->phase == PHASE_RUNNING) {
        server_stop(m->server);
        wait_idle(m);
    }
    m->phase = PHASE_STOPPED;
    stop_threads(m);
    if (!finish_ticks(m)) return;           /* the process ends soon; its memory with it */
    machine_end_workers(m->machine);
    m->server = server_free(m->server);
    m->set = reactors_free(m->set);
}
