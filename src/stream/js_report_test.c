/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/js_report.h"

#include "store/msgs_rot_testing.h"
#include "stream/api_testing.h"

static uint32_t reports_done;

static void done(struct js_report *r)
{
    (void)r;
    reports_done++;
}

/* The report, collected into `arena`. */
static void collect(struct js_world *w, struct js_report *r, struct arena *arena)
{
    r->arena = arena;
    r->done = done;
    reports_done = 0;
    js_report_start(&w->js, r);
    js_world_run(w);
    assert_int_equal(reports_done, 1);
}

static struct js_world *two_streams(void)
{
    struct js_world *w = js_world_new(2, NULL);
    (void)js_call(w, "STREAM.CREATE.T",
                  "{\"name\":\"T\",\"storage\":\"memory\",\"max_bytes\":100}");
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}");
    (void)js_put(w, "S", NULL, "hello");
    assert_has(js_call(w, "CONSUMER.CREATE.S.c",
                       "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\"}}"),
               "\"c\"");
    return w;
}

static void sums_count_everything(void **state)
{
    (void)state;
    struct js_world *w = two_streams();
    AUTO_FREE(arena) arena = arena_new();
    struct js_report r = { .limit = 10 };
    collect(w, &r, arena);
    assert_int_equal(r.sums.accounts, 1);
    assert_int_equal(r.sums.streams, 2);
    assert_int_equal(r.sums.consumers, 1);
    assert_int_equal(r.sums.messages, 1);
    assert_int_equal(r.sums.bytes, msgs_size(false, 1, 0, 5));
    assert_int_equal(r.sums.memory, r.sums.bytes);
    assert_int_equal(r.sums.memory_reserved, 100);
    assert_int_equal(r.sums.api_total, 3);
    assert_int_equal(r.sums.ill_count, 0);
    assert_int_equal(r.accounts_count, 0);      /* details were not asked for */
    js_world_free(w);
}

static void details_come_by_name_and_only_when_asked_for(void **state)
{
    (void)state;
    struct js_world *w = two_streams();
    AUTO_FREE(arena) arena = arena_new();
    struct js_report r = { .limit = 10, .with_accounts = true, .with_streams = true };
    collect(w, &r, arena);
    assert_int_equal(r.accounts_count, 1);
    assert_string_equal(r.accounts[0].name, "$G");
    assert_int_equal(r.accounts[0].streams_count, 2);
    assert_string_equal(r.accounts[0].streams[0].info->config.name, "S");
    assert_int_equal(r.accounts[0].streams[0].info->config.subjects.count, 0);
    assert_int_equal(r.accounts[0].streams[0].info->state.messages, 1);
    assert_int_equal(r.accounts[0].streams[0].consumers.count, 0);
    assert_string_equal(r.accounts[0].streams[1].info->config.name, "T");

    struct js_report one = { .limit = 10,
                             .account = "$G",
                             .stream = "S",
                             .with_accounts = true,
                             .with_streams = true,
                             .with_configs = true,
                             .with_consumers = true };
    collect(w, &one, arena);
    assert_int_equal(one.accounts[0].streams_count, 1);
    assert_int_equal(one.accounts[0].streams_total, 2);
    const struct consumer_info *c = one.accounts[0].streams[0].consumers.items;
    assert_int_equal(one.accounts[0].streams[0].consumers.count, 1);
    assert_string_equal(c->name, "c");
    assert_int_equal(one.accounts[0].streams[0].info->config.subjects.count, 1);

    struct js_report none = { .limit = 10, .account = "nobody", .with_accounts = true };
    collect(w, &none, arena);
    assert_int_equal(none.accounts_count, 0);
    struct js_report behind = { .limit = 10, .offset = 1, .with_accounts = true };
    collect(w, &behind, arena);
    assert_int_equal(behind.accounts_count, 0);
    js_world_free(w);
}

static void many_streams_are_walked_in_several_ticks(void **state)
{
    (void)state;
    enum { MANY = 150 };
    struct js_world *w = js_world_new(1, NULL);
    AUTO_FREE(arena) arena = arena_new();
    for (uint32_t i = 0; i < MANY; i++) {
        char call[32], body[64];
        (void)snprintf(call, sizeof call, "STREAM.CREATE.S%u", i);
        (void)snprintf(body, sizeof body, "{\"name\":\"S%u\",\"storage\":\"memory\"}", i);
        assert_has(js_call(w, call, body), "did_create");
    }
    struct js_report r = { .limit = 10, .with_accounts = true, .with_streams = true };
    collect(w, &r, arena);
    assert_int_equal(r.accounts_count, 1);
    assert_int_equal(r.accounts[0].streams_count, MANY);
    for (uint32_t i = 1; i < MANY; i++)
        assert_true(strcmp(r.accounts[0].streams[i - 1].info->config.name,
                           r.accounts[0].streams[i].info->config.name) < 0);
    js_world_free(w);
}

static void a_stream_with_damage_is_named_with_its_sequences(void **state)
{
    (void)state;
    struct js_world *w = two_streams();
    AUTO_FREE(arena) arena = arena_new();
    struct js_report r = { .limit = 0 };
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    struct stream *s = js_account_stream(a, SLICE_LIT("S"));
    struct msgs_load load = { .done = NULL };
    (void)js_put(w, "S", NULL, "the second");
    rotten_make(s->msgs);
    assert_int_equal(msgs_load(s->msgs, DAMAGED, 0, &load), ERR_CORRUPT);
    collect(w, &r, arena);
    assert_int_equal(r.sums.ill_count, 1);
    assert_string_equal(r.sums.ill[0].account, "$G");
    assert_string_equal(r.sums.ill[0].stream, "S");
    assert_string_equal(r.sums.ill[0].damaged, "2");
    assert_int_equal(r.sums.ill[0].failure, ERR_OK);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_count_everything),
        cmocka_unit_test(details_come_by_name_and_only_when_asked_for),
        cmocka_unit_test(many_streams_are_walked_in_several_ticks),
        cmocka_unit_test(a_stream_with_damage_is_named_with_its_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
