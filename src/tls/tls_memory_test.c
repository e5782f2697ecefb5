/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSL allocates for the server's end of a connection is never more than what is counted at
 * the door for it, wherever the peer stops. */
#include "tls/tls_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/net_fake.h"
#include "tls/tls_internal.h"
#include "tls/tls_testing.h"

/* ---- OpenSSL's memory: a tag before each block says whose it is ---- */

struct tag {
    size_t size;
    size_t is_servers;
};

static struct {
    bool is_servers_turn;
    size_t held; /* by the server's side */
} memory;

static void *tagged_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) return NULL;
    struct tag *tag = malloc(sizeof *tag + size);
    if (tag == NULL) return NULL;
    *tag = (struct tag){ size, memory.is_servers_turn };
    if (tag->is_servers) memory.held += size;
    return tag + 1;
}

static void tagged_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p == NULL) return;
    struct tag *tag = (struct tag *)p - 1;
    if (tag->is_servers) memory.held -= tag->size;
    free(tag);
}

static void *tagged_realloc(void *p, size_t size, const char *file, int line)
{
    void *larger = tagged_alloc(size, file, line);
    if (p != NULL && larger != NULL) {
        size_t old = ((struct tag *)p - 1)->size;
        memcpy(larger, p, old < size ? old : size);
    }
    if (size == 0 || larger != NULL) tagged_free(p, file, line);
    return larger;
}

/* ---- a connection of memory ---- */

struct link {
    struct fake *fake;
    struct conn conn;
    struct filter *filter;
    SSL *client;
    char reason[64]; /* why the filter has failed */
    size_t base;     /* held by the server's side before */
    size_t counted;  /* at the door for the rest of the server */
    bool is_warm;    /* what OpenSSL makes once for all connections is there */
};

static uint32_t swallow(struct conn *c, struct slice in, uint64_t *ret_need)
{
    (void)c;
    *ret_need = 0;
    return in.len;
}

static void nothing(struct conn *c)
{
    (void)c;
}

static void close_it(struct conn *c, enum conn_end end)
{
    struct link *l = container_of(c, struct link, conn);
    if (end == CONN_END_FILTER)
        (void)snprintf(l->reason, sizeof l->reason, "%s", l->filter->ops->reason(l->filter));
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static const struct conn_ops conn_ops = {
    .on_bytes = swallow, .on_established = nothing, .on_end = close_it, .on_free = nothing
};

/* OpenSSL holds no more than the door has counted. */
static void expect_counted(const struct link *l, size_t *most)
{
    size_t holds = memory.held - l->base;
    if (!l->is_warm) return;
    assert_true(holds <= l->fake->reactor->door.bytes - l->counted);
    if (holds > *most) *most = holds;
}

static void servers_turn(struct link *l, size_t *most)
{
    memory.is_servers_turn = true;
    for (int i = 0; i < 100 && fake_tick(l->fake) > 0; i++) expect_counted(l, most);
    memory.is_servers_turn = false;
    expect_counted(l, most);
}

/* The peer sends what it has to say, the last byte by itself. Returns how much it was. */
static uint32_t client_says(struct link *l, size_t *most)
{
    char *bytes;
    struct buf *in = &l->fake->socks[0].in;
    long len = BIO_get_mem_data(SSL_get_wbio(l->client), &bytes);
    if (len == 0) return 0;
    buf_add(in, slice_of(bytes, (size_t)len - 1));
    servers_turn(l, most);
    buf_add(in, slice_of(bytes + len - 1, 1));
    (void)BIO_reset(SSL_get_wbio(l->client));
    servers_turn(l, most);
    return (uint32_t)len;
}

static bool server_says(struct link *l)
{
    struct buf *out = &l->fake->socks[0].out;
    uint32_t len = out->len;
    if (len > 0) BIO_write(SSL_get_rbio(l->client), out->ptr, (int)len);
    buf_drop(out, len);
    return len > 0;
}

static void handshake(struct link *l, size_t *most)
{
    do {
        char byte;
        (void)SSL_do_handshake(l->client);
        if (SSL_is_init_finished(l->client)) (void)SSL_peek(l->client, &byte, 1);
        ERR_clear_error();
    } while (client_says(l, most) + server_says(l) > 0);
}

/* False: the door refuses. */
static bool dial(struct link *l, struct fake *fake, struct tls_context *context, SSL_CTX *client)
{
    *l = (struct link){ .fake = fake, .base = memory.held, .counted = fake->reactor->door.bytes };
    memory.is_servers_turn = true;
    l->filter = tls_filter_new(context, fake->reactor);
    memory.is_servers_turn = false;
    if (l->filter == NULL) return false;
    assert_int_equal(conn_init(&l->conn, fake->reactor, 0, &conn_ops), ERR_OK);
    conn_filter_push(&l->conn, l->filter);
    l->client = SSL_new(client);
    SSL_set_bio(l->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(l->client);
    return true;
}

static void hang_up(struct link *l)
{
    memory.is_servers_turn = true;
    conn_abort(&l->conn);
    (void)fake_run(l->fake);
    memory.is_servers_turn = false;
    SSL_set_shutdown(l->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(l->client);
    buf_drop(&l->fake->socks[0].in, l->fake->socks[0].in.len);
    buf_drop(&l->fake->socks[0].out, l->fake->socks[0].out.len);
}

/* ---- a server ---- */

struct kind {
    const char *name; /* of its certificate */
    int version;
    uint32_t certs; /* of the client; 0: it is not asked */
};

struct place {
    struct fake *fake;
    struct maker maker;
    struct tls_context *context;
    SSL_CTX *client;
};

/* A client with a certificate, which is repeated as often. */
static void use_certificates(struct place *p, uint32_t count)
{
    struct buf bytes = { 0 };
    assert_int_equal(maker_read(&p->maker.files, "client.pem", 0, &bytes, NULL), ERR_OK);
    assert_int_equal(maker_read(&p->maker.files, "client.key", 0, &bytes, NULL), ERR_OK);
    BIO *pem = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    X509 *x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    assert_int_equal(SSL_CTX_use_certificate(p->client, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->client, key), 1);
    for (uint32_t i = 1; i < count; i++) assert_int_equal(SSL_CTX_add1_chain_cert(p->client, x), 1);
    X509_free(x);
    EVP_PKEY_free(key);
    BIO_free(pem);
    buf_deinit(&bytes);
}

static void place_init(struct place *p, const struct kind *kind)
{
    char cert[32], key[32];
    struct errmsg why = { "" };
    struct tls_pair pair = { cert, key };
    *p = (struct place){ .fake = fake_new(), .client = SSL_CTX_new(TLS_client_method()) };
    SSL_CTX_set_min_proto_version(p->client, kind->version);
    SSL_CTX_set_max_proto_version(p->client, kind->version);
    maker_init(&p->maker, "ca");
    maker_make(&p->maker, (struct made_cert){ .name = "ec" });
    maker_make(&p->maker, (struct made_cert){ .name = "rsa", .rsa = true });
    maker_make(&p->maker, (struct made_cert){ .name = "client" });
    if (kind->certs > 0) use_certificates(p, kind->certs);
    (void)snprintf(cert, sizeof cert, "%s.pem", kind->name);
    (void)snprintf(key, sizeof key, "%s.key", kind->name);
    struct tls_settings s = { .pairs = &pair, .pairs_count = 1 };
    if (kind->certs > 0) s.verify = true, s.ca_file = "ca.pem";
    assert_int_equal(tls_context_new(&s, &p->maker.files, &p->context, &why), ERR_OK);
}

static void place_deinit(struct place *p)
{
    tls_context_unref(p->context);
    SSL_CTX_free(p->client);
    maker_deinit(&p->maker);
    fake_free(p->fake);
}

/* The first connections make OpenSSL allocate what it then keeps for all. */
static void warm_up(struct place *p)
{
    for (int i = 0; i < 3; i++) {
        struct link l;
        size_t ignored = 0;
        assert_true(dial(&l, p->fake, p->context, p->client));
        handshake(&l, &ignored);
        hang_up(&l);
    }
}

/* ---- tests ---- */

static void openssl_holds_no_more_than_the_door_counts(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        { "ec", TLS1_3_VERSION, 0 },   { "ec", TLS1_2_VERSION, 0 }, { "rsa", TLS1_3_VERSION, 0 },
        { "rsa", TLS1_2_VERSION, 0 },  { "ec", TLS1_3_VERSION, 1 }, { "ec", TLS1_2_VERSION, 1 },
        { "ec", TLS1_3_VERSION, 120 },
    };
    static const uint8_t record[16384];
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct place p;
        struct link l;
        size_t amid = 0, open = 0;
        place_init(&p, &kinds[i]);
        warm_up(&p);
        assert_true(dial(&l, p.fake, p.context, p.client));
        l.is_warm = true;
        handshake(&l, &amid);
        assert_true(SSL_is_init_finished(l.client));
        assert_int_equal(SSL_write(l.client, record, sizeof record), sizeof record);
        (void)client_says(&l, &open);
        assert_true(TLS_HANDSHAKE_COST <= 3 * amid);    /* and it is not many times too much */
        assert_true(TLS_OPEN_COST <= 3 * open);
        hang_up(&l);
        assert_int_equal(memory.held, l.base);
        place_deinit(&p);
    }
}

static void where_the_door_has_no_room_for_a_handshake_there_is_no_session(void **state)
{
    (void)state;
    const struct kind usual = { "ec", TLS1_3_VERSION, 0 };
    struct place p;
    struct link l;
    place_init(&p, &usual);
    struct door *door = &p.fake->reactor->door;
    door->bytes_max = TLS_HANDSHAKE_COST; /* and nothing for the filter itself */
    assert_false(dial(&l, p.fake, p.context, p.client));
    assert_int_equal(door->bytes, 0);
    door->bytes_max = 4 * TLS_HANDSHAKE_COST;
    assert_true(dial(&l, p.fake, p.context, p.client));
    hang_up(&l);
    assert_int_equal(door->bytes, 0);
    place_deinit(&p);
}

/* Who sends certificates is charged for them as they come. */
static void many_certificates_of_a_stranger_meet_the_limit_of_memory(void **state)
{
    (void)state;
    const struct kind many = { "ec", TLS1_3_VERSION, 120 };
    struct place p;
    struct link l;
    size_t ignored = 0;
    place_init(&p, &many);
    p.fake->reactor->door.bytes_max = 4 * TLS_HANDSHAKE_COST;
    assert_true(dial(&l, p.fake, p.context, p.client));
    handshake(&l, &ignored);
    assert_string_equal(l.reason, "out of memory");
    hang_up(&l);
    place_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_holds_no_more_than_the_door_counts),
        cmocka_unit_test(where_the_door_has_no_room_for_a_handshake_there_is_no_session),
        cmocka_unit_test(many_certificates_of_a_stranger_meet_the_limit_of_memory),
    };
    if (CRYPTO_set_mem_functions(tagged_alloc, tagged_realloc, tagged_free) != 1) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
