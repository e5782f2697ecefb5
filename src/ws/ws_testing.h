/* SPDX-License-Identifier: Apache-2.0 */
/* Ws_testing: a filter on a connection of memory. Included by tests only.
 *
 * What the browser sends goes in at the bottom; what the application gets and what the browser is
 * sent come out.
 * Memory: setup() and teardown() of each test. */
#ifndef MIDGE_WS_WS_TESTING_H
#define MIDGE_WS_WS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_fake.h"
#include "wire/websocket.h"
#include "ws/ws.h"

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

static inline struct app *app_of(struct conn *c)
{
    return container_of(c, struct app, conn);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is that of conn_ops */
static inline uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct app *a = app_of(c);
    (void)ret_need;
    a->calls++;
    buf_add(&a->got, in);
    if (a->pause_at > 0 && a->got.len >= a->pause_at) conn_pause(c, NANOS_MAX);
    return in.len;
}

static inline void on_established(struct conn *c)
{
    (void)c;
}

static inline void copy_text(char *to, size_t size, struct slice text)
{
    assert_true(text.len < size);
    if (text.len > 0) memcpy(to, text.ptr, text.len);
    to[text.len] = 0;
}

static inline void on_end(struct conn *c, enum conn_end end)
{
    struct app *a = app_of(c);
    a->ended = true;
    a->end = end;
    copy_text(a->reason, sizeof a->reason, slice_str(a->filter->ops->reason(a->filter)));
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static inline void on_free(struct conn *c)
{
    app_of(c)->freed = true;
}

static const struct conn_ops conn_ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

static inline void on_upgraded(struct conn *c, const struct ws_request *request)
{
    struct app *a = app_of(c);
    a->upgrades++;
    a->kind = request->kind;
    copy_text(a->user, sizeof a->user, request->user);
    copy_text(a->forwarded_for, sizeof a->forwarded_for, request->forwarded_for);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void send_bytes(struct app *a, struct slice bytes)
{
    buf_add(&a->sock->in, bytes);
    fake_run(a->fake);
}

static inline void send_text(struct app *a, const char *text)
{
    send_bytes(a, slice_str(text));
}

/* A masked client frame. */
static inline void add_frame(struct buf *out, uint8_t opcode_and_flags, struct slice payload)
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

static inline void send_frame(struct app *a, uint8_t opcode_and_flags, struct slice payload)
{
    add_frame(&a->sock->in, opcode_and_flags, payload);
    fake_run(a->fake);
}

static inline void upgrade(struct app *a, const char *headers)
{
    send_text(a, REQUEST);
    send_text(a, headers);
    send_text(a, "\r\n");
    assert_int_equal(a->upgrades, 1);
    buf_drop(&a->sock->out, a->sock->out.len);
}

static inline void assert_out(struct app *a, struct slice expected)
{
    assert_int_equal(a->sock->out.len, expected.len);
    assert_memory_equal(a->sock->out.ptr, expected.ptr, expected.len);
    buf_drop(&a->sock->out, a->sock->out.len);
}

static inline void assert_got(struct app *a, const char *expected)
{
    assert_true(slice_equal_str(buf_slice(&a->got), expected));
    buf_drop(&a->got, a->got.len);
}

/* The next frame that the server sent: opcode with flags, and payload. */
static inline struct slice take_frame(struct app *a, uint8_t *ret_first)
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

#endif
