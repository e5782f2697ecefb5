/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/subsz.h"

#include "monitor/monitor_testing.h"

static void the_tables_fit_their_structs(void **state)
{
    (void)state;
    json_table_check(&subsz_table);
    json_table_check(&sublist_stats_table);
}

static void numbers_are_those_of_the_index(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "SUB foo 1\r\nSUB bar 2\r\nUNSUB 1\r\nPUB bar 1\r\nx\r\n");
    const char *body = world_get(w, "/subsz", "acc=$G");
    assert_non_null(strstr(body, "\"num_subscriptions\": 2,\n"));       /* one is the server's */
    assert_non_null(strstr(body, "\"num_inserts\": 3,\n"));
    assert_non_null(strstr(body, "\"num_removes\": 1,\n"));
    assert_non_null(strstr(body, "\"num_matches\": 1,\n"));
    assert_non_null(strstr(body, "\"total\": 0,\n"));
    world_lacks(w, "/subsz", "", "subscriptions_list");
    world_has(w, "/subsz", "acc=nope", "\"num_subscriptions\": 0");
    world_free(w);
}

static void the_list_is_filtered_and_paged(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "SUB foo.* 1\r\nSUB foo.a 2\r\nSUB bar 3\r\n");
    world_has(w, "/subsz", "subs=1&acc=$G", "\"total\": 4");
    world_has(w, "/subscriptionsz", "subs=1&test=foo.a", "\"total\": 2");
    world_lacks(w, "/subsz", "subs=1&test=foo.a", "\"subject\": \"bar\"");
    world_has(w, "/subsz", "subs=1&acc=$G&offset=1&limit=1", "\"subject\": \"foo.*\"");
    world_lacks(w, "/subsz", "subs=1&acc=$G&offset=1&limit=1", "\"subject\": \"foo.a\"");
    world_lacks(w, "/subsz", "subs=1&acc=$G&offset=9", "subscriptions_list");
    world_has(w, "/subsz", "subs=1&offset=9223372036854775807&limit=9223372036854775807",
              "\"offset\": 9223372036854775807");
    world_free(w);
}

static void a_test_subject_must_be_one_that_can_be_published(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/subsz", "test=a..b", 400,
                 "invalid test subject, must be valid publish subject: a..b");
    world_expect(w, "/subsz", "test=a.%3e", 400,
                 "invalid test subject, must be valid publish subject: a.>");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_fit_their_structs),
        cmocka_unit_test(numbers_are_those_of_the_index),
        cmocka_unit_test(the_list_is_filtered_and_paged),
        cmocka_unit_test(a_test_subject_must_be_one_that_can_be_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
