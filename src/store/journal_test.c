/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_testing.h"

static void what_was_added_is_handed_up_in_order_and_replayed(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 300; i++) {
        (void)world_add(w, i * 7 % 900);
        if (i % 3 == 0) world_settle(w);
    }
    world_settle(w);
    assert_int_equal(w->handed, 300);
    world_close(w, 0);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_true(w->replayed > 50);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static void the_first_batch_has_number_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(world_add(w, 10), 1);
    assert_int_equal(world_add(w, 10), 1);
}

static void an_idle_journal_commits_at_once_and_a_busy_one_gathers(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(world_add(w, 10), 1);
    world_tick(w, 0);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(world_add(w, 10), 2);
        world_tick(w, 0);
    }
    w->disk->in_order = true;
    (void)disk_memory_step(w->disk);
    world_poll(w);
    assert_int_equal(w->handed, 1);
    world_tick(w, 0);
    (void)disk_memory_step(w->disk);
    world_poll(w);
    assert_int_equal(w->handed, 101);
    struct journal_stats s;
    journal_stats(w->journal, &s);
    assert_int_equal(s.syncs, 2);
    assert_int_equal(s.batches, 2);
    assert_int_equal(s.records, 101);
    assert_string_equal(w->complaint, "");
}

/* A record of the world's own that nobody waits for. */
static journal_pos add_patient(struct world *w, uint32_t len)
{
    journal_pos pos = world_add(w, len);
    journal_linger(w->journal);
    return pos;
}

/* The batch has left with this tick, or before. */
static bool has_left(struct world *w, journal_pos pos, nanos later)
{
    struct journal_stats s;
    world_tick(w, later);
    journal_stats(w->journal, &s);
    return s.gathering > pos;
}

static void what_nobody_waits_for_gathers_a_while(void **state)
{
    struct world *w = *state;
    journal_pos pos = 0;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    world_rest(w);
    for (uint32_t i = 0; i < 4; i++) {
        pos = add_patient(w, 10);
        assert_false(has_left(w, pos, i == 0 ? 0 : MILLISECOND));
        assert_true(journal_next_due(w->journal) == w->now + (4 - i) * MILLISECOND);
    }
    assert_true(has_left(w, pos, MILLISECOND));
    world_settle(w);
    assert_int_equal(w->batches, 1);
    assert_int_equal(w->handed, 4);
}

/* A start gives up what was delivered often enough before any time was told. */
static void what_nobody_waits_for_before_the_first_tick_leaves_with_it(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    journal_pos pos = add_patient(w, 10);
    assert_true(has_left(w, pos, 0));
    world_settle(w);
    assert_int_equal(w->handed, 1);
}

static void what_somebody_waits_for_takes_along_what_nobody_does(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    world_rest(w);
    journal_pos pos = add_patient(w, 10);
    (void)world_add(w, 10);
    assert_true(has_left(w, pos, 0));
    world_settle(w);
    pos = add_patient(w, 10);
    assert_false(has_left(w, pos, 0));
    journal_hurry(w->journal);
    (void)add_patient(w, 10);
    assert_true(has_left(w, pos, 0));
    world_settle(w);
    assert_int_equal(w->batches, 2);
    pos = add_patient(w, 256 << 10);    /* enough of it */
    assert_true(has_left(w, pos, 0));
}

static void an_idle_journal_writes_one_mark_and_then_nothing_for_ever(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    world_rest(w);
    world_tick(w, DAY);
    assert_int_equal(w->queue->in_flight, 0);
    (void)world_add(w, 10);
    world_settle(w);
    assert_true(journal_next_due(w->journal) < NANOS_MAX);
    struct journal_stats before, after;
    journal_stats(w->journal, &before);
    world_rest(w);
    journal_stats(w->journal, &after);
    assert_int_equal(after.batches, before.batches + 1);
    assert_int_equal(after.records, 1);
    assert_int_equal(w->batches, 1); /* a mark is not handed up */
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    for (uint32_t i = 0; i < 10; i++) world_tick(w, HOUR);
    assert_int_equal(w->queue->in_flight, 0);
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count == writes);
}

static void a_batch_is_bounded_and_a_large_record_has_one_of_its_own(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 16384;
    assert_int_equal(world_open(w, false), ERR_OK);
    journal_pos first = world_add(w, 3000);
    assert_int_equal(world_add(w, 3000), first);
    assert_int_equal(world_add(w, 3000), first + 1);
    assert_int_equal(world_add(w, 100000), first + 2);
    assert_int_equal(world_add(w, 10), first + 3);
    world_settle(w);
    assert_int_equal(w->handed, 5);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_string_equal(w->complaint, "");
}

static void a_batch_of_many_owners_names_all_of_them(void **state)
{
    struct world *w = *state;
    enum { OWNERS = 5000 };
    journal_pos pos = 0, last = 0;
    w->options.segment_first = w->options.segment_max = 2 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint64_t i = 0; i < OWNERS; i++) {
        uint8_t *to = journal_add(w->journal, i * 977, 1, i, 1, &pos);
        *to = 'x';
        assert_true(pos == 1 || pos == 2);
        last = pos;
    }
    assert_int_equal(last, 2); /* a head names 4096 at most */
    for (uint64_t i = 0; i < 4096; i++)
        (void)journal_add(w->journal, (i + 904) * 977, 1, i, 0, &pos);
    assert_int_equal(pos, 2);
}

static void a_failed_write_ends_the_journal_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    (void)world_add(w, 10);
    world_settle(w);
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 1000;
    (void)world_add(w, 10);
    world_settle(w);
    assert_int_equal(w->failures, 1);
    assert_int_equal(w->failed_with, ERR_IO);
    journal_pos pos;
    assert_false(journal_has_room(w->journal, 1, JOURNAL_USE_RELEASE));
    assert_null(journal_add(w->journal, 1, 1, 1, 1, &pos));
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 0;
    world_tick(w, SECOND);
    assert_int_equal(w->queue->in_flight, 0);
    assert_int_equal(w->failures, 1);
    assert_true(journal_next_due(w->journal) == NANOS_MAX);
    assert_int_equal(w->handed, 1);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static void lazy_hands_up_what_is_written_and_syncs_each_interval(void **state)
{
    struct world *w = *state;
    w->options.sync = JOURNAL_SYNC_LAZY;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 20; i++) {
        (void)world_add(w, 100);
        world_settle(w);
    }
    struct journal_stats s;
    journal_stats(w->journal, &s);
    assert_int_equal(w->handed, 20);
    assert_int_equal(s.syncs, 0);
    world_rest(w);
    journal_stats(w->journal, &s);
    assert_true(s.syncs > 0);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 20);
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(what_was_added_is_handed_up_in_order_and_replayed),
        WITH_WORLD(the_first_batch_has_number_one),
        WITH_WORLD(an_idle_journal_commits_at_once_and_a_busy_one_gathers),
        WITH_WORLD(what_nobody_waits_for_gathers_a_while),
        WITH_WORLD(what_nobody_waits_for_before_the_first_tick_leaves_with_it),
        WITH_WORLD(what_somebody_waits_for_takes_along_what_nobody_does),
        WITH_WORLD(an_idle_journal_writes_one_mark_and_then_nothing_for_ever),
        WITH_WORLD(a_batch_is_bounded_and_a_large_record_has_one_of_its_own),
        WITH_WORLD(a_batch_of_many_owners_names_all_of_them),
        WITH_WORLD(a_failed_write_ends_the_journal_once),
        WITH_WORLD(lazy_hands_up_what_is_written_and_syncs_each_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
