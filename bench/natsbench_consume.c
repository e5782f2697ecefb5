/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_consume.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "natsbench_conn.h"
#include "natsbench_reader.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define LOST_MS 30000
#define PULLS_MAX 64
#define ACKS_BYTES (1 << 20)
#define ACK_BYTES_MAX 512
#define NAME_BYTES 64
#define JSON_BYTES 1024

struct consume {
    struct api *api;
    struct reader reader;
    struct consume_spec spec;
    char name[NAME_BYTES];
    uint64_t begun;             /* consumers so far */
    uint64_t due, got;
    uint64_t asked;             /* messages that pulls have asked for */
    uint64_t pulled_ns[PULLS_MAX];
    uint64_t pulls_sent, pulls_done;
    char *acks;
    size_t acks_len;
};

struct consume *consume_open(const struct options *o, struct api *api)
{
    struct consume *c = xalloc(1, sizeof *c);
    c->api = api;
    c->acks = xalloc(1, ACKS_BYTES);
    reader_init(&c->reader, conn_open(o, 0));
    c->reader.takes_headers = true;
    return c;
}

static size_t config(const struct consume *c, char *out, size_t size)
{
    const struct consume_spec *s = &c->spec;
    size_t fill = text_print(out, size,
                             "{\"stream_name\":\"%s\",\"config\":{\"name\":\"%s\","
                             "\"deliver_policy\":\"%s\",\"ack_policy\":\"%s\","
                             "\"replay_policy\":\"instant\",\"inactive_threshold\":300000000000",
                             s->stream, c->name, s->policy, s->is_acked ? "explicit" : "none");
    if (s->is_durable)
        fill += text_print(out + fill, size - fill, ",\"durable_name\":\"%s\"", c->name);
    if (s->filter != NULL)
        fill += text_print(out + fill, size - fill, ",\"filter_subject\":\"%s\"", s->filter);
    if (s->is_headers_only) fill += text_print(out + fill, size - fill, ",\"headers_only\":true");
    if (s->batch == 0)
        fill += text_print(out + fill, size - fill,
                           ",\"deliver_subject\":\"_DELIVER.%d.%llu\",\"flow_control\":true,"
                           "\"idle_heartbeat\":5000000000",
                           (int)getpid(), (unsigned long long)c->begun);
    return fill + text_print(out + fill, size - fill, "},\"action\":\"\"}");
}

uint64_t consume_begin(struct consume *c, const struct consume_spec *spec)
{
    char json[JSON_BYTES], what[NAME_BYTES + 64];
    if (spec->batch > 0 && spec->pulls > PULLS_MAX) die("too many pulls at once");
    c->spec = *spec;
    c->got = c->asked = c->pulls_sent = c->pulls_done = 0;
    c->begun++;
    (void)text_print(c->name, sizeof c->name, "bench-%d-%llu", (int)getpid(),
                     (unsigned long long)c->begun);
    (void)config(c, json, sizeof json);
    (void)text_print(what, sizeof what, "CONSUMER.CREATE.%s.%s", spec->stream, c->name);
    conn_print(c->reader.conn, "SUB _DELIVER.%d.%llu %llu\r\n", (int)getpid(),
               (unsigned long long)c->begun, (unsigned long long)c->begun);
    conn_ping_pong(c->reader.conn);
    const char *answer = api_call(c->api, what, json);
    /* What is pushed may be on its way already: then it counts as delivered, no longer as
     * pending. */
    const char *delivered = strstr(answer, "\"delivered\"");
    c->due = api_number(answer, "num_pending");
    if (delivered != NULL) c->due += api_number(delivered, "consumer_seq");
    if (spec->batch > 0 && spec->most > 0 && c->due > spec->most) c->due = spec->most;
    return c->due;
}

static void pull(struct consume *c)
{
    uint64_t left = c->due - c->asked, batch = left < c->spec.batch ? left : c->spec.batch;
    char json[64];
    if (batch == 0) return;
    size_t len = text_print(json, sizeof json, "{\"batch\":%llu,\"expires\":29000000000}",
                            (unsigned long long)batch);
    c->pulled_ns[c->pulls_sent++ % PULLS_MAX] = now_ns();
    c->asked += batch;
    conn_print(c->reader.conn, "PUB $JS.API.CONSUMER.MSG.NEXT.%s.%s _DELIVER.%d.%llu %zu\r\n%s\r\n",
               c->spec.stream, c->name, (int)getpid(), (unsigned long long)c->begun, len, json);
}

static void acks_flush(struct consume *c)
{
    if (c->acks_len > 0) conn_send(c->reader.conn, c->acks, c->acks_len);
    c->acks_len = 0;
}

static void ack(struct consume *c, const struct message *m)
{
    if (m->reply == NULL) die("a message without a subject to ack");
    if (c->acks_len + ACK_BYTES_MAX > ACKS_BYTES) acks_flush(c);
    c->acks_len += text_print(c->acks + c->acks_len, ACK_BYTES_MAX, "PUB %.*s 4\r\n+ACK\r\n",
                              (int)m->reply_len, m->reply);
}

/* Flow control asks with a reply subject or, in a heartbeat, with a header. */
static void on_status(struct consume *c, const struct message *m)
{
    static const char stalled[] = "Nats-Consumer-Stalled: ";
    errno = 0;
    if (memcmp(m->headers, "NATS/1.0 100", 12) != 0)
        die("the consumer says %.*s", (int)m->headers_len - 4, m->headers);
    const char *at = memmem(m->headers, m->headers_len, stalled, sizeof stalled - 1);
    if (m->reply != NULL)
        conn_print(c->reader.conn, "PUB %.*s 0\r\n\r\n", (int)m->reply_len, m->reply);
    else if (at != NULL)
        conn_print(c->reader.conn, "PUB %.*s 0\r\n\r\n",
                   (int)strcspn(at + sizeof stalled - 1, "\r"), at + sizeof stalled - 1);
}

static void on_message(struct consume *c, const struct message *m, struct latencies *ret_latencies)
{
    if (m->headers != NULL && m->headers[8] == ' ') {
        on_status(c, m);
        return;
    }
    c->got++;
    if (c->spec.is_acked) ack(c, m);
    if (c->spec.batch == 0) return;
    if (c->got % c->spec.batch != 0 && c->got != c->due) return;
    latencies_add(ret_latencies, now_ns() - c->pulled_ns[c->pulls_done++ % PULLS_MAX]);
    acks_flush(c);      /* a client acks before it asks for more */
    pull(c);
}

void consume_all(struct consume *c, struct latencies *ret_latencies)
{
    for (uint32_t i = 0; c->spec.batch > 0 && i < c->spec.pulls; i++) pull(c);
    while (c->got < c->due) {
        struct pollfd p = { .fd = conn_fd(c->reader.conn), .events = POLLIN };
        bool has_more = conn_has_pending(c->reader.conn) || poll(&p, 1, LOST_MS) > 0;
        errno = 0;
        if (!has_more)
            die("lost messages: %llu of %llu came", (unsigned long long)c->got,
                (unsigned long long)c->due);
        if (!reader_fill(&c->reader, READER_NOW)) die("the consumer's client was closed");
        for (struct message m; reader_next(&c->reader, &m);) on_message(c, &m, ret_latencies);
        acks_flush(c);
    }
}

static void wait_acked(struct consume *c)
{
    char what[NAME_BYTES + 64];
    (void)text_print(what, sizeof what, "CONSUMER.INFO.%s.%s", c->spec.stream, c->name);
    for (uint64_t end = now_ns() + LOST_MS * 1000000ull; now_ns() < end;) {
        if (api_number(api_call(c->api, what, ""), "num_ack_pending") == 0) return;
        sleep_until_ns(now_ns() + NANOS_PER_SECOND / 1000);
    }
    errno = 0;
    die("the server has lost acks");
}

void consume_end(struct consume *c)
{
    char what[NAME_BYTES + 64];
    if (c->spec.is_acked) wait_acked(c);
    (void)text_print(what, sizeof what, "CONSUMER.DELETE.%s.%s", c->spec.stream, c->name);
    (void)api_call(c->api, what, "");
    conn_print(c->reader.conn, "UNSUB %llu\r\n", (unsigned long long)c->begun);
}
