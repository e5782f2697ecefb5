/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_testing.h"

static struct account_options *accounts_of(struct options *o, uint32_t count)
{
    static const char *const names[] = { "A", "B", "C" };
    o->accounts = arena_alloc(o->arena, count * sizeof *o->accounts);
    o->accounts_count = count;
    for (uint32_t i = 0; i < count; i++) {
        o->accounts[i] = (struct account_options){
            .name = names[i],
            .connections_max = -1,
            .subscriptions_max = -1,
            .payload_max = -1,
            .leafs_max = -1,
            .jetstream = { .memory_max = -1,
                           .store_max = -1,
                           .streams_max = -1,
                           .consumers_max = -1,
                           .ack_pending_max = -1,
                           .memory_stream_max = -1,
                           .store_stream_max = -1 },
        };
    }
    return o->accounts;
}

static void the_global_account_has_jetstream_while_it_is_alone(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_true(js_account_find(&w->js, SLICE_LIT("$G"))->is_enabled);
    assert_false(js_account_find(&w->js, SLICE_LIT("$SYS"))->is_enabled);
    js_world_free(w);

    struct options *o = options_new();
    struct account_options *a = accounts_of(o, 2);
    a[1].jetstream.enabled = TRI_TRUE;
    a[1].jetstream.streams_max = 3;
    w = js_world_new(1, o);
    assert_false(js_account_find(&w->js, SLICE_LIT("$G"))->is_enabled);
    assert_false(js_account_find(&w->js, SLICE_LIT("A"))->is_enabled);
    assert_true(js_account_find(&w->js, SLICE_LIT("B"))->is_enabled);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("B"))->limits.streams_max, 3);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("B"))->limits.memory_max, -1);
    assert_has(js_call(w, "STREAM.NAMES", ""), "\"err_code\":10039,");
    js_world_free(w);
}

static void accounts_may_not_reserve_more_than_the_server_has(void **state)
{
    (void)state;
    struct options *o = options_new();
    struct account_options *a = accounts_of(o, 2);
    a[0].jetstream.enabled = a[1].jetstream.enabled = TRI_TRUE;
    a[0].jetstream.memory_max = a[1].jetstream.memory_max = 600;
    a[1].jetstream.store_max = 100;
    struct js_world *w = js_world_new(1, o);
    w->js.limits.memory_max = 1200;
    w->js.limits.store_max = 100;
    assert_int_equal(js_accounts_update(&w->js), JS_ERR_NONE);
    w->js.limits.memory_max = 1199;
    assert_int_equal(js_accounts_update(&w->js), JS_ERR_MEMORY_RESOURCES_EXCEEDED);
    w->js.limits.memory_max = 1200;
    w->js.limits.store_max = 99;
    assert_int_equal(js_accounts_update(&w->js), JS_ERR_STORAGE_RESOURCES_EXCEEDED);
    js_world_free(w);
}

static void one_that_is_too_much_leaves_room_to_the_next(void **state)
{
    (void)state;
    struct options *o = options_new();
    struct account_options *a = accounts_of(o, 3);
    a[0].name = "C";                    /* they are looked at as configured, and stand by name */
    a[2].name = "A";
    for (uint32_t i = 0; i < 3; i++) a[i].jetstream.enabled = TRI_TRUE;
    struct js_world *w = js_world_new(1, o);
    a[0].jetstream.memory_max = a[1].jetstream.memory_max = 600;
    a[2].jetstream.memory_max = 599;
    w->js.limits.memory_max = 1199;
    assert_int_equal(js_accounts_update(&w->js), JS_ERR_MEMORY_RESOURCES_EXCEEDED);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("C"))->limits.memory_max, 600);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("B"))->limits.memory_max, -1);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("A"))->limits.memory_max, 599);
    a[0].jetstream.memory_max = 0;      /* and takes what another gives back */
    assert_int_equal(js_accounts_update(&w->js), JS_ERR_NONE);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("B"))->limits.memory_max, 600);
    js_world_free(w);
}

static void an_account_that_nobody_named_is_kept_but_off(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *a = js_account_get(&w->js, SLICE_LIT("gone"));
    assert_ptr_equal(js_account_get(&w->js, SLICE_LIT("gone")), a);
    assert_false(a->is_enabled);
    (void)js_account_get(&w->js, SLICE_LIT("early"));
    (void)js_account_get(&w->js, SLICE_LIT("zone"));
    assert_int_equal(w->js.accounts_count, 5);
    const char *before = "";
    for (uint32_t i = 0; i < w->js.accounts_count; i++) {
        const char *name = w->js.accounts[i]->account->name;
        assert_true(strcmp(before, name) < 0);
        before = name;
    }
    js_world_free(w);
}

static void streams_are_found_by_name_and_counted(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    static const char *const names[] = { "M", "A", "Z", "B", "AA" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char call[32], body[96];
        (void)snprintf(call, sizeof call, "STREAM.CREATE.%s", names[i]);
        (void)snprintf(body, sizeof body,
                       "{\"name\":\"%s\",\"storage\":\"memory\","
                       "\"max_bytes\":%zu}",
                       names[i], i);
        assert_has(js_call(w, call, body), "did_create");
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_string_equal(js_account_stream(a, slice_str(names[i]))->config.name, names[i]);
    assert_null(js_account_stream(a, SLICE_LIT("AB")));
    assert_int_equal(js_account_reserved(a, false), 1 + 2 + 3 + 4);
    assert_int_equal(js_account_reserved(a, true), 0);
    (void)js_call(w, "STREAM.DELETE.Z", "");
    assert_null(js_account_stream(a, SLICE_LIT("Z")));
    assert_int_equal(a->streams_count, 4);
    js_world_free(w);
}

static void bytes_of_streams_count_for_account_and_server(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}");
    (void)js_put(w, "S", NULL, "hello");
    assert_int_equal(a->memory_used, msgs_size(false, 1, 0, 5));
    assert_int_equal(w->js.memory_used, a->memory_used);
    (void)js_call(w, "STREAM.PURGE.S", "");
    assert_int_equal(a->memory_used, 0);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_global_account_has_jetstream_while_it_is_alone),
        cmocka_unit_test(accounts_may_not_reserve_more_than_the_server_has),
        cmocka_unit_test(one_that_is_too_much_leaves_room_to_the_next),
        cmocka_unit_test(an_account_that_nobody_named_is_kept_but_off),
        cmocka_unit_test(streams_are_found_by_name_and_counted),
        cmocka_unit_test(bytes_of_streams_count_for_account_and_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
