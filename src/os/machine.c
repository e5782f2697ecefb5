/* SPDX-License-Identifier: Apache-2.0 */
#include "os/machine.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "os/clock.h"
#include "os/disk.h"
#include "os/files.h"
#include "os/http.h"
#include "os/log.h"
#include "os/net.h"
#include "os/worker.h"

struct machine {
    struct env     env;
    struct roster *roster;
    struct clock   clock;
    struct entropy entropy;
    struct net     net;
    struct files   files;
    struct os_disks disks;
    struct usage   usage;
};

struct machine *machine_new(void)
{
    struct machine *m = xcalloc(1, sizeof *m);
    m->roster = roster_new();
    os_clock_init(&m->clock);
    os_entropy_init(&m->entropy);
    os_net_init(&m->net);
    os_files_init(&m->files);
    os_disks_init(&m->disks, m->roster);
    os_usage_init(&m->usage);
    m->env = (struct env){
        .clock = &m->clock,
        .entropy = &m->entropy,
        .net = &m->net,
        .files = &m->files,
        .disks = &m->disks.base,
        .log = os_log_new(),
        .worker = os_worker_new(m->roster),
        .http = os_http_new(m->roster),
        .usage = &m->usage,
        .threads = roster_threads(m->roster),
        .zone = getenv("TZ"),
    };
    return m;
}

struct machine *machine_free(struct machine *m)
{
    if (m == NULL) return NULL;
    m->env.http = os_http_free(m->env.http);
    m->env.worker = os_worker_free(m->env.worker);
    m->env.log = os_log_free(m->env.log);
    m->roster = roster_free(m->roster);
    return xfree(m);
}

void machine_end_workers(struct machine *m)
{
    m->env.worker = os_worker_free(m->env.worker);
}

struct env *machine_env(struct machine *m)
{
    return &m->env;
}

struct roster *machine_roster(struct machine *m)
{
    return m->roster;
}
