/* SPDX-License-Identifier: Apache-2.0 */
/* One hot stream beside many cold ones: while -c publishers with -w in flight write the first of -k
 * streams, the others get -r messages a second between them.
 *
 * Threads: the hot publishers' (main), the cold publisher's, and one that syncs a page of a file of
 * its own in -o every 10 ms: the slowest of those is what the disk alone may cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "natsbench.h"
#include "natsbench_api.h"
#include "natsbench_ask.h"
#include "natsbench_report.h"
#include "natsbench_stored.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define PROBE_PAUSE_NS (10 * 1000000ull)
#define PAGE_BYTES 4096
#define PATH_BYTES 512

struct neighbours {
    const struct options *options;
    atomic_bool is_over;
    uint64_t cold_msgs;         /* whole once its thread has ended, as are the rest */
    uint64_t cold_errors;
    struct latencies cold;
    struct latencies syncs;
};

struct cold {
    struct ask_kind stored;
    uint32_t streams;
};

/* Like a stored publish of streams 1, 2, ... without the hot one, 0. */
static size_t cold_compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    const struct cold *c = ctx;
    uint64_t round = index / (c->streams - 1), stream = index % (c->streams - 1) + 1;
    return c->stored.compose(c->stored.ctx, out, round * c->streams + stream, reply);
}

static bool cold_answer(void *ctx, uint64_t index, const struct message *m)
{
    const struct cold *c = ctx;
    return c->stored.answer(c->stored.ctx, index, m);
}

static void *cold_run(void *ctx)
{
    struct neighbours *n = ctx;
    struct options o = *n->options;
    o.pubs = o.window = 1;
    struct cold c = { .stored = stored_kind(stored_new(&o)), .streams = o.streams };
    struct ask_kind kind = c.stored;
    kind.compose = cold_compose;
    kind.answer = cold_answer;
    kind.ctx = &c;
    kind.id = 1;
    struct asks *as = asks_open(&o, &kind);
    for (uint64_t next = now_ns(); !atomic_load(&n->is_over);) {
        struct asks_result r = asks_run(as, 1, UINT64_MAX, &n->cold);
        n->cold_msgs += r.answers;
        n->cold_errors += r.errors;
        next += NANOS_PER_SECOND / o.rate;
        sleep_until_ns(next);
    }
    return NULL;
}

static void *sync_run(void *ctx)
{
    struct neighbours *n = ctx;
    char path[PATH_BYTES], page[PAGE_BYTES] = "probe";
    (void)text_print(path, sizeof path, "%s/natsbench-probe", n->options->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) die("open %s", path);
    if (pwrite(fd, page, sizeof page, 0) != PAGE_BYTES || fsync(fd) != 0) die("write %s", path);
    while (!atomic_load(&n->is_over)) {
        uint64_t start = now_ns();
        if (pwrite(fd, page, sizeof page, 0) != PAGE_BYTES || fdatasync(fd) != 0)
            die("sync %s", path);
        latencies_add(&n->syncs, now_ns() - start);
        sleep_until_ns(now_ns() + PROBE_PAUSE_NS);
    }
    (void)close(fd);
    (void)unlink(path);
    return NULL;
}

void mode_jscold(const struct options *o)
{
    errno = 0;
    if (o->streams < 2 || o->rate == 0) die("jscold needs -k streams and -r rate");
    struct api *api = api_open(o);
    if (!o->is_kept) stored_streams_new(api, o);
    struct options hot = *o;
    hot.streams = 1;
    struct stored *s = stored_new(&hot);
    struct ask_kind kind = stored_kind(s);
    struct asks *as = asks_open(&hot, &kind);
    struct neighbours n = { .options = o };
    struct latencies latencies = { 0 };
    pthread_t cold = thread_start(cold_run, &n), syncs = thread_start(sync_run, &n);
    struct asks_result result = asks_run_as_asked(as, &latencies);
    atomic_store(&n.is_over, true);
    (void)pthread_join(cold, NULL);
    (void)pthread_join(syncs, NULL);

    report_begin(o);
    report_number("streams", o->streams);
    report_rate(result.answers, result.elapsed_ns);
    report_number("errors", (double)(result.errors + n.cold_errors));
    report_number("cold_msgs", (double)n.cold_msgs);
    report_rss(o);
    latencies_report(&latencies, "");
    latencies_report(&n.cold, "cold_");
    latencies_report(&n.syncs, "sync_");
    report_end();
    if (!o->is_kept) stored_streams_delete(api, o);
}
