/* SPDX-License-Identifier: Apache-2.0 */
/* Cert: what may be known of one X.509 certificate. It is read, not verified.
 *
 * Thread: any. Memory: everything lives in the caller's arena.
 * Errors: what is not one DER certificate is ERR_INVALID. */
#ifndef MIDGE_CRYPTO_CERT_H
#define MIDGE_CRYPTO_CERT_H

#include "base/units.h"
#include "crypto/dn.h"

enum { CERT_HASH = 32 };

/* Names of one kind, in the order of the certificate. They may hold any byte, NUL too. */
struct cert_names {
    struct slice *names;
    uint32_t      count;
};

struct cert {
    struct dn         subject;
    struct cert_names emails;                   /* subjectAltName: rfc822Name */
    struct cert_names dns;                      /* subjectAltName: dNSName */
    struct cert_names uris;                     /* subjectAltName: URI */
    nanos             not_after;                /* since 1970 */
    /* of the SubjectPublicKeyInfo: what pinned_certs names */
    uint8_t           spki_sha256[CERT_HASH];
    uint8_t           cert_sha256[CERT_HASH];
};

MUST_CHECK enum err cert_parse(struct slice der, struct arena *, struct cert *ret);

/* "" + 64 lower-case hex digits + NUL. Returns `ret`. */
enum { CERT_HEX = 2 * CERT_HASH + 1 };
const char *cert_hash_hex(const uint8_t hash[CERT_HASH], char ret[CERT_HEX]);

#endif
