/* SPDX-License-Identifier: Apache-2.0 */
/* Machine: the parts of a simulated env that are small: clock, entropy, files, log, worker, http,
 * usage, threads.
 *
 * Each part embeds the table of env/ as `base`; what stands behind it is plain and may be read and
 * changed by a scenario at any time between two ticks.
 * Thread: one for all. Memory: init and deinit by the owner; nothing is global. */
#ifndef MIDGE_SIM_MACHINE_H
#define MIDGE_SIM_MACHINE_H

#include "base/list.h"
#include "base/rng.h"
#include "env/env.h"

/* ---- time: moves only when the world says so ---- */

struct sim_clock {
    struct clock base;
    nanos now;         /* monotonic */
    nanos wall_offset; /* real time less monotonic; a jump changes it */
};

void sim_clock_init(struct sim_clock *);
void sim_clock_advance(struct sim_clock *, nanos by);
void sim_clock_jump(struct sim_clock *, nanos by); /* real time only, either way */

struct sim_entropy {
    struct entropy base;
    struct rng rng;
};
void sim_entropy_init(struct sim_entropy *, uint64_t seed);

struct sim_usage {
    struct usage base;
    struct sim_clock *clock;
};
void sim_usage_init(struct sim_usage *, struct sim_clock *);

/* ---- threads: one plays them all ---- */

void sim_threads_init(struct threads *);

/* ---- files: names and bytes in memory ---- */

struct sim_files {
    struct files base;
    struct map *by_path;
    bool fail; /* every read and write is an IO error */
};
void sim_files_init(struct sim_files *, uint64_t seed);
void sim_files_deinit(struct sim_files *);
void sim_files_put(struct sim_files *, const char *path, struct slice bytes);

/* ---- log: kept, and lines that nobody expected are counted ---- */

struct sim_log {
    struct log base;
    bool echo;     /* print every line to stderr */
    uint64_t hash; /* of all lines */
    uint64_t count[LOG_TRACE + 1];
    char unexpected[256]; /* the first ERROR or FATAL line that no pattern covers */
    void (*on_line)(void *ctx, struct slice text); /* NULL: nobody reads them */
    void *ctx;
};
void sim_log_init(struct sim_log *);

/* ---- worker: does the work when asked, some virtual time later ---- */

struct sim_worker {
    struct worker base;
    struct sim_clock *clock;
    struct rng rng;
    struct list queue;
    nanos busy_until;
    nanos delay_max;
    uint32_t count;
    uint32_t count_max; /* more is LIMIT */
};
void sim_worker_init(struct sim_worker *, struct sim_clock *, uint64_t seed);
/* Finishes at most one piece of work that is due. True when it did. */
bool sim_worker_step(struct sim_worker *);
bool sim_worker_idle(const struct sim_worker *);

/* ---- http: a request is a call ---- */

struct sim_http {
    struct http base;
    struct http_options options;
    bool is_started;
    bool has_reply;
    int status;
    struct buf body;
};
void sim_http_init(struct sim_http *);
void sim_http_deinit(struct sim_http *);
/* Calls the handler. The reply comes now or in a later tick: see `has_reply`, `status`, `body`. The
 * request must stay until then. */
void sim_http_ask(struct sim_http *, struct http_request *);

#endif
