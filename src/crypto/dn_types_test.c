/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dn_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_type_is_found_by_its_number(void **state)
{
    (void)state;
    assert_string_equal(dn_type_by_oid(SLICE_LIT("2.5.4.3"))->name, "CN");
    assert_string_equal(dn_type_by_oid(SLICE_LIT("0.9.2342.19200300.100.1.25"))->name, "DC");
    assert_null(dn_type_by_oid(SLICE_LIT("2.5.4")));
    assert_null(dn_type_by_oid((struct slice){ 0 }));
}

static void a_type_is_found_by_its_name_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(dn_type_by_name(SLICE_LIT("ou"))->oid, "2.5.4.11");
    assert_string_equal(dn_type_by_name(SLICE_LIT("SerialNumber"))->oid, "2.5.4.5");
    assert_null(dn_type_by_name(SLICE_LIT("2.5.4.11")));
    assert_null(dn_type_by_name((struct slice){ 0 }));
}

static void the_country_is_in_the_last_group_of_go_and_a_domain_in_none(void **state)
{
    (void)state;
    assert_int_equal(dn_type_by_name(SLICE_LIT("C"))->go_group, DN_GO_GROUPS);
    assert_int_equal(dn_type_by_name(SLICE_LIT("DC"))->go_group, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_is_found_by_its_number),
        cmocka_unit_test(a_type_is_found_by_its_name_in_any_case),
        cmocka_unit_test(the_country_is_in_the_last_group_of_go_and_a_domain_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
