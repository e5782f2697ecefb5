/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batch_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_reply_says_all_of_its_message(void **state)
{
    (void)state;
    struct batch_reply b;
    assert_true(batch_reply_is(SLICE_LIT("_INBOX.x.id7.100.ok.3.1.$FI")));
    assert_true(batch_reply_parse(SLICE_LIT("_INBOX.x.id7.100.ok.3.1.$FI"), &b));
    assert_true(slice_equal_str(b.id, "id7"));
    assert_int_equal(b.flow, 100);
    assert_true(b.gap_ok);
    assert_int_equal(b.number, 3);
    assert_int_equal(b.operation, BATCH_APPEND);
    assert_true(batch_reply_parse(SLICE_LIT("r.id.0.fail.1.0.$FI"), &b));
    assert_int_equal(b.flow, 10);
    assert_false(b.gap_ok);
    assert_true(batch_reply_parse(SLICE_LIT("r.id.99999.fail.9.4.$FI"), &b));
    assert_int_equal(b.flow, 65535);
    assert_int_equal(b.operation, BATCH_PING);
}

static void other_replies_are_none(void **state)
{
    (void)state;
    static const struct slice none[] = {
        SLICE_INIT(""),
        SLICE_INIT(".$FI"),
        SLICE_INIT("_INBOX.a.b"),
        SLICE_INIT("a.$F"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) assert_false(batch_reply_is(none[i]));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        SLICE_INIT("x.$FI"),
        SLICE_INIT("r.id.10.fail.1.5.$FI"),
        SLICE_INIT("r.id.10.fail.1.x.$FI"),
        SLICE_INIT("r.id.10.fail.0.1.$FI"),
        SLICE_INIT("r.id.10.fail.18446744073709551615.1.$FI"),
        SLICE_INIT("r.id.10.fail.2.0.$FI"),
        SLICE_INIT("r.id.10.fail.1.1.$FI"),
        SLICE_INIT("r.id.10.fail.1.3.$FI"),
        SLICE_INIT("r.id.10.maybe.1.0.$FI"),
        SLICE_INIT("id.10.fail.1.0.$FI"),
        SLICE_INIT("10.fail.1.0.$FI"),
        SLICE_INIT("fail.1.0.$FI"),
    };
    struct batch_reply b;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) assert_false(batch_reply_parse(bad[i], &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_says_all_of_its_message),
        cmocka_unit_test(other_replies_are_none),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
