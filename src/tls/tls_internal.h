/* SPDX-License-Identifier: Apache-2.0 */
/* For the files that implement TLS. Thread and memory: as tls_context.h. */
#ifndef MIDGE_TLS_TLS_INTERNAL_H
#define MIDGE_TLS_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "tls/tls_context.h"

/* A certificate with its key, for the choice by server name. */
struct tls_identity {
    X509           *cert;
    EVP_PKEY       *key;
    STACK_OF(X509) * chain;
};

struct tls_context {
    _Atomic uint32_t     refs;
    SSL_CTX             *native;
    BIO_METHOD          *bio;           /* between OpenSSL and the queues of a connection */
    struct tls_identity *identities;
    uint32_t             identities_count;
    bool                 verify;
    bool                 http;
    bool                 handshake_first;
};

/* What OpenSSL allocates for a connection by itself, counted at the door (tls_filter.c). It is
 * measured, with OpenSSL 3.0: amid a handshake up to 83 KB, most of it buffers of 16 KB; then 12 KB
 * to 14 KB, and 17 KB more while half a record waits for the other half. A certificate of the peer
 * takes 3 KB more than its bytes, so that those of 300 bytes take twelve times as much and longer
 * ones less. tls_memory_test.c measures anew and fails where this is too little. */
enum {
    TLS_HANDSHAKE_COST = 88 * 1024,
    TLS_OPEN_COST = 32 * 1024,
    TLS_CERT_COST = 12,                 /* for each byte of a certificate */
};

/* Files (tls_files.c). */
MUST_CHECK enum err tls_read_identity(struct files *, const struct tls_pair *,
                                      struct tls_identity *ret, struct errmsg *why);
void tls_identity_deinit(struct tls_identity *);
/* Adds all CAs of the file to those trusted and named to clients; their hash goes to `ret_hash`. */
enum { TLS_HASH = 32 };
MUST_CHECK enum err tls_read_authorities(struct files *, const char *path, SSL_CTX *,
                                         uint8_t ret_hash[TLS_HASH], struct errmsg *why);

/* The newest error of OpenSSL as a text, and forgets it and all others. Static. */
const char *tls_last_error(void);

/* The table of functions for the filter's BIO (tls_filter.c); NULL when memory is gone. */
BIO_METHOD *tls_bio_method_new(void);

#endif
