/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's client speaks with the filter over a connection of memory. */
#include "tls/tls_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"
#include "net/net_fake.h"
#include "tls/tls_testing.h"

enum { LINKS = 8 };

/* A client and the server's end of its connection. */
struct link {
    struct conn conn;
    struct fake_sock *sock;
    struct filter *filter;
    struct buf got;
    struct filter_peer peer;
    bool ready, ended, freed;
    enum conn_end end;
    char reason[128];
    SSL *client;
};

struct world {
    struct fake *fake;
    struct maker maker;
    struct maker stranger;
    struct tls_context *context;
    SSL_CTX *client;
    SSL_SESSION *session;       /* the newest ticket that the client got */
    struct link links[LINKS];
};

static struct world *world;     /* of the running test */

static struct link *link_of(struct conn *c)
{
    return container_of(c, struct link, conn);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is that of conn_ops */
static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    (void)ret_need;
    buf_add(&link_of(c)->got, in);
    return in.len;
}

static void on_established(struct conn *c)
{
    (void)c;
}

static void on_end(struct conn *c, enum conn_end end)
{
    struct link *l = link_of(c);
    l->ended = true;
    l->end = end;
    l->ready = l->filter != NULL && l->filter->ops->is_ready(l->filter);
    const char *reason = l->filter == NULL ? "" : l->filter->ops->reason(l->filter);
    assert_true(strlen(reason) < sizeof l->reason);
    strcpy(l->reason, reason);
    conn_close(c, SECOND, 0, (struct slice){ 0 });
}

static void on_free(struct conn *c)
{
    link_of(c)->freed = true;
}

static const struct conn_ops conn_ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(world->session);
    world->session = session;
    return 1;
}

static int setup(void **state)
{
    world = test_calloc(1, sizeof *world);
    world->fake = fake_new();
    maker_init(&world->maker, "ca");
    maker_make(&world->maker,
               (struct made_cert){ .name = "server", .alternatives = "DNS:localhost" });
    world->client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(world->client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(world->client, on_session);
    *state = world;
    return 0;
}

static void hang_up(struct link *l)
{
    if (l->sock == NULL) return;
    conn_abort(&l->conn);
    fake_run(world->fake);
    assert_true(l->freed);
    if (l->client != NULL) SSL_set_shutdown(l->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(l->client);        /* without the above it would spoil its session */
    buf_deinit(&l->got);
    buf_drop(&l->sock->in, l->sock->in.len);
    buf_drop(&l->sock->out, l->sock->out.len);
    *l->sock = (struct fake_sock){ .in = l->sock->in, .out = l->sock->out };
    *l = (struct link){ 0 };
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LINKS; i++) hang_up(&world->links[i]);
    assert_int_equal(world->fake->reactor->pool.in_use, 0);
    tls_context_unref(world->context);
    SSL_SESSION_free(world->session);
    SSL_CTX_free(world->client);
    maker_deinit(&world->maker);
    if (world->stranger.ca != NULL) maker_deinit(&world->stranger);
    fake_free(world->fake);
    test_free(world);
    return 0;
}

static const struct tls_pair server_pair = { "server.pem", "server.key" };

/* Replaces the context, as a reload does. */
static void configure(struct tls_settings s)
{
    struct errmsg why = { "" };
    if (s.pairs_count == 0) {
        s.pairs = &server_pair;
        s.pairs_count = 1;
    }
    world->context = tls_context_unref(world->context);
    enum err e = tls_context_new(&s, &world->maker.files, &world->context, &why);
    if (e) fail_msg("%s", why.text);
}

static struct link *dial_plain(uint32_t at)
{
    struct link *l = &world->links[at];
    l->sock = &world->fake->socks[at];
    assert_int_equal(conn_init(&l->conn, world->fake->reactor, (int)at, &conn_ops), ERR_OK);
    l->conn.rest_max = 1 << 20;
    return l;
}

static struct link *dial(uint32_t at)
{
    struct link *l = dial_plain(at);
    l->filter = tls_filter_new(world->context, world->fake->reactor);
    conn_filter_push(&l->conn, l->filter);
    l->client = SSL_new(world->client);
    SSL_set_bio(l->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(l->client);
    return l;
}

static void use_certificate(struct link *l, struct maker *from, const char *name)
{
    struct tls_pair pair = { 0 };
    char cert[64], key[64];
    struct buf bytes = { 0 };
    pair.cert_file = strcat(strcpy(cert, name), ".pem");
    pair.key_file = strcat(strcpy(key, name), ".key");
    assert_int_equal(maker_read(&from->files, pair.cert_file, 0, &bytes, NULL), ERR_OK);
    BIO *pem = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    X509 *x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    BIO_free(pem);
    buf_drop(&bytes, bytes.len);
    assert_int_equal(maker_read(&from->files, pair.key_file, 0, &bytes, NULL), ERR_OK);
    pem = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    BIO_free(pem);
    buf_deinit(&bytes);
    assert_int_equal(SSL_use_certificate(l->client, x), 1);
    assert_int_equal(SSL_use_PrivateKey(l->client, pkey), 1);
    X509_free(x);
    EVP_PKEY_free(pkey);
}

/* What the client wrote goes to the server's socket. */
static bool client_to_server(struct link *l)
{
    char *bytes;
    long len = BIO_get_mem_data(SSL_get_wbio(l->client), &bytes);
    buf_add(&l->sock->in, slice_of(bytes, (size_t)len));
    (void)BIO_reset(SSL_get_wbio(l->client));
    return len > 0;
}

static bool server_to_client(struct link *l)
{
    uint32_t len = l->sock->out.len;
    if (len > 0) BIO_write(SSL_get_rbio(l->client), l->sock->out.ptr, (int)len);
    buf_drop(&l->sock->out, len);
    return len > 0;
}

/* Until both have nothing more to say. Returns whether the client's handshake is done. */
static bool handshake(struct link *l)
{
    bool moved = true;
    while (moved) {
        (void)SSL_do_handshake(l->client);
        char nothing;
        if (SSL_is_init_finished(l->client)) (void)SSL_peek(l->client, &nothing, 1);
        moved = client_to_server(l);
        fake_run(world->fake);
        moved |= server_to_client(l);
    }
    if (!l->ended) {
        conn_peer(&l->conn, &l->peer);
        l->ready = l->filter->ops->is_ready(l->filter);
    }
    ERR_clear_error();
    return SSL_is_init_finished(l->client) == 1;
}

static void client_says(struct link *l, const void *bytes, uint32_t len)
{
    assert_int_equal(SSL_write(l->client, bytes, (int)len), len);
    client_to_server(l);
    fake_run(world->fake);
}

static void assert_heard(struct link *l, struct slice expected)
{
    assert_int_equal(l->got.len, expected.len);
    assert_memory_equal(l->got.ptr, expected.ptr, expected.len);
    buf_drop(&l->got, l->got.len);
}

static void assert_client_hears(struct link *l, struct slice expected)
{
    uint8_t *heard = test_malloc(expected.len);
    uint32_t len = 0;
    server_to_client(l);
    while (len < expected.len) {
        int got = SSL_read(l->client, heard + len, (int)(expected.len - len));
        assert_true(got > 0);
        len += (uint32_t)got;
    }
    assert_memory_equal(heard, expected.ptr, expected.len);
    test_free(heard);
}

static void both_versions_carry_bytes_both_ways(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct link *l = dial(0);
        SSL_set_min_proto_version(l->client, version);
        SSL_set_max_proto_version(l->client, version);
        assert_true(handshake(l));
        assert_true(l->ready);
        assert_string_equal(l->peer.tls_version, version == TLS1_3_VERSION ? "1.3" : "1.2");
        if (version == TLS1_2_VERSION)
            assert_string_equal(l->peer.tls_cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        client_says(l, "PING\r\n", 6);
        assert_heard(l, SLICE_LIT("PING\r\n"));
        conn_send(&l->conn, SLICE_LIT("PONG\r\n"));
        fake_run(world->fake);
        assert_client_hears(l, SLICE_LIT("PONG\r\n"));
        hang_up(l);
    }
}

static void output_before_the_handshake_waits_for_it(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct link *l = dial(0);
    conn_send(&l->conn, SLICE_LIT("INFO\r\n"));
    fake_run(world->fake);
    assert_int_equal(l->sock->out.len, 0);
    assert_true(handshake(l));
    assert_client_hears(l, SLICE_LIT("INFO\r\n"));
}

static void records_mean_the_same_however_they_are_cut(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    static const uint32_t steps[] = { 1, 2, 3, 5, 100, 1000 };
    for (uint32_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct link *l = dial(0);
        l->sock->read_max = steps[i];
        assert_true(handshake(l));
        for (uint32_t k = 0; k < 3; k++) client_says(l, "0123456789", 10);
        assert_heard(l, SLICE_LIT("012345678901234567890123456789"));
        hang_up(l);
    }
}

static void much_goes_both_ways_unchanged(void **state)
{
    (void)state;
    enum { MUCH = 300 * 1024 };
    uint8_t *bytes = test_malloc(MUCH);
    for (uint32_t i = 0; i < MUCH; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    configure((struct tls_settings){ 0 });
    struct link *l = dial(0);
    assert_true(handshake(l));
    client_says(l, bytes, MUCH);
    assert_heard(l, slice_of(bytes, MUCH));

    struct outpool *pool = &world->fake->reactor->pool;
    for (uint32_t at = 0; at < MUCH; at += 1000)        /* many small pieces become full records */
        assert_true(
            outq_add(l->conn.out, pool, slice_of(bytes + at, MUCH - at < 1000 ? MUCH - at : 1000)));
    conn_dirty(&l->conn);
    fake_run(world->fake);
    assert_client_hears(l, slice_of(bytes, MUCH));
    test_free(bytes);
}

static void what_is_no_tls_is_refused(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    static const char *const texts[] = { "CONNECT {}\r\nPING\r\n", "GET / HTTP/1.1\r\n\r\n",
                                         "\x16\x03\x01\x00\x05\x02zzzz" };
    for (uint32_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct link *l = dial(0);
        buf_add(&l->sock->in, slice_of(texts[i], i == 2 ? 10 : strlen(texts[i])));
        fake_run(world->fake);
        assert_true(l->ended && l->end == CONN_END_FILTER && l->sock->closed);
        assert_string_equal(l->reason, "first record does not look like a TLS handshake");
        assert_int_equal(l->got.len, 0);
        hang_up(l);
    }
}

static void plain_http_is_answered_where_http_is_spoken(void **state)
{
    (void)state;
    configure((struct tls_settings){ .http = true });
    struct link *l = dial(0);
    buf_add_str(&l->sock->in, "GET / HTTP/1.1\r\n\r\n");
    fake_run(world->fake);
    const char *answer =
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    assert_true(slice_equal_str(buf_slice(&l->sock->out), answer));
    assert_true(l->ended && l->sock->closed);
}

static void old_versions_are_refused_with_an_alert(void **state)
{
    (void)state;
    configure((struct tls_settings){ .min_version = TLS1_3_VERSION });
    struct link *l = dial(0);
    SSL_set_max_proto_version(l->client, TLS1_2_VERSION);
    assert_false(handshake(l));
    assert_int_equal(l->end, CONN_END_FILTER);
    assert_string_equal(l->reason, "client offered only unsupported versions");
    hang_up(l);

    configure((struct tls_settings){ 0 });
    l = dial(0);
    SSL_set_security_level(l->client, 0);
    SSL_set_min_proto_version(l->client, TLS1_VERSION);
    SSL_set_max_proto_version(l->client, TLS1_1_VERSION);
    assert_false(handshake(l));
    assert_int_equal(l->end, CONN_END_FILTER);
}

/* ---- certificates of clients ---- */

static bool admitted(struct maker *from, const char *cert, int version)
{
    struct link *l = dial(0);
    SSL_set_max_proto_version(l->client, version);
    if (cert != NULL) use_certificate(l, from, cert);
    (void)handshake(l);
    bool in = !l->ended && l->ready;
    if (!in) assert_int_equal(l->end, CONN_END_FILTER);
    hang_up(l);
    return in;
}

static void only_certificates_of_the_ca_that_are_for_clients_get_in(void **state)
{
    (void)state;
    struct maker *m = &world->maker;
    maker_make(m, (struct made_cert){ .name = "plain" });
    maker_make(m, (struct made_cert){ .name = "client", .usage = "clientAuth" });
    maker_make(m, (struct made_cert){ .name = "other", .usage = "serverAuth" });
    maker_make(m, (struct made_cert){ .name = "old", .expired = true });
    maker_make(m, (struct made_cert){ .name = "self", .self_signed = true });
    maker_init(&world->stranger, "ca");
    maker_make(&world->stranger, (struct made_cert){ .name = "stranger" });
    configure((struct tls_settings){ .verify = true, .ca_file = "ca.pem" });
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_true(admitted(m, "plain", version));
        assert_true(admitted(m, "client", version));
        assert_false(admitted(m, NULL, version));
        assert_false(admitted(m, "other", version));
        assert_false(admitted(m, "old", version));
        assert_false(admitted(m, "self", version));
        assert_false(admitted(&world->stranger, "stranger", version));
    }
}

static void the_certificate_is_told_to_the_application(void **state)
{
    (void)state;
    maker_make(&world->maker, (struct made_cert){ .name = "client", .alternatives = "email:a@b" });
    configure((struct tls_settings){ .verify = true, .ca_file = "ca.pem" });
    struct link *l = dial(0);
    struct cert cert;
    AUTO_FREE(arena) arena = arena_new();
    use_certificate(l, &world->maker, "client");
    assert_true(handshake(l));
    assert_int_equal(l->peer.certs_count, 1);
    assert_int_equal(cert_parse(l->peer.certs[0], arena, &cert), ERR_OK);
    assert_true(slice_equal_str(cert.emails.names[0], "a@b"));
}

static void a_client_is_not_asked_for_a_certificate_unless_configured(void **state)
{
    (void)state;
    maker_make(&world->maker, (struct made_cert){ .name = "client" });
    configure((struct tls_settings){ .ca_file = "ca.pem" });
    struct link *l = dial(0);
    use_certificate(l, &world->maker, "client");
    assert_true(handshake(l));
    assert_int_equal(l->peer.certs_count, 0);
}

/* ---- sessions ---- */

/* Dials with the newest ticket; whether the server took it. */
static bool resumes(int version, const char *cert)
{
    struct link *l = dial(0);
    SSL_set_max_proto_version(l->client, version);
    if (cert != NULL) use_certificate(l, &world->maker, cert);
    if (world->session != NULL) SSL_set_session(l->client, world->session);
    assert_true(handshake(l));
    bool resumed = SSL_session_reused(l->client) == 1;
    hang_up(l);
    return resumed;
}

static void a_session_resumes_under_its_own_context_only(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_settings s = { .listener = "client" };
        configure(s);
        SSL_SESSION_free(world->session);
        world->session = NULL;
        assert_false(resumes(version, NULL));
        assert_non_null(world->session);
        assert_true(resumes(version, NULL));
        configure(s);                                   /* a reload */
        assert_false(resumes(version, NULL));
        s.listener = "websocket";
        configure(s);
        assert_false(resumes(version, NULL));
    }
}

static bool shows(struct link *l, const char *name)
{
    X509 *cert = SSL_get0_peer_certificate(l->client);
    return cert != NULL && X509_check_host(cert, name, 0, 0, NULL) == 1;
}

/* Row X6: who has begun under the old certificate ends under it, at whatever step the reload
 * comes. */
static void a_reload_amid_a_handshake_spoils_nothing(void **state)
{
    (void)state;
    static const struct tls_pair other = { "other.pem", "other.key" };
    maker_make(&world->maker, (struct made_cert){ .name = "other", .alternatives = "DNS:other" });
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        for (uint32_t step = 0; step < 3; step++) {
            configure((struct tls_settings){ 0 });
            struct link *l = dial(0), *late;
            SSL_set_max_proto_version(l->client, version);
            for (uint32_t i = 0; i < step; i++) {
                (void)SSL_do_handshake(l->client);
                client_to_server(l);
                fake_run(world->fake);
                server_to_client(l);
            }
            configure((struct tls_settings){ .pairs = &other, .pairs_count = 1 });
            late = dial(1);
            SSL_set_max_proto_version(late->client, version);
            assert_true(handshake(l));
            assert_true(handshake(late));
            assert_true(shows(l, "localhost") && !shows(l, "other"));
            assert_true(shows(late, "other"));
            client_says(l, "PING\r\n", 6);
            assert_heard(l, SLICE_LIT("PING\r\n"));
            hang_up(l);
            hang_up(late);
        }
    }
}

static void an_odd_server_name_gets_the_usual_certificate(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    const char *const names[] = { longest,       ".",
                                  "..",          "*",
                                  "*.localhost", "local\xff\x01host",
                                  "[::1]",       "localhost.",
                                  "%s%n",        "../../etc/passwd" };
    configure((struct tls_settings){ 0 });
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct link *l = dial(0);
        assert_int_equal(SSL_set_tlsext_host_name(l->client, names[i]), 1);
        assert_true(handshake(l));
        assert_true(shows(l, "localhost"));
        hang_up(l);
    }
}

static void a_certificate_that_expires_meanwhile_does_not_resume(void **state)
{
    (void)state;
    maker_make(&world->maker, (struct made_cert){ .name = "client" });
    configure((struct tls_settings){ .verify = true, .ca_file = "ca.pem" });
    assert_false(resumes(TLS1_3_VERSION, "client"));
    assert_true(resumes(TLS1_3_VERSION, "client"));
    world->fake->wall = 36500 * DAY;
    struct link *l = dial(0);
    use_certificate(l, &world->maker, "client");
    SSL_set_session(l->client, world->session);
    (void)handshake(l);
    assert_true(l->ended);
    assert_string_equal(l->reason, "certificate has expired");
}

static void a_renegotiation_is_refused(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct link *l = dial(0);
    SSL_set_max_proto_version(l->client, TLS1_2_VERSION);
    assert_true(handshake(l));
    assert_int_equal(SSL_renegotiate(l->client), 1);
    assert_true(SSL_do_handshake(l->client) <= 0);
    client_to_server(l);
    fake_run(world->fake);
    server_to_client(l);
    assert_true(SSL_do_handshake(l->client) <= 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
}

/* ---- the end ---- */

static void both_sides_say_goodbye(void **state)
{
    (void)state;
    char byte;
    configure((struct tls_settings){ 0 });
    struct link *l = dial(0);
    assert_true(handshake(l));
    conn_send(&l->conn, SLICE_LIT("-ERR\r\n"));
    conn_close(&l->conn, SECOND, 0, (struct slice){ 0 });
    fake_run(world->fake);
    assert_client_hears(l, SLICE_LIT("-ERR\r\n"));
    assert_int_equal(SSL_read(l->client, &byte, 1), 0);
    assert_int_equal(SSL_get_shutdown(l->client), SSL_RECEIVED_SHUTDOWN);
    hang_up(l);

    l = dial(0);
    assert_true(handshake(l));
    (void)SSL_shutdown(l->client);
    client_to_server(l);
    fake_run(world->fake);
    assert_true(l->ended && l->end == CONN_END_EOF);
}

static void a_forged_record_ends_the_connection(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct link *l = dial(0);
    assert_true(handshake(l));
    SSL_write(l->client, "PING\r\n", 6);
    client_to_server(l);
    l->sock->in.ptr[l->sock->in.len - 1] ^= 1;
    fake_run(world->fake);
    assert_int_equal(l->got.len, 0);
    assert_true(l->ended && l->end == CONN_END_FILTER);
}

/* ---- many handshakes ---- */

static uint32_t nodes_in(const struct list *head)
{
    uint32_t count = 0;
    for (const struct list *n = head->next; n != head; n = n->next) count++;
    return count;
}

static uint32_t answered(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LINKS - 1; i++) count += world->links[i].sock->out.len > 0;
    return count;
}

static void greet(struct link *l)
{
    (void)SSL_do_handshake(l->client);
    client_to_server(l);
}

static void handshakes_are_done_elsewhere_and_others_are_served_meanwhile(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct fake *f = world->fake;
    struct link *plain = dial_plain(LINKS - 1);
    static_assert(LINKS - 1 > SLOW_AT_ONCE, "some must wait");
    for (uint32_t i = 0; i < LINKS - 1; i++) greet(dial(i));
    for (uint32_t tick = 1; tick <= 3; tick++) {
        buf_add(&plain->sock->in, SLICE_LIT("x"));
        reactor_tick(f->reactor, 0);
        assert_int_equal(plain->got.len, tick);
        assert_int_equal(answered(), 0);
        assert_int_equal(nodes_in(&f->works), SLOW_AT_ONCE);
        assert_int_equal(nodes_in(&f->reactor->slow_waiting), LINKS - 1 - SLOW_AT_ONCE);
    }
    assert_int_equal(fake_work(f), SLOW_AT_ONCE);
    reactor_tick(f->reactor, 0);
    assert_int_equal(answered(), SLOW_AT_ONCE);
    for (uint32_t i = 0; i < LINKS - 1; i++) {
        assert_true(handshake(&world->links[i]));
        assert_true(world->links[i].ready);
    }
}

static void a_connection_may_end_while_its_step_waits_or_is_away(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct fake *f = world->fake;
    for (uint32_t i = 0; i <= SLOW_AT_ONCE; i++) greet(dial(i));
    reactor_tick(f->reactor, 0);
    assert_int_equal(nodes_in(&f->reactor->slow_waiting), 1);
    for (uint32_t i = 0; i <= SLOW_AT_ONCE; i++) conn_abort(&world->links[i].conn);
    reactor_tick(f->reactor, 0);
    assert_int_equal(f->reactor->connections, 0);
    assert_int_equal(nodes_in(&f->reactor->slow_waiting), 0);
    assert_int_equal(nodes_in(&f->works), SLOW_AT_ONCE);
    assert_true(f->reactor->door.bytes > 0);    /* what is away is still accounted for */
    fake_run(f);
    assert_int_equal(f->reactor->works, 0);
    assert_int_equal(f->reactor->door.bytes, f->reactor->pool.in_use);
}

static void what_no_worker_takes_the_reactor_does_itself(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    world->fake->is_worker_full = true;
    struct link *l = dial(0);
    assert_true(handshake(l));
    client_says(l, "PING\r\n", 6);
    assert_heard(l, SLICE_LIT("PING\r\n"));
}

/* As when the server stops: what waits at the workers is only finished. */
static void a_step_that_no_worker_did_ends_the_connection(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct fake *f = world->fake;
    struct link *l = dial(0);
    greet(l);
    reactor_tick(f->reactor, 0);
    struct work *work = container_of(list_pop(&f->works), struct work, node);
    work->finished(work);
    fake_run(f);
    assert_true(l->ended);
    assert_int_equal(l->end, CONN_END_FILTER);
    assert_string_equal(l->reason, "the server stops");
}

/* A waiting handshake keeps what was read and reads no more. */
static void bytes_behind_a_waiting_handshake_stay_in_the_socket(void **state)
{
    (void)state;
    configure((struct tls_settings){ 0 });
    struct link *first = dial(0), *second = dial(1);
    (void)SSL_do_handshake(first->client);
    (void)SSL_do_handshake(second->client);
    client_to_server(first);
    client_to_server(second);
    second->sock->read_max = 100;
    assert_true(second->sock->in.len > 100);
    uint32_t before = second->sock->in.len;
    reactor_tick(world->fake->reactor, 0);
    assert_int_equal(second->sock->in.len, before - 100);
    assert_true(second->conn.held);
    assert_true(handshake(second));
    assert_false(second->conn.held);
    assert_true(handshake(first));
}

static void every_refusal_of_the_door_ends_only_this_connection(void **state)
{
    (void)state;
    maker_make(&world->maker, (struct made_cert){ .name = "client" });
    configure((struct tls_settings){ .verify = true, .ca_file = "ca.pem" });
    struct door *door = &world->fake->reactor->door;
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        struct link *l = dial(0);
        uint64_t before = door->calls;
        use_certificate(l, &world->maker, "client");
        outpool_deinit(&world->fake->reactor->pool);    /* chunks come through the door again */
        outpool_init(&world->fake->reactor->pool, door);
        door->fail_at = before + nth;
        (void)handshake(l);
        conn_send(&l->conn, SLICE_LIT("INFO\r\n"));
        fake_run(world->fake);
        failed = door->calls >= before + nth;
        assert_int_equal(l->ended, failed);
        hang_up(l);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(both_versions_carry_bytes_both_ways),
        T(output_before_the_handshake_waits_for_it),
        T(records_mean_the_same_however_they_are_cut),
        T(much_goes_both_ways_unchanged),
        T(what_is_no_tls_is_refused),
        T(plain_http_is_answered_where_http_is_spoken),
        T(old_versions_are_refused_with_an_alert),
        T(only_certificates_of_the_ca_that_are_for_clients_get_in),
        T(the_certificate_is_told_to_the_application),
        T(a_client_is_not_asked_for_a_certificate_unless_configured),
        T(a_session_resumes_under_its_own_context_only),
        T(a_reload_amid_a_handshake_spoils_nothing),
        T(an_odd_server_name_gets_the_usual_certificate),
        T(a_certificate_that_expires_meanwhile_does_not_resume),
        T(a_renegotiation_is_refused),
        T(both_sides_say_goodbye),
        T(a_forged_record_ends_the_connection),
        T(handshakes_are_done_elsewhere_and_others_are_served_meanwhile),
        T(a_connection_may_end_while_its_step_waits_or_is_away),
        T(what_no_worker_takes_the_reactor_does_itself),
        T(a_step_that_no_worker_did_ends_the_connection),
        T(bytes_behind_a_waiting_handshake_stay_in_the_socket),
        T(every_refusal_of_the_door_ends_only_this_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
