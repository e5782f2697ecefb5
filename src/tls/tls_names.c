/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_names.h"

#include "base/slice.h"

/* clang-format off */
static const struct tls_suite suites[] = {
    { "TLS_AES_128_GCM_SHA256",                       "TLS_AES_128_GCM_SHA256",       SUITE_1_3 },
    { "TLS_AES_256_GCM_SHA384",                       "TLS_AES_256_GCM_SHA384",       SUITE_1_3 },
    { "TLS_CHACHA20_POLY1305_SHA256",                 "TLS_CHACHA20_POLY1305_SHA256", SUITE_1_3 },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",      "ECDHE-ECDSA-AES128-GCM-SHA256", SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",        "ECDHE-RSA-AES128-GCM-SHA256",  SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",      "ECDHE-ECDSA-AES256-GCM-SHA384", SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",        "ECDHE-RSA-AES256-GCM-SHA384",  SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",  "ECDHE-RSA-CHACHA20-POLY1305",  SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",       "ECDHE-ECDSA-CHACHA20-POLY1305", SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",         "ECDHE-RSA-CHACHA20-POLY1305",  SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",         "ECDHE-ECDSA-AES128-SHA",       SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",           "ECDHE-RSA-AES128-SHA",         SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",         "ECDHE-ECDSA-AES256-SHA",       SUITE_OK },
    { "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",           "ECDHE-RSA-AES256-SHA",         SUITE_OK },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",      "ECDHE-ECDSA-AES128-SHA256",    SUITE_WEAK },
    { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",        "ECDHE-RSA-AES128-SHA256",      SUITE_WEAK },
    { "TLS_RSA_WITH_AES_128_GCM_SHA256",              "AES128-GCM-SHA256",            SUITE_WEAK },
    { "TLS_RSA_WITH_AES_256_GCM_SHA384",              "AES256-GCM-SHA384",            SUITE_WEAK },
    { "TLS_RSA_WITH_AES_128_CBC_SHA",                 "AES128-SHA",                   SUITE_WEAK },
    { "TLS_RSA_WITH_AES_256_CBC_SHA",                 "AES256-SHA",                   SUITE_WEAK },
    { "TLS_RSA_WITH_AES_128_CBC_SHA256",              "AES128-SHA256",                SUITE_WEAK },
    { "TLS_RSA_WITH_RC4_128_SHA",                     NULL,                           SUITE_WEAK },
    { "TLS_RSA_WITH_3DES_EDE_CBC_SHA",                NULL,                           SUITE_WEAK },
    { "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",             NULL,                           SUITE_WEAK },
    { "TLS_ECDHE_RSA_WITH_RC4_128_SHA",               NULL,                           SUITE_WEAK },
    { "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",          NULL,                           SUITE_WEAK },
};

static const struct tls_curve curves[] = {
    { "X25519MLKEM768", "X25519MLKEM768" },
    { "SecP384r1MLKEM1024", "SecP384r1MLKEM1024" },
    { "SecP256r1MLKEM768", "SecP256r1MLKEM768" },
    { "X25519", "X25519" },
    { "CurveP256", "P-256" },
    { "CurveP384", "P-384" },
    { "CurveP521", "P-521" },
};
/* clang-format on */

const struct tls_suite *tls_suite_at(uint32_t i)
{
    return i < ARRAY_COUNT(suites) ? &suites[i] : NULL;
}

const struct tls_suite *tls_suite_find(const char *name)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(suites); i++)
        if (slice_equal_nocase(slice_str(suites[i].name), slice_str(name))) return &suites[i];
    return NULL;
}

const struct tls_curve *tls_curve_at(uint32_t i)
{
    return i < ARRAY_COUNT(curves) ? &curves[i] : NULL;
}

const struct tls_curve *tls_curve_find(const char *name)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(curves); i++)
        if (slice_equal_nocase(slice_str(curves[i].name), slice_str(name))) return &curves[i];
    return NULL;
}
