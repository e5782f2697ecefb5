/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"

struct made {
    struct arena *arena;
    EVP_PKEY     *key;
    struct slice  der;
};

static void add_attr(X509 *x, const char *type, const char *value, int set)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), type, MBSTRING_UTF8,
                                                (const unsigned char *)value, -1, -1, set),
                     1);
}

static void add_alternative_names(X509 *x, const char *names)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *unsigned_cert(EVP_PKEY *key)
{
    X509 *x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    ASN1_TIME_set(X509_getm_notBefore(x), 0);
    ASN1_TIME_set(X509_getm_notAfter(x), 1700000000);
    X509_set_pubkey(x, key);
    return x;
}

static int setup(void **state)
{
    struct made *m = test_calloc(1, sizeof *m);
    m->arena = arena_new();
    m->key = EVP_EC_gen("P-256");
    X509 *x = unsigned_cert(m->key);
    add_attr(x, "DC", "com", 0);
    add_attr(x, "OU", "x", 0);
    add_attr(x, "UID", "7", -1);
    add_attr(x, "CN", "L\xc3\xb6we", 0);
    add_attr(x, "emailAddress", "a@b.c", 0);
    add_alternative_names(
        x, "email:me@there,DNS:a.example,DNS:*.b.example,URI:spiffe://x/y,IP:1.2.3.4");
    assert_true(X509_sign(x, m->key, EVP_sha256()) > 0);
    unsigned char *der = NULL;
    int            len = i2d_X509(x, &der);
    m->der = arena_slice(m->arena, slice_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(x);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;
    arena_free(m->arena);
    EVP_PKEY_free(m->key);
    test_free(m);
    return 0;
}

static void the_subject_keeps_order_and_multiple_values(void **state)
{
    struct made *m = *state;
    struct cert  cert;
    struct dn    expected;
    assert_int_equal(cert_parse(m->der, m->arena, &cert), ERR_OK);
    assert_int_equal(
        dn_parse(SLICE_LIT("1.2.840.113549.1.9.1=a@b.c,CN=L\\C3\\B6we,UID=7+OU=x,DC=com"), m->arena,
                 &expected),
        ERR_OK);
    assert_true(dn_equal(&cert.subject, &expected));
}

static void alternative_names_are_sorted_by_kind(void **state)
{
    struct made *m = *state;
    struct cert  cert;
    assert_int_equal(cert_parse(m->der, m->arena, &cert), ERR_OK);
    assert_int_equal(cert.emails.count, 1);
    assert_true(slice_equal_str(cert.emails.names[0], "me@there"));
    assert_int_equal(cert.dns.count, 2);
    assert_true(slice_equal_str(cert.dns.names[1], "*.b.example"));
    assert_int_equal(cert.uris.count, 1);
    assert_true(slice_equal_str(cert.uris.names[0], "spiffe://x/y"));
}

static void hashes_and_the_end_of_validity_are_told(void **state)
{
    struct made   *m = *state;
    struct cert    cert;
    uint8_t        hash[CERT_HASH];
    char           hex[CERT_HEX];
    unsigned char *spki = NULL;
    assert_int_equal(cert_parse(m->der, m->arena, &cert), ERR_OK);
    assert_true(cert.not_after == 1700000000 * SECOND);

    int len = i2d_PUBKEY(m->key, &spki);
    EVP_Digest(spki, (size_t)len, hash, NULL, EVP_sha256(), NULL);
    OPENSSL_free(spki);
    assert_memory_equal(hash, cert.spki_sha256, CERT_HASH);
    EVP_Digest(m->der.ptr, m->der.len, hash, NULL, EVP_sha256(), NULL);
    assert_memory_equal(hash, cert.cert_sha256, CERT_HASH);

    memset(hash, 0xa0, sizeof hash);
    assert_int_equal(strlen(cert_hash_hex(hash, hex)), 64);
    assert_memory_equal(hex, "a0a0", 4);
}

static void damaged_certificates_are_refused(void **state)
{
    struct made *m = *state;
    struct cert  cert;
    for (uint32_t len = 0; len < m->der.len; len++)
        assert_int_equal(cert_parse(slice_first(m->der, len), m->arena, &cert), ERR_INVALID);

    uint8_t longer[4096] = { 0 };
    assert_true(m->der.len < sizeof longer);
    memcpy(longer, m->der.ptr, m->der.len);
    assert_int_equal(cert_parse(slice_of(longer, m->der.len + 1), m->arena, &cert), ERR_INVALID);
    assert_int_equal(cert_parse(slice_of(longer, m->der.len), m->arena, &cert), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_subject_keeps_order_and_multiple_values),
        cmocka_unit_test(alternative_names_are_sorted_by_kind),
        cmocka_unit_test(hashes_and_the_end_of_validity_are_told),
        cmocka_unit_test(damaged_certificates_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
