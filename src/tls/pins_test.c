/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>

#include "base/arena.h"
#include "crypto/cert.h"
#include "tls/tls_testing.h"

static void a_listed_key_holds_in_hex_of_any_case(void **state)
{
    (void)state;
    struct maker m;
    unsigned char *der = NULL;
    char hex[CERT_HEX];
    struct cert cert;
    AUTO_FREE(arena) arena = arena_new();
    maker_init(&m, "ca");
    int len = i2d_X509(m.ca, &der);
    struct slice bytes = slice_of(der, (size_t)len);
    assert_int_equal(cert_parse(bytes, arena, &cert), ERR_OK);
    cert_hash_hex(cert.spki_sha256, hex);
    for (char *c = hex; *c != 0; c++) *c = (char)toupper((unsigned char)*c);

    const char *const pins[] = { "00", hex };
    assert_true(pins_hold(pins, 2, bytes));
    assert_false(pins_hold(pins, 1, bytes));
    assert_false(pins_hold(NULL, 0, bytes));
    assert_false(pins_hold(pins, 2, slice_first(bytes, bytes.len - 1)));
    OPENSSL_free(der);
    maker_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_listed_key_holds_in_hex_of_any_case) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
