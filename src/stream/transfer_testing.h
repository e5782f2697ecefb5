/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer_testing: backups and restores by a client of a js_world. Included by tests only.
 *
 * Thread: the test's. Memory: the caller's buffers. */
#ifndef MIDGE_STREAM_TRANSFER_TESTING_H
#define MIDGE_STREAM_TRANSFER_TESTING_H

#include "stream/api_testing.h"
#include "stream/archive_read.h"
#include "stream/archive_testing.h"

/* One message that a client got. */
struct transfer_msg {
    struct buf subject, reply, header, body;
};

static inline void transfer_msg_deinit(struct transfer_msg *m)
{
    buf_deinit(&m->subject);
    buf_deinit(&m->reply);
    buf_deinit(&m->header);
    buf_deinit(&m->body);
}

static inline void transfer_set(struct buf *to, struct slice from)
{
    to->len = 0;
    buf_add(to, from);
    (void)buf_str(to);
}

/* Takes the oldest message that w->client got. False: there is none. */
static inline bool transfer_next(struct js_world *w, struct transfer_msg *ret)
{
    struct buf *out = &w->world->fake->socks[w->client].out;
    struct slice line, words[7] = { { .ptr = NULL } }, rest = buf_slice(out);
    uint32_t count = 0;
    uint64_t header_len = 0, len = 0;
    int64_t end = slice_find_byte(rest, '\r');
    if (end < 0) return false;
    line = slice_first(rest, (uint32_t)end);
    while (count < 7 && line.len > 0) (void)slice_cut(&line, ' ', &words[count++]);
    bool has_header = slice_equal_str(words[0], "HMSG");
    assert_true(has_header || slice_equal_str(words[0], "MSG"));
    assert_true(slice_to_u64(words[count - 1], &len));
    if (has_header) assert_true(slice_to_u64(words[count - 2], &header_len));
    bool has_reply = count == (has_header ? 6 : 5);
    struct slice body = slice_first(slice_from(rest, (uint32_t)end + 2), (uint32_t)len);
    transfer_set(&ret->subject, words[1]);
    transfer_set(&ret->reply, has_reply ? words[3] : SLICE_LIT(""));
    transfer_set(&ret->header, slice_first(body, (uint32_t)header_len));
    transfer_set(&ret->body, slice_from(body, (uint32_t)header_len));
    buf_drop(out, (uint32_t)end + 2 + (uint32_t)len + 2);
    return true;
}

/* Publishes bytes with a reply, which may be "". */
static inline void transfer_put(struct js_world *w, const char *subject, const char *reply,
                                struct slice body)
{
    struct buf *in = &w->world->fake->socks[w->client].in;
    buf_printf(in, "PUB %s %s %u\r\n", subject, reply, body.len);
    buf_add(in, body);
    buf_add_str(in, "\r\n");
    js_world_run(w);
}

static inline void transfer_wait(struct js_world *w, nanos time)
{
    w->world->fake->now += time;
    w->world->fake->wall += time;
    js_world_run(w);
}

/* The whole archive of a stream, acknowledged as it comes. `body`: of the request, which delivers
 * to "bk". Returns the header of the last message; valid until the next call. */
static inline const char *transfer_backup(struct js_world *w, const char *stream, const char *body,
                                          struct buf *ret)
{
    char call[64];
    struct transfer_msg m = { .reply = { 0 } };
    static char header[128];
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    (void)snprintf(call, sizeof call, "STREAM.SNAPSHOT.%s", stream);
    (void)snprintf(header, sizeof header, "$JS.API.%s", call);
    transfer_put(w, header, "re.1", slice_str(body));
    bool is_over = false, has_answer = false;
    for (uint32_t rounds = 0; !is_over && rounds < 10000; rounds++) {
        if (!transfer_next(w, &m)) {
            js_world_run(w);
            continue;
        }
        if (slice_equal_str(buf_slice(&m.subject), "re.1")) {
            assert_has(buf_str(&m.body), "stream_snapshot_response\",\"config\"");
            has_answer = true;
            continue;
        }
        is_over = m.body.len == 0;
        buf_add(ret, buf_slice(&m.body));
        if (m.reply.len > 0) transfer_put(w, buf_str(&m.reply), "", SLICE_LIT(""));
    }
    assert_true(is_over && has_answer);
    (void)snprintf(header, sizeof header, "%s", buf_str(&m.header));
    transfer_msg_deinit(&m);
    (void)world_say(w->world, w->client, "UNSUB 9\r\n");
    return header;
}

/* What an archive holds, a line each: "state 1 3 1", first, last, consumers; "consumer C"; "1
 * s.a". */
static inline const char *transfer_list(struct slice bytes, struct buf *ret)
{
    const struct archive_limits limits = { .message_max = 1 << 20, .configured_max = -1 };
    struct archive_reader *r = archive_reader_new(&limits);
    struct archive_item item;
    enum archive_verdict v;
    while ((v = archive_reader_next(r, &bytes, &item)) < ARCHIVE_END && v != ARCHIVE_MORE) {
        if (v == ARCHIVE_STATE)
            buf_printf(ret, "state %llu %llu %lld\n", (unsigned long long)item.state.first_seq,
                       (unsigned long long)item.state.last_seq,
                       (long long)item.state.consumer_count);
        if (v == ARCHIVE_CONSUMER) buf_printf(ret, "consumer %.*s\n", SLICE_ARGS(item.name));
        if (v == ARCHIVE_MESSAGE)
            buf_printf(ret, "%llu %.*s\n", (unsigned long long)item.message.sequence,
                       SLICE_ARGS(item.message.subject));
    }
    assert_true(archive_reader_finish(r));
    (void)archive_reader_free(r);
    return buf_str(ret);
}

/* Begins a restore; gives the subject for chunks, or the answer that refuses it. */
static inline const char *transfer_begin(struct js_world *w, const char *stream, const char *config)
{
    char call[64];
    struct buf body = { 0 };
    static char subject[512];
    (void)snprintf(call, sizeof call, "STREAM.RESTORE.%s", stream);
    buf_printf(&body, "{\"config\":%s,\"state\":{}}", config);
    const char *answer = js_call(w, call, buf_str(&body));
    const char *at = strstr(answer, "\"deliver_subject\":\"$JS");
    buf_deinit(&body);
    if (at == NULL) return answer;
    (void)snprintf(subject, sizeof subject, "%s", at + strlen("\"deliver_subject\":\""));
    *strchr(subject, '"') = '\0';
    return subject;
}

/* Sends it in pieces of `cut`, each of which must be answered with nothing, and then the end. The
 * last answer; valid until the next call. */
static inline const char *transfer_send(struct js_world *w, const char *subject, struct slice bytes,
                                        uint32_t cut)
{
    static char last[4096];
    struct transfer_msg m = { .reply = { 0 } };
    for (bool is_last = false; !is_last;) {
        struct slice part = slice_first(bytes, cut);
        bytes = slice_from(bytes, part.len);
        is_last = part.len == 0;
        transfer_put(w, subject, "re.1", part);
        for (uint32_t i = 0; i < 1000 && w->world->fake->socks[w->client].out.len == 0; i++)
            transfer_wait(w, MILLISECOND);
        assert_true(transfer_next(w, &m));
        if (!is_last) assert_int_equal(m.body.len, 0);
    }
    (void)snprintf(last, sizeof last, "%s", buf_str(&m.body));
    transfer_msg_deinit(&m);
    return last;
}

#endif
