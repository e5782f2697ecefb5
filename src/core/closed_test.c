/* SPDX-License-Identifier: Apache-2.0 */
#include "core/closed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"

static void add(struct closed_ring *ring, uint64_t cid)
{
    struct conn_report r = { .cid = cid, .name = "app", .reason = CLOSE_CLIENT_CLOSED };
    closed_ring_add_report(ring, conn_report_copy(&r));
}

/* The cids that a list shows, as "3 4 5 ". */
static const char *cids(struct closed_ring *ring, char text[256])
{
    struct closed_conn **list;
    uint32_t count = closed_ring_list(ring, &list);
    int at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        at += snprintf(text + at, 256 - (size_t)at, "%d ", (int)list[i]->report->cid);
        closed_conn_unref(list[i]);
    }
    xfree(list);
    return text;
}

static void the_oldest_goes_first(void **state)
{
    (void)state;
    char text[256];
    struct closed_ring *ring = closed_ring_new(3);
    assert_string_equal(cids(ring, text), "");
    add(ring, 1);
    add(ring, 2);
    assert_string_equal(cids(ring, text), "1 2 ");
    for (uint64_t cid = 3; cid <= 5; cid++) add(ring, cid);
    assert_string_equal(cids(ring, text), "3 4 5 ");
    assert_int_equal(closed_ring_total(ring), 5);
    assert_int_equal(closed_ring_count(ring), 3);
    assert_null(closed_ring_free(ring));
}

static void it_grows_up_to_its_maximum_and_keeps_the_order(void **state)
{
    (void)state;
    struct closed_ring *ring = closed_ring_new(1000);
    for (uint64_t cid = 1; cid <= 3500; cid++) {
        add(ring, cid);
        assert_int_equal(closed_ring_count(ring), cid < 1000 ? cid : 1000);
    }
    struct closed_conn **list;
    assert_int_equal(closed_ring_list(ring, &list), 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(list[i]->report->cid, 2501 + i);
        closed_conn_unref(list[i]);
    }
    xfree(list);
    closed_ring_free(ring);
}

static void a_ring_of_none_keeps_none(void **state)
{
    (void)state;
    char text[256];
    struct closed_ring *ring = closed_ring_new(0);
    add(ring, 1);
    assert_string_equal(cids(ring, text), "");
    assert_int_equal(closed_ring_total(ring), 1);
    closed_ring_free(ring);
}

static void a_listed_entry_outlives_the_ring(void **state)
{
    (void)state;
    struct closed_ring *ring = closed_ring_new(1);
    struct closed_conn **list;
    add(ring, 7);
    assert_int_equal(closed_ring_list(ring, &list), 1);
    add(ring, 8);
    closed_ring_free(ring);
    assert_int_equal(list[0]->report->cid, 7);
    assert_string_equal(list[0]->report->name, "app");
    closed_conn_unref(list[0]);
    xfree(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(it_grows_up_to_its_maximum_and_keeps_the_order),
        cmocka_unit_test(a_ring_of_none_keeps_none),
        cmocka_unit_test(a_listed_entry_outlives_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
