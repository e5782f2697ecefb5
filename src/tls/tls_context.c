/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "crypto/cert.h"
#include "tls/tls_internal.h"
#include "tls/tls_names.h"

/* A peer's flight of certificates: enough for long chains, little before anybody is trusted. */
enum { PEER_CHAIN_MAX = 64 * 1024 };

static enum err set_suites(SSL_CTX *, const struct tls_settings *, struct errmsg *);
static enum err set_curves(SSL_CTX *, const struct tls_settings *, struct errmsg *);
static enum err set_identities(struct tls_context *, const struct tls_settings *, struct files *,
                               struct errmsg *);
static enum err set_trust(struct tls_context *, const struct tls_settings *, struct files *,
                          struct errmsg *);
static int choose_identity(SSL *ssl, void *ctx);

/* "WHAT NAME is not available and is skipped". */
static void warn(const struct tls_settings *s, const char *what, const char *name)
{
    struct buf text = { 0 };
    if (s->warn == NULL) return;
    buf_printf(&text, "%s %s is not available and is skipped", what, name);
    s->warn(s->ctx, buf_str(&text));
    buf_deinit(&text);
}

static void set_basics(SSL_CTX *native, const struct tls_settings *s)
{
    uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF;
    SSL_CTX_set_options(native, options);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(native, PEER_CHAIN_MAX);
    SSL_CTX_set_num_tickets(native, 1);
    long ok = SSL_CTX_set_min_proto_version(native,
                                            s->min_version == 0 ? TLS1_2_VERSION : s->min_version);
    assert(ok == 1);
}

static enum err build(struct tls_context *t, const struct tls_settings *s, struct files *files,
                      struct errmsg *why)
{
    t->native = SSL_CTX_new(TLS_server_method());
    t->bio = tls_bio_method_new();
    if (t->native == NULL || t->bio == NULL) return ERR_NOMEM;
    set_basics(t->native, s);
    enum err e = set_suites(t->native, s, why);
    if (e) return e;
    e = set_curves(t->native, s, why);
    if (e) return e;
    e = set_identities(t, s, files, why);
    if (e) return e;
    return set_trust(t, s, files, why);
}

enum err tls_context_new(const struct tls_settings *s, struct files *files,
                         struct tls_context **ret, struct errmsg *why)
{
    assert(s->pairs_count > 0);
    struct tls_context *t = xcalloc(1, sizeof *t);
    atomic_init(&t->refs, 1);
    t->verify = s->verify;
    t->http = s->http;
    t->handshake_first = s->handshake_first;
    enum err e = build(t, s, files, why);
    ERR_clear_error();
    if (e) (void)tls_context_unref(t);
    else *ret = t;
    return e;
}

struct tls_context *tls_context_ref(struct tls_context *t)
{
    uint32_t before = atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return t;
}

struct tls_context *tls_context_unref(struct tls_context *t)
{
    if (t == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return NULL;
    SSL_CTX_free(t->native);
    BIO_meth_free(t->bio);
    for (uint32_t i = 0; i < t->identities_count; i++) tls_identity_deinit(&t->identities[i]);
    xfree(t->identities);
    return xfree(t);
}

void *tls_context_native(struct tls_context *t)
{
    return t->native;
}

/* ---- suites and curves ---- */

static void add_name(struct buf *list, const char *name)
{
    if (list->len > 0) buf_add_byte(list, ':');
    buf_add_str(list, name);
}

static void add_default_suites(struct buf *list)
{
    const struct tls_suite *suite;
    for (uint32_t i = 0; (suite = tls_suite_at(i)) != NULL; i++)
        if (suite->class == SUITE_OK) add_name(list, suite->openssl);
}

/* A list concerns TLS 1.2 only, as in Go. Returns how many suites of any version it names. */
static uint32_t add_listed_suites(const struct tls_settings *s, struct buf *list)
{
    uint32_t usable = 0;
    for (uint32_t i = 0; i < s->suites_count; i++) {
        const struct tls_suite *suite = tls_suite_find(s->suites[i]);
        if (suite == NULL || suite->openssl == NULL) {
            warn(s, "cipher suite", s->suites[i]);
            continue;
        }
        usable++;
        if (suite->class != SUITE_1_3) add_name(list, suite->openssl);
    }
    return usable;
}

static enum err set_suites(SSL_CTX *native, const struct tls_settings *s, struct errmsg *why)
{
    struct buf list = { 0 };
    uint32_t usable = 1;
    if (s->suites_count == 0) add_default_suites(&list);
    else usable = add_listed_suites(s, &list);
    long ok = 1;
    if (list.len == 0) {
        ok = SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
    } else {
        /* Level 1 takes what Go takes: RSA from 1024 bits, but no certificate signed with SHA-1. */
        add_name(&list, "@SECLEVEL=1");
        ok = SSL_CTX_set_cipher_list(native, buf_str(&list));
    }
    buf_deinit(&list);
    if (usable == 0) return errmsg_set(why, ERR_INVALID, "no listed cipher suite is available");
    return ok == 1 ? ERR_OK : errmsg_set(why, ERR_INVALID, "cipher suites: %s", tls_last_error());
}

/* Whether this OpenSSL has the curve shows in a context of its own. */
static bool has_curve(const char *openssl)
{
    SSL_CTX *probe = SSL_CTX_new(TLS_server_method());
    bool has = probe != NULL && SSL_CTX_set1_groups_list(probe, openssl) == 1;
    SSL_CTX_free(probe);
    ERR_clear_error();
    return has;
}

static void add_curve(const struct tls_settings *s, const char *name, struct buf *list)
{
    const struct tls_curve *curve = tls_curve_find(name);
    if (curve != NULL && has_curve(curve->openssl)) add_name(list, curve->openssl);
    else if (s->curves_count > 0) warn(s, "curve", name);
}

static enum err set_curves(SSL_CTX *native, const struct tls_settings *s, struct errmsg *why)
{
    struct buf list = { 0 };
    const struct tls_curve *curve;
    for (uint32_t i = 0; i < s->curves_count; i++) add_curve(s, s->curves[i], &list);
    for (uint32_t i = 0; s->curves_count == 0 && (curve = tls_curve_at(i)) != NULL; i++)
        add_curve(s, curve->name, &list);
    bool set = list.len > 0 && SSL_CTX_set1_groups_list(native, buf_str(&list)) == 1;
    buf_deinit(&list);
    return set ? ERR_OK : errmsg_set(why, ERR_INVALID, "no listed curve preference is available");
}

/* ---- certificates ---- */

static enum err set_identities(struct tls_context *t, const struct tls_settings *s,
                               struct files *files, struct errmsg *why)
{
    t->identities = xcalloc(s->pairs_count, sizeof *t->identities);
    for (uint32_t i = 0; i < s->pairs_count; i++) {
        enum err e = tls_read_identity(files, &s->pairs[i], &t->identities[i], why);
        if (e) return e;
        t->identities_count++;
    }
    /* OpenSSL wants one to begin with; the choice by name may replace it. */
    const struct tls_identity *id = &t->identities[0];
    if (SSL_CTX_use_cert_and_key(t->native, id->cert, id->key, id->chain, 1) != 1)
        return errmsg_set(why, ERR_INVALID, "%s: %s", s->pairs[0].cert_file, tls_last_error());
    if (t->identities_count > 1) SSL_CTX_set_cert_cb(t->native, choose_identity, t);
    return ERR_OK;
}

static bool is_for(const struct tls_identity *id, const char *name)
{
    return name != NULL && X509_check_host(id->cert, name, 0, 0, NULL) == 1;
}

/* OpenSSL keeps one certificate per kind of key and picks what the client can verify; the one set
 * last wins, so the first of the configuration comes last. Those for the name asked, or all when
 * none is. */
static int choose_identity(SSL *ssl, void *ctx)
{
    struct tls_context *t = ctx;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    bool any = true;
    for (uint32_t i = 0; i < t->identities_count; i++)
        if (is_for(&t->identities[i], name)) any = false;
    SSL_certs_clear(ssl);
    for (uint32_t i = t->identities_count; i > 0; i--) {
        const struct tls_identity *id = &t->identities[i - 1];
        if (!any && !is_for(id, name)) continue;
        if (SSL_use_cert_and_key(ssl, id->cert, id->key, id->chain, 1) != 1) return 0;
    }
    return 1;
}

/* Listener and CAs in one hash. */
static void identity_of(const struct tls_settings *s, const uint8_t authorities[TLS_HASH],
                        uint8_t ret[TLS_HASH])
{
    struct buf all = { 0 };
    buf_add_str(&all, s->listener == NULL ? "" : s->listener);
    buf_add_byte(&all, s->verify);
    buf_add(&all, slice_of(authorities, TLS_HASH));
    int ok = EVP_Digest(all.ptr, all.len, ret, NULL, EVP_sha256(), NULL);
    assert(ok == 1);
    buf_deinit(&all);
}

static enum err set_trust(struct tls_context *t, const struct tls_settings *s, struct files *files,
                          struct errmsg *why)
{
    uint8_t authorities[TLS_HASH] = { 0 }, identity[TLS_HASH];
    if (s->ca_file != NULL) {
        enum err e = tls_read_authorities(files, s->ca_file, t->native, authorities, why);
        if (e) return e;
    } else if (s->verify && SSL_CTX_set_default_verify_paths(t->native) != 1) {
        return errmsg_set(why, ERR_IO, "the CAs of the system: %s", tls_last_error());
    }
    if (s->verify)
        SSL_CTX_set_verify(t->native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    identity_of(s, authorities, identity);
    int ok = SSL_CTX_set_session_id_context(t->native, identity, TLS_HASH);
    assert(ok == 1);
    return ERR_OK;
}

nanos tls_context_not_after(const struct tls_context *t)
{
    nanos first = NANOS_MAX;
    for (uint32_t i = 0; i < t->identities_count; i++) {
        unsigned char *der = NULL;
        struct cert cert = { .not_after = NANOS_MAX };
        AUTO_FREE(arena) arena = arena_new();
        int len = i2d_X509(t->identities[i].cert, &der);
        if (len > 0 && cert_parse(slice_of(der, (size_t)len), arena, &cert) == ERR_OK &&
            cert.not_after < first)
            first = cert.not_after;
        OPENSSL_free(der);
    }
    return first;
}
