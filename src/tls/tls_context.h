/* SPDX-License-Identifier: Apache-2.0 */
/* Tls_context: what all TLS connections of one listener share: certificates, trust, suites, ticket
 * keys.
 *
 * A reload makes a new context; connections keep the one that they began with. Each context has
 * ticket keys of its own and an identity over listener and trusted CAs, so that a session of one is
 * never resumed under another.
 *
 * Thread:  made on one thread, then immutable; references may be taken and dropped on any.
 * Memory:  counted. Files are read through env.files while the context is made, never later.
 * Errors:  the text names the file and what is wrong with it, for an operator. */
#ifndef MIDGE_TLS_TLS_CONTEXT_H
#define MIDGE_TLS_TLS_CONTEXT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/units.h"
#include "env/files.h"

struct tls_pair {
    const char *cert_file;              /* PEM: the certificate, then its chain */
    const char *key_file;               /* PEM, not encrypted */
};

struct tls_settings {
    const char            *listener;            /* its name and address: part of the identity */
    const struct tls_pair *pairs;
    uint32_t               pairs_count;         /* at least one */
    const char            *ca_file;             /* whom to trust; NULL: the system's CAs */
    bool                   verify;              /* clients must show a certificate */
    bool                   http;                /* plain HTTP gets an answer in plain HTTP */
    bool                   handshake_first;     /* only told to filter_peer */
    uint16_t               min_version;         /* 0x0303, 0x0304; 0: 1.2 */
    const char *const     *suites;              /* Go names; none: all secure ones */
    uint32_t               suites_count;
    const char *const     *curves;              /* Go names, preferred first; none: all */
    uint32_t               curves_count;
    /* Called for each suite or curve that this OpenSSL lacks and that is skipped. May be NULL. */
    void                 (*warn)(void *ctx, const char *text);
    void                  *ctx;
};

struct tls_context;

MUST_CHECK enum err tls_context_new(const struct tls_settings *, struct files *,
                                    struct tls_context **ret, struct errmsg *why);
struct tls_context *tls_context_ref(struct tls_context *);
struct tls_context *tls_context_unref(struct tls_context *);        /* NULL is fine; returns NULL */

/* The first end of validity of the server's certificates: tls_cert_not_after in /varz. */
nanos tls_context_not_after(const struct tls_context *);

/* The SSL_CTX, for env.http. Lives as long as the context. */
void *tls_context_native(struct tls_context *);

#endif
