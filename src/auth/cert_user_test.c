/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/directory_internal.h"
#include "auth/test_options.h"

struct made {
    struct arena     *arena;
    struct options   *options;
    struct directory *directory;
};

static int setup(void **state)
{
    struct made *m = test_calloc(1, sizeof *m);
    m->arena = arena_new();
    m->options = options_new();
    m->options->tls.verify_and_map = true;
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;
    arena_free(m->arena);
    options_free(m->options);
    (void)directory_unref(m->directory);
    test_free(m);
    return 0;
}

static void users_are(struct made *m, const char *const *names)
{
    for (; *names != NULL; names++) (void)test_user(m->options, *names, NULL);
    assert_int_equal(directory_new(m->options, test_setup, &m->directory, NULL), ERR_OK);
}

static struct cert cert_of(struct made *m, const char *subject)
{
    struct cert cert = { 0 };
    assert_int_equal(dn_parse(slice_str(subject), m->arena, &cert.subject), ERR_OK);
    return cert;
}

/* "" : nobody. */
static void expect_user(struct made *m, const struct cert *cert, const char *name)
{
    const struct auth_rules *rules = directory_rules(m->directory, CONNECTION_STANDARD);
    const struct auth_user *user = cert_user(rules, cert, CONNECTION_STANDARD);
    assert_string_equal(user == NULL ? "" : user->name, name);
}

static void alternative_names_come_before_the_subject_in_their_order(void **state)
{
    struct made *m = *state;
    users_are(m, (const char *[]){ "CN=bob", "spiffe://u", "d.x.com", "m@x.com", NULL });
    struct slice email = SLICE_LIT("m@x.com"), uri = SLICE_LIT("spiffe://u");
    struct slice dns[] = { SLICE_LIT("*.x.com"), SLICE_LIT("d.x.com") };
    struct cert cert = cert_of(m, "CN=bob");
    expect_user(m, &cert, "CN=bob");
    cert.uris = (struct cert_names){ &uri, 1 };
    expect_user(m, &cert, "spiffe://u");
    cert.dns = (struct cert_names){ dns, 2 };
    expect_user(m, &cert, "d.x.com");
    cert.emails = (struct cert_names){ &email, 1 };
    expect_user(m, &cert, "m@x.com");
}

static void a_name_is_compared_whole_and_literally(void **state)
{
    struct made *m = *state;
    users_are(m, (const char *[]){ "d.x.com", "*.y.com", NULL });
    struct slice names[] = { SLICE_LIT("d.x.com\0.evil"), SLICE_LIT("D.X.COM"), SLICE_LIT("x.com"),
                             SLICE_LIT("d.x.com."), SLICE_LIT("a.y.com"), SLICE_LIT("") };
    struct cert cert = { .dns = { names, ARRAY_COUNT(names) } };
    expect_user(m, &cert, "");
}

static void the_order_of_the_subject_counts_before_any_other(void **state)
{
    struct made *m = *state;
    users_are(m, (const char *[]){ "O=org,CN=bob", "CN=bob, O=org", NULL });
    struct cert cert = cert_of(m, "CN=bob,O=org");
    expect_user(m, &cert, "CN=bob, O=org");
    cert = cert_of(m, "O=org,CN=bob");
    expect_user(m, &cert, "O=org,CN=bob");
}

static void relative_names_may_stand_in_another_order_but_not_fall_apart(void **state)
{
    struct made *m = *state;
    users_are(m, (const char *[]){ "O=org,CN=bob", NULL });
    struct cert cert = cert_of(m, "CN=bob,O=org");
    expect_user(m, &cert, "O=org,CN=bob");
    static const char *others[] = { "CN=bob+O=org", "CN=bob",           "CN=bob,O=org,O=org",
                                    "CN=BOB,O=org", "CN=bob\\,O\\=org", "CN=bob,OU=org" };
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        cert = cert_of(m, others[i]);
        expect_user(m, &cert, "");
    }
}

static void a_user_of_another_kind_of_connection_is_passed_over(void **state)
{
    struct made *m = *state;
    test_user(m->options, "CN=bob,O=org", NULL)->connection_types = CONNECTION_WEBSOCKET;
    users_are(m, (const char *[]){ "O=org,CN=bob", NULL });
    struct cert cert = cert_of(m, "CN=bob,O=org");
    expect_user(m, &cert, "O=org,CN=bob");
    const struct auth_user *user = cert_user(directory_rules(m->directory, CONNECTION_STANDARD),
                                             &cert, CONNECTION_WEBSOCKET);
    assert_string_equal(user->name, "CN=bob,O=org");
}

static void a_certificate_without_a_name_is_nobody(void **state)
{
    struct made *m = *state;
    users_are(m, (const char *[]){ "CN=bob", "x", NULL });
    struct cert cert = { 0 };
    expect_user(m, &cert, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alternative_names_come_before_the_subject_in_their_order,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_is_compared_whole_and_literally, setup, teardown),
        cmocka_unit_test_setup_teardown(the_order_of_the_subject_counts_before_any_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            relative_names_may_stand_in_another_order_but_not_fall_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_user_of_another_kind_of_connection_is_passed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_certificate_without_a_name_is_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
