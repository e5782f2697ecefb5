/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"

static void a_copy_owns_its_texts_certificates_and_subscriptions(void **state)
{
    (void)state;
    char name[] = "app", subject[] = "a.b", sid[] = "12", hash[] = "beef";
    struct cert_report cert = { "CN=x", hash, NULL };
    struct sub_report subs[2] = {
        { "$G", 9, slice_str(subject), { 0 }, slice_str(sid), 12, 5, 7 },
        { "$G", 9, slice_str(subject), slice_str(name), slice_str(sid), 12, 0, 0 },
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

static struct sub_report sub(const char *account, uint64_t cid, const char *sid)
{
    return (struct sub_report){ .account = account,
                                .cid = cid,
                                .sid = slice_str(sid),
                                .sid_key = sub_report_key(slice_str(sid)),
                                .subject = SLICE_LIT("s") };
}

static void subscriptions_are_ordered_by_connection_and_by_the_number_of_the_sid(void **state)
{
    (void)state;
    const struct sub_report ordered[] = {
        sub("A", 0, ""),   sub("B", 0, ""),  sub("A", 1, "2"),
        sub("A", 1, "10"), sub("A", 1, "x"), sub("A", 2, "1"),
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(ordered); i++)
        for (uint32_t k = 0; k < ARRAY_COUNT(ordered); k++) {
            int order = sub_report_compare(&ordered[i], &ordered[k]);
            assert_true(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
}

static void an_index_reports_what_came_and_went(void **state)
{
    (void)state;
    struct interest *index = interest_new(1);
    struct interest_entry entries[3];
    struct garbage *garbage = NULL;
    for (uint32_t i = 0; i < 3; i++) {
        entries[i] = (struct interest_entry){ .text = (const uint8_t *)"a.b", .subject_len = 3 };
        interest_insert(index, &entries[i], &garbage);
    }
    interest_remove(index, &entries[1], &garbage);
    struct interest_report r = { 0 };
    interest_report(index, &r);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.inserts, 3);
    assert_int_equal(r.removes, 1);
    interest_remove(index, &entries[0], &garbage);
    interest_remove(index, &entries[2], &garbage);
    garbage_free(garbage);
    interest_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_owns_its_texts_certificates_and_subscriptions),
        cmocka_unit_test(subscriptions_are_ordered_by_connection_and_by_the_number_of_the_sid),
        cmocka_unit_test(an_index_reports_what_came_and_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
