/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/linkz.h"

#include "monitor/monitor_testing.h"

#define HEAD "{\n  \"server_id\": \"NID\",\n"
#define NOW  "  \"now\": \"2023-11-14T22:13:20Z\",\n"

static void a_single_server_has_no_links(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/routez", "subs=detail", 200,
                 HEAD "  \"server_name\": \"srv\",\n" NOW
                      "  \"num_routes\": 0,\n  \"routes\": []\n}");
    world_expect(w, "/gatewayz", "accs=1&subs=1", 200,
                 HEAD NOW "  \"outbound_gateways\": {},\n  \"inbound_gateways\": {}\n}");
    world_expect(w, "/leafz", "subs=1", 200, HEAD NOW "  \"leafnodes\": 0,\n  \"leafs\": []\n}");
    world_free(w);
}

static void permit(struct options *o)
{
    static struct subject_rule allow[] = { { "a", NULL }, { "b", NULL } }, deny = { "c", NULL },
                               only = { "x", NULL };
    static const struct permissions rules = {
        .publish = { .present = true,
                     .allow = allow,
                     .allow_count = 2,
                     .deny = &deny,
                     .deny_count = 1 },
        .subscribe = { .present = true, .allow = &only, .allow_count = 1 },
    };
    o->cluster.permissions = &rules;
}

static void what_routes_may_say_is_told(void **state)
{
    (void)state;
    struct world *w = world_new(permit);
    world_expect(w, "/routez", "", 200,
                 HEAD "  \"server_name\": \"srv\",\n" NOW
                      "  \"import\": {\n    \"allow\": [\n      \"a\",\n      \"b\"\n    ],\n"
                      "    \"deny\": [\n      \"c\"\n    ]\n  },\n"
                      "  \"export\": {\n    \"allow\": [\n      \"x\"\n    ]\n  },\n"
                      "  \"num_routes\": 0,\n  \"routes\": []\n}");
    world_free(w);
}

static void bad_parameters_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *query, *name;
    } bad[] = {
        { "/routez", "subs=zz", "subs" },
        { "/gatewayz", "subs=zz", "subs" },
        { "/gatewayz", "accs=zz", "accs" },
        { "/leafz", "subs=zz", "subs" },
    };
    struct world *w = world_new(NULL);
    AUTO_FREE(arena) arena = arena_new();
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++)
        world_expect(w, bad[i].path, bad[i].query, 400,
                     arena_printf(arena,
                                  "Error decoding boolean for '%s': strconv.ParseBool: "
                                  "parsing \"zz\": invalid syntax",
                                  bad[i].name));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_server_has_no_links),
        cmocka_unit_test(what_routes_may_say_is_told),
        cmocka_unit_test(bad_parameters_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
