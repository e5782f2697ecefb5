/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/handshake.h"

#include "ws/ws_testing.h"

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
    { "POST / HTTP/1.1\r\nHost: h\r\n\r\n", "405 Method Not Allowed",
      "request method must be GET" },
    { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request",
      "invalid value for header 'Upgrade'" },
    { "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", "400 Bad Request",
      "invalid value for header 'Connection'" },
    { START VERSION "\r\n", "400 Bad Request", "key missing" },
    { START VERSION "Sec-WebSocket-Key: abc\r\n\r\n", "400 Bad Request", "invalid websocket key" },
    { START VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n\r\n", "400 Bad Request",
      "invalid websocket key" },
    { START KEY "Sec-WebSocket-Version: 12\r\n\r\n", "400 Bad Request", "invalid version" },
    { REQUEST "Origin: http://ok.example.bad\r\n\r\n", "403 Forbidden",
      "origin not allowed: not in the allowed list" },
    { REQUEST "Origin: null\r\n\r\n", "403 Forbidden",
      "origin not allowed: invalid URI for request" },
    { REQUEST "Sec-WebSocket-Origin: https://ok.example\r\n\r\n", "403 Forbidden",
      "origin not allowed: not in the allowed list" },
    { "GET /x/mqtt HTTP/1.1\r\nHost: h\r\n\r\n", "404 Not Found",
      "mqtt websocket endpoint not enabled" },
    { "GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header",
      "missing required Host header" },
    { "CONNECT {}\r\n", "400 Bad Request", "malformed HTTP request" },
    { "GET / HTTP/2.0\r\n", "505 HTTP Version Not Supported: unsupported protocol version",
      "unsupported protocol version" },
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
        assert_memory_equal(a->reason, WS_REFUSED, strlen(WS_REFUSED));
        assert_string_equal(a->reason + strlen(WS_REFUSED), refusals[i].reason);
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

static void on_refused(struct conn *c, const char *why)
{
    copy_text(app_of(c)->reason, sizeof app_of(c)->reason, slice_str(why));
}

static void a_refused_client_may_ask_again_when_core_listens(void **state)
{
    struct app *a = *state;
    a->listener.on_refused = on_refused;
    send_text(a, "GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(a->reason, WS_REFUSED "request method must be GET");
    assert_false(a->ended);
    buf_drop(&a->sock->out, a->sock->out.len);
    send_text(a, REQUEST "\r\n");
    assert_out(a, SLICE_LIT(ANSWER "\r\n"));
}

/* As load balancers ask. */
static void who_asks_for_nothing_more_is_answered_and_closed(void **state)
{
    (void)state;
    static const struct {
        const char *request, *first, *last;
        bool ends;
    } rows[] = {
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: a, Close\r\n\r\n", "HTTP/1.1 400",
          "Content-Length: 12\r\nConnection: close\r\n\r\nBad Request\n", true },
        { "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 400", "Content-Length: 12\r\n\r\nBad Request\n",
          true },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 400",
          "Content-Length: 12\r\nConnection: keep-alive\r\n\r\nBad Request\n", false },
        { "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405", "Content-Length: 19\r\n\r\n",
          false },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        void *one;
        setup(&one);
        struct app *a = one;
        a->listener.on_refused = on_refused;
        send_text(a, rows[i].request);
        struct slice out = buf_slice(&a->sock->out), last = slice_str(rows[i].last);
        assert_true(slice_starts(out, slice_str(rows[i].first)));
        assert_true(out.len > last.len);
        assert_true(slice_equal(slice_from(out, out.len - last.len), last));
        assert_int_equal(a->ended, rows[i].ends);
        teardown(&one);
    }
}

static void a_refused_request_with_a_body_ends_the_connection(void **state)
{
    struct app *a = *state;
    a->listener.on_refused = on_refused;
    send_text(a, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    assert_true(a->ended);
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
        T(a_refused_client_may_ask_again_when_core_listens),
        T(who_asks_for_nothing_more_is_answered_and_closed),
        T(a_refused_request_with_a_body_ends_the_connection),
        T(an_endless_request_is_cut_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
