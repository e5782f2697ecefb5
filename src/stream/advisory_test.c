/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/advisory.h"

#include "stream/api_testing.h"

/* The next message on a subscription of a second client, whose reply is none. */
static const char *heard(struct js_world *w, uint32_t client)
{
    const char *out = world_take(w->world, client);
    return js_next(w, &out);
}

static uint32_t listener(struct js_world *w, const char *subject)
{
    char line[64];
    uint32_t client = world_client(w->world, 0);
    (void)snprintf(line, sizeof line, "SUB %s 1\r\n", subject);
    (void)world_say(w->world, client, line);
    return client;
}

static void a_call_is_told_with_who_made_it(void **state)
{
    (void)state;
    struct options *o = options_new();
    o->jetstream.domain = "D1";
    struct js_world *w = js_world_new(2, o);
    uint32_t client = listener(w, "$JS.EVENT.ADVISORY.API");
    (void)js_call(w, "STREAM.INFO.X", "{}");
    js_world_run(w);
    const char *text = heard(w, client);
    assert_starts(text, "{\"type\":\"io.nats.jetstream.advisory.v1.api_audit\",\"id\":\"");
    assert_has(text, "\"timestamp\":\"2023-11-14T22:13:20Z\",\"server\":\"test\",\"client\":{"
                     "\"start\":\"");
    assert_has(text, "\"host\":\"127.0.0.1\",\"id\":5,\"acc\":\"$G\",");
    assert_has(text, "\"server\":\"test\",\"kind\":\"Client\",\"client_type\":\"nats\"},"
                     "\"subject\":\"$JS.API.STREAM.INFO.X\",\"request\":\"{}\","
                     "\"response\":\"{\\\"type\\\":\\\"io.nats.jetstream.api.v1."
                     "stream_info_response\\\",\\\"error\\\":{\\\"code\\\":404,");
    assert_has(text, "\"domain\":\"D1\"}");
    assert_string_equal(heard(w, client), "");
    js_world_free(w);
}

static void a_caller_who_is_gone_is_not_told_of(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(2, NULL);
    uint32_t client = listener(w, "$JS.EVENT.>");
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    const struct advisory_facts facts = {
        .subject = SLICE_LIT("$JS.API.INFO"),
        .response = SLICE_LIT("{}"),
        .origin = (uint64_t)99 * REACTORS_MAX,
    };
    advise(a, ADVISORY_API_AUDIT, &facts);
    assert_int_equal(atomic_load(&w->js.away), 1);
    js_world_run(w);
    assert_int_equal(atomic_load(&w->js.away), 0);
    assert_has(heard(w, client),
               "\"client\":null,\"subject\":\"$JS.API.INFO\",\"response\":\"{}\"}");
    js_world_free(w);
}

static void a_stream_that_calls_is_told_as_what_it_is(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(2, NULL);
    uint32_t client = listener(w, "$JS.EVENT.>");
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    const struct advisory_facts facts = { .subject = SLICE_LIT("$JS.API.CONSUMER.CREATE.S"),
                                          .response = SLICE_LIT("{}") };
    advise(a, ADVISORY_API_AUDIT, &facts);
    js_world_run(w);
    const char *text = heard(w, client);
    assert_has(text, "\"acc\":\"$G\",\"server\":");
    assert_has(text, "\"kind\":\"JetStream\"},\"subject\":");
    js_world_free(w);
}

static void names_stand_behind_the_subject(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    uint32_t client = listener(w, "$JS.EVENT.ADVISORY.CONSUMER.CREATED.S.C");
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    const struct advisory_facts facts = { .stream = SLICE_LIT("S"),
                                          .consumer = SLICE_LIT("C"),
                                          .action = "create" };
    advise(a, ADVISORY_CONSUMER_CREATED, &facts);
    advise(a, ADVISORY_CONSUMER_DELETED, &facts);
    js_world_run(w);
    assert_has(heard(w, client), "\"stream\":\"S\",\"consumer\":\"C\",\"action\":\"create\"}");
    assert_string_equal(heard(w, client), "");
    js_world_free(w);
}

static void the_system_account_hears_its_own_with_the_name_of_the_account(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    struct js_account *system = js_account_system(&w->js);
    const struct advisory_facts facts = { .stream = SLICE_LIT("S"),
                                          .batch = SLICE_LIT("b"),
                                          .reason = SLICE_LIT("timeout") };
    uint32_t client = listener(w, "$JS.EVENT.>");
    struct session *s = world_session(w->world, listener(w, "unused"));
    assert_true(s->is_counted);
    struct sub *sub = sub_new(&jetstream_reactor(&w->js)->door,
                              &world_session(w->world, client)->sink, SLICE_LIT("$JS.EVENT.>"),
                              SLICE_LIT(""), SLICE_LIT("7"));
    assert_non_null(sub);
    sub_enter(jetstream_reactor(&w->js), system->account, sub);
    advise(a, ADVISORY_BATCH_ABANDONED, &facts);
    js_world_run(w);
    const char *out = world_take(w->world, client);
    assert_has(out, "stream_batch_abandoned");
    assert_has(js_next(w, &out), ",\"stream\":\"S\",\"batch\":\"b\",\"reason\":\"timeout\"}");
    assert_has(js_next(w, &out), ",\"account\":\"$G\",\"stream\":\"S\",\"batch\":\"b\",");
    sub_leave(jetstream_reactor(&w->js), system->account, sub);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_told_with_who_made_it),
        cmocka_unit_test(a_caller_who_is_gone_is_not_told_of),
        cmocka_unit_test(a_stream_that_calls_is_told_as_what_it_is),
        cmocka_unit_test(names_stand_behind_the_subject),
        cmocka_unit_test(the_system_account_hears_its_own_with_the_name_of_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
