/* SPDX-License-Identifier: Apache-2.0 */
/* Every account of the settings has a place here, also one without JetStream: it is told so. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"
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

/* Where the name is among the first `count`, or would go. */
static uint32_t account_place(const struct jetstream *js, uint32_t count, struct slice name,
                              bool *ret_found)
{
    uint32_t low = 0, high = count;
    assert(count <= js->accounts_count);
    *ret_found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_str(js->accounts[middle]->account->name), name);
        if (order == 0) *ret_found = true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    assert(!*ret_found || low < count);
    return low;
}

struct js_account *js_account_find(struct jetstream *js, struct slice name)
{
    bool found;
    uint32_t at = account_place(js, js->accounts_count, name, &found);
    return found ? js->accounts[at] : NULL;
}

struct js_account *js_account_system(struct jetstream *js)
{
    const char *name = core_system_name(js->core);
    return name == NULL ? NULL : js_account_find(js, slice_str(name));
}

static struct js_account *account_insert(struct jetstream *js, uint32_t at, struct account *account)
{
    struct js_account *a = xcalloc(1, sizeof *a);
    assert(at <= js->accounts_count);
    assert(account != NULL);
    a->js = js;
    a->account = account;
    if (js->accounts_count == js->accounts_cap) {
        js->accounts_cap = js->accounts_cap > 0 ? js->accounts_cap * 2 : 4;
        js->accounts = xrealloc(js->accounts, js->accounts_cap * sizeof(struct js_account *));
    }
    memmove(js->accounts + at + 1, js->accounts + at,
            (js->accounts_count - at) * sizeof(struct js_account *));
    js->accounts[at] = a;
    js->accounts_count++;
    return a;
}

static int compare_accounts(const void *one, const void *other)
{
    struct js_account *const *a = one, *const *b = other;
    return strcmp((*a)->account->name, (*b)->account->name);
}

/* What core knows and nobody here comes behind the others, and all are sorted once. */
static void add_missing(struct jetstream *js)
{
    uint32_t known = js->accounts_count;
    struct account *account;
    for (uint32_t i = 0; (account = accounts_at(js->core->accounts, i)) != NULL; i++) {
        bool found;
        (void)account_place(js, known, slice_str(account->name), &found);
        if (!found) (void)account_insert(js, js->accounts_count, account);
    }
    assert(js->accounts_count >= known);
    if (js->accounts_count == known) return;
    qsort(js->accounts, js->accounts_count, sizeof(struct js_account *), compare_accounts);
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

/* `o`: what the settings say of it; NULL: nothing. */
static void settle(struct js_account *a, const struct account_options *o, bool global_only)
{
    bool was_enabled = a->is_enabled;
    bool is_named = o != NULL && o->jetstream.enabled == TRI_TRUE;
    assert(o == NULL || strcmp(o->name, a->account->name) == 0);
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

/* What the limits of accounts reserve. */
struct reserved {
    uint64_t memory, store;
};

static void reserve(struct reserved *sum, const struct js_account *a)
{
    if (a->limits.memory_max > 0) sum->memory += (uint64_t)a->limits.memory_max;
    if (a->limits.store_max > 0) sum->store += (uint64_t)a->limits.store_max;
}

static void unreserve(struct reserved *sum, const struct js_account *a)
{
    uint64_t memory = a->limits.memory_max > 0 ? (uint64_t)a->limits.memory_max : 0;
    uint64_t store = a->limits.store_max > 0 ? (uint64_t)a->limits.store_max : 0;
    assert(sum->memory >= memory);
    assert(sum->store >= store);
    sum->memory -= memory;
    sum->store -= store;
}

/* They reserve more than the server has; NONE: they do not. */
static enum js_err excess(struct jetstream *js, const struct reserved *sum)
{
    if (sum->memory > (uint64_t)js->limits.memory_max) return JS_ERR_MEMORY_RESOURCES_EXCEEDED;
    if (!js_space_has(js, sum->store, 0)) return JS_ERR_STORAGE_RESOURCES_EXCEEDED;
    return JS_ERR_NONE;
}

struct js_account *js_account_get(struct jetstream *js, struct slice name)
{
    bool found;
    uint32_t at = account_place(js, js->accounts_count, name, &found);
    if (found) return js->accounts[at];
    struct js_account *a = account_insert(js, at, accounts_get(js->core->accounts, name));
    settle(a, options_account(js->options, a->account->name), is_global_only(js));
    assert(!a->is_enabled || a->account->is_global || atomic_load(&a->account->is_configured));
    return a;
}

/* `sum` holds what all of them reserve, before and after. */
static enum js_err settle_within(struct js_account *a, const struct account_options *o,
                                 bool global_only, struct reserved *sum)
{
    const struct js_account_limits was = a->limits;
    bool was_enabled = a->is_enabled;
    unreserve(sum, a);
    settle(a, o, global_only);
    reserve(sum, a);
    enum js_err why = excess(a->js, sum);
    if (why == JS_ERR_NONE) return why;
    unreserve(sum, a);
    unsettle(a, was_enabled, &was);
    reserve(sum, a);
    return why;
}

static struct map *named_accounts(struct jetstream *js)
{
    const struct options *o = js->options;
    struct map *named = map_new(js->core->reactors->hash_seed);
    for (uint32_t i = 0; i < o->accounts_count; i++)
        (void)map_set(named, slice_str(o->accounts[i].name), &o->accounts[i]);
    assert(map_count(named) <= o->accounts_count);
    return named;
}

enum js_err js_accounts_update(struct jetstream *js)
{
    struct account *account;
    struct reserved sum = { 0 };
    enum js_err first = JS_ERR_NONE;
    bool global_only = is_global_only(js);
    AUTO_FREE(map) named = named_accounts(js);
    add_missing(js);
    for (uint32_t i = 0; i < js->accounts_count; i++) reserve(&sum, js->accounts[i]);
    for (uint32_t i = 0; (account = accounts_at(js->core->accounts, i)) != NULL; i++) {
        struct slice name = slice_str(account->name);
        struct js_account *a = js_account_find(js, name);
        if (a == NULL) continue;        /* another thread has just made it, for nobody's settings */
        enum js_err why = settle_within(a, map_find(named, name), global_only, &sum);
        if (first == JS_ERR_NONE) first = why;
        js_account_check(a);
    }
    return first;
}

uint64_t js_accounts_store_max(const struct jetstream *js)
{
    struct reserved sum = { 0 };
    for (uint32_t i = 0; i < js->accounts_count; i++) reserve(&sum, js->accounts[i]);
    return sum.store;
}

void js_accounts_free(struct jetstream *js)
{
    while (js->accounts_count > 0) {
        struct js_account *a = js->accounts[--js->accounts_count];
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
    js->accounts = xfree(js->accounts);
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
    for (uint32_t i = 0; i < js->accounts_count; i++) {
        const struct js_account *other = js->accounts[i];
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
