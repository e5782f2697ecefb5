/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger after the upgrade. The first byte chooses compression, masking and the size of reads;
 * the rest is what comes.
 * However it is cut, the application and the peer get the same bytes and the connection the same
 * end, within the caps of a stranger; nothing is left behind. */
#include <stddef.h>
#include <stdint.h>

#include "net/net_fake.h"
#include "ws/ws.h"

#define REQUEST                                                                        \
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define OFFER "Sec-WebSocket-Extensions: permessage-deflate\r\n"
#define NO_MASKING "Nats-No-Masking: true\r\n"

struct stranger {
    struct conn conn;
    struct buf got;
    bool ended;
    enum conn_end end;
};

static struct stranger *stranger_of(struct conn *c)
{
    return container_of(c, struct stranger, conn);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is that of conn_ops */
static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    (void)ret_need;
    buf_add(&stranger_of(c)->got, in);
    return in.len;
}

static void on_established(struct conn *c)
{
    (void)c;
}

static void on_end(struct conn *c, enum conn_end end)
{
    stranger_of(c)->ended = true;
    stranger_of(c)->end = end;
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static void on_free(struct conn *c)
{
    (void)c;
}

static void on_upgraded(struct conn *c, const struct ws_request *request)
{
    (void)c;
    assert(request->kind == WS_KIND_CLIENT);
}

static const struct conn_ops conn_ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

struct story {
    struct buf got;
    struct buf out;
    bool ended;
    enum conn_end end;
};

static struct story play(struct slice bytes, uint8_t choice, uint32_t read_max)
{
    struct fake *fake = fake_new();
    struct stranger s = { 0 };
    struct ws_listener listener = { .compression = true };
    struct ws_shared *shared = ws_shared_new();
    enum err e = conn_init(&s.conn, fake->reactor, 0, &conn_ops);
    assert(e == ERR_OK);
    struct filter *f = ws_filter_new(&listener, shared, fake->reactor, on_upgraded);
    assert(f != NULL);
    conn_filter_push(&s.conn, f);
    buf_add(&fake->socks[0].in, SLICE_LIT(REQUEST));
    if (choice & 1) buf_add(&fake->socks[0].in, SLICE_LIT(OFFER));
    if (choice & 2) buf_add(&fake->socks[0].in, SLICE_LIT(NO_MASKING));
    buf_add(&fake->socks[0].in, SLICE_LIT("\r\n"));
    fake_run(fake);
    assert(f->ops->is_ready(f));

    fake->socks[0].read_max = read_max;
    buf_add(&fake->socks[0].in, bytes);
    while (fake->socks[0].in.len > 0 && !s.ended) fake_run(fake);
    fake_run(fake);
    struct story told = { s.got, fake->socks[0].out, s.ended, s.end };
    fake->socks[0].out = (struct buf){ 0 };
    conn_abort(&s.conn);
    fake_run(fake);
    assert(fake->reactor->pool.in_use == 0);
    ws_shared_free(shared);
    fake_free(fake);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8 * 1024) return 0;
    struct slice bytes = slice_of(data + 1, size - 1);
    struct story whole = play(bytes, data[0], 0);
    struct story cut = play(bytes, data[0], 1 + (data[0] >> 2));
    assert(slice_equal(buf_slice(&whole.got), buf_slice(&cut.got)));
    assert(slice_equal(buf_slice(&whole.out), buf_slice(&cut.out)));
    assert(whole.ended == cut.ended && whole.end == cut.end);
    buf_deinit(&whole.got);
    buf_deinit(&whole.out);
    buf_deinit(&cut.got);
    buf_deinit(&cut.out);
    return 0;
}
