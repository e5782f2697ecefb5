/* SPDX-License-Identifier: Apache-2.0 */
/* Tls_testing: certificates made on the spot and files of memory. Included by tests only.
 *
 * Memory: a `struct maker` owns its keys and files; maker_deinit() frees them. */
#ifndef MIDGE_TLS_TLS_TESTING_H
#define MIDGE_TLS_TLS_TESTING_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "tls/tls_context.h"

enum { MAKER_FILES = 32 };

struct maker_file {
    char path[64];
    struct buf bytes;
};

struct maker {
    struct files files;
    struct maker_file file[MAKER_FILES];
    uint32_t files_count;
    EVP_PKEY *ca_key;
    X509 *ca;
};

struct made_cert {
    const char *name;           /* files NAME.pem and NAME.key; the common name */
    const char *alternatives;   /* "DNS:a,email:b"; NULL: none */
    const char *usage;          /* "clientAuth"; NULL: none */
    bool rsa;
    bool expired;
    bool self_signed;
};

static inline enum err maker_read(struct files *files, const char *path, size_t size_max,
                                  struct buf *ret_bytes, struct errmsg *why)
{
    struct maker *m = container_of(files, struct maker, files);
    (void)size_max;
    for (uint32_t i = 0; i < m->files_count; i++) {
        if (strcmp(m->file[i].path, path) != 0) continue;
        buf_add(ret_bytes, buf_slice(&m->file[i].bytes));
        return ERR_OK;
    }
    return errmsg_set(why, ERR_NOTFOUND, "open %s: no such file or directory", path);
}

static inline struct buf *maker_file(struct maker *m, const char *name, const char *suffix)
{
    assert(m->files_count < MAKER_FILES);
    struct maker_file *f = &m->file[m->files_count++];
    strcat(strcat(strcpy(f->path, name), "."), suffix);
    return &f->bytes;
}

static inline void maker_take(struct buf *out, BIO *pem)
{
    char *bytes;
    long len = BIO_get_mem_data(pem, &bytes);
    buf_add(out, slice_of(bytes, (size_t)len));
    BIO_free(pem);
}

static inline void maker_add_cert(struct maker *m, const char *name, X509 *x)
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, x);
    maker_take(maker_file(m, name, "pem"), pem);
}

static inline void maker_add_key(struct maker *m, const char *name, EVP_PKEY *key)
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    maker_take(maker_file(m, name, "key"), pem);
}

static inline void maker_extend(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    if (value == NULL) return;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert(extension != NULL);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline X509 *maker_sign(struct maker *m, const struct made_cert *c, EVP_PKEY *key)
{
    static const unsigned char serial = 1;
    X509 *x = X509_new();
    bool own = m->ca == NULL || c->self_signed;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400 * 10);
    X509_gmtime_adj(X509_getm_notAfter(x), c->expired ? -86400 : 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)c->name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(own ? x : m->ca));
    maker_extend(x, NID_basic_constraints, own ? "critical,CA:TRUE" : "CA:FALSE");
    maker_extend(x, NID_subject_alt_name, c->alternatives);
    maker_extend(x, NID_ext_key_usage, c->usage);
    X509_sign(x, own ? key : m->ca_key, EVP_sha256());
    return x;
}

static inline void maker_make(struct maker *m, struct made_cert c)
{
    EVP_PKEY *key = c.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *x = maker_sign(m, &c, key);
    maker_add_cert(m, c.name, x);
    maker_add_key(m, c.name, key);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* With a CA of that name. */
static inline void maker_init(struct maker *m, const char *ca)
{
    struct made_cert c = { .name = ca };
    *m = (struct maker){ .files.read = maker_read };
    m->ca_key = EVP_EC_gen("P-256");
    m->ca = maker_sign(m, &c, m->ca_key);
    maker_add_cert(m, ca, m->ca);
}

static inline void maker_deinit(struct maker *m)
{
    for (uint32_t i = 0; i < m->files_count; i++) buf_deinit(&m->file[i].bytes);
    EVP_PKEY_free(m->ca_key);
    X509_free(m->ca);
}

#endif
