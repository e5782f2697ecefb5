/* SPDX-License-Identifier: Apache-2.0 */
#include <midge.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/midge_internal.h"
#include "os/limits.h"
#include "os/log.h"
#include "os/signal_send.h"

static void take(pthread_mutex_t *m)
{
    int failed = pthread_mutex_lock(m);
    assert(failed == 0);
}

static void drop(pthread_mutex_t *m)
{
    int failed = pthread_mutex_unlock(m);
    assert(failed == 0);
}

static enum midge_result tell(enum err e, const struct errmsg *why, char *error, size_t error_size)
{
    if (e == ERR_OK) return MIDGE_OK;
    if (error != NULL && error_size > 0) (void)snprintf(error, error_size, "%s", why->text);
    return MIDGE_FAILED;
}

/* What a configuration file is wrong about may be longer than one message. */
static enum midge_result tell_all(struct midge *m, enum err e, const struct errmsg *why,
                                  char *error, size_t error_size)
{
    if (e == ERR_OK || m->complaint.len == 0) return tell(e, why, error, error_size);
    if (error != NULL && error_size > 0)
        (void)snprintf(error, error_size, "%s", buf_str(&m->complaint));
    return MIDGE_FAILED;
}

const char *midge_version(void)
{
    return MIDGE_VERSION;
}

/* --- new and free --- */

static void on_signal(void *ctx, enum signal_name name);

static void copy_arguments(struct midge *m, const struct midge_setup *o)
{
    m->argc = o->argc;
    m->argv = xcalloc((size_t)o->argc + 1, sizeof *m->argv);
    for (int i = 0; i < o->argc; i++) m->argv[i] = xstrdup(o->argv[i]);
    const char *name = o->argc > 0 && o->argv[0] != NULL ? m->argv[0] : "nats-server";
    const char *slash = strrchr(name, '/');
    m->program = slash == NULL ? name : slash + 1;
}

static void own_process(struct midge *m)
{
    m->signals = signals_start(machine_roster(m->machine), on_signal, m);
    (void)limits_raise_files();
}

struct midge *midge_new(const struct midge_setup *options, char *error, size_t error_size)
{
    assert(options != NULL);
    assert(options->size == sizeof *options);
    struct midge *m = xcalloc(1, sizeof *m);
    struct errmsg why = { 0 };
    (void)pthread_mutex_init(&m->control, NULL);
    (void)pthread_mutex_init(&m->mutex, NULL);
    (void)pthread_cond_init(&m->changed, NULL);
    copy_arguments(m, options);
    m->reactors_wanted = options->reactors;
    m->machine = machine_new();
    m->env = machine_env(m->machine);
    enum err e = configure_arguments(m, &why);
    (void)tell(e, &why, error, error_size);
    if (e && m->wish != MIDGE_WANTS_USAGE) {
        midge_free(m);
        return NULL;
    }
    if (options->owns_process && m->wish == MIDGE_WANTS_SERVER) own_process(m);
    return m;
}

void midge_free(struct midge *m)
{
    if (m == NULL) return;
    take(&m->control);
    run_stop(m);
    drop(&m->control);
    m->signals = signals_stop(m->signals);
    m->machine = machine_free(m->machine);
    for (int i = 0; i < m->argc; i++) m->argv[i] = xfree(m->argv[i]);
    m->argv = xfree(m->argv);
    m->arena = arena_free(m->arena);
    buf_deinit(&m->text);
    buf_deinit(&m->complaint);
    (void)pthread_cond_destroy(&m->changed);
    (void)pthread_mutex_destroy(&m->mutex);
    (void)pthread_mutex_destroy(&m->control);
    (void)xfree(m);
}

enum midge_wish midge_wish(const struct midge *m)
{
    return m->wish;
}

const char *midge_text(struct midge *m)
{
    return buf_str(&m->text);
}

/* --- configure and signal --- */

enum midge_result midge_configure(struct midge *m, char *error, size_t error_size)
{
    assert(m->phase == PHASE_NEW);
    struct errmsg why = { 0 };
    take(&m->control);
    enum err e = run_build(m, &why);
    drop(&m->control);
    return tell_all(m, e, &why, error, error_size);
}

enum midge_result midge_signal(struct midge *m, char *error, size_t error_size)
{
    struct errmsg why = { 0 };
    assert(m->flags.signal != NULL);
    char *command = arena_str(m->arena, slice_str(m->flags.signal));
    char *mark = strchr(command, '=');
    char *again = mark == NULL ? NULL : strchr(mark + 1, '=');
    if (again != NULL) {
        for (char *at = again + 1; (at = strchr(at, '=')) != NULL;) *at = ' ';
        enum err e = errmsg_set(&why, ERR_INVALID, "invalid signal parameters: [%s]", again + 1);
        return tell(e, &why, error, error_size);
    }
    if (mark != NULL) *mark = 0;
    enum err e = signal_send(command, mark == NULL ? "" : mark + 1, &why);
    return tell(e, &why, error, error_size);
}

enum midge_result midge_store_check(struct midge *m, char *error, size_t error_size)
{
    assert(m->wish == MIDGE_WANTS_STORE_CHECK);
    struct errmsg why = { 0 };
    take(&m->control);
    enum err e = store_command_check(m, &why);
    drop(&m->control);
    return tell_all(m, e, &why, error, error_size);
}

enum midge_result midge_store_import(struct midge *m, void (*say)(void *ctx, const char *line),
                                     void *ctx, char *error, size_t error_size)
{
    assert(m->wish == MIDGE_WANTS_STORE_IMPORT);
    struct errmsg why = { 0 };
    take(&m->control);
    enum err e = store_command_import(m, say, ctx, &why);
    drop(&m->control);
    return tell_all(m, e, &why, error, error_size);
}

/* --- start, run and the wishes of other threads --- */

enum midge_result midge_start(struct midge *m, char *error, size_t error_size)
{
    struct errmsg why = { 0 };
    take(&m->control);
    assert(m->phase == PHASE_CONFIGURED);
    roster_enter(machine_roster(m->machine), "starting the server");
    enum err e = run_start(m, &why);
    roster_leave(machine_roster(m->machine));
    drop(&m->control);
    return tell(e, &why, error, error_size);
}

/* How often a draining server is asked whether its clients are gone. */
static const nanos DRAIN_POLL = 20 * MILLISECOND;

static void wait_for_change(struct midge *m)
{
    if (!m->drain_wanted) {
        (void)pthread_cond_wait(&m->changed, &m->mutex);
        return;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    nanos at = (nanos)until.tv_sec * SECOND + until.tv_nsec + DRAIN_POLL;
    until = (struct timespec){ .tv_sec = (time_t)(at / SECOND), .tv_nsec = (long)(at % SECOND) };
    (void)pthread_cond_timedwait(&m->changed, &m->mutex, &until);
}

static bool is_drained(struct midge *m)
{
    take(&m->control);
    bool is = m->server == NULL || server_is_drained(m->server);
    drop(&m->control);
    return is;
}

int midge_run(struct midge *m)
{
    assert(m->phase == PHASE_RUNNING);
    struct roster *roster = machine_roster(m->machine);
    roster_enter(roster, "waiting for the end of the server");
    take(&m->mutex);
    while (!m->stop_wanted) {
        wait_for_change(m);
        if (!m->drain_wanted || m->stop_wanted) continue;
        drop(&m->mutex);
        bool drained = is_drained(m);
        take(&m->mutex);
        m->stop_wanted |= drained;
    }
    drop(&m->mutex);
    roster_doing(roster, "stopping the server");
    take(&m->control);
    run_stop(m);
    drop(&m->control);
    roster_leave(roster);
    return m->exit_status;
}

/* One line, whatever ends the text. */
static enum err refused(struct midge *m, enum err e, const char *text)
{
    assert(e != ERR_OK);
    struct slice line = slice_trim(slice_str(text));
    log_error(m->env->log, "Failed to reload server configuration: %.*s", SLICE_ARGS(line));
    return e;
}

/* The log turns first, as its file may be out of reach. A refusal is told by the old one. */
static enum err reload(struct midge *m, struct errmsg *why)
{
    struct options *next = NULL;
    enum err e = m->server == NULL ? errmsg_set(why, ERR_INVALID, "the server does not run")
                                   : configure_reload(m, &next, why);
    if (e) return refused(m, e, m->complaint.len > 0 ? buf_str(&m->complaint) : why->text);
    e = configure_log(m, next, why);
    if (e) {
        (void)options_free(next);
        return refused(m, e, why->text);
    }
    e = run_reload(m, next, why);
    struct errmsg ignored;
    if (e && configure_log(m, server_options(m->server), &ignored) != ERR_OK)
        log_error(m->env->log, "cannot go back to the old log: %s", ignored.text);
    return e ? refused(m, e, why->text) : ERR_OK;
}

enum midge_result midge_reload(struct midge *m, char *error, size_t error_size)
{
    struct errmsg why = { 0 };
    take(&m->control);
    enum err e = reload(m, &why);
    enum midge_result told = tell_all(m, e, &why, error, error_size);
    drop(&m->control);
    return told;
}

void midge_drain(struct midge *m)
{
    take(&m->control);
    bool is_running = m->server != NULL;
    if (is_running) server_drain(m->server);
    drop(&m->control);
    if (!is_running) return;
    take(&m->mutex);
    m->drain_wanted = true;
    (void)pthread_cond_broadcast(&m->changed);
    drop(&m->mutex);
}

void midge_stop(struct midge *m)
{
    take(&m->mutex);
    m->stop_wanted = true;
    (void)pthread_cond_broadcast(&m->changed);
    drop(&m->mutex);
}

void midge_reopen_log(struct midge *m)
{
    struct errmsg why = { 0 };
    enum err e = os_log_reopen(m->env->log, &why);
    if (e == ERR_OK) log_info(m->env->log, "File log re-opened");
    else if (e == ERR_INVALID) log_info(m->env->log, "File log re-open ignored, not a file logger");
    else log_error(m->env->log, "Error trying to open file \"%s\"", why.text);
}

int midge_client_port(const struct midge *m)
{
    return m->server == NULL ? 0 : server_client_port(m->server);
}

static bool is_draining(struct midge *m)
{
    take(&m->mutex);
    bool is = m->drain_wanted;
    drop(&m->mutex);
    return is;
}

static void on_signal(void *ctx, enum signal_name name)
{
    struct midge *m = ctx;
    log_info(m->env->log, "Trapped \"%s\" signal", signal_text(name));
    switch (name) {
    case SIGNAL_TERMINATE:
        if (!is_draining(m)) midge_stop(m);
        break;
    case SIGNAL_INTERRUPT: midge_stop(m); break;
    case SIGNAL_HANGUP: (void)midge_reload(m, NULL, 0); break;
    case SIGNAL_USER1: midge_reopen_log(m); break;
    case SIGNAL_USER2: midge_drain(m); break;
    }
}
