/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/healthz.h"

#include "monitor/monitor_testing.h"

#define NO_ACCOUNT "\\\"account\\\" must not be empty when checking stream health"
#define NO_STREAM  "\\\"stream\\\" must not be empty when checking consumer health"

static const struct {
    const char *query;
    int         status;
    const char *body;
} probes[] = {
    { "", 200, "{\"status\":\"ok\"}" },
    { "js-enabled-only=1", 200, "{\"status\":\"ok\"}" },
    { "js-server-only=true&details=1", 200, "{\"status\":\"ok\"}" },
    { "account=$G&stream=s&consumer=c", 200, "{\"status\":\"ok\"}" },
    { "stream=s", 400, "{\"status\":\"error\",\"error\":\"" NO_ACCOUNT "\"}" },
    { "account=a&consumer=c", 400, "{\"status\":\"error\",\"error\":\"" NO_STREAM "\"}" },
    { "stream=s&details=1", 400,
      "{\"status\":\"error\",\"errors\":[{\"type\":\"BAD_REQUEST\",\"error\":\"" NO_ACCOUNT
      "\"}]}" },
    { "js-enabled=q", 400,
      "Error decoding boolean for 'js-enabled': strconv.ParseBool: parsing \"q\": invalid syntax" },
    { "details=q", 400,
      "Error decoding boolean for 'details': strconv.ParseBool: parsing \"q\": invalid syntax" },
};

static void a_server_without_jetstream_is_healthy(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (uint32_t i = 0; i < ARRAY_COUNT(probes); i++)
        world_expect(w, "/healthz", probes[i].query, probes[i].status, probes[i].body);
    world_free(w);
}

static void with_jetstream(struct options *o)
{
    o->jetstream.present = o->jetstream.enabled = true;
}

static void who_asks_for_configured_jetstream_hears_that_it_is_missing(void **state)
{
    (void)state;
    struct world *w = world_new(with_jetstream);
    world_expect(w, "/healthz", "", 503,
                 "{\"status\":\"unavailable\",\"error\":\"JetStream is not served\"}");
    world_expect(w, "/healthz", "js-enabled-only=1", 503,
                 "{\"status\":\"unavailable\",\"error\":\"JetStream is not served\"}");
    world_expect(
        w, "/healthz", "js-server-only=1&details=1", 503,
        "{\"status\":\"error\",\"errors\":[{\"type\":\"JETSTREAM\",\"error\":\"JetStream is "
        "not served\"}]}");
    world_free(w);
}

static void a_lame_duck_is_not_ready(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    atomic_store(&w->core->is_lame_duck, true);
    world_expect(w, "/healthz", "js-server-only=1", 500,
                 "{\"status\":\"error\",\"error\":\"failed to be ready for connections after 1ms: "
                 "server\"}");
    world_expect(w, "/healthz", "details=1", 500,
                 "{\"status\":\"error\",\"errors\":[{\"type\":\"CONNECTION\",\"error\":\"failed to "
                 "be ready for connections after 1ms: server\"}]}");
    world_expect(w, "/healthz", "stream=s", 400,
                 "{\"status\":\"error\",\"error\":\"" NO_ACCOUNT "\"}");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lame_duck_is_not_ready),
        cmocka_unit_test(a_server_without_jetstream_is_healthy),
        cmocka_unit_test(who_asks_for_configured_jetstream_hears_that_it_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
