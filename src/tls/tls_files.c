/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates come through env.files, so that a test or a host program can provide
 * them. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/assert.h"
#include "base/slice.h"
#include "tls/tls_internal.h"

enum { PEM_SIZE_MAX = 4 * 1024 * 1024 };

const char *tls_last_error(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? "unknown error" : text;
}

static enum err read_pem(struct files *files, const char *path, struct buf *bytes, BIO **ret,
                         struct errmsg *why)
{
    enum err e = files->read(files, path, PEM_SIZE_MAX, bytes, why);
    if (e) return e;
    *ret = BIO_new_mem_buf(bytes->ptr, (int)bytes->len);
    return *ret == NULL ? ERR_NOMEM : ERR_OK;
}

/* A server must not stop at start to ask for a pass phrase. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is OpenSSL's */
static int no_password(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static STACK_OF(X509) * read_certs(BIO *pem)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    X509 *one;
    while (all != NULL && (one = PEM_read_bio_X509(pem, NULL, no_password, NULL)) != NULL)
        (void)sk_X509_push(all, one);
    ERR_clear_error();          /* the end of the file reads as an error */
    return all;
}

static enum err load_chain(struct files *files, const char *path, struct tls_identity *id,
                           struct errmsg *why)
{
    struct buf bytes = { 0 };
    BIO *pem = NULL;
    enum err e = read_pem(files, path, &bytes, &pem, why);
    if (e == ERR_OK) {
        id->chain = read_certs(pem);
        id->cert = id->chain == NULL ? NULL : sk_X509_shift(id->chain);
        if (id->cert == NULL)
            e = errmsg_set(why, ERR_INVALID,
                           "error parsing X509 certificate/key pair: no certificate in %s", path);
    }
    BIO_free(pem);
    buf_deinit(&bytes);
    return e;
}

static enum err load_key(struct files *files, const char *path, struct tls_identity *id,
                         struct errmsg *why)
{
    struct buf bytes = { 0 };
    BIO *pem = NULL;
    enum err e = read_pem(files, path, &bytes, &pem, why);
    if (e == ERR_OK) {
        id->key = PEM_read_bio_PrivateKey(pem, NULL, no_password, NULL);
        if (id->key == NULL)
            e = errmsg_set(why, ERR_INVALID,
                           "error parsing X509 certificate/key pair: no private key in %s: %s",
                           path, tls_last_error());
    }
    BIO_free(pem);
    OPENSSL_cleanse(bytes.ptr, bytes.len);
    buf_deinit(&bytes);
    return e;
}

enum err tls_read_identity(struct files *files, const struct tls_pair *pair,
                           struct tls_identity *ret, struct errmsg *why)
{
    struct tls_identity id = { 0 };
    enum err e = load_chain(files, pair->cert_file, &id, why);
    if (e == ERR_OK) e = load_key(files, pair->key_file, &id, why);
    if (e == ERR_OK && X509_check_private_key(id.cert, id.key) != 1)
        e = errmsg_set(why, ERR_INVALID,
                       "error parsing X509 certificate/key pair: the private key in %s does not "
                       "belong to the certificate in %s",
                       pair->key_file, pair->cert_file);
    ERR_clear_error();
    if (e) tls_identity_deinit(&id);
    else *ret = id;
    return e;
}

void tls_identity_deinit(struct tls_identity *id)
{
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
    sk_X509_pop_free(id->chain, X509_free);
    *id = (struct tls_identity){ 0 };
}

static bool trust(SSL_CTX *native, STACK_OF(X509) * all)
{
    for (int i = 0; i < sk_X509_num(all); i++) {
        X509 *one = sk_X509_value(all, i);
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), one) != 1) return false;
        if (SSL_CTX_add_client_CA(native, one) != 1) return false;
    }
    return sk_X509_num(all) > 0;
}

enum err tls_read_authorities(struct files *files, const char *path, SSL_CTX *native,
                              uint8_t ret_hash[TLS_HASH], struct errmsg *why)
{
    struct buf bytes = { 0 };
    BIO *pem = NULL;
    enum err e = read_pem(files, path, &bytes, &pem, why);
    if (e == ERR_OK) {
        STACK_OF(X509) *all = read_certs(pem);
        int ok = EVP_Digest(bytes.ptr, bytes.len, ret_hash, NULL, EVP_sha256(), NULL);
        assert(ok == 1);
        if (!trust(native, all))
            e = errmsg_set(why, ERR_INVALID, "failed to parse root ca certificate %s", path);
        sk_X509_pop_free(all, X509_free);
    }
    BIO_free(pem);
    buf_deinit(&bytes);
    ERR_clear_error();
    return e;
}
