/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keypair.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/assert.h"
#include "crypto/cert.h"

static BIO *bio_on(struct slice text)
{
    BIO *bio = BIO_new_mem_buf(text.len == 0 ? "" : (const void *)text.ptr, (int)text.len);
    assert(bio != NULL);
    return bio;
}

static bool has_pem(struct slice text)
{
    static const char mark[] = "-----BEGIN ";
    for (uint32_t i = 0; i + sizeof(mark) - 1 <= text.len; i++)
        if (memcmp(text.ptr + i, mark, sizeof(mark) - 1) == 0) return true;
    return false;
}

/* Without asking anybody at a terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is OpenSSL's */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
    (void)buf, (void)size, (void)rwflag, (void)ctx;
    return -1;
}

static X509 *cert_read(struct slice pem)
{
    BIO *bio = bio_on(pem);
    X509 *cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return cert;
}

static EVP_PKEY *key_read(struct slice pem)
{
    BIO *bio = bio_on(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static enum err pair_check(X509 *cert, EVP_PKEY *key, struct errmsg *why)
{
    if (key == NULL) return errmsg_set(why, ERR_INVALID, "tls: failed to parse private key");
    if (X509_check_private_key(cert, key) == 1) return ERR_OK;
    EVP_PKEY *public = X509_get0_pubkey(cert);
    if (public != NULL && EVP_PKEY_get_base_id(public) != EVP_PKEY_get_base_id(key))
        return errmsg_set(why, ERR_INVALID, "tls: private key type does not match public key type");
    return errmsg_set(why, ERR_INVALID, "tls: private key does not match public key");
}

enum err keypair_check(struct slice chain, struct slice key, struct errmsg *why)
{
    assert(why != NULL);
    if (!has_pem(chain))
        return errmsg_set(why, ERR_INVALID,
                          "tls: failed to find any PEM data in certificate input");
    if (!has_pem(key))
        return errmsg_set(why, ERR_INVALID, "tls: failed to find any PEM data in key input");
    X509 *cert = cert_read(chain);
    enum err e;
    if (cert == NULL) {
        e = errmsg_set(why, ERR_INVALID,
                       "tls: failed to find \"CERTIFICATE\" PEM block in certificate input");
    } else {
        EVP_PKEY *pkey = key_read(key);
        e = pair_check(cert, pkey, why);
        EVP_PKEY_free(pkey);
        X509_free(cert);
    }
    ERR_clear_error();
    return e;
}

nanos keypair_not_after(struct slice chain)
{
    X509 *x = cert_read(chain);
    unsigned char *der = NULL;
    struct cert cert = { .not_after = NANOS_MAX };
    AUTO_FREE(arena) arena = arena_new();
    int len = x == NULL ? 0 : i2d_X509(x, &der);
    if (len > 0 && cert_parse(slice_of(der, (size_t)len), arena, &cert) != ERR_OK)
        cert.not_after = NANOS_MAX;
    OPENSSL_free(der);
    X509_free(x);
    ERR_clear_error();
    return cert.not_after;
}

bool keypair_is_ca(struct slice pem)
{
    X509 *cert = cert_read(pem);
    ERR_clear_error();
    bool found = cert != NULL;
    X509_free(cert);
    return found;
}
