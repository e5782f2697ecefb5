/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/facts.h"

#include "monitor/monitor_testing.h"

static const struct {
    const char *argument;
    const char *shown;
} arguments[] = {
    { "midge", "midge" },
    { "--pass", "--pass" },
    { "canary", "[REDACTED]" },
    { "-auth=canary", "-auth=[REDACTED]" },
    { "--user=canary", "--user=[REDACTED]" },
    { "-user", "-user" },
    { "canary", "[REDACTED]" },
    { "-p", "-p" },
    { "4222", "4222" },
    { "-routes", "-routes" },
    { "nats://ru:canary@h:1,nats://canary@h:2,nats://h:3",
      "nats://[REDACTED]@h:1,nats://[REDACTED]@h:2,nats://h:3" },
    { "--cluster=nats://u:canary@[::1]:5/x@y", "--cluster=nats://[REDACTED]@y" },
    { "nats://u:cana/ry@h:1", "nats://[REDACTED]@h:1" },
    { "-c", "-c" },
    { "x@y.conf", "x@y.conf" },
    { "", "" },
};

static void arguments_are_shown_without_secrets(void **state)
{
    (void)state;
    const char *given[ARRAY_COUNT(arguments)];
    AUTO_FREE(arena) arena = arena_new();
    for (uint32_t i = 0; i < ARRAY_COUNT(arguments); i++) given[i] = arguments[i].argument;
    const char **shown = redact_arguments(given, ARRAY_COUNT(arguments), arena);
    for (uint32_t i = 0; i < ARRAY_COUNT(arguments); i++)
        assert_string_equal(shown[i], arguments[i].shown);
}

static void facts_outlive_what_they_were_copied_from(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    char version[] = "v9", unserved[] = "mqtt";
    const char *list[] = { unserved };
    struct monitor_options o = {
        .settings = &w->settings, .midge_version = version, .unserved = list, .unserved_count = 1
    };
    struct facts *f = facts_new(&o, 5 * SECOND);
    version[0] = unserved[0] = '!';
    assert_string_equal(f->midge_version, "v9");
    assert_string_equal(f->unserved[0], "mqtt");
    assert_true(f->config_loaded == 5 * SECOND);
    assert_string_equal(f->base_path, "");
    facts_unref(facts_ref(f));
    facts_unref(f);
    world_free(w);
}

static const struct {
    const char *given;
    const char *path;
} base_paths[] = {
    { "", "" },
    { "/", "" },
    { "mon", "/mon" },
    { "/mon/", "/mon" },
    { "mon//x/", "/mon/x" },
    { "/a/../b", "/b" },
    { "../..", "" },
    { "./a/./b", "/a/b" },
};

static void a_base_path_is_cleaned(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(base_paths); i++) {
        struct world *w = world_new(NULL);
        w->options->monitoring.http_base_path = base_paths[i].given;
        struct monitor_options o = world_facts(w);
        struct facts *f = facts_new(&o, SECOND);
        assert_string_equal(f->base_path, base_paths[i].path);
        facts_unref(f);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_shown_without_secrets),
        cmocka_unit_test(a_base_path_is_cleaned),
        cmocka_unit_test(facts_outlive_what_they_were_copied_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
