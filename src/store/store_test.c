/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_testing.h"

static void start(struct world *w)
{
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_non_null(w->store);
}

static void restart(struct world *w)
{
    world_crash(w, true);
    start(w);
}

static struct thing *find(struct world *w, uint64_t incarnation)
{
    LIST_EACH(&w->things, node)
        if (thing_at(node)->incarnation == incarnation) return thing_at(node);
    return NULL;
}

static void a_store_is_itself_after_a_restart(void **state)
{
    struct world *w = *state;
    start(w);
    uint64_t id = store_id(w->store);
    assert_int_not_equal(id, 0);
    world_stop(w);
    start(w);
    assert_int_equal(store_id(w->store), id);
    world_stop(w);
    struct world *other = world_new(77);
    start(other);
    assert_int_not_equal(store_id(other->store), id);
    other = world_free(other);
    assert_null(other);
}

static void records_come_back_when_they_are_durable(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 3));
    assert_int_equal(t->last, 0);
    world_tick(w, 1);
    assert_int_equal(t->last, 0);
    world_settle(w);
    assert_int_equal(t->last, 2);
    assert_int_equal(t->values[3], 2);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_int_equal(s.journal.records, 2);
    assert_int_equal(s.journal.batches, 1);
    assert_false(s.is_failed);
    assert_false(s.is_full);
}

static void a_crash_loses_only_what_was_not_handed_up(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    assert_true(world_set(w, t, 2));
    w->disk->crash_loses_all = true;
    restart(w);
    assert_int_equal(w->things_count, 1);
    assert_int_equal(thing_at(w->things.next)->last, 2);
    assert_int_equal(w->replayed, 2);
}

static void a_clean_stop_leaves_nothing_to_replay(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 0;
    start(w);
    struct thing *t = world_begin(w);
    for (uint32_t i = 0; i < 3000; i++) {
        assert_true(world_add(w, t, RECORD_SET, i % THING_KEYS, 1000));
        if (i % 100 == 0) world_settle(w);
    }
    uint64_t incarnation = t->incarnation;
    world_stop(w);
    assert_true(disk_memory_used(w->disk) <= (1 << 20) + 65536);
    start(w);
    assert_int_equal(w->replayed, 0);
    assert_int_equal(find(w, incarnation)->last, 3001);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_true(s.journal.on_disk <= 1 << 20);
}

static void a_stop_waits_for_what_was_added(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 5));
    world_stop(w);
    assert_string_equal(w->complaint, "");
    start(w);
    assert_int_equal(thing_at(w->things.next)->values[5], 2);
    world_stop(w); /* and one with nothing to do */
    start(w);
    assert_int_equal(w->replayed, 0);
}

static void a_stop_without_space_ends_too(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    w->disk->capacity = disk_memory_used(w->disk);
    for (uint32_t i = 0; i < 50; i++) {
        (void)world_add(w, t, RECORD_SET, 1, 500);
        world_settle(w);
    }
    assert_int_equal(store_error(w->store), ERR_LIMIT);
    assert_false(store_has_room(w->store, 10, JOURNAL_USE_STORE));
    (void)world_add(w, t, RECORD_SET, 2, 500);
    world_stop(w);
    assert_string_equal(w->complaint, "");
    w->disk->capacity = 0;
    start(w);
}

static void service_returns_with_the_space(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    w->disk->capacity = disk_memory_used(w->disk);
    bool is_refused = false;
    for (uint32_t i = 0; i < 50 && !is_refused; i++) {
        is_refused = !world_add(w, t, RECORD_SET, 1, 500);
        world_settle(w);
    }
    assert_true(is_refused);
    assert_true(world_finish(w, t)); /* what frees space is still taken */
    world_settle(w);
    assert_true(w->forgottens > 0 || t->is_gone);
    w->disk->capacity = 0;
    for (uint32_t i = 0; i < 5; i++) {
        world_tick(w, 2 * SECOND);
        world_settle(w);
    }
    assert_int_equal(store_error(w->store), ERR_OK);
    assert_non_null(world_begin(w));
    world_settle(w);
    assert_string_equal(w->complaint, "");
}

static void a_failed_write_ends_all_acks_once_and_for_all(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 1000;
    assert_true(world_set(w, t, 1));
    world_settle(w);
    assert_int_equal(w->failures, 1);
    assert_int_equal(t->last, 1);
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 0;
    assert_false(world_set(w, t, 2));
    assert_int_equal(store_error(w->store), ERR_IO);
    world_tick(w, HOUR);
    world_settle(w);
    assert_int_equal(w->failures, 1);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_true(s.is_failed);
    assert_int_equal(s.checkpoints, 0);
    world_stop(w);
    start(w);
    assert_non_null(find(w, 1));
}

static void an_incarnation_never_comes_again(void **state)
{
    struct world *w = *state;
    uint64_t highest = 0;
    for (uint32_t life = 0; life < 4; life++) {
        start(w);
        struct thing *t = world_begin(w);
        assert_true(t->incarnation > highest);
        highest = t->incarnation;
        world_settle(w);
        assert_true(world_finish(w, t));
        world_settle(w);
        if (life % 2 == 0) world_stop(w);
        else world_crash(w, true);
    }
    start(w);
    assert_int_equal(w->things_count, 0);
    assert_true(store_incarnation_new(w->store) > highest);
}

static void what_was_forgotten_gets_no_record_any_more(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_finish(w, t));
    journal_pos pos;
    uint8_t *late = store_add(w->store, t->owner.incarnation, RECORD_SET, 1, 12, JOURNAL_USE_STORE,
                              &pos);
    assert_non_null(late);
    memset(late, 0, 12);
    world_settle(w);
    assert_string_equal(w->complaint, "");
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(w->things_count, 0);
    restart(w);
    assert_int_equal(w->things_count, 0);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_int_equal(s.quarantined, 0);
}

static void a_start_that_fails_leaves_nothing_behind(void **state)
{
    struct world *w = *state;
    struct errmsg why = { "" };
    start(w);
    for (uint32_t i = 0; i < 3; i++) (void)world_set(w, world_begin(w), 1);
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    (void)world_set(w, world_begin(w), 1);
    world_crash(w, true);
    uint64_t first[DISK_MEMORY_CALLS], now[DISK_MEMORY_CALLS];
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) first[i] = w->disk->fault[i].count;
    start(w);
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) now[i] = w->disk->fault[i].count;
    world_crash(w, true);
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) {
        struct disk_memory_fault *f = &w->disk->fault[i];
        uint64_t calls = now[i] - first[i];
        for (uint64_t k = 1; k <= calls; k++) {
            f->fail_at = f->count + k;
            enum err e = world_open(w, &why);
            f->fail_at = 0;
            if (e) assert_int_equal(w->things_count, 0);
            if (e) assert_null(w->store);
            else world_crash(w, false);
        }
    }
    start(w);
    assert_string_equal(w->complaint, "");
}

enum { MANY = 100000 };

static uint64_t calls_of(const struct world *w)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) calls += w->disk->fault[i].count;
    return calls;
}

/* How many things there are does not matter to how often the disk is asked, but for how much there
 * is to read and write. */
static void a_hundred_thousand_owners_cost_no_more_calls_than_their_bytes_need(void **state)
{
    struct world *w = *state;
    w->options = (struct store_options){ .env = &w->env, .wake = world_wake, .directory = "m" };
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        struct thing *t = thing_new(w, store_incarnation_new(w->store));
        store_enter(w->store, &t->owner, t->incarnation);
        assert_true(world_add(w, t, RECORD_BEGIN, 0, 0));
    }
    world_settle(w);
    uint64_t before = calls_of(w);
    world_tick(w, HOUR);
    world_settle(w);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_int_equal(s.checkpoints, 1);
    assert_int_equal(w->settles, MANY);
    assert_int_equal(w->flushes, 0);
    assert_true(calls_of(w) - before < 100);
    world_stop(w);
    before = calls_of(w);
    assert_int_equal(world_open(w, &why), ERR_OK);
    assert_int_equal(w->things_count, MANY);
    assert_int_equal(w->replayed, 0);
    assert_true(calls_of(w) - before < 200);
    world_stop(w);
    assert_string_equal(w->complaint, "");
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_store_is_itself_after_a_restart),
        WITH_WORLD(records_come_back_when_they_are_durable),
        WITH_WORLD(a_crash_loses_only_what_was_not_handed_up),
        WITH_WORLD(a_clean_stop_leaves_nothing_to_replay),
        WITH_WORLD(a_stop_waits_for_what_was_added),
        WITH_WORLD(a_stop_without_space_ends_too),
        WITH_WORLD(service_returns_with_the_space),
        WITH_WORLD(a_failed_write_ends_all_acks_once_and_for_all),
        WITH_WORLD(an_incarnation_never_comes_again),
        WITH_WORLD(what_was_forgotten_gets_no_record_any_more),
        WITH_WORLD(a_start_that_fails_leaves_nothing_behind),
        WITH_WORLD(a_hundred_thousand_owners_cost_no_more_calls_than_their_bytes_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
