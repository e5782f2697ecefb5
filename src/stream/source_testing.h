/* SPDX-License-Identifier: Apache-2.0 */
/* Source_testing: an origin that a client plays: it answers requests for consumers and sends what a
 * consumer would. Included by tests only.
 *
 * Thread: the test's. Memory: origin_new() and origin_free(). */
#ifndef MIDGE_STREAM_SOURCE_TESTING_H
#define MIDGE_STREAM_SOURCE_TESTING_H

#include "core/deliver.h"
#include "stream/source_internal.h"
#include "stream/stream_testing.h"

struct origin {
    struct streams_world *w;
    uint32_t              client;
    char                  request[512]; /* subject of the last request */
    char                  header[256];
    char                  body[4096];
    char                  reply[64], deliver[64];
    uint32_t              requests;
    uint64_t              delivered; /* of the consumer "C" */
};

static inline struct origin *origin_new(uint32_t reactors)
{
    struct origin *o = xcalloc(1, sizeof *o);
    o->w = streams_world_new(reactors);
    o->client = world_client_settled(o->w->world, 0);
    (void)world_say(o->w->world, o->client,
                    "SUB $JS.API.> 1\r\nSUB $JS.FC.> 2\r\nSUB $JS.hub.API.> 3\r\n");
    return o;
}

static inline void origin_free(struct origin *o)
{
    streams_world_free(o->w);
    xfree(o);
}

static inline struct stored message_of(struct stream *s, uint64_t sequence)
{
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, sequence, 0, &load), ERR_OK);
    return load.msg;
}

static inline struct source *only_source(struct stream *s)
{
    assert_non_null(s->sources);
    assert_false(list_empty(&s->sources->all));
    return container_of(s->sources->all.next, struct source, node);
}

/* What stands between `from` and the next `to`; "" when it is not there. */
static inline void cut(const char *text, const char *from, const char *to, char *ret, size_t size)
{
    const char *begin = text == NULL ? NULL : strstr(text, from);
    ret[0] = '\0';
    if (begin == NULL) return;
    begin += strlen(from);
    const char *end = strstr(begin, to);
    size_t len = end == NULL ? strlen(begin) : (size_t)(end - begin);
    assert_true(len < size);
    memcpy(ret, begin, len);
    ret[len] = '\0';
}

/* Reads what has come: true, and the last request, when there was one. */
static inline bool origin_asked(struct origin *o)
{
    const char *out = world_take(o->w->world, o->client), *at = out, *last = NULL;
    for (; (at = strstr(at, "MSG $JS.")) != NULL; at++) {
        if (strstr(at, ".API.CONSUMER.") == NULL) continue;
        last = at;
        o->requests++;
    }
    if (last == NULL) return false;
    char line[512];
    cut(last, "MSG ", "\r\n", line, sizeof line);
    char sid[8];
    assert_int_equal(sscanf(line, "%511s %7s %63s", o->request, sid, o->reply), 3);
    cut(last, "NATS/1.0\r\n", "\r\n\r\n", o->header, sizeof o->header);
    cut(strchr(last, '\n'), "{", "\r\n", o->body, sizeof o->body);
    cut(o->body, "\"deliver_subject\":\"", "\"", o->deliver, sizeof o->deliver);
    return true;
}

/* Publishes; headers are whole lines. */
static inline void origin_put(struct origin *o, const char *subject, const char *reply,
                              const char *lines, const char *payload)
{
    struct buf b = { 0 };
    const char *status = strncmp(lines, "NATS/1.0", 8) == 0 ? "" : "NATS/1.0\r\n";
    size_t len = strlen(status) + strlen(lines) + 2;
    buf_printf(&b, "HPUB %s %s %zu %zu\r\n%s%s\r\n%s\r\n", subject, reply, len,
               len + strlen(payload), status, lines, payload);
    world_put(o->w->world, o->client, buf_str(&b));
    streams_run(o->w);
    buf_deinit(&b);
}

static inline void origin_answer(struct origin *o, const char *lines, const char *json)
{
    assert_true(o->reply[0] != '\0');
    origin_put(o, o->reply, "", lines, json);
    o->reply[0] = '\0';
}

/* Makes the consumer C that was asked for; it begins behind this sequence. */
static inline void origin_make(struct origin *o, uint64_t before, const char *identity)
{
    struct buf json = { 0 }, lines = { 0 };
    assert_true(origin_asked(o));
    buf_printf(&json,
               "{\"type\":\"t\",\"name\":\"C\",\"config\":{\"deliver_subject\":\"%s\","
               "\"ack_policy\":\"none\"},\"delivered\":{\"consumer_seq\":0,\"stream_seq\":%llu}}",
               o->deliver, (unsigned long long)before);
    if (identity[0] != '\0') buf_printf(&lines, "Nats-Stream-Identity: %s\r\n", identity);
    origin_answer(o, buf_str(&lines), buf_str(&json));
    o->delivered = 0;
    buf_deinit(&json);
    buf_deinit(&lines);
}

enum { ORIGIN_TIME = 1600000000 };

/* As a consumer does: to the deliver subject, shown as "a.<sequence>". */
static inline void origin_deliver_as(struct origin *o, const char *subject, const char *reply,
                                     const char *lines, const char *payload)
{
    struct buf header = { 0 };
    if (lines[0] != '\0')
        buf_printf(&header, "%s%s\r\n", strncmp(lines, "NATS/1.0", 8) == 0 ? "" : "NATS/1.0\r\n",
                   lines);
    const struct outgoing out = {
        .account = o->w->account.account,
        .to = slice_str(o->deliver),
        .subject = slice_str(subject),
        .reply = slice_str(reply),
        .header = buf_slice(&header),
        .payload = slice_str(payload),
    };
    (void)deliver_as(o->w->js.home, &out, NULL);
    buf_deinit(&header);
    streams_run(o->w);
}

static inline void origin_deliver(struct origin *o, uint64_t sequence, uint64_t number,
                                  const char *lines, const char *payload)
{
    char reply[128], subject[32];
    (void)snprintf(reply, sizeof reply, "$JS.ACK.O.C.1.%llu.%llu.%lld.3",
                   (unsigned long long)sequence, (unsigned long long)number,
                   (long long)ORIGIN_TIME * SECOND + (long long)sequence * SECOND);
    (void)snprintf(subject, sizeof subject, "a.%llu", (unsigned long long)sequence);
    origin_deliver_as(o, subject, reply, lines, payload);
}

/* The next one of the consumer. */
static inline void origin_send(struct origin *o, uint64_t sequence, const char *payload)
{
    origin_deliver(o, sequence, ++o->delivered, "", payload);
}

static inline void origin_beat(struct origin *o, const char *lines)
{
    char status[256];
    (void)snprintf(status, sizeof status, "NATS/1.0 100 Idle Heartbeat\r\n%s", lines);
    origin_deliver_as(o, o->deliver, "", status, "");
}

#endif
