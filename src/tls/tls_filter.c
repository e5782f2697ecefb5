/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_filter.h"

#include <openssl/err.h>

#include "base/assert.h"
#include "net/conn.h"
#include "net/reactor.h"
#include "tls/tls_internal.h"

enum { TLS_MAGIC = 0x544c5301, HANDSHAKE_KEPT_MAX = 2 * READ_BUFFER, RECORD_MAX = 16 * 1024 };

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_CLOSED };

/* One step of a handshake. While it is asked for, the worker's; then `again` looks at it. */
struct tls_step {
    struct reactor_work work;
    struct reactor     *reactor;
    struct conn        *conn;           /* NULL: the filter was freed meanwhile */
    bool                is_asked;       /* it waits for a worker or is away */
    bool                is_home;        /* the result is to be looked at */
    uint8_t            *bytes;          /* what the peer sent */
    uint32_t            len;
    bool                is_over;        /* the handshake is done */
    const char         *failure;        /* NULL: none */
    bool                is_http;        /* … that is a request in clear */
    struct buf          flight;         /* what the peer is answered */
};

struct tls_filter {
    struct filter       filter;
    uint32_t            magic;
    enum tls_state      state;
    struct tls_context *context;
    SSL                *ssl;
    const char         *reason;
    /* ciphertext that OpenSSL has not taken; valid during a call */
    struct slice        in;
    struct outq        *below;          /* where ciphertext goes; valid during a call */
    struct outpool     *pool;
    uint8_t            *kept;           /* bytes of a handshake that came while a step waits */
    uint32_t            kept_len;
    struct tls_step     step;
    struct slice       *certs;          /* one block: slices, then DER */
    uint32_t            certs_count;
    size_t              certs_size;
    size_t              charged;        /* at the door, for what OpenSSL holds */
};

static enum filter_verdict on_in(struct filter *f, struct conn *c, struct slice in);
static enum filter_verdict on_out(struct filter *f, struct conn *c, struct outq *below);
static void on_farewell(struct filter *f, struct conn *c, struct outq *below, uint32_t status,
                        struct slice text);
static enum filter_verdict on_again(struct filter *f, struct conn *c);
static bool on_is_ready(const struct filter *f);
static void on_peer(const struct filter *f, struct filter_peer *ret_peer);
static const char *on_reason(const struct filter *f);
static struct filter *on_free(struct filter *f, struct outpool *pool);

static const struct filter_ops ops = {
    .in = on_in,
    .out = on_out,
    .farewell = on_farewell,
    .again = on_again,
    .is_ready = on_is_ready,
    .peer = on_peer,
    .reason = on_reason,
    .free = on_free,
};

static struct tls_filter *tls_from(struct filter *f)
{
    struct tls_filter *t = container_of(f, struct tls_filter, filter);
    assert(t->magic == TLS_MAGIC);
    return t;
}

static const struct tls_filter *tls_from_const(const struct filter *f)
{
    const struct tls_filter *t = container_of(f, const struct tls_filter, filter);
    assert(t->magic == TLS_MAGIC);
    return t;
}

/* ---- the BIO: OpenSSL's way to the connection ---- */

static int bio_read(BIO *bio, char *to, int size)
{
    struct tls_filter *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    struct slice part = slice_first(t->in, (uint32_t)size);
    if (part.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, part.ptr, part.len);
    t->in = slice_from(t->in, part.len);
    return (int)part.len;
}

static int bio_write(BIO *bio, const char *from, int size)
{
    struct tls_filter *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->below == NULL) {             /* at a worker: the queue is the reactor's */
        buf_add(&t->step.flight, slice_of(from, (size_t)size));
        return size;
    }
    return outq_add(t->below, t->pool, slice_of(from, (size_t)size)) ? size : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "midge connection");
    if (m == NULL) return NULL;
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
}

static bool attach(struct tls_filter *t)
{
    t->ssl = SSL_new(t->context->native);
    BIO *bio = BIO_new(t->context->bio);
    if (t->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    return true;
}

static bool charge(struct tls_filter *t, size_t cost)
{
    if (!door_charge(t->pool->door, cost)) return false;
    t->charged += cost;
    return true;
}

/* The handshake is over: OpenSSL has given most of it back. */
static void charge_less(struct tls_filter *t)
{
    size_t cost = TLS_OPEN_COST + TLS_CERT_COST * t->certs_size;
    if (cost >= t->charged) return;
    door_discharge(t->pool->door, t->charged - cost);
    t->charged = cost;
}

struct filter *tls_filter_new(struct tls_context *context, struct reactor *r)
{
    struct tls_filter *t = door_alloc(&r->door, sizeof *t);
    if (t == NULL) return NULL;
    if (r->filter_buffer == NULL) r->filter_buffer = xalloc(READ_BUFFER);
    *t = (struct tls_filter){
        .filter.ops = &ops,
        .magic = TLS_MAGIC,
        .context = tls_context_ref(context),
        .reason = "",
        .pool = &r->pool,
        .step.reactor = r,
    };
    if (charge(t, TLS_HANDSHAKE_COST) && attach(t)) return &t->filter;
    return on_free(&t->filter, &r->pool);
}

/* ---- failing ---- */

/* The words of Go for what operators meet most; else OpenSSL's. */
static const char *failure_text(const SSL *ssl)
{
    unsigned long code = ERR_peek_last_error();
    int why = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
    long verdict = SSL_get_verify_result(ssl);
    const char *text = tls_last_error();
    switch (why) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE: return "first record does not look like a TLS handshake";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "client didn't provide a certificate";
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return X509_verify_cert_error_string(verdict);
    case SSL_R_NO_SHARED_CIPHER: return "no cipher suite supported by both client and server";
    case SSL_R_UNSUPPORTED_PROTOCOL: return "client offered only unsupported versions";
    default: return text;
    }
}

static enum filter_verdict fail(struct tls_filter *t, const char *why)
{
    t->state = TLS_CLOSED;
    t->reason = why;
    ERR_clear_error();
    return FILTER_FAILED;
}

/* ---- handshake ---- */

static void begin(struct tls_filter *t, struct conn *c, struct slice in)
{
    t->in = in;
    t->below = t->filter.below == NULL ? &c->wire : &t->filter.below->pending;
    t->pool = &c->reactor->pool;
    ERR_clear_error();
}

static STACK_OF(X509) * peer_chain(const SSL *ssl)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    STACK_OF(X509) *rest = SSL_get_peer_cert_chain(ssl);
    STACK_OF(X509) *all = sk_X509_new_null();
    if (all == NULL) return NULL;
    if (leaf != NULL) (void)sk_X509_push(all, leaf);
    for (int i = 0; i < sk_X509_num(rest); i++) (void)sk_X509_push(all, sk_X509_value(rest, i));
    return all;
}

static size_t der_size(STACK_OF(X509) * all)
{
    size_t size = 0;
    for (int i = 0; i < sk_X509_num(all); i++) {
        int len = i2d_X509(sk_X509_value(all, i), NULL);
        size += sizeof(struct slice) + (len > 0 ? (size_t)len : 0);
    }
    return size;
}

/* Copies what the peer showed, leaf first, into one block. */
static bool keep_certs(struct tls_filter *t)
{
    STACK_OF(X509) *all = peer_chain(t->ssl);
    size_t size = der_size(all);
    uint32_t count = (uint32_t)sk_X509_num(all);
    if (size > 0) t->certs = door_alloc(t->pool->door, size);
    bool kept = size == 0 || t->certs != NULL;
    if (t->certs != NULL) {
        unsigned char *at = (unsigned char *)(t->certs + count);
        for (uint32_t i = 0; i < count; i++) {
            unsigned char *start = at;
            int len = i2d_X509(sk_X509_value(all, (int)i), &at);
            t->certs[i] = slice_of(start, len > 0 ? (size_t)len : 0);
        }
        t->certs_count = count;
        t->certs_size = size;
    }
    sk_X509_free(all);
    return kept;
}

/* A resumed session skips the check of the chain; its certificate may have expired meanwhile. */
static bool is_expired(const struct tls_filter *t, nanos wall)
{
    if (!SSL_session_reused(t->ssl)) return false;
    const X509 *leaf = SSL_get0_peer_certificate(t->ssl);
    time_t now = (time_t)(wall / SECOND);
    return leaf != NULL && X509_cmp_time(X509_get0_notAfter(leaf), &now) <= 0;
}

static enum filter_verdict finish_handshake(struct tls_filter *t, struct conn *c)
{
    if (t->context->verify && is_expired(t, c->reactor->wall))
        return fail(t, "certificate has expired");
    if (t->context->verify && !keep_certs(t)) return fail(t, "out of memory");
    t->state = TLS_OPEN;
    charge_less(t);
    return FILTER_OK;
}

static bool is_plain_http(void)
{
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
}

static bool answer_plain_http(struct tls_filter *t)
{
    return outq_add(t->below, t->pool,
                    SLICE_LIT("HTTP/1.0 400 Bad Request\r\n\r\n"
                              "Client sent an HTTP request to an HTTPS server.\n"));
}

/* On a worker. OpenSSL's list of errors is the thread's: what went wrong is told here. */
static void step_run(struct reactor_work *work)
{
    struct tls_filter *t = container_of(work, struct tls_filter, step.work);
    struct tls_step *s = &t->step;
    assert(t->magic == TLS_MAGIC);
    assert(s->is_asked);
    t->in = slice_of(s->bytes, s->len);
    t->below = NULL;
    ERR_clear_error();
    int done = SSL_do_handshake(t->ssl);
    s->is_over = done == 1;
    int error = s->is_over ? SSL_ERROR_NONE : SSL_get_error(t->ssl, done);
    bool is_failed = error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ;
    s->is_http = is_failed && is_plain_http();
    s->failure = !is_failed ? NULL : error == SSL_ERROR_ZERO_RETURN ? "EOF" : failure_text(t->ssl);
    ERR_clear_error();
}

static void step_done(struct reactor_work *work)
{
    struct tls_filter *t = container_of(work, struct tls_filter, step.work);
    t->step.is_asked = false;
    if (t->step.conn == NULL) {
        (void)on_free(&t->filter, t->pool);
        return;
    }
    t->step.is_home = true;
    conn_filter_again(t->step.conn, &t->filter);
}

/* What came so far goes to a worker; nothing more is read until that is home. */
static void ask(struct tls_filter *t, struct conn *c)
{
    struct tls_step *s = &t->step;
    assert(!s->is_asked);
    assert(s->bytes == NULL);
    assert(s->flight.len == 0);
    s->bytes = t->kept;
    s->len = t->kept_len;
    t->kept = NULL;
    t->kept_len = 0;
    s->conn = c;
    s->is_asked = true;
    s->is_over = s->is_http = false;
    s->failure = "the server stops";    /* of a step that no worker does any more */
    s->work.doing = "shaking hands over TLS";
    s->work.run = step_run;
    s->work.done = step_done;
    reactor_slow(s->reactor, &s->work);
}

static void step_clear(struct tls_step *s, struct door *door)
{
    s->bytes = door_free(door, s->bytes, s->len);
    s->len = 0;
    buf_deinit(&s->flight);
}

/* The step is home: what it says, and what it wrote. */
static enum filter_verdict judge_step(struct tls_filter *t, struct conn *c)
{
    struct tls_step *s = &t->step;
    if (s->flight.len > 0 && !outq_add(t->below, t->pool, buf_slice(&s->flight)))
        return fail(t, "out of memory");
    if (s->failure == NULL) return s->is_over ? finish_handshake(t, c) : FILTER_OK;
    if (t->context->http && s->is_http && !answer_plain_http(t)) return fail(t, "out of memory");
    return fail(t, s->failure);
}

/* ---- bytes from the peer ---- */

static bool is_over(const struct conn *c)
{
    return c->closing || c->ended || c->sock < 0;
}

/* Decrypts until the buffer is nearly full or nothing is left; returns how much. `*ret_error`: why
 * it stopped. */
static uint32_t decrypt(struct tls_filter *t, uint8_t *buffer, int *ret_error)
{
    uint32_t filled = 0;
    *ret_error = SSL_ERROR_NONE;
    while (filled <= READ_BUFFER - RECORD_MAX) {
        int got = SSL_read(t->ssl, buffer + filled, (int)(READ_BUFFER - filled));
        if (got <= 0) {
            *ret_error = SSL_get_error(t->ssl, got);
            break;
        }
        filled += (uint32_t)got;
    }
    return filled;
}

static enum filter_verdict read_open(struct tls_filter *t, struct conn *c)
{
    uint8_t *buffer = c->reactor->filter_buffer;
    int error = SSL_ERROR_NONE;
    while (error == SSL_ERROR_NONE && !is_over(c)) {
        uint32_t len = decrypt(t, buffer, &error);
        const char *why = error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL
                              ? failure_text(t->ssl)
                              : NULL;
        enum filter_verdict verdict = len == 0 ? FILTER_OK
                                               : conn_up(c, &t->filter, slice_of(buffer, len));
        if (verdict != FILTER_OK) return verdict;
        if (why != NULL) return fail(t, why);
    }
    return error == SSL_ERROR_ZERO_RETURN ? FILTER_ENDED : FILTER_OK;
}

static bool keep(struct tls_filter *t, struct conn *c, struct slice in)
{
    struct door *door = &c->reactor->door;
    if (in.len > HANDSHAKE_KEPT_MAX - t->kept_len) return false;
    /* what comes may be certificates, of which OpenSSL makes more than they are */
    if (t->context->verify && !charge(t, (size_t)TLS_CERT_COST * in.len)) return false;
    uint8_t *longer = door_alloc(door, (size_t)t->kept_len + in.len);
    if (longer == NULL) return false;
    if (t->kept_len > 0) memcpy(longer, t->kept, t->kept_len);
    memcpy(longer + t->kept_len, in.ptr, in.len);
    t->kept = door_free(door, t->kept, t->kept_len);
    t->kept = longer;
    t->kept_len += in.len;
    return true;
}

static enum filter_verdict take_open(struct tls_filter *t, struct conn *c, struct slice in)
{
    begin(t, c, in);
    enum filter_verdict verdict = read_open(t, c);
    t->in = (struct slice){ 0 };
    return verdict;
}

/* A step of a handshake takes a while: the bytes wait here, and those behind them in the socket. */
static enum filter_verdict on_in(struct filter *f, struct conn *c, struct slice in)
{
    struct tls_filter *t = tls_from(f);
    if (t->state == TLS_CLOSED) return FILTER_OK;
    if (t->state == TLS_OPEN) return take_open(t, c, in);
    if (!keep(t, c, in)) return fail(t, "out of memory");
    conn_hold(c, true);
    if (!t->step.is_asked && !t->step.is_home) ask(t, c);
    return FILTER_OK;
}

/* What came while the step was away. */
static enum filter_verdict take_kept(struct tls_filter *t, struct conn *c)
{
    if (t->kept_len == 0) return FILTER_OK;
    if (t->state == TLS_HANDSHAKE) {
        conn_hold(c, true);
        ask(t, c);
        return FILTER_OK;
    }
    uint8_t *kept = t->kept;
    uint32_t len = t->kept_len;
    t->kept = NULL;
    t->kept_len = 0;
    enum filter_verdict verdict = take_open(t, c, slice_of(kept, len));
    (void)door_free(&c->reactor->door, kept, len);
    return verdict;
}

/* A step has come home. */
static enum filter_verdict on_again(struct filter *f, struct conn *c)
{
    struct tls_filter *t = tls_from(f);
    assert(t->step.is_home);
    t->step.is_home = false;
    if (t->state == TLS_CLOSED) return FILTER_OK;
    assert(t->state == TLS_HANDSHAKE);
    conn_hold(c, false);
    begin(t, c, t->in);                 /* what the step left */
    enum filter_verdict verdict = judge_step(t, c);
    if (verdict == FILTER_OK && t->state == TLS_OPEN) verdict = read_open(t, c);
    t->in = (struct slice){ 0 };
    step_clear(&t->step, &c->reactor->door);
    return verdict == FILTER_OK ? take_kept(t, c) : verdict;
}

/* ---- bytes to the peer ---- */

/* The next plaintext for one call: as it stands when it fills a record, else small chunks
 * together. */
static struct slice gather(struct outq *from, uint8_t room[RECORD_MAX])
{
    struct net_span spans[NET_SPANS_MAX];
    struct slice front = outq_front(from);
    if (front.len >= RECORD_MAX || front.len == from->bytes) return front;
    uint32_t count = outq_spans(from, spans), len = 0;
    for (uint32_t i = 0; i < count && len < RECORD_MAX; i++) {
        size_t part = spans[i].len < RECORD_MAX - len ? spans[i].len : RECORD_MAX - len;
        memcpy(room + len, spans[i].ptr, part);
        len += (uint32_t)part;
    }
    return slice_of(room, len);
}

static enum filter_verdict on_out(struct filter *f, struct conn *c, struct outq *below)
{
    struct tls_filter *t = tls_from(f);
    uint8_t room[RECORD_MAX];
    if (t->state == TLS_CLOSED) outq_clear(&f->pending, &c->reactor->pool);
    if (t->state != TLS_OPEN) return FILTER_OK;
    struct slice in = t->in;            /* a flush may come while bytes go up */
    begin(t, c, in);
    assert(t->below == below);
    while (f->pending.bytes > 0) {
        struct slice part = gather(&f->pending, room);
        int put = SSL_write(t->ssl, part.ptr, (int)part.len);
        if (put <= 0) return fail(t, failure_text(t->ssl));
        outq_drop(&f->pending, &c->reactor->pool, (uint32_t)put);
    }
    return FILTER_OK;
}

static void on_farewell(struct filter *f, struct conn *c, struct outq *below, uint32_t status,
                        struct slice text)
{
    struct tls_filter *t = tls_from(f);
    (void)below;
    (void)status;
    (void)text;
    if (t->state != TLS_OPEN) return;
    begin(t, c, t->in);
    (void)SSL_shutdown(t->ssl);         /* queues close_notify; the peer's is not waited for */
    t->state = TLS_CLOSED;
    ERR_clear_error();
}

/* ---- what is known ---- */

static bool on_is_ready(const struct filter *f)
{
    return tls_from_const(f)->state == TLS_OPEN;
}

static const char *version_name(const SSL *ssl)
{
    return SSL_version(ssl) == TLS1_3_VERSION ? "1.3" : "1.2";
}

static void on_peer(const struct filter *f, struct filter_peer *ret_peer)
{
    const struct tls_filter *t = tls_from_const(f);
    if (t->state == TLS_HANDSHAKE) return;      /* a worker may have it */
    const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);
    if (!SSL_is_init_finished(t->ssl) || cipher == NULL) return;
    ret_peer->tls_version = version_name(t->ssl);
    ret_peer->tls_cipher = SSL_CIPHER_standard_name(cipher);
    ret_peer->certs = t->certs;
    ret_peer->certs_count = t->certs_count;
    ret_peer->handshake_first = t->context->handshake_first;
}

static const char *on_reason(const struct filter *f)
{
    return tls_from_const(f)->reason;
}

static struct filter *on_free(struct filter *f, struct outpool *pool)
{
    struct tls_filter *t = tls_from(f);
    assert(t->pool == pool);
    if (t->step.is_asked && !reactor_slow_cancel(t->step.reactor, &t->step.work)) {
        t->step.conn = NULL;            /* step_done() comes here again */
        return NULL;
    }
    step_clear(&t->step, pool->door);
    SSL_free(t->ssl);
    ERR_clear_error();
    t->context = tls_context_unref(t->context);
    t->kept = door_free(pool->door, t->kept, t->kept_len);
    t->certs = door_free(pool->door, t->certs, t->certs_size);
    door_discharge(pool->door, t->charged);
    t->magic = 0;
    (void)door_free(pool->door, t, sizeof *t);
    return NULL;
}
