/* SPDX-License-Identifier: Apache-2.0 */
/* Tls_names: what the names in a configuration (Go's) are called by OpenSSL.
 *
 * Thread: any; tables. Memory: static. */
#ifndef MIDGE_TLS_TLS_NAMES_H
#define MIDGE_TLS_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

enum tls_suite_class {
    /* always on offer with TLS 1.3; a list neither adds nor removes it */
    SUITE_1_3,
    SUITE_OK,                   /* on offer by default */
    SUITE_WEAK,                 /* needs allow_insecure_cipher_suites */
};

struct tls_suite {
    const char *name;           /* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" */
    const char *openssl;        /* NULL: OpenSSL has it no more */
    enum tls_suite_class class;
};

const struct tls_suite *tls_suite_find(const char *name);       /* any case; NULL: unknown */
/* By number, in the order of preference of a default configuration: secure ones first. NULL: no
 * more. */
const struct tls_suite *tls_suite_at(uint32_t i);

struct tls_curve {
    const char *name;           /* "CurveP256" */
    const char *openssl;        /* not each OpenSSL has all of them */
};

const struct tls_curve *tls_curve_find(const char *name);
const struct tls_curve *tls_curve_at(uint32_t i);

#endif
