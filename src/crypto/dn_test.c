/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/dn.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct dn parsed(const char *text)
{
    struct dn dn;
    assert_int_equal(dn_parse(slice_str(text), arena, &dn), ERR_OK);
    return dn;
}

static bool same(const char *a, const char *b)
{
    struct dn x = parsed(a);
    struct dn y = parsed(b);
    assert_int_equal(dn_equal(&x, &y), dn_equal(&y, &x));
    return dn_equal(&x, &y);
}

static bool same_unordered(const char *a, const char *b)
{
    struct dn x = parsed(a);
    struct dn y = parsed(b);
    assert_int_equal(dn_equal_unordered(&x, &y), dn_equal_unordered(&y, &x));
    return dn_equal_unordered(&x, &y);
}

static void a_text_becomes_relative_names_last_first(void **state)
{
    (void)state;
    struct dn dn = parsed("cn=Bob,OU=Sales+uid=7, 1.2.3=x ,c=US");
    assert_int_equal(dn.count, 4);
    assert_string_equal(dn.rdns[0].attrs[0].type, "C");
    assert_string_equal(dn.rdns[1].attrs[0].type, "1.2.3");
    assert_true(slice_equal_str(dn.rdns[1].attrs[0].value, "x"));
    assert_int_equal(dn.rdns[2].count, 2);
    assert_string_equal(dn.rdns[2].attrs[1].type, "UID");
    assert_true(slice_equal_str(dn.rdns[3].attrs[0].value, "Bob"));
}

static void escapes_and_blanks_mean_what_rfc_4514_says(void **state)
{
    (void)state;
    struct dn dn = parsed("CN= \\ a\\,b\\+\\c3\\A4\\20 \\  ,O=");
    assert_true(slice_equal_str(dn.rdns[1].attrs[0].value, " a,b+\xc3\xa4   "));
    assert_int_equal(dn.rdns[0].attrs[0].value.len, 0);
}

static void what_is_not_a_name_does_not_parse(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "bob",    "=x",          "CN=a,",    ",CN=a",    "CN=a,,O=b",
        "CN=a+",  "C N=a",  "CN=a\\",      "CN=a\\z",  "CN=#0401", "CN=\"a\"",
        "CN=a;b", "CN=a<b", "C\xc3\xa4=a", "CN=a,bob",
    };
    struct dn dn;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (dn_parse(slice_str(bad[i]), arena, &dn) != ERR_INVALID) fail_msg("%s", bad[i]);
    assert_int_equal(dn_parse(SLICE_LIT("CN=a\0b"), arena, &dn), ERR_INVALID);
}

static void a_name_beyond_the_limits_does_not_parse(void **state)
{
    (void)state;
    char      text[8 * (DN_RDNS_MAX + 1)] = "CN=a";
    struct dn dn;
    for (uint32_t i = 1; i < DN_RDNS_MAX; i++) strcat(text, ",CN=a");
    assert_int_equal(dn_parse(slice_str(text), arena, &dn), ERR_OK);
    strcat(text, ",CN=a");
    assert_int_equal(dn_parse(slice_str(text), arena, &dn), ERR_INVALID);
}

static void names_compare_as_structure(void **state)
{
    (void)state;
    assert_true(same("CN=a,O=b", "cn=a, 2.5.4.10=b"));
    assert_true(same("CN=a+O=b,C=c", "O=b+CN=a,C=c"));
    assert_false(same("CN=a,O=b", "O=b,CN=a"));
    assert_false(same("CN=a,O=b", "CN=A,O=b"));
    assert_false(same("CN=a+O=b", "CN=a,O=b"));
    assert_false(same("CN=a\\,O=b", "CN=a,O=b"));
    assert_false(same("CN=a\\+O=b", "CN=a+O=b"));
    assert_false(same("CN=a+CN=a", "CN=a+O=a"));
    assert_false(same("CN=a", "CN=a,CN=a"));
}

static void names_in_any_order_need_each_part_as_often(void **state)
{
    (void)state;
    assert_true(same_unordered("CN=a,O=b", "O=b,CN=a"));
    assert_true(same_unordered("CN=a,CN=a,O=b", "CN=a,O=b,CN=a"));
    assert_false(same_unordered("CN=a,CN=a,O=b", "CN=a,O=b,O=b"));
    assert_false(same_unordered("CN=a+O=b", "O=b,CN=a"));
}

static void assert_texts(const char *name, const char *sequence, const char *go_name)
{
    struct dn dn = parsed(name);
    assert_string_equal(dn_go_sequence_text(&dn, arena).ptr, sequence);
    assert_string_equal(dn_go_name_text(&dn, false, arena).ptr, go_name);
}

/* The expected texts were printed by Go 1.26 for such certificates. */
static void texts_are_those_of_go(void **state)
{
    (void)state;
    assert_texts("CN=bob,OU=y,OU=x,O=Org\\, Inc,C=US", "CN=bob,OU=y,OU=x,O=Org\\, Inc,C=US",
                 "CN=bob,OU=x+OU=y,O=Org\\, Inc,C=US");
    assert_texts("CN=\\ lead+1.2.840.113549.1.9.1=a@b.c,OU=x+UID=u7,DC=example,DC=com",
                 "CN=\\ lead+1.2.840.113549.1.9.1=#0c056140622e63,"
                 "OU=x+0.9.2342.19200300.100.1.1=#13027537,"
                 "0.9.2342.19200300.100.1.25=#13076578616d706c65,"
                 "0.9.2342.19200300.100.1.25=#1303636f6d",
                 "CN=\\ lead,OU=x,1.2.840.113549.1.9.1=#0c056140622e63,"
                 "0.9.2342.19200300.100.1.1=#13027537,"
                 "0.9.2342.19200300.100.1.25=#13076578616d706c65,"
                 "0.9.2342.19200300.100.1.25=#1303636f6d");
    assert_texts(
        "2.5.4.12=Dr,POSTALCODE=99,STREET=s 1,ST=Z,L=L,SERIALNUMBER=5,CN=\\#two\\ ,CN=one",
        "2.5.4.12=#13024472,POSTALCODE=99,STREET=s 1,ST=Z,L=L,SERIALNUMBER=5,"
        "CN=\\#two\\ ,CN=one",
        "SERIALNUMBER=5,CN=\\#two\\ ,POSTALCODE=99,STREET=s 1,L=L,ST=Z,2.5.4.12=#13024472");
    assert_texts("CN=x\\+y,DC=de,O=c,O=a+O=b",
                 "CN=x\\+y,0.9.2342.19200300.100.1.25=#13026465,O=c,O=a+O=b",
                 "CN=x\\+y,O=a+O=b+O=c,0.9.2342.19200300.100.1.25=#13026465");
}

static void domains_stand_in_the_order_of_the_certificate(void **state)
{
    (void)state;
    struct dn dn = parsed("CN=lead,OU=x+UID=u7,DC=example,DC=com");
    assert_string_equal(dn_domain_text(&dn, arena).ptr, "DC=com,DC=example");
    assert_string_equal(dn_go_name_text(&dn, true, arena).ptr, "CN=lead,OU=x");
    dn = parsed("CN=lead");
    assert_int_equal(dn_domain_text(&dn, arena).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_becomes_relative_names_last_first),
        cmocka_unit_test(escapes_and_blanks_mean_what_rfc_4514_says),
        cmocka_unit_test(what_is_not_a_name_does_not_parse),
        cmocka_unit_test(a_name_beyond_the_limits_does_not_parse),
        cmocka_unit_test(names_compare_as_structure),
        cmocka_unit_test(names_in_any_order_need_each_part_as_often),
        cmocka_unit_test(texts_are_those_of_go),
        cmocka_unit_test(domains_stand_in_the_order_of_the_certificate),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
