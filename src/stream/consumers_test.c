/* SPDX-License-Identifier: Apache-2.0 */
/* Many consumers of one stream: a message finds those that want it, and the others cost nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/consumer_testing.h"

enum { MANY = 20000 };

static void add_many(struct stage *g, uint32_t count)
{
    struct consumer_config config = stage_pull_config();
    const struct consumer_start start = { 0, 0 };
    char name[32], filter[32];
    struct js_error why;
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "C%u", i);
        (void)snprintf(filter, sizeof filter, "s.%u", i);
        config.durable_name = config.name = name;
        config.filter_subject = filter;
        struct consumer *c = consumer_create(g->stream.consumers, &config, slice_str(name), &start,
                                             &why);
        assert_non_null(c);
    }
    stage_run(g);
}

static uint32_t list_length(const struct list *l)
{
    uint32_t count = 0;
    LIST_EACH(l, node) count++;
    return count;
}

static void a_message_meets_only_those_that_want_it(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumers *set = g->stream.consumers;
    add_many(g, MANY);
    assert_int_equal(consumers_count(set), MANY);
    (void)world_say(g->world, g->client, "SUB in 1\r\n");
    struct consumer *c = consumers_find(set, SLICE_LIT("C77"));
    struct consumer *other = consumers_find(set, SLICE_LIT("C78"));
    assert_int_equal(consumer_pending(c) + consumer_pending(other), 0);
    (void)stage_pull(g, c, "in", "1");
    assert_true(list_empty(&set->ready));
    (void)stage_store(g, "s.77", "x");
    assert_int_equal(list_length(&set->ready), 1);
    assert_int_equal(consumer_pending(c), 1);
    assert_int_equal(consumer_pending(other), 0);
    stage_run(g);
    assert_int_equal(consumer_pending(c), 0);
    stage_free(g);
}

static void the_idle_have_no_timer_and_no_queue(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    uint64_t timers = g->js.home->reactor->wheel.count;
    add_many(g, 1000);
    assert_int_equal(g->js.home->reactor->wheel.count, timers);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct consumer *c = consumers_at(g->stream.consumers, i);
        assert_null(c->pull);
        assert_null(c->push);
        assert_null(c->list);
        assert_int_equal(acks_bytes(&c->acks) + redelivery_bytes(&c->redelivery), 0);
    }
    stage_free(g);
}

static void all_of_many_can_be_paused_and_deleted(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumers *set = g->stream.consumers;
    struct js_error why;
    struct consumer *c;
    uint64_t timers = g->js.home->reactor->wheel.count;
    add_many(g, MANY);
    for (uint32_t i = 0; (c = consumers_at(set, i)) != NULL; i++) {
        struct consumer_config config = *consumer_newest(c);
        config.pause_until = g->world->fake->wall + HOUR;
        assert_true(consumer_update(c, &config, &why));
    }
    stage_run(g);
    for (uint32_t i = 0; (c = consumers_at(set, i)) != NULL; i++) {
        assert_true(consumer_is_paused(c));
        assert_null(c->wanted);
    }
    while ((c = consumers_at(set, 0)) != NULL) assert_true(consumer_delete(c, &why));
    stage_run(g);
    assert_true(list_empty(&set->all));
    assert_int_equal(g->js.home->reactor->wheel.count, timers);
    stage_free(g);
}

static void a_name_may_be_used_again_at_once(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = stage_pull_config();
    const struct consumer_start start = { 0, 0 };
    struct js_error why;
    struct consumer *c = stage_consumer(g, "C", &config);
    uint64_t id = c->id;
    assert_true(consumer_delete(c, &why));
    c = consumer_create(g->stream.consumers, &config, SLICE_LIT("C"), &start, &why);
    assert_non_null(c);
    assert_true(c->id > id);
    assert_ptr_equal(consumers_find(g->stream.consumers, SLICE_LIT("C")), c);
    stage_run(g);
    assert_true(c->is_begun);
    assert_null(consumers_by_id(g->stream.consumers, id));
    stage_free(g);
}

static void a_direct_one_is_neither_counted_nor_logged(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = {
        .name = "D", .deliver_subject = "d", .direct = true, .max_deliver = -1
    };
    const struct consumer_start start = { 0, 0 };
    struct js_error why;
    stage_file(g);
    struct consumer *c = consumer_create(g->stream.consumers, &config, SLICE_LIT("D"), &start,
                                         &why);
    assert_true(c->is_begun);
    assert_int_equal(g->log.waiting.len, 0);
    assert_int_equal(consumers_count(g->stream.consumers), 0);
    (void)world_say(g->world, g->client, "SUB d 1\r\n");
    (void)stage_store(g, "s.a", "x");
    stage_run(g);
    assert_int_equal(c->acks.delivered.stream_seq, 1);
    assert_true(consumer_delete(c, &why));
    assert_int_equal(g->log.waiting.len, 0);
    assert_true(list_empty(&g->stream.consumers->all));
    stage_free(g);
}

static void a_server_that_stops_tells_who_waits(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)world_say(g->world, g->client, "SUB in 1\r\n");
    (void)stage_pull(g, c, "in", "5");
    consumers_shutdown(g->stream.consumers);
    stage_run(g);
    const char *got = world_take(g->world, g->client);
    assert_non_null(strstr(got, "NATS/1.0 409 Server Shutdown\r\nNats-Pending-Messages: 5\r\n"));
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_meets_only_those_that_want_it),
        cmocka_unit_test(the_idle_have_no_timer_and_no_queue),
        cmocka_unit_test(all_of_many_can_be_paused_and_deleted),
        cmocka_unit_test(a_name_may_be_used_again_at_once),
        cmocka_unit_test(a_direct_one_is_neither_counted_nor_logged),
        cmocka_unit_test(a_server_that_stops_tells_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
