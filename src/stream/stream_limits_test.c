/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stream/directory_testing.h"
#include "stream/stream_config_check.h"

struct world {
    struct test_directory    streams;
    struct js_directory      directory;
    struct js_server_limits  server;
    struct js_account_limits account;
    struct js_check          check;
};

static void world_init(struct world *w)
{
    *w = (struct world){
        .directory = { &w->streams, test_stream_at, test_stream_find, test_consumer_at, NULL, NULL,
                       NULL },
        .server = { .memory_max = -1, .store_max = 1000 },
        .account = { -1, 500, -1, 3, -1, -1, -1, false },
    };
    w->check = (struct js_check){ &w->server, &w->account, &w->directory, NULL, false, false };
}

static const char *const subjects_a[] = { "a.*" }, *const subjects_b[] = { "b", "a.x" };

static void bytes_are_reserved_by_streams_of_the_same_storage(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct stream_config c = { .name = "C", .storage = JS_STORAGE_FILE, .num_replicas = 1 };
    test_stream_put(&w.streams, &(struct stream_config){ .name = "A",
                                                         .storage = JS_STORAGE_FILE,
                                                         .max_bytes = 100,
                                                         .num_replicas = 3 });
    test_stream_put(&w.streams, &(struct stream_config){
                                    .name = "B", .max_bytes = 100, .storage = JS_STORAGE_MEMORY });
    test_stream_put(&w.streams, &(struct stream_config){
                                    .name = "C", .storage = JS_STORAGE_FILE, .max_bytes = 100 });
    assert_int_equal(stream_reserved_by_others(&c, &w.check), 300);
    w.check.is_tiered = true;           /* of this tier there is only C itself */
    assert_int_equal(stream_reserved_by_others(&c, &w.check), 0);
}

static void a_stream_needs_room_in_its_account_and_on_the_server(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct js_error e;
    struct stream_config c = { .name = "C", .storage = JS_STORAGE_FILE, .num_replicas = 1 };
    assert_true(stream_limits_check(&c, &w.check, 200, 300, &e));
    assert_false(stream_limits_check(&c, &w.check, 201, 300, &e));
    assert_int_equal(e.err_code, JS_ERR_STORAGE_RESOURCES_EXCEEDED);
    assert_false(stream_limits_check(&c, &w.check, -1, 500, &e));
    w.server.store_reserved = 900;
    assert_false(stream_limits_check(&c, &w.check, 101, 0, &e));
    c.storage = JS_STORAGE_MEMORY;
    assert_true(stream_limits_check(&c, &w.check, INT64_MAX, 0, &e));
    c.max_consumers = 4;
    assert_false(stream_limits_check(&c, &w.check, 0, 0, &e));
    assert_int_equal(e.err_code, JS_ERR_MAXIMUM_CONSUMERS_LIMIT);
}

static void sums_of_bytes_do_not_overflow(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(stream_account_bytes(&w.check, 3, INT64_MAX), INT64_MAX);
    assert_int_equal(stream_account_bytes(&w.check, 3, 5), 15);
    assert_int_equal(stream_account_bytes(&w.check, 3, -1), 0);
    for (int i = 0; i < 2; i++) {
        const char *names[] = { "A", "B" };
        test_stream_put(&w.streams, &(struct stream_config){ .name = names[i],
                                                             .storage = JS_STORAGE_FILE,
                                                             .max_bytes = INT64_MAX,
                                                             .num_replicas = 1 });
    }
    const struct stream_config c = { .name = "C", .storage = JS_STORAGE_FILE };
    assert_int_equal(stream_reserved_by_others(&c, &w.check), INT64_MAX);
}

static void subjects_belong_to_one_stream(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stream_config a = { .name = "A", .subjects = { (void *)subjects_a, 1 } };
    struct stream_config b = { .name = "B", .subjects = { (void *)subjects_b, 2 } };
    test_stream_put(&w.streams, &a);
    assert_false(stream_overlaps_others(&a, &w.check));
    assert_true(stream_overlaps_others(&b, &w.check));
    b.subjects.count = 1;
    assert_false(stream_overlaps_others(&b, &w.check));
    b.subjects.count = 0;
    assert_false(stream_overlaps_others(&b, &w.check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_reserved_by_streams_of_the_same_storage),
        cmocka_unit_test(a_stream_needs_room_in_its_account_and_on_the_server),
        cmocka_unit_test(sums_of_bytes_do_not_overflow),
        cmocka_unit_test(subjects_belong_to_one_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
