/* SPDX-License-Identifier: Apache-2.0 */
/* Where a consumer begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/consumer_testing.h"

/* Sequences 1 a, 2 b, 3 a, 4 c, a second apart; then 1 and 4 go. */
static struct stage *with_messages(void)
{
    struct stage *g = stage_new();
    static const char *const subjects[] = { "s.a", "s.b", "s.a", "s.c" };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) {
        (void)stage_store(g, subjects[i], "x");
        stage_pass(g, SECOND);
    }
    return g;
}

struct row {
    enum js_deliver policy;
    const char     *filter;
    uint64_t        seq;
    nanos           before_now;         /* by_start_time; 0: none */
    uint64_t        want;               /* start: the sequence before the first wanted one */
};

static void expect_rows(struct stage *g, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct consumer_config config = { .deliver_policy = rows[i].policy,
                                          .filter_subject = rows[i].filter,
                                          .opt_start_seq = rows[i].seq };
        struct consumer_start start;
        struct msgs_wait wait = { .done = NULL };
        if (rows[i].before_now > 0)
            config.opt_start_time = g->world->fake->wall - rows[i].before_now;
        assert_int_equal(consumer_start_find(&g->stream, &config, &wait, &start), ERR_OK);
        assert_int_equal(start.start, rows[i].want);
        assert_int_equal(start.list_end, rows[i].policy == JS_DELIVER_LAST_PER_SUBJECT ? 4 : 0);
    }
}

static void each_policy_has_its_place(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { JS_DELIVER_ALL, NULL, 0, 0, 0 },
        { JS_DELIVER_LAST, NULL, 0, 0, 3 },
        { JS_DELIVER_LAST, "s.a", 0, 0, 2 },
        { JS_DELIVER_LAST, "s.nobody", 0, 0, 0 },
        { JS_DELIVER_NEW, NULL, 0, 0, 4 },
        { JS_DELIVER_BY_START_SEQUENCE, NULL, 3, 0, 2 },
        { JS_DELIVER_BY_START_SEQUENCE, NULL, 100, 0, 99 },
        { JS_DELIVER_BY_START_TIME, NULL, 0, 2 * SECOND, 2 },
        { JS_DELIVER_BY_START_TIME, NULL, 0, 100 * SECOND, 0 },
        { JS_DELIVER_BY_START_TIME, "s.b", 0, 100 * SECOND, 1 },
        { JS_DELIVER_BY_START_TIME, "s.c", 0, 100 * SECOND, 0 },    /* the last of all */
        { JS_DELIVER_BY_START_TIME, "s.a", 0, 3 * SECOND, 1 },      /* there is one before */
        { JS_DELIVER_LAST_PER_SUBJECT, "s.>", 0, 0, 1 },
    };
    struct stage *g = with_messages();
    expect_rows(g, rows, ARRAY_COUNT(rows));
    stage_free(g);
}

static void what_went_is_not_waited_for(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { JS_DELIVER_ALL, NULL, 0, 0, 1 },
        { JS_DELIVER_LAST, NULL, 0, 0, 3 },
        { JS_DELIVER_LAST, "s.c", 0, 0, 1 },
        { JS_DELIVER_BY_START_SEQUENCE, NULL, 1, 0, 1 },
    };
    struct stage *g = with_messages();
    stage_remove(g, 1);
    stage_remove(g, 4);
    expect_rows(g, rows, ARRAY_COUNT(rows));
    stage_free(g);
}

static void an_empty_stream_begins_at_one(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    for (enum js_deliver p = JS_DELIVER_ALL; p <= JS_DELIVER_NEW; p++) {
        const struct consumer_config config = { .deliver_policy = p };
        struct consumer_start start;
        struct msgs_wait wait = { .done = NULL };
        assert_int_equal(consumer_start_find(&g->stream, &config, &wait, &start), ERR_OK);
        assert_int_equal(start.start, 0);
    }
    stage_free(g);
}

static void a_start_beyond_all_numbers_is_far_away(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    const struct consumer_config config = { .deliver_policy = JS_DELIVER_BY_START_SEQUENCE,
                                            .opt_start_seq = UINT64_MAX };
    struct consumer_start start;
    struct msgs_wait wait = { .done = NULL };
    assert_int_equal(consumer_start_find(&g->stream, &config, &wait, &start), ERR_OK);
    assert_int_equal(start.start, INT64_MAX - 2);
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_policy_has_its_place),
        cmocka_unit_test(what_went_is_not_waited_for),
        cmocka_unit_test(an_empty_stream_begins_at_one),
        cmocka_unit_test(a_start_beyond_all_numbers_is_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
