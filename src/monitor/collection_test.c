/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/collection.h"

#include "base/buf.h"
#include "monitor/monitor_testing.h"

static bool is_done;

static void on_done(struct collection *c)
{
    (void)c;
    is_done = true;
}

static uint64_t by_cid(const struct conn_report *r, const void *order)
{
    (void)order;
    return r->cid;
}

static void collect(struct world *w, struct collection *c)
{
    c->core = w->core;
    c->key = by_cid;
    c->done = on_done;
    is_done = false;
    collection_init(c);
    collection_start(c);
}

static void add_subs(struct buf *lines, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) buf_printf(lines, "SUB s.%u %u\r\n", i, i);
}

static void connections_come_with_their_subscriptions_in_order(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS(",\"name\":\"one\"") "SUB b 10\r\nSUB a 9\r\nSUB c x\r\n");
    world_client(w, CONNECT_AS(",\"name\":\"two\""));
    struct collection c = { .what = COLLECT_CONNS, .max = 5, .with_subs = true };
    collect(w, &c);
    fake_run(w->fake);
    assert_true(is_done);
    top_sort(&c.top);
    assert_int_equal(c.total, 2);
    assert_int_equal(c.top.count, 2);
    struct conn_item *one = c.top.at[0];
    conn_item_sort_subs(one);
    assert_string_equal(one->report->name, "one");
    assert_int_equal(one->report->subs_listed, 3);
    assert_true(slice_equal_str(one->report->subs[0].subject, "a"));
    assert_true(slice_equal_str(one->report->subs[2].subject, "c"));
    assert_int_equal(((struct conn_item *)c.top.at[1])->report->subs_listed, 0);
    collection_deinit(&c);
    world_free(w);
}

static void a_connection_with_many_subscriptions_takes_many_ticks(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct buf lines = { 0 };
    buf_add_str(&lines, CONNECT_AS(""));
    add_subs(&lines, 1, 20000);
    world_client(w, buf_str(&lines));
    buf_deinit(&lines);
    struct collection c = { .what = COLLECT_CONNS, .max = 5, .with_subs = true };
    collect(w, &c);
    uint32_t ticks = 0;
    for (; !is_done && ticks < 1000; ticks++) reactor_tick(w->fake->reactor, 0);
    assert_true(is_done);
    assert_in_range(ticks, 10, 100);
    struct conn_item *item = c.top.at[0];
    conn_item_sort_subs(item);
    assert_int_equal(item->report->subs_listed, 20000);
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t sid = 0;
        assert_true(slice_to_u64(item->report->subs[i].sid, &sid));
        assert_int_equal(sid, i + 1);
    }
    collection_deinit(&c);
    world_free(w);
}

static void a_connection_that_closes_in_the_middle_leaves_the_others(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct buf lines = { 0 };
    buf_add_str(&lines, CONNECT_AS(""));
    add_subs(&lines, 1, 20000);
    int big = world_client(w, buf_str(&lines));
    buf_deinit(&lines);
    world_client(w, CONNECT_AS(",\"name\":\"two\"") "SUB x 1\r\n");
    struct collection c = { .what = COLLECT_CONNS, .max = 5, .with_subs = true };
    collect(w, &c);
    reactor_tick(w->fake->reactor, 0);
    reactor_tick(w->fake->reactor, 0);
    assert_false(is_done);
    world_hang_up(w, big);
    assert_true(is_done);
    top_sort(&c.top);
    assert_int_equal(c.top.count, 2);
    assert_string_equal(((struct conn_item *)c.top.at[1])->report->name, "two");
    assert_in_range(((struct conn_item *)c.top.at[0])->report->subs_listed, 1, 19999);
    collection_deinit(&c);
    world_free(w);
}

static void the_last_connection_may_close_too(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct buf lines = { 0 };
    buf_add_str(&lines, CONNECT_AS(""));
    add_subs(&lines, 1, 20000);
    int big = world_client(w, buf_str(&lines));
    buf_deinit(&lines);
    struct collection c = { .what = COLLECT_SUBS, .max = 5 };
    collect(w, &c);
    reactor_tick(w->fake->reactor, 0);
    assert_false(is_done);
    world_hang_up(w, big);
    assert_true(is_done);
    assert_int_equal(c.top.count, 5);
    collection_deinit(&c);
    world_free(w);
}

static void only_the_first_are_kept_and_all_are_counted(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (int i = 0; i < 9; i++)
        world_client(w, CONNECT_AS("") "SUB a.1 1\r\nSUB a.2 2\r\nPUB x 3\r\nabc\r\n");
    struct collection c = { .what = COLLECT_CONNS, .max = 4 };
    collect(w, &c);
    fake_run(w->fake);
    assert_int_equal(c.total, 9);
    assert_int_equal(c.top.count, 4);
    assert_int_equal(c.sums.in_msgs, 9);
    assert_int_equal(c.sums.in_bytes, 27);
    assert_int_equal(c.sums.subscriptions, 18);
    top_sort(&c.top);
    assert_int_equal(((struct conn_item *)c.top.at[0])->report->cid, 5);
    collection_deinit(&c);

    struct collection s = { .what = COLLECT_SUBS, .max = 3 };
    collect(w, &s);
    fake_run(w->fake);
    assert_int_equal(s.total, 18);
    assert_int_equal(s.top.count, 3);
    collection_deinit(&s);

    struct collection t = { .what = COLLECT_SUBS, .max = 3, .test = "a.2" };
    collect(w, &t);
    fake_run(w->fake);
    assert_int_equal(t.total, 9);
    collection_deinit(&t);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_come_with_their_subscriptions_in_order),
        cmocka_unit_test(a_connection_with_many_subscriptions_takes_many_ticks),
        cmocka_unit_test(a_connection_that_closes_in_the_middle_leaves_the_others),
        cmocka_unit_test(the_last_connection_may_close_too),
        cmocka_unit_test(only_the_first_are_kept_and_all_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
