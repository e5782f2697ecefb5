/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_tls.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "natsbench_util.h"

/* Both are only names for OpenSSL's own objects, so that its headers stay in this file. */
static SSL_CTX *context_of(struct tls_context *c)
{
    return (SSL_CTX *)(void *)c;
}
static SSL *session_of(struct tls *t)
{
    return (SSL *)(void *)t;
}

struct tls_context *tls_context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) die("no TLS context");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return (struct tls_context *)(void *)context;
}

struct tls *tls_new(struct tls_context *context, int fd)
{
    SSL *session = SSL_new(context_of(context));
    if (session == NULL || SSL_set_fd(session, fd) != 1) die("no TLS session");
    (void)SSL_set_tlsext_host_name(session, "localhost");
    SSL_set_connect_state(session);
    return (struct tls *)(void *)session;
}

struct tls *tls_free(struct tls *t)
{
    SSL_free(session_of(t));
    return NULL;
}

static enum tls_step step_of(struct tls *t, int result)
{
    switch (SSL_get_error(session_of(t), result)) {
    case SSL_ERROR_NONE: return TLS_DONE;
    case SSL_ERROR_WANT_READ: return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANTS_WRITE;
    default: return TLS_FAILED;
    }
}

enum tls_step tls_handshake(struct tls *t)
{
    errno = 0;
    return step_of(t, SSL_do_handshake(session_of(t)));
}

enum tls_step tls_write(struct tls *t, const void *data, size_t len, size_t *ret_written)
{
    *ret_written = 0;
    return step_of(t, SSL_write_ex(session_of(t), data, len, ret_written));
}

enum tls_step tls_read(struct tls *t, void *buffer, size_t size, size_t *ret_read)
{
    *ret_read = 0;
    return step_of(t, SSL_read_ex(session_of(t), buffer, size, ret_read));
}

bool tls_has_pending(struct tls *t)
{
    return SSL_has_pending(session_of(t)) == 1;
}

static X509 *cert_new(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    if (cert == NULL) die("no certificate");
    (void)X509_set_version(cert, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 24 * 3600);
    (void)X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(cert, name);
    if (X509_sign(cert, key, EVP_sha256()) == 0) die("cannot sign the certificate");
    return cert;
}

static FILE *file_in(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) die("cannot write %s", path);
    return file;
}

void tls_cert_write(const char *folder)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    if (key == NULL) die("no RSA key");
    X509 *cert = cert_new(key);
    FILE *file = file_in(folder, "key.pem");
    if (PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1)
        die("cannot write the key");
    (void)fclose(file);
    file = file_in(folder, "cert.pem");
    if (PEM_write_X509(file, cert) != 1) die("cannot write the certificate");
    (void)fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}
