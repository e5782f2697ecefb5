/* SPDX-License-Identifier: Apache-2.0 */
#include "base/qsbr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct qsbr *qsbr_of_the_test(void)
{
    struct qsbr *q = aligned_alloc(CACHE_LINE, sizeof *q);
    qsbr_init(q);
    return q;
}

static void nobody_waits_for_readers_that_sleep(void **state)
{
    (void)state;
    struct qsbr *q = qsbr_of_the_test();
    assert_true(qsbr_passed(q, qsbr_retire(q)));
    qsbr_quiescent(q, 3);
    uint64_t ticket = qsbr_retire(q);
    assert_false(qsbr_passed(q, ticket));
    qsbr_offline(q, 3);
    assert_true(qsbr_passed(q, ticket));
    free(q);
}

static void a_ticket_passes_when_the_last_reader_was_quiescent(void **state)
{
    (void)state;
    struct qsbr *q = qsbr_of_the_test();
    for (uint32_t i = 0; i < QSBR_READERS_MAX; i++) qsbr_quiescent(q, i);
    uint64_t ticket = qsbr_retire(q);
    for (uint32_t i = 0; i < QSBR_READERS_MAX; i++) {
        assert_false(qsbr_passed(q, ticket));
        qsbr_quiescent(q, i);
    }
    assert_true(qsbr_passed(q, ticket));
    free(q);
}

static void a_reader_that_comes_online_later_holds_nothing_up(void **state)
{
    (void)state;
    struct qsbr *q = qsbr_of_the_test();
    uint64_t ticket = qsbr_retire(q);
    qsbr_quiescent(q, 0);
    assert_true(qsbr_passed(q, ticket));
    free(q);
}

static void an_older_ticket_never_waits_longer_than_a_newer_one(void **state)
{
    (void)state;
    struct qsbr *q = qsbr_of_the_test();
    qsbr_quiescent(q, 0);
    uint64_t first = qsbr_retire(q);
    qsbr_quiescent(q, 0);
    uint64_t second = qsbr_retire(q);
    assert_true(second > first);
    assert_true(qsbr_passed(q, first));
    assert_false(qsbr_passed(q, second));
    free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_for_readers_that_sleep),
        cmocka_unit_test(a_ticket_passes_when_the_last_reader_was_quiescent),
        cmocka_unit_test(a_reader_that_comes_online_later_holds_nothing_up),
        cmocka_unit_test(an_older_ticket_never_waits_longer_than_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
