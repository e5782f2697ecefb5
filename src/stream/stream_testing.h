/* SPDX-License-Identifier: Apache-2.0 */
/* Stream_testing: streams of memory on a core with clients of memory. Included by tests only.
 *
 * Account and consumers are stood in for: streams stand in one array, consumers hear and say what a
 * test wants. Thread: the test's. Memory: streams_world_new() and streams_world_free(). */
#ifndef MIDGE_STREAM_STREAM_TESTING_H
#define MIDGE_STREAM_STREAM_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "core/core_fake.h"
#include "stream/advisory.h"
#include "stream/dedupe.h"
#include "stream/stream_internal.h"

enum { TEST_STREAMS_MAX = 8 };

struct streams_world {
    struct world     *world;
    struct jetstream  js;
    struct js_account account;
    struct stream    *streams[TEST_STREAMS_MAX];
    uint32_t          client;           /* who publishes */
    uint32_t          ends;             /* waits that were called */
    uint32_t          ends_gone;        /* … because the stream was */
    struct buf        text;
    struct buf        advised;
};

/* ---- what consumers would do ---- */

struct consumers {
    struct stream *stream;
    uint64_t stored, removed, purged, runs, dismissed, applied;
    bool     wants;                     /* somebody is interested */
    bool     is_busy;                   /* they ask for turns */
    uint64_t needs_from;                /* from here on messages are needed */
    uint64_t lets_go;                   /* each command says that up to here some may not be */
    uint64_t reach;
};

/* As those of a new stream are. */
static struct consumers consumers_at_first;

struct consumers *consumers_new(struct stream *s)
{
    struct consumers *c = xalloc(sizeof *c);
    *c = consumers_at_first;
    c->stream = s;
    s->has_consumers = true;
    return c;
}
struct consumers *consumers_free(struct consumers *c)
{
    return xfree(c);
}
void consumers_dismiss(struct consumers *c)
{
    c->dismissed++;
}
bool consumers_are_idle(const struct consumers *c)
{
    return !c->is_busy;
}
void consumers_soon(const struct consumers *c)
{
    (void)c;
}
void consumers_shutdown(struct consumers *c)
{
    c->dismissed++;
}
void consumers_resume(struct consumers *c)
{
    (void)c;
}
uint32_t consumers_count(const struct consumers *c)
{
    return c->wants ? 1 : 0;
}
uint32_t consumers_count_all(const struct consumers *c)
{
    return consumers_count(c);
}
void consumers_check(struct consumers *c)
{
    assert_non_null(c->stream);
}
void consumers_stored(struct consumers *c, uint64_t sequence, struct slice subject)
{
    assert_true(msgs_has(c->stream->msgs, sequence) || c->stream->config.max_msgs > 0 ||
                c->stream->config.max_bytes > 0);
    assert_true(subject.len > 0);
    c->stored++;
}
void consumers_removed(struct consumers *c, uint64_t sequence, struct slice subject)
{
    assert_true(msgs_has(c->stream->msgs, sequence));
    assert_true(subject.len > 0);
    c->removed++;
}
void consumers_purged(struct consumers *c, struct slice emptied)
{
    (void)emptied;
    c->purged++;
}
bool consumers_need(struct consumers *c, uint64_t sequence, struct slice subject)
{
    (void)subject;
    return sequence >= c->needs_from;
}
uint64_t consumers_reach(const struct consumers *c)
{
    return c->reach;
}
bool consumers_want(struct consumers *c, struct slice subject)
{
    (void)subject;
    return c->wants;
}
void consumers_run(struct consumers *c)
{
    c->runs++;
}
void consumers_stream_updated(struct consumers *c)
{
    assert_true(c->stream->is_created);
}
void consumers_apply(struct consumers *c, const struct stream_log_command *command)
{
    assert_true(command->kind == COMMAND_CONSUMER || command->kind == COMMAND_CONSUMER_GONE ||
                command->kind == COMMAND_PROGRESS);
    c->applied++;
    if (c->lets_go > 0) stream_unneeded(c->stream, 1, c->lets_go);
}
void consumers_checkpoint(struct consumers *c, struct checkpoint *cp, uint64_t owner, bool is_full)
{
    assert_true(cp != NULL && owner == c->stream->incarnation);
    (void)is_full;
}
void consumers_checkpointed(struct consumers *c, enum err e)
{
    assert_non_null(c->stream);
    (void)e;
}
enum err consumers_load(struct consumers *c, uint32_t kind, struct slice bytes)
{
    assert_non_null(c->stream);
    (void)kind;
    (void)bytes;
    return ERR_CORRUPT;
}
void consumers_start(struct consumers *c)
{
    assert_true(c->stream->is_started);
}

/* ---- what the account would do ---- */

struct js_account *js_account_find(struct jetstream *js, struct slice name)
{
    struct streams_world *w = container_of(js, struct streams_world, js);
    return slice_equal_str(name, w->account.account->name) ? &w->account : NULL;
}
struct js_account *js_account_get(struct jetstream *js, struct slice name)
{
    return js_account_find(js, name);
}
struct stream *js_account_stream(const struct js_account *a, struct slice name)
{
    for (uint32_t i = 0; i < a->streams_count; i++)
        if (slice_equal(stream_name(a->streams[i]), name)) return a->streams[i];
    return NULL;
}
void js_account_add(struct js_account *a, struct stream *s)
{
    assert_true(a->streams_count < TEST_STREAMS_MAX);
    a->streams[a->streams_count++] = s;
}
void js_account_remove(struct js_account *a, struct stream *s)
{
    for (uint32_t i = 0; i < a->streams_count; i++) {
        if (a->streams[i] != s) continue;
        a->streams[i] = a->streams[--a->streams_count];
        return;
    }
    fail();
}
void js_account_charge(struct js_account *a, bool is_file, int64_t bytes)
{
    uint64_t *used = is_file ? &a->store_used : &a->memory_used;
    assert_true(bytes >= 0 || *used >= (uint64_t)-bytes);
    *used += (uint64_t)bytes;
}

/* A slice has no end that a text has. */
static inline bool slice_holds(struct slice in, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= in.len; i++)
        if (memcmp(in.ptr + i, text, len) == 0) return true;
    return false;
}

static inline struct streams_world *streams_world_of(struct js_account *a)
{
    return container_of(a, struct streams_world, account);
}
void advise(struct js_account *a, enum advisory which, const struct advisory_facts *facts)
{
    struct streams_world *w = streams_world_of(a);
    const struct advisory_range *ranges = facts->ranges.items;
    if (which != ADVISORY_STREAM_DAMAGED) {
        buf_printf(&w->advised, "%d %.*s %.*s\n", (int)which, SLICE_ARGS(facts->batch),
                   SLICE_ARGS(facts->reason));
        return;
    }
    buf_printf(&w->advised, "%llu damaged:", (unsigned long long)facts->messages);
    for (uint32_t i = 0; i < facts->ranges.count; i++)
        buf_printf(&w->advised, " %llu-%llu", (unsigned long long)ranges[i].first,
                   (unsigned long long)ranges[i].last);
    buf_add_str(&w->advised, facts->has_more_ranges ? " and more\n" : "\n");
}

/* ---- the world ---- */

static inline void streams_run(struct streams_world *w)
{
    world_run(w->world);
    for (uint32_t i = 0; i < w->account.streams_count; i++) stream_check(w->account.streams[i]);
}

static inline struct streams_world *streams_world_new(uint32_t reactors)
{
    struct streams_world *w = xcalloc(1, sizeof *w);
    w->world = world_new(reactors, NULL);
    w->world->fake->wall = 1700000000 * SECOND;
    struct core *core = w->world->core;
    w->js.core = core;
    w->js.home = core->at[reactors - 1];
    w->js.options = w->world->options;
    w->js.limits.memory_max = w->js.limits.store_max = -1;
    w->account.js = &w->js;
    w->account.account = core->global;
    w->account.is_enabled = true;
    w->account.limits.memory_max = w->account.limits.store_max = -1;
    w->account.streams = w->streams;
    w->client = world_client_settled(w->world, 0);
    (void)world_say(w->world, w->client, "SUB re.> 1\r\n");
    return w;
}

static inline void streams_world_free(struct streams_world *w)
{
    while (w->account.streams_count > 0) {
        struct stream *s = w->account.streams[0];
        js_account_remove(&w->account, s);
        stream_free(s);
    }
    world_free(w->world);
    buf_deinit(&w->js.ack);
    buf_deinit(&w->text);
    buf_deinit(&w->advised);
    xfree(w);
}

static inline struct stream_config streams_config_default(void)
{
    return (struct stream_config){
        .retention = JS_RETENTION_LIMITS,
        .max_consumers = -1,
        .max_msgs = -1,
        .max_bytes = -1,
        .max_msgs_per_subject = -1,
        .max_msg_size = -1,
        .storage = JS_STORAGE_MEMORY,
        .num_replicas = 1,
        .duplicate_window = 2 * MINUTE,
    };
}

static inline void streams_ignore(void *ctx, enum err e)
{
    (void)ctx;
    assert_int_equal(e, ERR_OK);
}

static inline void streams_ignore_purged(void *ctx, enum err e, uint64_t count)
{
    (void)ctx;
    (void)count;
    assert_int_equal(e, ERR_OK);
}

/* A stream by its configuration as JSON; what it does not say is as nats-server fills it in. */
static inline struct stream *streams_make(struct streams_world *w, const char *json)
{
    AUTO_FREE(arena) arena = arena_new();
    AUTO_FREE(json_doc) doc = NULL;
    struct stream_config c = streams_config_default();
    struct js_error error;
    struct stream *s = NULL;
    assert_int_equal(json_doc_parse(slice_str(json), NULL, &doc), ERR_OK);
    assert_int_equal(json_table_read(&stream_config_table, json_doc_root(doc), arena, &c, NULL),
                     ERR_OK);
    struct stream *old = js_account_stream(&w->account, slice_str(c.name));
    if (old != NULL) {
        assert_true(stream_update(old, &c, &error));
        s = old;
    } else {
        assert_int_equal(stream_create(&w->account, &c, &s, &error), ERR_OK);
    }
    streams_run(w);
    assert_true(s->is_created);
    return s;
}

/* Publishes and gives what the client was told, without the frame around it. */
static inline const char *streams_say(struct streams_world *w, const char *bytes)
{
    const char *out = world_say(w->world, w->client, bytes);
    streams_run(w);
    return out;
}

/* The body of the only message in `out`; "" for nothing. */
static inline const char *streams_body(struct streams_world *w, const char *out)
{
    const char *end = strstr(out, "\r\n");
    w->text.len = 0;
    if (end == NULL) return "";
    buf_add_str(&w->text, end + 2);
    while (w->text.len > 0 &&
           (w->text.ptr[w->text.len - 1] == '\n' || w->text.ptr[w->text.len - 1] == '\r'))
        w->text.len--;
    return buf_str(&w->text);
}

/* What the publisher of this payload on this subject hears. `header`: lines, or NULL. */
static inline const char *streams_publish(struct streams_world *w, const char *subject,
                                          const char *header, const char *payload)
{
    struct buf b = { 0 };
    if (header == NULL) {
        buf_printf(&b, "PUB %s re.1 %zu\r\n%s\r\n", subject, strlen(payload), payload);
    } else {
        size_t len = strlen("NATS/1.0\r\n") + strlen(header) + 2;
        buf_printf(&b, "HPUB %s re.1 %zu %zu\r\nNATS/1.0\r\n%s\r\n%s\r\n", subject, len,
                   len + strlen(payload), header, payload);
    }
    const char *said = streams_body(w, streams_say(w, buf_str(&b)));
    buf_deinit(&b);
    return said;
}

static inline struct msgs_state streams_state(const struct stream *s)
{
    struct msgs_state state;
    msgs_state(s->msgs, &state);
    return state;
}

/* Time goes on. */
static inline void streams_wait(struct streams_world *w, nanos time)
{
    w->world->fake->now += time;
    w->world->fake->wall += time;
    streams_run(w);
    (void)world_say(w->world, w->client, "PONG\r\n");
}

#endif
