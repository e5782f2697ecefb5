/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's first bytes: whatever they are, and however they are cut (by the first byte of the
 * input), the filter waits or refuses; nothing reaches the application and nothing is left
 * behind. */
#include <stddef.h>
#include <stdint.h>

#include "net/net_fake.h"
#include "tls/tls_filter.h"
#include "tls/tls_testing.h"

struct stranger {
    struct conn conn;
    bool ended;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is that of conn_ops */
static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    (void)c;
    (void)ret_need;
    assert(in.len == 0);        /* nobody guesses a key */
    return in.len;
}

static void on_established(struct conn *c)
{
    (void)c;
}

static void on_end(struct conn *c, enum conn_end end)
{
    (void)end;
    container_of(c, struct stranger, conn)->ended = true;
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static void on_free(struct conn *c)
{
    (void)c;
}

static const struct conn_ops conn_ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

static struct tls_context *make_context(void)
{
    static const struct tls_pair pair = { "server.pem", "server.key" };
    struct tls_settings s = {
        .pairs = &pair, .pairs_count = 1, .verify = true, .ca_file = "ca.pem"
    };
    struct tls_context *context = NULL;
    struct maker m;
    maker_init(&m, "ca");
    maker_make(&m, (struct made_cert){ .name = "server" });
    enum err e = tls_context_new(&s, &m.files, &context, NULL);
    assert(e == ERR_OK);
    maker_deinit(&m);
    return context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tls_context *context;
    if (context == NULL) context = make_context();
    if (size < 1 || size > 16 * 1024) return 0;

    struct fake *fake = fake_new();
    struct stranger s = { 0 };
    enum err e = conn_init(&s.conn, fake->reactor, 0, &conn_ops);
    assert(e == ERR_OK);
    struct filter *f = tls_filter_new(context, fake->reactor);
    assert(f != NULL);
    conn_filter_push(&s.conn, f);
    fake->socks[0].read_max = data[0];
    buf_add(&fake->socks[0].in, slice_of(data + 1, size - 1));
    fake_run(fake);
    assert(s.ended || !f->ops->is_ready(f));
    conn_abort(&s.conn);
    fake_run(fake);
    assert(fake->socks[0].closed);
    fake_free(fake);
    return 0;
}
