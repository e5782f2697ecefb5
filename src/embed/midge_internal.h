/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of embed/ share: the handle of include/midge.h.
 *
 * Thread:  `control` is held while a server is started, reloaded, drained or stopped. `mutex`
 *          guards the wishes that midge_run() waits for; it is never held together with a call
 *          into server/.
 * Memory:  owned by midge_free(). */
#ifndef MIDGE_EMBED_MIDGE_INTERNAL_H
#define MIDGE_EMBED_MIDGE_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/flags.h"
#include "midge.h"
#include "net/reactor.h"
#include "os/machine.h"
#include "os/signals.h"
#include "os/thread.h"
#include "server/server.h"

enum midge_phase { PHASE_NEW, PHASE_CONFIGURED, PHASE_RUNNING, PHASE_STOPPED };

/* What a reactor's thread is given. */
struct midge_loop {
    struct reactor *reactor;
    struct roster  *roster;
};

struct midge {
    struct machine  *machine;
    struct env      *env;
    struct signals  *signals;           /* NULL: the process is not ours */
    char           **argv;              /* copied, argc + 1 */
    int              argc;
    const char      *program;           /* base name of argv[0] */
    int              reactors_wanted;
    enum midge_wish  wish;
    struct arena    *arena;             /* of the flags */
    struct flags     flags;
    const char      *store_path;        /* of `store …`; NULL: the configuration's */
    bool             store_damaged;     /* store import: what is damaged may be left out */
    struct buf       text;              /* for midge_text() */
    struct buf       complaint;         /* the last load's errors, all of them */

    pthread_mutex_t  control;
    enum midge_phase phase;
    struct server   *server;
    struct reactors *set;
    struct thread   *threads[REACTORS_MAX];
    struct midge_loop loops[REACTORS_MAX];

    pthread_mutex_t  mutex;
    pthread_cond_t   changed;
    bool             stop_wanted;
    bool             drain_wanted;
    int              exit_status;
};

/* configure.c */
MUST_CHECK enum err configure_arguments(struct midge *, struct errmsg *why);
MUST_CHECK enum err configure_load(struct midge *, struct options **ret_options,
                                   struct errmsg *why);
MUST_CHECK enum err configure_reload(struct midge *, struct options **ret_options,
                                     struct errmsg *why);
/* Where and how the log is written, as the options say. */
MUST_CHECK enum err configure_log(struct midge *, const struct options *, struct errmsg *why);

/* store_command.c: `store check`, `store import` */
bool store_command_is(const struct midge *);
MUST_CHECK enum err store_command_arguments(struct midge *, struct errmsg *why);
MUST_CHECK enum err store_command_check(struct midge *, struct errmsg *why);
MUST_CHECK enum err store_command_import(struct midge *, void (*say)(void *ctx, const char *line),
                                         void *ctx, struct errmsg *why);

/* run.c: the server and its threads. `control` is held. */
MUST_CHECK enum err run_build(struct midge *, struct errmsg *why);
MUST_CHECK enum err run_start(struct midge *, struct errmsg *why);
MUST_CHECK enum err run_reload(struct midge *, struct options *take_options, struct errmsg *why);
void run_stop(struct midge *);

#endif
