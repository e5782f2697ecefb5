/* SPDX-License-Identifier: Apache-2.0 */
/* Every account of the settings has a place here, also one without JetStream: it is told so. */
#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/message.h"
#include "core/sub_watch.h"
#include "stream/ack_subject.h"
#include "stream/api.h"
#include "stream/consumer.h"
#include "stream/stream_internal.h"
#include "stream/snapshot.h"

/* ---- what comes in ---- */

static void ack_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                     const struct message *m)
{
    struct js_account *a = container_of(sink, struct js_account, ack_sink);
    struct ack_subject ack;
    (void)sub;
    assert(a->js->home == cr);
    bool is_taken = a->is_enabled && ack_subject_parse(m->subject, &ack) &&
                    consumer_ack(a, &ack, m->reply, message_payload(m));
    if (!is_taken) deliver_unanswered(cr, m->origin, m->subject, m->reply);
}

static void flow_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                      const struct message *m)
{
    struct js_account *a = container_of(sink, struct js_account, flow_sink);
    (void)sub;
    assert(a->js->home == cr);
    if (a->is_enabled) consumer_flow_reply(a, m->subject, message_header(m));
}

static void subscribe(struct js_account *a, uint32_t at, struct sink *sink, const char *subject)
{
    struct reactor *r = jetstream_reactor(a->js);
    struct slice none = { 0 };
    assert(at < JS_ACCOUNT_SUBS);
    assert(a->subs[at] == NULL);
    a->subs[at] = sub_new(&r->door, sink, slice_str(subject), none, none);
    /* No memory for a few bytes: it is without JetStream, and the log says so. */
    if (a->subs[at] == NULL) {
        a->is_enabled = false;
        log_error(r->env->log, "JetStream: no memory to serve account %s", a->account->name);
        return;
    }
    sub_enter(r, a->account, a->subs[at]);
}

/* What nats-server maps for a domain; nobody listens to anything else. */
static void subscribe_domain(struct js_account *a, const char *domain)
{
    static const struct {
        const char *suffix;
        bool        is_forward;
    } rows[] = {
        { "INFO", false },     { "STREAM.>", false }, { "CONSUMER.>", false },
        { "DIRECT.>", false }, { "META.>", false },   { "SERVER.>", false },
        { "ACCOUNT.>", false }, { "$KV.>", true },    { "$OBJ.>", true },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char *subject = arena_printf(a->js->arena, "$JS.%s.API.%s", domain, rows[i].suffix);
        subscribe(a, 3 + i, rows[i].is_forward ? &a->forward_sink : &a->api_sink, subject);
    }
}

static void subscribe_all(struct js_account *a)
{
    const char *domain = a->js->options->jetstream.domain;
    uint32_t id = jetstream_reactor(a->js)->id;
    a->api_sink = (struct sink){ .reactor = id, .deliver = api_take };
    a->ack_sink = (struct sink){ .reactor = id, .deliver = ack_take };
    a->flow_sink = (struct sink){ .reactor = id, .deliver = flow_take };
    a->forward_sink = (struct sink){ .reactor = id, .deliver = api_forward_take };
    subscribe(a, 0, &a->api_sink, "$JS.API.>");
    subscribe(a, 1, &a->ack_sink, "$JS.ACK.>");
    subscribe(a, 2, &a->flow_sink, "$JS.FC.>");
    if (js_text_set(domain)) subscribe_domain(a, domain);
}

static void unsubscribe_all(struct js_account *a)
{
    for (uint32_t i = 0; i < JS_ACCOUNT_SUBS; i++) {
        if (a->subs[i] == NULL) continue;
        sub_leave(jetstream_reactor(a->js), a->account, a->subs[i]);
        a->subs[i] = NULL;
    }
}

/* ---- accounts ---- */

struct js_account *js_account_find(struct jetstream *js, struct slice name)
{
    LIST_EACH(&js->accounts, n) {
        struct js_account *a = container_of(n, struct js_account, node);
        if (slice_equal_str(name, a->account->name)) return a;
    }
    return NULL;
}

struct js_account *js_account_system(struct jetstream *js)
{
    const char *name = core_system_name(js->core);
    return name == NULL ? NULL : js_account_find(js, slice_str(name));
}

static struct js_account *account_new(struct jetstream *js, struct account *account)
{
    struct js_account *a = xcalloc(1, sizeof *a);
    struct list *at = js->accounts.next;
    a->js = js;
    a->account = account;
    for (; at != &js->accounts; at = at->next)
        if (strcmp(container_of(at, struct js_account, node)->account->name, account->name) > 0)
            break;
    list_insert_before(at, &a->node);
    assert(js_account_find(js, slice_str(account->name)) == a);
    return a;
}

static const struct js_account_limits unlimited = { -1, -1, -1, -1, -1, -1, -1, false };

static struct js_account_limits limits_of(const struct account_js_options *j)
{
    return (struct js_account_limits){
        .memory_max = j->memory_max,
        .store_max = j->store_max,
        .streams_max = j->streams_max,
        .consumers_max = j->consumers_max,
        .ack_pending_max = j->ack_pending_max,
        .memory_stream_bytes_max = j->memory_stream_max,
        .store_stream_bytes_max = j->store_stream_max,
        .max_bytes_required = j->max_bytes_required,
    };
}

/* Only the global account and the system's are there: then the global one needs no word of its
 * own. */
static bool is_global_only(const struct jetstream *js)
{
    const struct account *a;
    for (uint32_t i = 0; (a = accounts_at(js->core->accounts, i)) != NULL; i++)
        if (!a->is_global && !atomic_load(&a->is_system) && atomic_load(&a->is_configured))
            return false;
    return true;
}

/* What it has is neither heard nor spoken of while it may not. */
static void turned(struct js_account *a)
{
    for (uint32_t i = 0; i < a->streams_count; i++) {
        stream_subs_update(a->streams[i]);
        stream_wake(a->streams[i]);
    }
}

static void settle(struct js_account *a, bool global_only)
{
    const struct account_options *o = options_account(a->js->options, a->account->name);
    bool was_enabled = a->is_enabled;
    bool is_named = o != NULL && o->jetstream.enabled == TRI_TRUE;
    if (!a->js->is_off && a->subs[0] == NULL) subscribe_all(a);
    a->is_system = atomic_load(&a->account->is_system);
    a->is_enabled = !a->js->is_off && !a->is_system && atomic_load(&a->account->is_configured) &&
                    (is_named || (a->account->is_global && global_only)) && a->subs[0] != NULL;
    a->limits = a->is_enabled && is_named ? limits_of(&o->jetstream) : unlimited;
    if (was_enabled != a->is_enabled) turned(a);
    if (a->js->is_off) unsubscribe_all(a);
}

/* The server has not so much: it keeps what it had, or is not served. */
static void unsettle(struct js_account *a, bool was_enabled, const struct js_account_limits *was)
{
    if (!a->is_enabled) return;
    a->limits = was_enabled ? *was : unlimited;
    if (was_enabled) return;
    a->is_enabled = false;
    turned(a);
}

/* What the accounts reserve is more than the server has; NONE: it is not. */
static enum js_err excess(struct jetstream *js)
{
    uint64_t memory = 0, store = 0;
    LIST_EACH(&js->accounts, n) {
        const struct js_account *a = container_of(n, struct js_account, node);
        if (a->limits.memory_max > 0) memory += (uint64_t)a->limits.memory_max;
        if (a->limits.store_max > 0) store += (uint64_t)a->limits.store_max;
    }
    if (memory > (uint64_t)js->limits.memory_max) return JS_ERR_MEMORY_RESOURCES_EXCEEDED;
    return store > (uint64_t)js->limits.store_max ? JS_ERR_STORAGE_RESOURCES_EXCEEDED : JS_ERR_NONE;
}

struct js_account *js_account_get(struct jetstream *js, struct slice name)
{
    struct js_account *a = js_account_find(js, name);
    if (a != NULL) return a;
    a = account_new(js, accounts_get(js->core->accounts, name));
    settle(a, is_global_only(js));
    assert(!a->is_enabled || a->account->is_global || atomic_load(&a->account->is_configured));
    return a;
}

enum js_err js_accounts_update(struct jetstream *js)
{
    struct account *account;
    enum js_err first = JS_ERR_NONE;
    bool global_only = is_global_only(js);
    for (uint32_t i = 0; (account = accounts_at(js->core->accounts, i)) != NULL; i++) {
        struct js_account *a = js_account_find(js, slice_str(account->name));
        if (a == NULL) a = account_new(js, account);
        const struct js_account_limits was = a->limits;
        bool was_enabled = a->is_enabled;
        settle(a, global_only);
        enum js_err why = excess(js);
        if (why != JS_ERR_NONE) unsettle(a, was_enabled, &was);
        if (first == JS_ERR_NONE) first = why;
        js_account_check(a);
    }
    return first;
}

void js_accounts_free(struct jetstream *js)
{
    for (struct list *n = list_pop(&js->accounts); n != NULL; n = list_pop(&js->accounts)) {
        struct js_account *a = container_of(n, struct js_account, node);
        while (a->streams_count > 0) {
            struct stream *s = a->streams[a->streams_count - 1];
            js_account_charge(a, stream_is_file(s), -(int64_t)s->charged);
            s->charged = 0;
            js_account_remove(a, s);
            (void)stream_free(s);
        }
        unsubscribe_all(a);
        xfree(a->streams);
        xfree(a);
    }
}

/* ---- streams ---- */

/* Where the name is, or would go. */
static uint32_t place_of(const struct js_account *a, struct slice name, bool *ret_found)
{
    uint32_t low = 0, high = a->streams_count;
    *ret_found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(stream_name(a->streams[middle]), name);
        if (order == 0) *ret_found = true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct stream *js_account_stream(const struct js_account *a, struct slice name)
{
    bool found;
    uint32_t at = place_of(a, name, &found);
    return found ? a->streams[at] : NULL;
}

void js_account_add(struct js_account *a, struct stream *s)
{
    bool found;
    uint32_t at = place_of(a, stream_name(s), &found);
    assert(!found);
    assert(s->account == a);
    if (a->streams_count == a->streams_cap) {
        a->streams_cap = a->streams_cap > 0 ? a->streams_cap * 2 : 4;
        a->streams = xrealloc(a->streams, a->streams_cap * sizeof(struct stream *));
    }
    memmove(a->streams + at + 1, a->streams + at,
            (a->streams_count - at) * sizeof(struct stream *));
    a->streams[at] = s;
    a->streams_count++;
    assert_slow((js_account_check(a), true));
}

void js_account_remove(struct js_account *a, struct stream *s)
{
    bool found;
    uint32_t at = place_of(a, stream_name(s), &found);
    assert(found);
    assert(a->streams[at] == s);
    if (a->js->api != NULL) api_stream_gone(a->js->api, s);
    snapshots_stream_gone(s);
    if (a->updating == s) a->updating = NULL;
    a->streams_count--;
    memmove(a->streams + at, a->streams + at + 1,
            (a->streams_count - at) * sizeof(struct stream *));
    assert_slow((js_account_check(a), true));
}

static void change(uint64_t *sum, int64_t bytes)
{
    assert(bytes >= 0 || *sum >= (uint64_t)-bytes);
    *sum += (uint64_t)bytes;
}

void js_account_charge(struct js_account *a, bool is_file, int64_t bytes)
{
    change(is_file ? &a->store_used : &a->memory_used, bytes);
    change(is_file ? &a->js->store_used : &a->js->memory_used, bytes);
}

uint64_t js_account_reserved(const struct js_account *a, bool is_file)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < a->streams_count; i++) {
        const struct stream *s = a->streams[i];
        if (stream_is_file(s) == is_file && s->config.max_bytes > 0)
            sum += (uint64_t)s->config.max_bytes;
    }
    return sum;
}

uint32_t js_account_consumers(const struct js_account *a)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < a->streams_count; i++)
        sum += consumers_count_all(a->streams[i]->consumers);
    return sum;
}

void js_account_check(const struct js_account *a)
{
    uint64_t memory = 0, store = 0;
    assert(a->streams_count <= a->streams_cap);
    assert(!(a->is_system && a->is_enabled));
    for (uint32_t i = 0; i < a->streams_count; i++) {
        const struct stream *s = a->streams[i];
        assert(s->account == a);
        assert(i == 0 || slice_compare(stream_name(a->streams[i - 1]), stream_name(s)) < 0);
        if (stream_is_file(s)) store += s->charged;
        else memory += s->charged;
    }
    for (const struct stream *s = a->js->hidden; s != NULL; s = s->next_hidden) {
        if (s->account != a) continue;
        if (stream_is_file(s)) store += s->charged;
        else memory += s->charged;
    }
    assert(a->memory_used == memory);
    assert(a->store_used == store);
    assert(a->js->memory_used >= memory);
    assert(a->js->store_used >= store);
}

/* ---- what checks ask ---- */

static const struct stream_config *stream_at(void *ctx, uint32_t index)
{
    const struct js_account *a = ctx;
    return index < a->streams_count ? &a->streams[index]->config : NULL;
}

static const struct stream_config *stream_find(void *ctx, struct slice name)
{
    const struct stream *s = js_account_stream(ctx, name);
    return s == NULL ? NULL : &s->config;
}

static const struct consumer_config *consumer_at(void *ctx, struct slice stream, uint32_t index,
                                                 struct slice *ret_name)
{
    const struct stream *s = js_account_stream(ctx, stream);
    const struct consumer *c = s == NULL ? NULL : consumers_at(s->consumers, index);
    return c == NULL ? NULL : consumer_config_of(c, ret_name);
}

static const struct consumer_config *consumer_find(void *ctx, struct slice stream,
                                                   struct slice name)
{
    const struct stream *s = js_account_stream(ctx, stream);
    const struct consumer *c = s == NULL ? NULL : consumers_find(s->consumers, name);
    return c == NULL ? NULL : consumer_config_of(c, &name);
}

static int64_t count_consumers(void *ctx, struct slice stream)
{
    const struct stream *s = js_account_stream(ctx, stream);
    return s == NULL ? 0 : consumers_limited(s->consumers);
}

static bool has_interest(void *ctx, const char *subject)
{
    const struct js_account *a = ctx;
    return account_wants(a->js->home, a->account, slice_str(subject));
}

void js_account_directory(struct js_account *a, struct js_directory *ret)
{
    assert(a->js != NULL);
    *ret = (struct js_directory){
        .ctx = a,
        .stream_at = stream_at,
        .stream_find = stream_find,
        .consumer_at = consumer_at,
        .has_interest = has_interest,
        .consumer_find = consumer_find,
        .consumers_count = count_consumers,
    };
}

void js_account_checks(struct js_account *a, struct js_directory *directory, struct arena *arena,
                       struct js_check *ret)
{
    struct jetstream *js = a->js;
    uint64_t memory = 0, store = 0;
    LIST_EACH(&js->accounts, n) {
        const struct js_account *other = container_of(n, struct js_account, node);
        memory += js_account_reserved(other, false);
        store += js_account_reserved(other, true);
    }
    js->limits.memory_reserved = (int64_t)memory;
    js->limits.store_reserved = (int64_t)store;
    js_account_directory(a, directory);
    *ret = (struct js_check){
        .server = &js->limits,
        .account = &a->limits,
        .directory = directory,
        .arena = arena,
    };
}
