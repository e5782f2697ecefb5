/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/accountz.h"

#include "monitor/monitor_testing.h"

static void the_tables_fit_their_structs(void **state)
{
    (void)state;
    json_table_check(&accountz_table);
    json_table_check(&accstatz_table);
}

static void accounts_are_listed_and_one_is_shown_in_detail(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "SUB a 1\r\n");
    world_expect(
        w, "/accountz", "", 200,
        "{\n  \"server_id\": \"NID\",\n  \"now\": \"2023-11-14T22:13:20Z\",\n"
        "  \"system_account\": \"$SYS\",\n  \"accounts\": [\n    \"$G\",\n    \"$SYS\"\n  ]\n}");
    world_has(w, "/accountz", "acc=$G", "\"client_connections\": 1,\n    \"subscriptions\": 2,\n");
    world_has(w, "/accountz", "acc=$SYS", "\"is_system\": true");
    world_expect(w, "/accountz", "acc=nope", 400, "Account nope does not exist");
    world_free(w);
}

static void traffic_is_true_to_the_message(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_has(w, "/accstatz", "", "\"account_statz\": []");
    world_client(w, CONNECT_AS("") "SUB a 1\r\nSUB a 2\r\nPUB a 4\r\nabcd\r\nPUB b 1\r\nx\r\n");
    const char *body = world_get(w, "/accstatz", "");
    assert_non_null(strstr(body, "\"sent\": {\n        \"msgs\": 2,\n        \"bytes\": 8,\n"));
    assert_non_null(strstr(body, "\"received\": {\n        \"msgs\": 2,\n        \"bytes\": 5,\n"));
    assert_null(strstr(body, "$SYS"));
    world_has(w, "/accstatz", "unused=1", "\"acc\": \"$SYS\"");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_fit_their_structs),
        cmocka_unit_test(accounts_are_listed_and_one_is_shown_in_detail),
        cmocka_unit_test(traffic_is_true_to_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
