/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keypair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Two self-signed P-256 certificates without meaning, and the key of the first. */
static const char cert_one[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBdDCCARmgAwIBAgIUZErINIPHiBpb/Dr5dT2sm73XL5YwCgYIKoZIzj0EAwIw\n"
                               "DjEMMAoGA1UEAwwDb25lMCAXDTI2MTEyMzA1MTczNFoYDzIxMjYxMDMwMDUxNzM0\n"
                               "WjAOMQwwCgYDVQQDDANvbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS/SfvI\n"
                               "2apoyULlATpRU3e4iDixwMW3yabL2QcQC6Wz8a7OGpelVcCXC9YE9NsSNb0Yrf1z\n"
                               "i5hm9hbsIcXRqqfso1MwUTAdBgNVHQ4EFgQUy9kyIaF9hzRYjqW3Q1vvXnc8drww\n"
                               "HwYDVR0jBBgwFoAUy9kyIaF9hzRYjqW3Q1vvXnc8drwwDwYDVR0TAQH/BAUwAwEB\n"
                               "/zAKBggqhkjOPQQDAgNJADBGAiEAiDcFny6MShY1pvwnyPb93jNEJCBCRyzwzmQ4\n"
                               "KRNcWWUCIQDp8D9XL9ul2ECCFLcbsYAN8n83WtMPH/vHTXJj2jJcPg==\n"
                               "-----END CERTIFICATE-----\n";
static const char cert_two[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBczCCARmgAwIBAgIUS1u5PNPyduGlhnaJz+YrFSWj0ykwCgYIKoZIzj0EAwIw\n"
                               "DjEMMAoGA1UEAwwDdHdvMCAXDTI2MTEyMzA1MTczNFoYDzIxMjYxMDMwMDUxNzM0\n"
                               "WjAOMQwwCgYDVQQDDAN0d28wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQiuwfs\n"
                               "LoV9OiJh+VGNdZ1RjP1ZnrC5qofvAZaoZsMCu+sHCVHW1/wcSwzEjadrvrGzl/nr\n"
                               "VM8RCwjo258KdyKno1MwUTAdBgNVHQ4EFgQUyamwPH39gunacJPeV2A4Q8JdON8w\n"
                               "HwYDVR0jBBgwFoAUyamwPH39gunacJPeV2A4Q8JdON8wDwYDVR0TAQH/BAUwAwEB\n"
                               "/zAKBggqhkjOPQQDAgNIADBFAiEA/W6kH7F3YWXMWH5TT+TSeKi/tXNNG5yorrfd\n"
                               "MXd5kCECIC5uRXa/SJFl8VCg0o3gZK4QkxtgTTk2wOqW9d8dcpGR\n"
                               "-----END CERTIFICATE-----\n";
static const char key_one[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2YsfWuv49d9vjLa9\n"
                              "sLhRBetElZcEXPPPIbXPK9guDGqhRANCAAS/SfvI2apoyULlATpRU3e4iDixwMW3\n"
                              "yabL2QcQC6Wz8a7OGpelVcCXC9YE9NsSNb0Yrf1zi5hm9hbsIcXRqqfs\n"
                              "-----END PRIVATE KEY-----\n";

static void a_certificate_and_its_key_fit(void **state)
{
    (void)state;
    struct errmsg why;
    assert_int_equal(keypair_check(slice_str(cert_one), slice_str(key_one), &why), ERR_OK);
    assert_true(keypair_is_ca(slice_str(cert_one)));
    assert_true(keypair_not_after(slice_str(cert_one)) == 4949011054 * SECOND);
    assert_true(keypair_not_after(slice_str("junk")) == NANOS_MAX);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    struct {
        const char *chain;
        const char *key;
        const char *why;
    } cases[] = {
        { cert_two, key_one, "tls: private key does not match public key" },
        { "junk", key_one, "tls: failed to find any PEM data in certificate input" },
        { cert_one, "junk", "tls: failed to find any PEM data in key input" },
        { key_one, key_one, "tls: failed to find \"CERTIFICATE\" PEM block in certificate input" },
        { cert_one, cert_two, "tls: failed to parse private key" },
        { "", "", "tls: failed to find any PEM data in certificate input" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct errmsg why;
        assert_int_equal(keypair_check(slice_str(cases[i].chain), slice_str(cases[i].key), &why),
                         ERR_INVALID);
        assert_string_equal(why.text, cases[i].why);
    }
    assert_false(keypair_is_ca(slice_str(key_one)));
    assert_false(keypair_is_ca((struct slice){ 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_and_its_key_fit),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
