/* SPDX-License-Identifier: Apache-2.0 */
/* Which message is next, and how many there are: lists of last_per_subject, removals, purges,
 * resets, other filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/msgs_rot_testing.h"
#include "stream/cold_testing.h"
#include "stream/consumer_testing.h"

static struct stage *with_inbox(void)
{
    struct stage *g = stage_new();
    (void)world_say(g->world, g->client, "SUB in 1\r\n");
    return g;
}

/* Of each message that came its sequence, or how many were pending behind it: "9 8 7 ". */
static const char *numbers(const char *got, bool is_pending)
{
    static char text[256];
    text[0] = '\0';
    for (const char *at = got; (at = strstr(at, "$JS.ACK.")) != NULL; at++) {
        struct ack_subject ack;
        bool is_ack = ack_subject_parse(slice_of(at, strcspn(at, " ")), &ack);
        assert_true(is_ack);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%llu ",
                       (unsigned long long)(is_pending ? ack.info.pending : ack.info.stream_seq));
    }
    return text;
}

/* The sequences that a pull of `batch` gives, "1 2 5 ". */
static const char *pulled(struct stage *g, struct consumer *c, const char *batch)
{
    return numbers(stage_pull(g, c, "in", batch), false);
}

static struct consumer *last_per_subject(struct stage *g)
{
    struct consumer_config config = stage_pull_config();
    config.deliver_policy = JS_DELIVER_LAST_PER_SUBJECT;
    config.filter_subject = "s.>";
    return stage_consumer(g, "C", &config);
}

static void the_newest_of_each_subject_come_first(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    static const char *const subjects[] = { "s.a", "s.b", "s.a", "s.c", "s.b" };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) (void)stage_store(g, subjects[i], "x");
    struct consumer *c = last_per_subject(g);
    assert_int_equal(consumer_pending(c), 3);
    (void)stage_store(g, "s.a", "x");
    (void)stage_store(g, "s.d", "x");
    assert_int_equal(consumer_pending(c), 5);
    assert_string_equal(pulled(g, c, "2"), "3 4 ");
    assert_int_equal(consumer_pending(c), 3);
    assert_string_equal(pulled(g, c, "9"), "5 6 7 ");
    assert_int_equal(consumer_pending(c), 0);
    assert_null(c->list);
    stage_free(g);
}

static void what_goes_from_the_list_is_not_counted(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    static const char *const subjects[] = { "s.a", "s.b", "s.b", "s.c" };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) (void)stage_store(g, subjects[i], "x");
    struct consumer *c = last_per_subject(g);
    assert_int_equal(consumer_pending(c), 3);
    stage_remove(g, 2);
    assert_int_equal(consumer_pending(c), 3);
    stage_remove(g, 3);
    assert_int_equal(consumer_pending(c), 2);
    assert_string_equal(pulled(g, c, "9"), "1 4 ");
    assert_int_equal(consumer_pending(c), 0);
    stage_free(g);
}

static void a_message_that_went_while_it_waited_is_passed_over(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 4; i++) (void)stage_store(g, "s.a", "x");
    assert_string_equal(pulled(g, c, "2"), "1 2 ");
    stage_remove(g, 1);
    assert_string_equal(stage_advised(g), "");
    stage_run(g);
    assert_string_equal(stage_advised(g),
                        "MSG_TERMINATED 1 1 1 Unacknowledged message was deleted\n");
    stage_remove(g, 3);
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_int_equal(c->acks.floor.stream_seq, 1);
    assert_string_equal(pulled(g, c, "2"), "4 ");
    stage_free(g);
}

static void a_purge_moves_everything(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 6; i++) (void)stage_store(g, "s.a", "x");
    assert_string_equal(pulled(g, c, "3"), "1 2 3 ");
    (void)msgs_compact(g->stream.msgs, 3);
    consumers_purged(g->stream.consumers, SLICE_LIT(""));
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_int_equal(consumer_pending(c), 3);
    (void)msgs_compact(g->stream.msgs, 6);
    consumers_purged(g->stream.consumers, SLICE_LIT(""));
    assert_int_equal(acks_num_pending(&c->acks), 0);
    assert_int_equal(consumer_pending(c), 1);
    assert_int_equal(c->acks.floor.stream_seq, 5);
    assert_string_equal(pulled(g, c, "3"), "6 ");
    stage_free(g);
}

static void a_purge_of_some_takes_their_acks_along(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    config.durable_name = config.name = "F";
    config.filter_subject = "s.b";
    struct consumer *f = stage_consumer(g, "F", &config);
    (void)stage_store(g, "s.a", "x");
    (void)stage_store(g, "s.b", "x");
    (void)stage_store(g, "s.a", "x");
    assert_string_equal(pulled(g, c, "2"), "1 2 ");
    const struct slice pattern = SLICE_LIT("s.b");
    const struct msgs_filter filter = { &pattern, 1 };
    (void)msgs_purge(g->stream.msgs, &filter, 0, 0);
    consumers_purged(g->stream.consumers, pattern);
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_non_null(acks_find(&c->acks, 1));
    assert_int_equal(consumer_pending(c), 1);
    assert_int_equal(f->acks.floor.stream_seq, 3);
    assert_int_equal(f->acks.delivered.stream_seq, 3);
    stage_free(g);
}

static void another_filter_counts_anew_from_where_it_is(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    static const char *const subjects[] = { "s.a", "s.b", "s.a", "s.b", "s.b" };
    config.filter_subject = "s.a";
    struct consumer *c = stage_consumer(g, "C", &config);
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) (void)stage_store(g, subjects[i], "x");
    assert_string_equal(pulled(g, c, "1"), "1 ");
    config.filter_subject = "s.b";
    assert_true(consumer_update(c, &config, &why));
    assert_true(consumer_config_equal(consumer_newest(c), &config));
    stage_run(g);
    assert_int_equal(consumer_pending(c), 3);
    assert_string_equal(pulled(g, c, "9"), "2 4 5 ");
    (void)stage_store(g, "s.a", "x");
    assert_int_equal(consumer_pending(c), 0);
    stage_free(g);
}

static void a_reset_begins_anew(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 4; i++) (void)stage_store(g, "s.a", "x");
    assert_string_equal(pulled(g, c, "3"), "1 2 3 ");
    consumer_reset(c, 2);
    stage_run(g);
    assert_int_equal(consumer_pending(c), 3);
    assert_int_equal(acks_num_pending(&c->acks), 0);
    assert_string_equal(pulled(g, c, "9"), "2 3 4 ");
    assert_int_equal(c->acks.delivered.consumer_seq, 3);
    stage_free(g);
}

static void a_start_in_the_future_waits_for_it(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.deliver_policy = JS_DELIVER_BY_START_SEQUENCE;
    config.opt_start_seq = 3;
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 2; i++) (void)stage_store(g, "s.a", "x");
    assert_int_equal(consumer_pending(c), 0);
    assert_string_equal(pulled(g, c, "9"), "");
    (void)stage_store(g, "s.a", "x");
    assert_int_equal(consumer_pending(c), 1);
    stage_run(g);
    assert_int_equal(c->delivered.stream_seq, 3);
    stage_free(g);
}

static void what_a_narrower_filter_leaves_is_looked_at(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    g->stream.config.retention = JS_RETENTION_INTEREST;
    config.filter_subject = "s.>";
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 4; i++) (void)stage_store(g, i % 2 == 0 ? "s.a" : "s.b", "x");
    assert_string_equal(pulled(g, c, "1"), "1 ");
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "");
    g->unneeded.len = 0;
    config.description = "as it was";
    assert_true(consumer_update(c, &config, &why));
    stage_run(g);
    assert_int_equal(g->unneeded.len, 0);
    config.filter_subject = "s.a";
    assert_true(consumer_update(c, &config, &why));
    stage_run(g);
    assert_string_equal(buf_str(&g->unneeded), "2-4\n");
    assert_false(consumers_need(g->stream.consumers, 2, SLICE_LIT("s.b")));
    assert_true(consumers_need(g->stream.consumers, 3, SLICE_LIT("s.a")));
    stage_free(g);
}

static void retention_asks_who_still_needs_a_message(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    struct consumers *set = g->stream.consumers;
    g->stream.config.retention = JS_RETENTION_INTEREST;
    config.filter_subject = "s.a";
    assert_false(consumers_want(set, SLICE_LIT("s.a")));
    struct consumer *c = stage_consumer(g, "C", &config);
    config.durable_name = config.name = "D";
    struct consumer *d = stage_consumer(g, "D", &config);
    assert_true(consumers_want(set, SLICE_LIT("s.a")));
    assert_false(consumers_want(set, SLICE_LIT("s.b")));
    (void)stage_store(g, "s.a", "x");
    assert_true(consumers_need(set, 1, SLICE_LIT("s.a")));
    (void)stage_pull(g, c, "in", "");
    (void)stage_pull(g, d, "in", "");
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "");
    assert_true(consumers_need(set, 1, SLICE_LIT("s.a")));
    assert_int_equal(g->unneeded.len, 4);
    assert_memory_equal(g->unneeded.ptr, "1-1\n", 4);
    (void)stage_ack(g, "$JS.ACK.S.D.1.1.1.0.0", "", "");
    assert_false(consumers_need(set, 1, SLICE_LIT("s.a")));
    (void)stage_store(g, "s.a", "x");
    g->unneeded.len = 0;
    assert_true(consumer_delete(c, &why));
    stage_run(g);
    assert_memory_equal(g->unneeded.ptr, "2-2\n", 4);
    stage_free(g);
}

/* ---- damage ---- */

static void what_is_damaged_is_not_pending(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config all = stage_pull_config(), some = stage_pull_config();
    some.filter_subject = "s.a";
    rotten_make(g->stream.msgs);
    for (int i = 0; i < 5; i++) (void)stage_store(g, "s.a", "x");
    struct consumer *reads = stage_consumer(g, "R", &all), *waits = stage_consumer(g, "W", &some);
    assert_int_equal(consumer_pending(waits), 5);
    assert_string_equal(pulled(g, reads, "2"), "1 3 ");
    assert_int_equal(consumer_pending(reads), 2);
    assert_int_equal(consumer_pending(waits), 4);
    assert_int_equal(consumer_pending(stage_consumer(g, "N", &some)), 4);
    assert_string_equal(pulled(g, waits, "2"), "1 3 ");
    assert_int_equal(consumer_pending(waits), 2);
    consumers_purged(g->stream.consumers, SLICE_LIT(""));
    assert_string_equal(pulled(g, waits, "9"), "4 5 ");
    stage_free(g);
}

static void what_is_damaged_goes_without_having_been_pending(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    rotten_make(g->stream.msgs);
    for (int i = 0; i < 4; i++) (void)stage_store(g, "s.a", "x");
    struct consumer *reads = stage_consumer(g, "R", &config),
                    *waits = stage_consumer(g, "W", &config);
    assert_string_equal(pulled(g, reads, "9"), "1 3 4 ");
    assert_int_equal(consumer_pending(waits), 3);
    for (uint64_t i = 1; i <= 3; i++) stage_remove(g, i);
    assert_int_equal(consumer_pending(waits), 1);
    assert_string_equal(pulled(g, waits, "9"), "4 ");
    stage_free(g);
}

static void what_went_untold_is_given_up_when_it_is_due_again(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 3; i++) (void)stage_store(g, "s.a", "x");
    assert_string_equal(pulled(g, c, "3"), "1 2 3 ");
    (void)stage_ack(g, "$JS.ACK.S.C.1.2.2.0.0", "", "-NAK");
    assert_string_equal(pulled(g, c, "1"), "2 ");
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "-NAK");
    (void)stage_ack(g, "$JS.ACK.S.C.2.2.4.0.0", "", "-NAK");
    (void)stage_advised(g);
    assert_true(msgs_remove(g->stream.msgs, 2, NULL));
    assert_string_equal(pulled(g, c, "1"), "1 ");
    assert_string_equal(pulled(g, c, "{\"no_wait\":true}"), "");
    assert_string_equal(stage_advised(g),
                        "MSG_TERMINATED 2 2 2 Unacknowledged message was deleted\n");
    (void)stage_ack(g, "$JS.ACK.S.C.2.1.5.0.0", "", "-NAK");
    (void)stage_advised(g);
    assert_true(msgs_remove(g->stream.msgs, 1, NULL));
    assert_string_equal(pulled(g, c, "1"), "");
    assert_string_equal(stage_advised(g), "");
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_int_equal(c->acks.floor.stream_seq, 2);
    stage_free(g);
}

/* ---- a count that has to be read ---- */

static struct cold *cold_with_inbox(void)
{
    struct cold *f = cold_new();
    (void)world_say(f->stage->world, f->stage->client, "SUB in 1\r\n");
    return f;
}

static const char *pendings(const char *got)
{
    return numbers(got, true);
}

/* The 667 messages of s.a in the second half. */
static struct consumer_config cold_config(void)
{
    struct consumer_config config = stage_pull_config();
    config.deliver_policy = JS_DELIVER_BY_START_SEQUENCE;
    config.opt_start_seq = 2002;
    config.filter_subject = "s.a";
    return config;
}

static void a_pushed_message_waits_until_it_is_known_how_many_are_left(void **state)
{
    (void)state;
    struct cold *f = cold_with_inbox();
    struct consumer_config config = cold_config();
    config.deliver_subject = "in";
    config.ack_policy = JS_ACK_EXPLICIT;
    config.max_ack_pending = 3;
    struct consumer *c = stage_consumer(f->stage, "C", &config);
    assert_string_equal(pendings(cold_run(f)), "666 665 664 ");
    config.description = "counted anew";
    config.max_ack_pending = 5;
    struct js_error why;
    assert_true(consumer_update(c, &config, &why));
    assert_string_equal(pendings(cold_run(f)), "663 662 ");
    cold_free(f);
}

static void a_pulled_message_waits_until_it_is_known_how_many_are_left(void **state)
{
    (void)state;
    static const char *const bodies[] = { "3", "{\"batch\":3,\"no_wait\":true}" };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct cold *f = cold_with_inbox();
        struct consumer_config config = cold_config();
        struct consumer *c = stage_consumer(f->stage, "C", &config);
        consumer_pull(c, SLICE_LIT("in"), SLICE_LIT(""), slice_str(bodies[i]));
        assert_string_equal(pendings(cold_run(f)), "666 665 664 ");
        cold_free(f);
    }
}

static void an_overflow_waits_until_it_is_known_how_many_there_are(void **state)
{
    (void)state;
    static const char *groups[] = { "g" };
    struct cold *f = cold_with_inbox();
    struct consumer_config config = cold_config();
    config.priority_policy = JS_PRIORITY_OVERFLOW;
    config.priority_groups = (struct json_array){ groups, 1 };
    struct consumer *c = stage_consumer(f->stage, "C", &config);
    consumer_pull(c, SLICE_LIT("in"), SLICE_LIT(""),
                  SLICE_LIT("{\"group\":\"g\",\"batch\":2,\"no_wait\":true,\"min_pending\":667}"));
    assert_string_equal(pendings(cold_run(f)), "666 ");
    cold_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_of_each_subject_come_first),
        cmocka_unit_test(what_goes_from_the_list_is_not_counted),
        cmocka_unit_test(a_message_that_went_while_it_waited_is_passed_over),
        cmocka_unit_test(a_purge_moves_everything),
        cmocka_unit_test(a_purge_of_some_takes_their_acks_along),
        cmocka_unit_test(another_filter_counts_anew_from_where_it_is),
        cmocka_unit_test(a_reset_begins_anew),
        cmocka_unit_test(a_start_in_the_future_waits_for_it),
        cmocka_unit_test(what_a_narrower_filter_leaves_is_looked_at),
        cmocka_unit_test(retention_asks_who_still_needs_a_message),
        cmocka_unit_test(what_is_damaged_is_not_pending),
        cmocka_unit_test(what_is_damaged_goes_without_having_been_pending),
        cmocka_unit_test(what_went_untold_is_given_up_when_it_is_due_again),
        cmocka_unit_test(a_pushed_message_waits_until_it_is_known_how_many_are_left),
        cmocka_unit_test(a_pulled_message_waits_until_it_is_known_how_many_are_left),
        cmocka_unit_test(an_overflow_waits_until_it_is_known_how_many_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
