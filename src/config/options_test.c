/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void new_options_carry_the_defaults_of_nats_server(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    assert_int_equal(o->client.port, 4222);
    assert_int_equal(o->limits.max_payload, 1048576);
    assert_int_equal(o->limits.max_control_line, 4096);
    assert_int_equal(o->limits.max_pending, 67108864);
    assert_int_equal(o->limits.max_connections, 65536);
    assert_int_equal(o->ping_interval, 120000000000);
    assert_int_equal(o->write_deadline, 10000000000);
    assert_true(o->logging.logtime);
    assert_string_equal(o->monitoring.http_base_path, "/");
    assert_false(options_auth_required(o));
}

static void zero_connections_mean_none_and_other_zeros_the_default(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    o->limits.max_connections = 0;
    o->limits.max_payload = 0;
    o->client.port = 0;
    o->ping_interval = 5 * SECOND;
    options_finish(o);
    assert_int_equal(o->limits.max_connections, -1);
    assert_int_equal(o->limits.max_payload, 1048576);
    assert_int_equal(o->client.port, 4222);
    assert_int_equal(o->cluster.ping_interval, 5000000000);
    options_finish(o);
    assert_int_equal(o->limits.max_connections, -1);
}

static void an_empty_text_means_what_a_missing_key_means(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    o->authorization.user = o->authorization.pass = o->authorization.token = "";
    o->no_auth_user = o->system_account = o->logging.file = o->monitoring.host = "";
    options_finish(o);
    assert_false(options_auth_required(o));
    assert_null(o->authorization.pass);
    assert_null(o->no_auth_user);
    assert_null(o->system_account);
    assert_null(o->logging.file);
    assert_null(o->monitoring.host);
    o->authorization.user = "u";
    o->authorization.pass = "";
    options_finish(o);
    assert_string_equal(o->authorization.user, "u");
    assert_string_equal(o->authorization.pass, "");
}

static void a_user_of_any_account_makes_authentication_required(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    struct account_options accounts[] = { { .name = "A" }, { .name = "B" } };
    o->accounts = accounts;
    o->accounts_count = 2;
    assert_false(options_auth_required(o));
    accounts[1].users.count = 1;
    assert_true(options_auth_required(o));
    assert_ptr_equal(options_account(o, "B"), &accounts[1]);
    assert_null(options_account(o, "C"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_options_carry_the_defaults_of_nats_server),
        cmocka_unit_test(zero_connections_mean_none_and_other_zeros_the_default),
        cmocka_unit_test(an_empty_text_means_what_a_missing_key_means),
        cmocka_unit_test(a_user_of_any_account_makes_authentication_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
