/* SPDX-License-Identifier: Apache-2.0 */
/* A request becomes a task. Most are answered at once; those that need a collection wait in line
 * for it, are collected by the reactors, and are then sorted and written by a worker. */
#include "monitor/monitor.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/lock.h"
#include "monitor/access.h"
#include "monitor/accountz.h"
#include "monitor/debugz.h"
#include "monitor/healthz.h"
#include "monitor/jsz.h"
#include "monitor/linkz.h"
#include "monitor/metrics.h"
#include "monitor/redirect.h"
#include "monitor/req_stats.h"
#include "monitor/request.h"
#include "monitor/varz.h"

/* Between two samples of the processor time; asking more often gives the last one again. */
static const nanos CPU_SAMPLE = 200 * MILLISECOND;

struct endpoint {
    const char *path;
    enum req_stat stat;
    /* Decodes parameters; true when the page needs its collection before `serve`. It may also set
     * `wants_js`, and what `js` asks for. NULL: never. */
    bool (*plan)(struct request *);
    void (*serve)(struct request *);
};

/* clang-format off */
static const struct endpoint endpoints[] = {
    { "/",               REQ_STAT_ROOT,     NULL,         index_serve },
    { "/varz",           REQ_STAT_VARZ,     varz_plan,    varz_serve },
    { "/connz",          REQ_STAT_CONNZ,    connz_plan,   connz_serve },
    { "/routez",         REQ_STAT_ROUTEZ,   NULL,         routez_serve },
    { "/gatewayz",       REQ_STAT_GATEWAYZ, NULL,         gatewayz_serve },
    { "/leafz",          REQ_STAT_LEAFZ,    NULL,         leafz_serve },
    { "/subsz",          REQ_STAT_SUBSZ,    subsz_plan,   subsz_serve },
    { "/subscriptionsz", REQ_STAT_SUBSZ,    subsz_plan,   subsz_serve },
    { "/accountz",       REQ_STAT_ACCOUNTZ, accountz_plan, accountz_serve },
    { "/accstatz",       REQ_STAT_ACCSTATZ, NULL,         accstatz_serve },
    { "/jsz",            REQ_STAT_JSZ,      jsz_plan,     jsz_serve },
    { "/healthz",        REQ_STAT_HEALTHZ,  healthz_plan, healthz_serve },
    { "/metrics",        REQ_STAT_METRICS,  metrics_plan, metrics_serve },
    { "/stacksz",        REQ_STAT_NONE,     NULL,         stacksz_serve },
    { "/ipqueuesz",      REQ_STAT_NONE,     NULL,         ipqueuesz_serve },
    { "/raftz",          REQ_STAT_NONE,     NULL,         raftz_serve },
    { "/debug/vars",     REQ_STAT_NONE,     NULL,         vars_serve },
};
/* clang-format on */

struct monitor {
    struct core *core;
    struct env *env;
    struct req_stats stats;
    struct access *access;
    _Atomic uint32_t under_way;
    bool is_started;
    struct lock lock; /* guards what follows */
    struct facts *facts;
    struct list waiting; /* tasks that want a collection */
    bool is_collecting;
    nanos cpu_at; /* monotonic, of the last sample */
    nanos cpu_time;
    double cpu_percent;
};

struct task {
    struct request request; /* first: a page knows no more */
    struct monitor *monitor;
    struct facts *facts;
    const struct endpoint *endpoint;
    bool wants_collection;
    struct work work;
    struct list node; /* in monitor->waiting */
    void (*done)(void *ctx, struct http_response *take_response);
    void *ctx;
};

/* ---- life ---- */

struct monitor *monitor_new(struct core *core, const struct monitor_options *options)
{
    struct monitor *m = xcalloc(1, sizeof *m);
    m->core = core;
    m->env = core->env;
    m->access = access_new(m->env->entropy);
    m->facts = facts_new(options, core->started_wall);
    m->cpu_at = core->started;
    list_init(&m->waiting);
    lock_init(&m->lock);
    return m;
}

void monitor_update(struct monitor *m, const struct monitor_options *options)
{
    struct facts *facts = facts_new(options, m->core->started_wall);
    lock_take(&m->lock);
    struct facts *old = m->facts;
    m->facts = facts;
    lock_drop(&m->lock);
    facts_unref(old);
}

bool monitor_is_idle(const struct monitor *m)
{
    return atomic_load_explicit(&m->under_way, memory_order_acquire) == 0;
}

struct monitor *monitor_free(struct monitor *m)
{
    if (m == NULL) return NULL;
    assert(!m->is_started);
    assert(monitor_is_idle(m));
    facts_unref(m->facts);
    access_free(m->access);
    lock_deinit(&m->lock);
    return xfree(m);
}

/* ---- tasks ---- */

/* Percent of one processor since the last sample. */
static void sample_cpu(struct monitor *m, struct request *r)
{
    m->env->usage->read(m->env->usage, &r->usage);
    lock_take(&m->lock);
    nanos passed = r->monotonic - m->cpu_at;
    if (passed >= CPU_SAMPLE || m->cpu_time == 0) {
        double used = (double)(r->usage.cpu_time - m->cpu_time);
        double percent = passed > 0 ? 100 * used / (double)passed : 0;
        m->cpu_percent = (double)(int64_t)(10 * percent + 0.5) / 10;
        m->cpu_at = r->monotonic;
        m->cpu_time = r->usage.cpu_time;
    }
    r->cpu_percent = m->cpu_percent;
    lock_drop(&m->lock);
}

static struct task *task_new(struct monitor *m)
{
    struct task *t = xcalloc(1, sizeof *t);
    t->monitor = m;
    lock_take(&m->lock);
    t->facts = facts_ref(m->facts);
    lock_drop(&m->lock);
    t->request.core = m->core;
    t->request.stats = &m->stats;
    t->request.facts = t->facts;
    t->request.arena = arena_new();
    t->request.now = clock_realtime(m->env->clock);
    t->request.monotonic = clock_monotonic(m->env->clock);
    atomic_fetch_add_explicit(&m->under_way, 1, memory_order_relaxed);
    return t;
}

/* Hands the response over; the task is gone then. */
static void task_finish(struct task *t)
{
    struct monitor *m = t->monitor;
    struct http_response response = t->request.response;
    void (*done)(void *, struct http_response *) = t->done;
    void *ctx = t->ctx;
    assert(response.status != 0);
    collection_deinit(&t->request.collection);
    arena_free(t->request.arena);
    facts_unref(t->facts);
    xfree(t);
    done(ctx, &response);
    atomic_fetch_sub_explicit(&m->under_way, 1, memory_order_release);
}

/* ---- collections: one at a time ---- */

static void task_collected(struct collection *c);

static void collect_next(struct monitor *m)
{
    lock_take(&m->lock);
    struct list *node = m->is_collecting ? NULL : list_pop(&m->waiting);
    if (node != NULL) m->is_collecting = true;
    lock_drop(&m->lock);
    if (node == NULL) return;
    struct task *t = container_of(node, struct task, node);
    t->request.collection.done = task_collected;
    collection_start(&t->request.collection);
}

static void task_write(struct work *w)
{
    struct task *t = container_of(w, struct task, work);
    t->endpoint->serve(&t->request);
}

static void task_written(struct work *w)
{
    task_finish(container_of(w, struct task, work));
}

/* On a reactor: what takes longer goes to a worker. */
static void task_hand_over(struct task *t)
{
    struct worker *worker = t->monitor->env->worker;
    t->work.doing = "writing a page of the monitoring";
    t->work.run = task_write;
    t->work.finished = task_written;
    if (worker->submit(worker, &t->work) == ERR_OK) return;
    request_text(&t->request, 503, "too busy to write this report\n");
    task_finish(t);
}

static void task_collected(struct collection *c)
{
    struct task *t = container_of(c, struct task, request.collection);
    struct monitor *m = t->monitor;
    lock_take(&m->lock);
    m->is_collecting = false;
    lock_drop(&m->lock);
    collect_next(m); /* before this task, and perhaps the monitor, is gone */
    task_hand_over(t);
}

static void task_collect(struct task *t)
{
    struct monitor *m = t->monitor;
    lock_take(&m->lock);
    list_add_tail(&m->waiting, &t->node);
    lock_drop(&m->lock);
    collect_next(m);
}

/* ---- JetStream's part ---- */

/* On its reactor. */
static void task_js_reported(struct js_report *js)
{
    struct task *t = container_of(js, struct task, request.js);
    if (t->wants_collection) task_collect(t);
    else task_hand_over(t);
}

static void task_ask_js(struct task *t)
{
    struct request *r = &t->request;
    assert(r->facts->jetstream != NULL);
    r->js.arena = r->arena;
    r->js.done = task_js_reported;
    js_report_start(r->facts->jetstream, &r->js);
}

/* ---- requests ---- */

/* NULL: there is no such page. */
static const struct endpoint *find_endpoint(const struct facts *f, const char *path)
{
    size_t prefix = strlen(f->base_path);
    if (strncmp(path, f->base_path, prefix) != 0) return NULL;
    path += prefix;
    if (path[0] == '\0' && prefix > 0) return &endpoints[0];
    uint32_t first = prefix > 0 ? 1 : 0; /* behind a base path the index has no slash */
    for (uint32_t i = first; i < ARRAY_COUNT(endpoints); i++)
        if (strcmp(endpoints[i].path, path) == 0) return &endpoints[i];
    return NULL;
}

static bool is_granted(struct task *t, const struct monitor_query *q)
{
    const struct midge_options *o = &t->facts->options->midge;
    struct access_rule rule = { o->http_user, o->http_password };
    return access_granted(t->monitor->access, rule, q->authorization, t->request.monotonic);
}

static void task_run(struct task *t, const struct monitor_query *q)
{
    struct request *r = &t->request;
    if (!is_granted(t, q)) {
        request_text(r, 401, "401 Unauthorized\n");
        r->response.authenticate = true;
        task_finish(t);
        return;
    }
    const char *elsewhere = q->target == NULL ? NULL : redirect_of(q->target, q->query, r->arena);
    if (elsewhere != NULL) {
        request_redirect(r, elsewhere);
        task_finish(t);
        return;
    }
    t->endpoint = find_endpoint(t->facts, q->path);
    if (t->endpoint == NULL) {
        request_text(r, 404, "404 page not found\n");
        task_finish(t);
        return;
    }
    req_stats_count(&t->monitor->stats, t->endpoint->stat);
    query_parse(&r->query, q->query, r->arena);
    sample_cpu(t->monitor, r);
    t->wants_collection = t->endpoint->plan != NULL && t->endpoint->plan(r);
    bool asks_js = r->wants_js && r->facts->jetstream != NULL && r->response.status == 0;
    if (asks_js) {
        task_ask_js(t);
    } else if (t->wants_collection) {
        task_collect(t);
    } else {
        if (r->response.status == 0) t->endpoint->serve(r);
        task_finish(t);
    }
}

void monitor_request(struct monitor *m, const struct monitor_query *q,
                     void (*done)(void *ctx, struct http_response *take_response), void *ctx)
{
    struct task *t = task_new(m);
    t->done = done;
    t->ctx = ctx;
    task_run(t, q);
}

/* ---- HTTP ---- */

struct http_call {
    struct http *http;
    struct http_request *request;
};

static void reply(void *ctx, struct http_response *take_response)
{
    struct http_call *call = ctx;
    call->http->reply(call->http, call->request, take_response);
    xfree(call);
}

static void handle(void *ctx, struct http_request *request)
{
    struct monitor *m = ctx;
    struct http_call *call = xcalloc(1, sizeof *call);
    *call = (struct http_call){ m->env->http, request };
    struct monitor_query q = { request->target, request->path, request->query,
                               request->authorization };
    monitor_request(m, &q, reply, call);
}

enum err monitor_start(struct monitor *m, const struct monitor_listen *listen,
                       struct net_addr *ret_bound, struct errmsg *why)
{
    assert(!m->is_started);
    struct http_options o = {
        .host = listen->host,
        .port = listen->port,
        .tls = listen->tls,
        .handle = handle,
        .ctx = m,
    };
    enum err e = m->env->http->start(m->env->http, &o, ret_bound, why);
    if (e) return e;
    m->is_started = true;
    return ERR_OK;
}

void monitor_renew(struct monitor *m, const struct http_tls *take_tls)
{
    assert(m->is_started);
    m->env->http->renew(m->env->http, take_tls);
}

void monitor_stop(struct monitor *m)
{
    if (!m->is_started) return;
    m->is_started = false;
    m->env->http->stop(m->env->http);
}
