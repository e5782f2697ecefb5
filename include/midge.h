/* SPDX-License-Identifier: Apache-2.0 */
/* midge: a NATS server inside your program.
 *
 *     char error[MIDGE_ERROR_SIZE];
 *     const char *arguments[] = { "my-program", "-p", "4222" };
 *     struct midge_setup options = { sizeof options, 3, arguments, 0, 0 };
 *     struct midge *server = midge_new(&options, error, sizeof error);
 *     if (server == NULL || midge_configure(server, error, sizeof error) != MIDGE_OK ||
 *         midge_start(server, error, sizeof error) != MIDGE_OK)
 *         fprintf(stderr, "%s\n", error);
 *     …
 *     midge_free(server);
 *
 * What a server is told, it is told as nats-server is: by its flags, and by the configuration file
 * that they name.
 *
 * Threads: a server has threads of its own; none of them calls you. midge_new(), midge_configure(),
 *          midge_start(), midge_run() and midge_free() belong to one thread of yours; all other
 *          functions may be called from any, at any time between midge_new() and midge_free(), but
 *          not from a signal handler. Several servers may live in one process.
 * Memory:  arguments and options are copied. Texts that are returned belong to the server.
 * Errors:  what fails says why in `error`: a text that ends in NUL, cut to `error_size` (which may
 *          be 0, and `error` NULL). Your own mistakes (a NULL server, midge_run() before
 *          midge_start()) stop the process.
 * C99 and C++. Nothing but structs with a `size` is laid out here, so that it can grow. */
#ifndef MIDGE_H
#define MIDGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MIDGE_API __attribute__((visibility("default")))
#else
#define MIDGE_API
#endif

#define MIDGE_ERROR_SIZE 16384

struct midge;

struct midge_setup {
    size_t             size;            /* sizeof(struct midge_setup) */
    int                argc;
    const char *const *argv;            /* as main() gets them; argv[0] names the program */
    /* Not 0: this program is the server. SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 do what they
     * do to nats-server, SIGPIPE is ignored, and the limit of open files is raised. To be set
     * before the program has other threads. */
    int                owns_process;
    int                reactors;        /* threads that serve clients; 0: as configured */
};

enum midge_result { MIDGE_OK = 0, MIDGE_FAILED = 1 };

/* What the arguments ask for. */
enum midge_wish {
    MIDGE_WANTS_SERVER,                 /* midge_configure(), midge_start(), midge_run() */
    MIDGE_WANTS_TEXT,                   /* -h, -v, -help_tls: midge_text() to stdout */
    MIDGE_WANTS_USAGE,                  /* a flag is wrong: `error` of midge_new() to stderr,
                                           midge_text() to stdout */
    MIDGE_WANTS_CHECK,                  /* -t: midge_configure() tells */
    MIDGE_WANTS_SIGNAL,                 /* -sl: midge_signal() */
    MIDGE_WANTS_STORE_CHECK,            /* store check: midge_store_check() */
    MIDGE_WANTS_STORE_IMPORT            /* store import: midge_store_import() */
};

/* "0.1.0". The protocol's version, which clients see, is nats-server's. */
MIDGE_API const char *midge_version(void);

/* Reads the arguments. NULL when they make no sense. */
MIDGE_API struct midge *midge_new(const struct midge_setup *options, char *error,
                                  size_t error_size);
/* Stops the server if it runs. NULL is fine. */
MIDGE_API void midge_free(struct midge *server);

MIDGE_API enum midge_wish midge_wish(const struct midge *server);
MIDGE_API const char *midge_text(struct midge *server);

/* Reads the configuration file and checks it. Once. What succeeded with remarks leaves them in
 * midge_text(): a line each, for stderr. */
MIDGE_API enum midge_result midge_configure(struct midge *server, char *error, size_t error_size);

/* Sends the signal that the arguments name to a server that runs elsewhere. */
MIDGE_API enum midge_result midge_signal(struct midge *server, char *error, size_t error_size);

/* Reads the store that the arguments name, which no server may be using, and changes nothing. What
 * is damaged, and a summary, stand in midge_text(), a line each, for stdout. MIDGE_FAILED also when
 * there is damage. */
MIDGE_API enum midge_result midge_store_check(struct midge *server, char *error, size_t error_size);

/* Makes a store of what a nats-server wrote in the directory that the arguments name, and leaves
 * that as it is. `say` gets what happens, a line each, without an end of line, for stdout. When it
 * fails nothing has changed. */
MIDGE_API enum midge_result midge_store_import(struct midge *server,
                                               void (*say)(void *ctx, const char *line), void *ctx,
                                               char *error, size_t error_size);

/* Opens the listeners and starts the threads. Once, after midge_configure(). When it fails, the
 * reason stands in the log too. */
MIDGE_API enum midge_result midge_start(struct midge *server, char *error, size_t error_size);

/* Waits until the server has stopped: by midge_stop(), by a signal, or drained. Returns the exit
 * status for the process. */
MIDGE_API int midge_run(struct midge *server);

/* Reads the configuration file again. What cannot change while it runs refuses the whole reload. */
MIDGE_API enum midge_result midge_reload(struct midge *server, char *error, size_t error_size);
/* Lame duck: no new clients, those that are in are closed one by one, then the server stops.
 * Returns at once. Somebody must be in midge_run(). */
MIDGE_API void midge_drain(struct midge *server);
/* Asks the server to stop. Returns at once; midge_run() and midge_free() wait for the end. */
MIDGE_API void midge_stop(struct midge *server);
/* Opens the log file again, after it was moved away. */
MIDGE_API void midge_reopen_log(struct midge *server);

/* The port on which clients are served, 0 before midge_start(). */
MIDGE_API int midge_client_port(const struct midge *server);

#ifdef __cplusplus
}
#endif

#endif
