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

static void a_copy_owns_its_texts_certificates_and_subscriptions(void **state)
{
    (void)state;
    char name[] = "app", subject[] = "a.b", sid[] = "12", hash[] = "beef";
    struct cert_report cert = { "CN=x", hash, NULL };
    struct sub_report subs[2] = {
        { "$G", 9, slice_str(subject), { 0 }, slice_str(sid), 5, 7 },
        { "$G", 9, slice_str(subject), slice_str(name), slice_str(sid), 0, 0 },
    };
    struct conn_report from = { .cid = 9,
                                .name = name,
                                .certs = &cert,
                                .certs_count = 1,
                                .subs = subs,
                                .subs_listed = 2,
                                .subs_count = 2 };
    struct conn_report *copy = conn_report_copy(&from);
    name[0] = subject[0] = sid[0] = hash[0] = '!';
    subs[0].msgs = 0;
    assert_string_equal(copy->name, "app");
    assert_null(copy->lang);
    assert_string_equal(copy->certs[0].subject, "CN=x");
    assert_string_equal(copy->certs[0].spki_sha256, "beef");
    assert_null(copy->certs[0].cert_sha256);
    assert_true(slice_equal_str(copy->subs[0].subject, "a.b"));
    assert_int_equal(copy->subs[0].queue.len, 0);
    assert_int_equal(copy->subs[0].msgs, 5);
    assert_true(slice_equal_str(copy->subs[1].queue, "app"));
    assert_true(slice_equal_str(copy->subs[1].sid, "12"));
    xfree(copy);
}

static struct sub_report with_sid(uint64_t cid, const char *sid)
{
    return (struct sub_report){ .cid = cid, .sid = slice_str(sid) };
}

static void subscriptions_are_ordered_by_connection_and_by_the_number_of_the_sid(void **state)
{
    (void)state;
    struct sub_report two = with_sid(1, "2"), ten = with_sid(1, "10"), word = with_sid(1, "x");
    struct sub_report other = with_sid(2, "1");
    assert_true(sub_report_compare(&two, &ten) < 0);
    assert_true(sub_report_compare(&ten, &two) > 0);
    assert_true(sub_report_compare(&ten, &word) < 0);
    assert_true(sub_report_compare(&word, &other) < 0);
    assert_int_equal(sub_report_compare(&ten, &ten), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(it_grows_up_to_its_maximum_and_keeps_the_order),
        cmocka_unit_test(a_ring_of_none_keeps_none),
        cmocka_unit_test(a_listed_entry_outlives_the_ring),
        cmocka_unit_test(a_copy_owns_its_texts_certificates_and_subscriptions),
        cmocka_unit_test(subscriptions_are_ordered_by_connection_and_by_the_number_of_the_sid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
