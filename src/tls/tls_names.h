/* SPDX-License-Identifier: Apache-2.0 */
/* Tls_names: what the names in a configuration (Go's) are called by OpenSSL.
 *
 * Thread: any; tables. Memory: static. */
#ifndef MIDGE_TLS_TLS_NAMES_H
#define MIDGE_TLS_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct tls_suite {
    const char *name;           /* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" */
    const char *openssl;        /* NULL: OpenSSL has it no more */
    /* always on offer with TLS 1.3; a list neither adds nor removes it */
    bool        is_1_3;
    bool        insecure;       /* needs allow_insecure_cipher_suites */
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
