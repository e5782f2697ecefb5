/* SPDX-License-Identifier: Apache-2.0 */
/* A filter on a connection of memory: what the browser sends goes in at the bottom, what the
 * application gets and what the browser is sent come out. */
#include "ws/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "codec/deflate.h"
#include "net/net_fake.h"
#include "wire/websocket.h"

#define START "GET / HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define REQUEST START KEY VERSION
#define OFFER "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
#define BROWSER "User-Agent: Mozilla/5.0\r\n"
#define ANSWER                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

struct app {
    struct conn conn;
    struct fake *fake;
    struct fake_sock *sock;
    struct ws_listener listener;
    struct ws_shared *shared;
    struct filter *filter;
    struct buf got;
    uint32_t calls;             /* of on_bytes */
    uint32_t pause_at;          /* pause once so many bytes have come; 0: never */
    uint32_t upgrades;
    enum ws_kind kind;
    char user[32], forwarded_for[64];
    bool ended;
    enum conn_end end;
    char reason[128];
    bool freed;
};

static struct app *app_of(struct conn *c)
{
    return container_of(c, struct app, conn);
}

static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct app *a = app_of(c);
    (void)ret_need;
    a->calls++;
    buf_add(&a->got, in);
    if (a->pause_at > 0 && a->got.len >= a->pause_at) conn_pause(c, NANOS_MAX);
    return in.len;
}

static void on_established(struct conn *c)
{
    (void)c;
}

static void copy_text(char *to, size_t size, struct slice text)
{
    assert_true(text.len < size);
    if (text.len > 0) memcpy(to, text.ptr, text.len);
    to[text.len] = 0;
}

static void on_end(struct conn *c, enum conn_end end)
{
    struct app *a = app_of(c);
    a->ended = true;
    a->end = end;
    copy_text(a->reason, sizeof a->reason, slice_str(a->filter->ops->reason(a->filter)));
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static void on_free(struct conn *c)
{
    app_of(c)->freed = true;
}

static const struct conn_ops conn_ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

static void on_upgraded(struct conn *c, const struct ws_request *request)
{
    struct app *a = app_of(c);
    a->upgrades++;
    a->kind = request->kind;
    copy_text(a->user, sizeof a->user, request->user);
    copy_text(a->forwarded_for, sizeof a->forwarded_for, request->forwarded_for);
}

static int setup(void **state)
{
    struct app *a = test_calloc(1, sizeof *a);
    a->fake = fake_new();
    a->sock = &a->fake->socks[0];
    a->shared = ws_shared_new();
    assert_int_equal(conn_init(&a->conn, a->fake->reactor, 0, &conn_ops), ERR_OK);
    a->conn.rest_max = 1 << 20;
    a->filter = ws_filter_new(&a->listener, a->shared, a->fake->reactor, on_upgraded);
    conn_filter_push(&a->conn, a->filter);
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    struct app *a = *state;
    conn_abort(&a->conn);
    fake_run(a->fake);
    assert_true(a->freed);
    assert_int_equal(a->fake->reactor->pool.in_use, 0);
    a->shared = ws_shared_free(a->shared);
    buf_deinit(&a->got);
    fake_free(a->fake);
    test_free(a);
    return 0;
}

static void send_bytes(struct app *a, struct slice bytes)
{
    buf_add(&a->sock->in, bytes);
    fake_run(a->fake);
}

static void send_text(struct app *a, const char *text)
{
    send_bytes(a, slice_str(text));
}

/* A masked client frame. */
static void add_frame(struct buf *out, uint8_t opcode_and_flags, struct slice payload)
{
    static const uint8_t mask[4] = { 0x11, 0x22, 0x33, 0x44 };
    uint8_t head[WS_SERVER_HEAD_MAX];
    uint32_t len = ws_frame_encode(head, opcode_and_flags, payload.len);
    head[1] |= 0x80;
    buf_add(out, slice_of(head, len));
    buf_add(out, slice_of(mask, 4));
    buf_add(out, payload);
    if (payload.len > 0) ws_mask(out->ptr + out->len - payload.len, payload.len, mask, 0);
}

static void send_frame(struct app *a, uint8_t opcode_and_flags, struct slice payload)
{
    add_frame(&a->sock->in, opcode_and_flags, payload);
    fake_run(a->fake);
}

static void upgrade(struct app *a, const char *headers)
{
    send_text(a, REQUEST);
    send_text(a, headers);
    send_text(a, "\r\n");
    assert_int_equal(a->upgrades, 1);
    buf_drop(&a->sock->out, a->sock->out.len);
}

static void assert_out(struct app *a, struct slice expected)
{
    assert_int_equal(a->sock->out.len, expected.len);
    assert_memory_equal(a->sock->out.ptr, expected.ptr, expected.len);
    buf_drop(&a->sock->out, a->sock->out.len);
}

static void assert_got(struct app *a, const char *expected)
{
    assert_true(slice_equal_str(buf_slice(&a->got), expected));
    buf_drop(&a->got, a->got.len);
}

/* The next frame that the server sent: opcode with flags, and payload. */
static struct slice take_frame(struct app *a, uint8_t *ret_first)
{
    struct ws_rules rules = { true, true, (a->sock->out.ptr[0] & 15) == WS_CONTINUATION };
    struct ws_frame f;
    const char *why;
    static uint8_t copy[1 << 20];
    assert_int_equal(ws_frame_decode(buf_slice(&a->sock->out), &rules, &f, &why), WS_OK);
    assert_true(f.payload_len <= sizeof copy && a->sock->out.len >= f.head_len + f.payload_len);
    *ret_first = a->sock->out.ptr[0];
    memcpy(copy, a->sock->out.ptr + f.head_len, f.payload_len);
    buf_drop(&a->sock->out, f.head_len + (uint32_t)f.payload_len);
    return slice_of(copy, f.payload_len);
}

/* ---- handshake ---- */

static void the_answer_has_the_headers_of_nats_server_in_their_order(void **state)
{
    struct app *a = *state;
    static const struct ws_header headers[] = { { "X-A", "1" }, { "x-b", "2" } };
    a->listener.headers = headers;
    a->listener.headers_count = 2;
    a->listener.compression = true;
    send_text(a, REQUEST OFFER "Nats-No-Masking: true\r\n\r\n");
    assert_out(a, SLICE_LIT(ANSWER "Sec-WebSocket-Extensions: permessage-deflate; "
                                   "server_no_context_takeover; client_no_context_takeover\r\n"
                                   "Nats-No-Masking: true\r\nX-A: 1\r\nx-b: 2\r\n\r\n"));
    assert_int_equal(a->upgrades, 1);
    assert_true(a->filter->ops->is_ready(a->filter));
}

static void a_request_may_come_byte_by_byte(void **state)
{
    struct app *a = *state;
    a->sock->read_max = 1;
    send_text(a, REQUEST "\r\n");
    assert_out(a, SLICE_LIT(ANSWER "\r\n"));
}

static void core_learns_path_cookies_and_address(void **state)
{
    struct app *a = *state;
    a->listener.user_cookie = "u";
    send_text(a, "GET /x/leafnode?q HTTP/1.1\r\nHost: h\r\nUpgrade: h2c, WebSocket\r\n"
                 "connection: keep-alive, upgrade\r\n" KEY VERSION
                 "Cookie: a=b; u=me\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\n");
    assert_int_equal(a->upgrades, 1);
    assert_int_equal(a->kind, WS_KIND_LEAF);
    assert_string_equal(a->user, "me");
    assert_string_equal(a->forwarded_for, "1.2.3.4");
}

static void what_is_no_address_is_not_taken_for_one(void **state)
{
    struct app *a = *state;
    upgrade(a, "X-Forwarded-For: host.example, 5.6.7.8\r\n");
    assert_string_equal(a->forwarded_for, "");
}

struct refusal {
    const char *request;
    const char *status;
    const char *reason;
};

/* clang-format off */
static const struct refusal refusals[] = {
    { "POST / HTTP/1.1\r\nHost: h\r\n\r\n", "405 Method Not Allowed", "request method must be GET" },
    { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request", "invalid value for header 'Upgrade'" },
    { "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", "400 Bad Request",
      "invalid value for header 'Connection'" },
    { START VERSION "\r\n", "400 Bad Request", "key missing" },
    { START VERSION "Sec-WebSocket-Key: abc\r\n\r\n", "400 Bad Request", "invalid websocket key" },
    { START VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n\r\n", "400 Bad Request",
      "invalid websocket key" },
    { START KEY "Sec-WebSocket-Version: 12\r\n\r\n", "400 Bad Request", "invalid version" },
    { REQUEST "Origin: http://ok.example.bad\r\n\r\n", "403 Forbidden",
      "origin not allowed: not in the allowed list" },
    { REQUEST "Origin: null\r\n\r\n", "403 Forbidden", "origin not allowed: invalid URI for request" },
    { REQUEST "Sec-WebSocket-Origin: https://ok.example\r\n\r\n", "403 Forbidden",
      "origin not allowed: not in the allowed list" },
    { "GET /x/mqtt HTTP/1.1\r\nHost: h\r\n\r\n", "404 Not Found", "mqtt websocket endpoint not enabled" },
    { "GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header",
      "Bad Request: missing required Host header" },
    { "CONNECT {}\r\n", "400 Bad Request", "Bad Request" },
    { "GET / HTTP/2.0\r\n", "505 HTTP Version Not Supported: unsupported protocol version",
      "HTTP Version Not Supported: unsupported protocol version" },
};
/* clang-format on */

static void each_fault_of_a_request_has_its_status_and_reason(void **state)
{
    (void)state;
    static const char *const origins[] = { "http://ok.example:80", "https://s.example:444" };
    for (uint32_t i = 0; i < ARRAY_COUNT(refusals); i++) {
        void *one;
        setup(&one);
        struct app *a = one;
        a->listener.allowed_origins = origins;
        a->listener.allowed_origins_count = 2;
        send_text(a, refusals[i].request);
        buf_add_byte(&a->sock->out, 0);
        char line[128] = "HTTP/1.1 ";
        strcat(strcat(line, refusals[i].status), "\r\n");
        assert_memory_equal(a->sock->out.ptr, line, strlen(line));
        assert_string_equal(a->reason, refusals[i].reason);
        assert_true(a->ended && a->end == CONN_END_FILTER && a->sock->closed);
        assert_int_equal(a->upgrades, 0);
        teardown(&one);
    }
}

static void a_refusal_reads_as_that_of_nats_server(void **state)
{
    struct app *a = *state;
    send_text(a, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_out(a, SLICE_LIT("HTTP/1.1 405 Method Not Allowed\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "Sec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff\r\n"
                            "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 19\r\n\r\n"
                            "Method Not Allowed\n"));
}

static void allowed_origins_match_by_scheme_host_and_port(void **state)
{
    struct app *a = *state;
    static const char *const origins[] = { "http://ok.example:80" };
    a->listener.allowed_origins = origins;
    a->listener.allowed_origins_count = 1;
    upgrade(a, "Origin: HTTP://OK.example\r\n");
}

static void the_same_origin_is_that_of_the_request(void **state)
{
    struct app *a = *state;
    a->listener.same_origin = true;
    upgrade(a, "Origin: http://h:1\r\n");
}

static void with_tls_the_same_origin_is_https(void **state)
{
    struct app *a = *state;
    a->listener.same_origin = true;
    a->listener.tls = true;
    send_text(a, REQUEST "Origin: http://h:1\r\n\r\n");
    assert_memory_equal(a->sock->out.ptr, "HTTP/1.1 403", 12);
}

static void data_before_the_answer_ends_the_connection_silently(void **state)
{
    struct app *a = *state;
    send_text(a, REQUEST "\r\nPING");
    assert_int_equal(a->sock->out.len, 0);
    assert_true(a->ended && a->sock->closed);
}

static void an_endless_request_is_cut_at_the_limit(void **state)
{
    struct app *a = *state;
    send_text(a, "GET / HTTP/1.1\r\nA: ");
    for (uint32_t i = 0; i < 3000 && !a->ended; i++) send_text(a, "xxxxxxxxxx");
    assert_true(a->ended);
    assert_memory_equal(a->sock->out.ptr, "HTTP/1.1 431", 12);
    assert_true(a->fake->reactor->door.bytes <= sizeof(struct chunk) + CHUNK_LARGE);
}

/* ---- frames in ---- */

static void payloads_of_one_read_go_up_in_one_piece(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    add_frame(&a->sock->in, WS_TEXT, SLICE_LIT("PI"));
    add_frame(&a->sock->in, WS_FIN | WS_CONTINUATION, SLICE_LIT("NG\r\n"));
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT(""));
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT("PONG\r\n"));
    fake_run(a->fake);
    assert_got(a, "PING\r\nPONG\r\n");
    assert_int_equal(a->calls, 1);
}

static void a_frame_goes_up_as_it_arrives(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    struct buf frame = { 0 };
    add_frame(&frame, WS_FIN | WS_BINARY, SLICE_LIT("0123456789"));
    for (uint32_t i = 0; i < frame.len; i++) {
        send_bytes(a, slice_of(frame.ptr + i, 1));
        assert_int_equal(a->got.len, i < 6 ? 0 : i - 5);
    }
    buf_deinit(&frame);
    assert_got(a, "0123456789");
}

static void pings_are_answered_between_fragments(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    send_frame(a, WS_BINARY, SLICE_LIT("a"));
    send_frame(a, WS_FIN | WS_PING, SLICE_LIT("hello"));
    send_frame(a, WS_FIN | WS_PONG, SLICE_LIT("x"));
    send_frame(a, WS_FIN | WS_CONTINUATION, SLICE_LIT("b"));
    assert_out(a, SLICE_LIT("\x8a\x05hello"));
    assert_got(a, "ab");
}

static void a_peer_that_pings_and_never_reads_fills_no_memory(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    a->sock->stuck = true;
    uint8_t text[125] = { 0 };
    for (uint32_t i = 0; i < 5000; i++) send_frame(a, WS_FIN | WS_PING, slice_of(text, 125));
    assert_true(conn_queued(&a->conn) < 70000);
    assert_false(a->ended);
}

static void a_fault_closes_with_1002_and_hands_up_what_came_before(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT("PING\r\n"));
    buf_add(&a->sock->in, SLICE_LIT("\x82\x05hello"));
    fake_run(a->fake);
    assert_got(a, "PING\r\n");
    assert_out(a, SLICE_LIT("\x88\x12\x03\xeamask bit missing"));
    assert_true(a->ended && a->end == CONN_END_FILTER && a->sock->closed);
}

static void a_length_of_63_bits_is_legal_and_costs_nothing(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    uint64_t before = a->fake->reactor->door.bytes;
    send_bytes(a, SLICE_LIT("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0PING"));
    assert_got(a, "PING");
    assert_true(a->fake->reactor->door.bytes <= before + CHUNK_LARGE);
    assert_false(a->ended);
}

static void without_masking_when_agreed(void **state)
{
    struct app *a = *state;
    upgrade(a, "Nats-No-Masking: true\r\n");
    send_bytes(a, SLICE_LIT("\x82\x06PING\r\n"));
    assert_got(a, "PING\r\n");
}

static void a_close_is_echoed_after_what_waits(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    send_frame(a, WS_FIN | WS_CLOSE,
               SLICE_LIT("\x03\xe8"
                         "bye"));
    assert_true(a->ended && a->end == CONN_END_EOF);
    a->sock->stuck = false;
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x06PONG\r\n\x88\x05\x03\xe8"
                            "bye"));
    assert_true(a->sock->closed);
}

static void a_broken_close_is_answered_by_1002(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    send_frame(a, WS_FIN | WS_CLOSE, SLICE_LIT("\x03\xe7"));
    assert_out(a, SLICE_LIT("\x88\x1f\x03\xeainvalid close status code 999"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* Any stream, cut anywhere, gives the same bytes to the application and to the peer. */
static void frames_mean_the_same_however_they_are_cut(void **state)
{
    (void)state;
    for (uint32_t step = 1; step < 40; step++) {
        void *one;
        setup(&one);
        struct app *a = one;
        upgrade(a, "");
        a->sock->read_max = step;
        add_frame(&a->sock->in, WS_BINARY, SLICE_LIT("one"));
        add_frame(&a->sock->in, WS_FIN | WS_PING, SLICE_LIT("p"));
        add_frame(&a->sock->in, WS_FIN | WS_CONTINUATION, SLICE_LIT("two"));
        char long_text[300];
        memset(long_text, 'x', sizeof long_text);
        add_frame(&a->sock->in, WS_FIN | WS_TEXT, slice_of(long_text, sizeof long_text));
        add_frame(&a->sock->in, WS_FIN | WS_CLOSE, (struct slice){ 0 });
        fake_run(a->fake);
        assert_int_equal(a->got.len, 306);
        assert_memory_equal(a->got.ptr, "onetwoxxx", 9);
        assert_out(a, SLICE_LIT("\x8a\x01p\x88\x00"));
        teardown(&one);
    }
}

/* ---- frames out ---- */

static void little_output_is_one_frame_and_much_is_moved(void **state)
{
    struct app *a = *state;
    uint8_t first;
    upgrade(a, "");
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x0cPONG\r\nPONG\r\n"));

    static uint8_t large[50000];
    memset(large, 'y', sizeof large);
    conn_send(&a->conn, slice_of(large, sizeof large));
    fake_run(a->fake);
    struct slice payload = take_frame(a, &first);
    assert_int_equal(first, WS_FIN | WS_BINARY);
    assert_int_equal(payload.len, sizeof large);
    assert_memory_equal(payload.ptr, large, sizeof large);
    assert_int_equal(a->sock->out.len, 0);
}

static void a_browser_gets_small_frames(void **state)
{
    struct app *a = *state;
    static const uint32_t expected[] = { 512, 4096, 4096, 1296 };
    uint8_t first;
    upgrade(a, BROWSER);
    static uint8_t large[10000];
    for (uint32_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)i;
    conn_send(&a->conn, slice_of(large, sizeof large));
    fake_run(a->fake);
    for (uint32_t i = 0, at = 0; i < ARRAY_COUNT(expected); at += expected[i++]) {
        struct slice payload = take_frame(a, &first);
        assert_int_equal(first, WS_FIN | WS_BINARY);
        assert_int_equal(payload.len, expected[i]);
        assert_memory_equal(payload.ptr, large + at, payload.len);
    }
    assert_int_equal(a->sock->out.len, 0);
}

static void output_before_the_upgrade_waits_for_it(void **state)
{
    struct app *a = *state;
    conn_send(&a->conn, SLICE_LIT("INFO\r\n"));
    fake_run(a->fake);
    assert_int_equal(a->sock->out.len, 0);
    send_text(a, REQUEST "\r\n");
    assert_out(a, SLICE_LIT(ANSWER "\r\n\x82\x06INFO\r\n"));
}

static void our_close_carries_status_and_reason_behind_the_output(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    conn_send(&a->conn, SLICE_LIT("-ERR\r\n"));
    conn_close(&a->conn, SECOND, WS_STATUS_POLICY, SLICE_LIT("Slow Consumer"));
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x06-ERR\r\n\x88\x0f\x03\xf0Slow Consumer"));
}

/* ---- compression ---- */

static struct slice packed(const void *bytes, uint32_t len)
{
    static uint8_t copy[DEFLATE_IN_MAX];
    struct deflater *d = deflater_new();
    deflater_start(d);
    deflater_add(d, slice_of(bytes, len));
    struct slice made = deflater_finish(d);
    assert_true(made.len <= sizeof copy);
    memcpy(copy, made.ptr, made.len);
    deflater_free(d);
    return slice_of(copy, made.len);
}

static void assert_unpacks(struct slice message, struct slice expected)
{
    struct inflater *i = inflater_new();
    struct buf all = { 0 };
    enum inflate_verdict verdict = INFLATE_MORE;
    inflater_start(i, message, 1 << 24);
    while (verdict == INFLATE_MORE) {
        struct slice piece = { 0 };
        verdict = inflater_next(i, &piece);
        buf_add(&all, piece);
    }
    assert_int_equal(verdict, INFLATE_DONE);
    assert_int_equal(all.len, expected.len);
    assert_memory_equal(all.ptr, expected.ptr, expected.len);
    buf_deinit(&all);
    inflater_free(i);
}

static void messages_over_64_bytes_are_compressed(void **state)
{
    struct app *a = *state;
    uint8_t first, text[65];
    a->listener.compression = true;
    upgrade(a, OFFER);
    memset(text, 'z', sizeof text);
    conn_send(&a->conn, slice_of(text, 64));
    fake_run(a->fake);
    assert_int_equal(take_frame(a, &first).len, 64);
    assert_int_equal(first, WS_FIN | WS_BINARY);
    conn_send(&a->conn, slice_of(text, 65));
    fake_run(a->fake);
    struct slice message = take_frame(a, &first);
    assert_int_equal(first, WS_FIN | WS_COMPRESSED | WS_BINARY);
    assert_true(message.len < 65);
    assert_unpacks(message, slice_of(text, 65));
}

static void what_does_not_shrink_goes_out_plain(void **state)
{
    struct app *a = *state;
    static uint8_t noise[10000];
    uint8_t first;
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)rng_next(&rng);
    a->listener.compression = true;
    upgrade(a, OFFER);
    conn_send(&a->conn, slice_of(noise, sizeof noise));
    fake_run(a->fake);
    for (uint32_t at = 0; at < sizeof noise;) {
        struct slice part = take_frame(a, &first);
        assert_int_equal(first, WS_FIN | WS_BINARY);
        assert_memory_equal(part.ptr, noise + at, part.len);
        at += part.len;
    }
}

/* Half noise, so that it shrinks to more than one small frame. */
static void fill_mixed(uint8_t *bytes, uint32_t len)
{
    struct rng rng;
    rng_init(&rng, 6);
    for (uint32_t i = 0; i < len; i++) bytes[i] = i & 1 ? 'm' : (uint8_t)rng_next(&rng);
}

static void browsers_get_compressed_messages_in_fragments_but_safari_whole(void **state)
{
    (void)state;
    static uint8_t mixed[20000];
    static uint8_t joined[20000];
    fill_mixed(mixed, sizeof mixed);
    for (int safari = 0; safari < 2; safari++) {
        void *one;
        uint8_t first;
        uint32_t len = 0, frames = 0;
        setup(&one);
        struct app *a = one;
        a->listener.compression = true;
        upgrade(a, safari ? OFFER "User-Agent: Mozilla/5.0 Version/16.1 Safari/605\r\n"
                          : OFFER BROWSER);
        conn_send(&a->conn, slice_of(mixed, sizeof mixed));
        fake_run(a->fake);
        do {
            struct slice part = take_frame(a, &first);
            assert_int_equal(first & 0x7f,
                             frames == 0 ? WS_COMPRESSED | WS_BINARY : WS_CONTINUATION);
            assert_true(safari || part.len <= 4096);
            memcpy(joined + len, part.ptr, part.len);
            len += part.len;
            frames++;
        } while (!(first & WS_FIN));
        assert_true(safari ? frames == 1 : frames > 2);
        assert_unpacks(slice_of(joined, len), slice_of(mixed, sizeof mixed));
        teardown(&one);
    }
}

static void large_output_becomes_several_messages(void **state)
{
    struct app *a = *state;
    static uint8_t text[3 * DEFLATE_IN_MAX];
    uint8_t first;
    memset(text, 'q', sizeof text);
    a->listener.compression = true;
    upgrade(a, OFFER);
    assert_true(outq_add(a->conn.out, &a->fake->reactor->pool, slice_of(text, sizeof text)));
    conn_dirty(&a->conn);
    fake_run(a->fake);
    for (uint32_t i = 0; i < 3; i++)
        assert_unpacks(take_frame(a, &first), slice_of(text, DEFLATE_IN_MAX));
    assert_int_equal(a->sock->out.len, 0);
}

static void compressed_messages_go_up_inflated_whole_or_in_fragments(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    struct slice m = packed("CONNECT {}\r\nPING\r\n", 18);
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_TEXT, m);
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    send_frame(a, WS_COMPRESSED | WS_BINARY, slice_first(m, 4));
    send_frame(a, WS_FIN | WS_PING, SLICE_LIT("x"));
    send_frame(a, WS_FIN | WS_CONTINUATION, slice_from(m, 4));
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    send_frame(a, WS_FIN | WS_BINARY, SLICE_LIT("PING\r\n"));
    assert_got(a, "PING\r\n");
    a->sock->read_max = 3;
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_TEXT, m);
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    assert_false(a->ended);
}

static void a_strangers_bomb_grows_to_the_cap_and_no_further(void **state)
{
    struct app *a = *state;
    static uint8_t zeros[DEFLATE_IN_MAX];
    a->listener.compression = true;
    upgrade(a, OFFER);
    ws_set_limits(a->filter, (struct ws_limits){ 1000, 50000 });
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_BINARY, packed(zeros, sizeof zeros));
    assert_true(a->got.len <= 50000);
    assert_out(a, SLICE_LIT("\x88\x1a\x03\xf1maximum payload exceeded"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* The length of a frame is enough to refuse it: nothing is gathered for it. */
static void a_compressed_message_over_its_cap_is_refused_by_its_length(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    ws_set_limits(a->filter, (struct ws_limits){ 1000, 50000 });
    send_bytes(a, SLICE_LIT("\xc2\xfe\x03\xe9\0\0\0\0x"));
    assert_out(a, SLICE_LIT("\x88\x1a\x03\xf1maximum payload exceeded"));
}

static void corrupt_data_ends_the_connection(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_BINARY, SLICE_LIT("\xff\xff\xff\xff"));
    assert_out(a, SLICE_LIT("\x88\x19\x03\xea"
                            "corrupt compressed data"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* Each message may grow to its cap: those behind a pause wait as they came. */
static void compressed_messages_behind_a_pause_wait_unread(void **state)
{
    struct app *a = *state;
    static uint8_t text[40000];
    memset(text, 'r', sizeof text);
    a->listener.compression = true;
    upgrade(a, OFFER);
    a->pause_at = 1;
    struct slice m = packed(text, sizeof text);
    for (uint32_t i = 0; i < 20; i++)
        add_frame(&a->sock->in, WS_FIN | WS_COMPRESSED | WS_BINARY, m);
    fake_run(a->fake);
    assert_true(a->conn.paused);
    assert_true(a->got.len + a->conn.rest_len <= sizeof text);
    for (uint32_t i = 0; i < 100 && a->got.len < 20 * sizeof text; i++) {
        conn_pause(&a->conn, 0);
        fake_run(a->fake);
    }
    assert_int_equal(a->got.len, 20 * sizeof text);
    assert_false(a->ended);
}

/* ---- memory ---- */

static void every_refusal_of_the_door_ends_only_this_connection(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        void *one;
        setup(&one);
        struct app *a = one;
        struct door *door = &a->fake->reactor->door;
        uint64_t before = door->calls;
        a->listener.compression = true;
        door->fail_at = before + nth;
        send_text(a, REQUEST OFFER "\r\n");
        struct slice m = packed("PING\r\nPING\r\n", 12);
        send_frame(a, WS_COMPRESSED | WS_BINARY, slice_first(m, 3));
        send_frame(a, WS_FIN | WS_CONTINUATION, slice_from(m, 3));
        conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
        fake_run(a->fake);
        failed = door->calls >= before + nth;
        assert_int_equal(a->ended, failed);
        teardown(&one);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_answer_has_the_headers_of_nats_server_in_their_order),
        T(a_request_may_come_byte_by_byte),
        T(core_learns_path_cookies_and_address),
        T(what_is_no_address_is_not_taken_for_one),
        T(each_fault_of_a_request_has_its_status_and_reason),
        T(a_refusal_reads_as_that_of_nats_server),
        T(allowed_origins_match_by_scheme_host_and_port),
        T(the_same_origin_is_that_of_the_request),
        T(with_tls_the_same_origin_is_https),
        T(data_before_the_answer_ends_the_connection_silently),
        T(an_endless_request_is_cut_at_the_limit),
        T(payloads_of_one_read_go_up_in_one_piece),
        T(a_frame_goes_up_as_it_arrives),
        T(pings_are_answered_between_fragments),
        T(a_peer_that_pings_and_never_reads_fills_no_memory),
        T(a_fault_closes_with_1002_and_hands_up_what_came_before),
        T(a_length_of_63_bits_is_legal_and_costs_nothing),
        T(without_masking_when_agreed),
        T(a_close_is_echoed_after_what_waits),
        T(a_broken_close_is_answered_by_1002),
        T(frames_mean_the_same_however_they_are_cut),
        T(little_output_is_one_frame_and_much_is_moved),
        T(a_browser_gets_small_frames),
        T(output_before_the_upgrade_waits_for_it),
        T(our_close_carries_status_and_reason_behind_the_output),
        T(messages_over_64_bytes_are_compressed),
        T(what_does_not_shrink_goes_out_plain),
        T(browsers_get_compressed_messages_in_fragments_but_safari_whole),
        T(large_output_becomes_several_messages),
        T(compressed_messages_go_up_inflated_whole_or_in_fragments),
        T(a_strangers_bomb_grows_to_the_cap_and_no_further),
        T(a_compressed_message_over_its_cap_is_refused_by_its_length),
        T(corrupt_data_ends_the_connection),
        T(compressed_messages_behind_a_pause_wait_unread),
        T(every_refusal_of_the_door_ends_only_this_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
