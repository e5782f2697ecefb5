/* SPDX-License-Identifier: Apache-2.0 */
/* A key-value bucket: -x put makes it and leaves it there, the other operations but cas need it. */
#include <errno.h>
#include <string.h>

#include "natsbench.h"
#include "natsbench_api.h"
#include "natsbench_ask.h"
#include "natsbench_consume.h"
#include "natsbench_kv.h"
#include "natsbench_report.h"
#include "natsbench_util.h"

struct figures {
    uint64_t ops;
    uint64_t errors;
    uint64_t elapsed_ns;
    struct server_cpu cpu;
    struct latencies latencies;
};

static void ask_all(const struct options *o, const struct ask_kind *kind, struct figures *f)
{
    struct asks *as = asks_open(o, kind);
    f->cpu = server_cpu_begin(o->server_pid);
    struct asks_result result = asks_run_as_asked(as, &f->latencies);
    f->cpu = server_cpu_since(o->server_pid, f->cpu);
    f->ops = result.answers;
    f->errors = result.errors;
    f->elapsed_ns = result.elapsed_ns;
    (void)asks_close(as);
}

static void op_put(const struct options *o, struct api *api, struct figures *f)
{
    struct ask_kind kind = kv_put(kv_new(o));
    kv_bucket_new(api, o);
    ask_all(o, &kind, f);
}

static void op_get(const struct options *o, struct api *api, struct figures *f)
{
    struct ask_kind kind = kv_get(kv_new(o));
    (void)api;
    ask_all(o, &kind, f);
}

/* Every key is made first, without measuring. */
static void op_cas(const struct options *o, struct api *api, struct figures *f)
{
    struct ask_kind kind = kv_cas(kv_new(o));
    errno = 0;
    if (o->subjects < 2ull * o->pubs * o->window) die("cas: too few keys for this window");
    kv_bucket_new(api, o);
    struct asks *as = asks_open(o, &kind);
    if (asks_run(as, o->subjects, UINT64_MAX, NULL).errors > 0) die("cannot make the keys");
    (void)asks_close(as);
    ask_all(o, &kind, f);
}

static void deliver(const struct options *o, struct api *api, bool is_headers_only,
                    struct figures *f)
{
    struct consume *c = consume_open(o, api);
    const struct consume_spec spec = {
        .stream = KV_STREAM,
        .filter = KV_SUBJECTS,
        .policy = "last_per_subject",
        .is_headers_only = is_headers_only,
    };
    f->cpu = server_cpu_begin(o->server_pid);
    uint64_t start = now_ns();
    f->ops = consume_begin(c, &spec);
    consume_all(c, &f->latencies);
    f->elapsed_ns = now_ns() - start;
    f->cpu = server_cpu_since(o->server_pid, f->cpu);
    consume_end(c);
}

static void op_watch(const struct options *o, struct api *api, struct figures *f)
{
    deliver(o, api, false, f);
}

static void op_keys(const struct options *o, struct api *api, struct figures *f)
{
    deliver(o, api, true, f);
}

/* As clients do it: a consumer of the one key, all its values, the consumer's end. */
static void op_history(const struct options *o, struct api *api, struct figures *f)
{
    struct consume *c = consume_open(o, api);
    char subject[KV_SUBJECT_BYTES];
    const struct consume_spec spec = { .stream = KV_STREAM, .filter = subject, .policy = "all" };
    f->cpu = server_cpu_begin(o->server_pid);
    uint64_t start = now_ns();
    for (uint64_t i = 0; i < o->msgs; i++) {
        uint64_t begin = now_ns();
        kv_subject(subject, i % o->subjects);
        f->errors += consume_begin(c, &spec) == 0;
        consume_all(c, NULL);
        consume_end(c);
        latencies_add(&f->latencies, now_ns() - begin);
    }
    f->ops = o->msgs;
    f->elapsed_ns = now_ns() - start;
    f->cpu = server_cpu_since(o->server_pid, f->cpu);
}

static const struct {
    const char *name;
    void (*run)(const struct options *, struct api *, struct figures *);
} operations[] = {
    { "put", op_put },     { "get", op_get },   { "cas", op_cas },
    { "watch", op_watch }, { "keys", op_keys }, { "history", op_history },
};

static void report(const struct options *o, uint64_t rss_before, struct figures *f)
{
    report_begin(o);
    report_text("operation", o->operation);
    report_number("keys", (double)o->subjects);
    report_rate(f->ops, f->elapsed_ns);
    report_number("errors", (double)f->errors);
    report_cpu(o, f->cpu, f->ops, "msg");
    report_rss(o);
    report_number("rss_before_bytes", (double)rss_before);
    latencies_report(&f->latencies, "");
    report_end();
}

void mode_jskv(const struct options *o)
{
    struct figures f = { 0 };
    struct api *api = api_open(o);
    uint64_t rss = server_rss_bytes(o->server_pid);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, o->operation) != 0) continue;
        operations[i].run(o, api, &f);
        report(o, rss, &f);
        return;
    }
    errno = 0;
    die("no operation is called %s", o->operation);
}
