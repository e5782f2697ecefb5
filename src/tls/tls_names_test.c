/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_suite_is_found_by_its_name_in_any_case(void **state)
{
    (void)state;
    const struct tls_suite *s = tls_suite_find("tls_ecdhe_rsa_with_aes_128_gcm_sha256");
    assert_non_null(s);
    assert_string_equal(s->openssl, "ECDHE-RSA-AES128-GCM-SHA256");
    assert_int_equal(s->class, SUITE_OK);
    assert_null(tls_suite_find("TLS_ECDHE"));
    assert_null(tls_suite_find(""));
}

static void no_weak_suite_comes_before_a_secure_one(void **state)
{
    (void)state;
    bool weak = false;
    uint32_t count = 0;
    for (const struct tls_suite *s; (s = tls_suite_at(count)) != NULL; count++) {
        assert_false(weak && s->class != SUITE_WEAK);
        weak = s->class == SUITE_WEAK;
        assert_ptr_equal(tls_suite_find(s->name), s);
    }
    assert_true(count > 0);
}

static void a_curve_is_found_by_its_name(void **state)
{
    (void)state;
    assert_non_null(tls_curve_find("CurveP256"));
    assert_non_null(tls_curve_find("X25519"));
    assert_null(tls_curve_find("CurveP255"));
    for (uint32_t i = 0; tls_curve_at(i) != NULL; i++)
        assert_ptr_equal(tls_curve_find(tls_curve_at(i)->name), tls_curve_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suite_is_found_by_its_name_in_any_case),
        cmocka_unit_test(no_weak_suite_comes_before_a_secure_one),
        cmocka_unit_test(a_curve_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
