/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk refuses: the journal's failure ends all acks and nothing else; that of a block ends
 * its stream; without space nothing is stored, what frees space is, and service comes back. */
#include "store/store_internal.h"
#include "store/store_piles_testing.h"

static struct store_stats stats_of(const struct yard *y)
{
    struct store_stats s;
    store_stats(y->store, &s);
    return s;
}

static struct yard *two_piles(uint64_t seed)
{
    struct yard *y = yard_new(seed);
    yard_start(y);
    struct pile *a = yard_begin(y), *b = yard_begin(y);
    for (uint32_t i = 0; i < 20; i++) {
        pile_add(a);
        pile_add(b);
        if (i % 4 == 0) yard_settle(y);
    }
    yard_settle(y);
    return y;
}

/* The next call of this kind fails, and so do many others. */
static void break_disk(struct yard *y, enum disk_memory_call call, bool is_broken)
{
    y->world->disk->fault[call].fail_permille = is_broken ? 1000 : 0;
}

static void a_failed_write_or_sync_of_the_journal_ends_acks_until_a_restart(void **state)
{
    static const enum disk_memory_call calls[] = { DISK_MEMORY_WRITES, DISK_MEMORY_SYNCS };
    (void)state;
    for (uint32_t i = 0; i < 2 * ARRAY_COUNT(calls); i++) {
        struct yard *y = two_piles(i + 1);
        uint64_t acked = y->promises[0].stored;
        journal_pos pos;
        pile_add(y->piles[0]);
        break_disk(y, calls[i / 2], true);
        yard_settle(y);
        break_disk(y, calls[i / 2], false);
        assert_int_equal(y->ends, 1);
        assert_int_equal(y->promises[0].stored, acked); /* it was never said to be safe */
        assert_int_equal(store_error(y->store), ERR_IO);
        assert_true(stats_of(y).is_failed);
        /* the disk is well again, and yet nothing is taken */
        assert_false(store_has_room(y->store, 10, JOURNAL_USE_STORE));
        assert_false(store_has_room(y->store, 10, JOURNAL_USE_RELEASE));
        assert_null(store_add(y->store, y->piles[0]->owner.incarnation, PILE_STORE, acked + 2, 10,
                              JOURNAL_USE_RELEASE, &pos));
        yard_tick(y, HOUR);
        yard_settle(y);
        assert_int_equal(y->ends, 1);
        yard_expect_all(y); /* reads go on */
        yard_crash(y, i % 2 == 0);
        yard_start(y);
        assert_int_equal(store_error(y->store), ERR_OK);
        yard_expect_all(y);
        pile_add(y->piles[0]);
        yard_settle(y);
        yard_expect_all(y);
        yard_free(y);
    }
}

/* Writes fail while the journal has none of its own. */
static struct pile *fail_blocks(struct yard *y)
{
    struct pile *p = y->piles[0];
    for (uint32_t i = 0; i < 12 && y->failures == 0; i++) {
        pile_add(p);
        yard_tick(y, MICROSECOND);
        while (store_queue(y->store)->in_flight > 0 && y->failures == 0) {
            break_disk(y, DISK_MEMORY_WRITES, stats_of(y).journal.is_idle);
            (void)disk_memory_step(y->world->disk);
            (void)disk_queue_poll(store_queue(y->store));
        }
        break_disk(y, DISK_MEMORY_WRITES, false);
        yard_settle(y);
    }
    return p;
}

static void a_failed_write_of_a_block_ends_its_stream_only(void **state)
{
    (void)state;
    struct yard *y = two_piles(1);
    struct pile *failed = fail_blocks(y), *other = y->piles[1];
    struct msgs_file_stats s;
    assert_int_equal(y->failures, 1);
    assert_int_equal(y->ends, 0);
    msgs_file_stats(failed->msgs, &s);
    assert_true(s.is_failed);
    msgs_file_stats(other->msgs, &s);
    assert_false(s.is_failed);
    assert_int_equal(store_error(y->store), ERR_OK);
    for (uint32_t i = 0; i < 30; i++) {
        pile_add(other);
        yard_settle(y);
    }
    yard_list(y);
    yard_expect_all(y); /* what was acked of the one that failed is in the list, and is read */
    yard_crash(y, true);
    yard_start(y);
    yard_expect_all(y);
    pile_add(yard_find(y, y->promises[0].incarnation));
    yard_list(y);
    yard_expect_all(y);
    assert_int_equal(y->failures, 0);
    yard_free(y);
}

static void without_space_only_what_frees_it_is_taken(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct yard *y = two_piles(seed);
        struct disk_memory *disk = y->world->disk;
        struct pile *p = y->piles[0];
        uint32_t more = 0;
        disk->capacity = disk_memory_used(disk) + 1024;
        while (store_has_room(y->store, 100, JOURNAL_USE_STORE) && more++ < 150) {
            pile_add(p);
            yard_turn(y, 10 * MILLISECOND);
        }
        yard_settle(y);
        assert_false(store_has_room(y->store, 100, JOURNAL_USE_STORE));
        assert_true(store_is_full(y->store));
        assert_int_equal(store_error(y->store), ERR_LIMIT);
        assert_int_equal(y->ends, 0);
        assert_int_equal(y->failures, 0);
        assert_true(store_has_room(y->store, 8, JOURNAL_USE_RELEASE));
        yard_expect_all(y);
        pile_remove(p, 3);
        yard_settle(y);
        assert_true(y->promises[0].is_removed[3]);
        if (seed == 2) {                /* also a start finds its way */
            yard_crash(y, true);
            yard_start(y);
            yard_expect_all(y);
            p = yard_find(y, y->promises[0].incarnation);
        }
        disk->capacity = 0;
        for (uint32_t i = 0; i < 5; i++) yard_turn(y, SECOND);
        yard_settle(y);
        assert_false(store_is_full(y->store));
        pile_add(p);
        yard_settle(y);
        yard_expect_all(y);
        yard_crash(y, true);
        yard_start(y);
        yard_expect_all(y);
        yard_free(y);
    }
}

static void a_read_that_fails_marks_its_messages_and_no_others(void **state)
{
    (void)state;
    struct yard *y = two_piles(5);
    yard_list(y);
    yard_crash(y, true);
    yard_start(y);
    break_disk(y, DISK_MEMORY_READS, true);
    assert_int_equal(pile_look(y->piles[0], 1), ERR_CORRUPT);
    break_disk(y, DISK_MEMORY_READS, false);
    uint32_t lost = yard_count_lost(y); /* all others are there, and those are told */
    assert_true(lost > 0 && lost < 20);
    assert_true(y->losses > 0);
    assert_int_equal(y->ends, 0);
    yard_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_write_or_sync_of_the_journal_ends_acks_until_a_restart),
        cmocka_unit_test(a_failed_write_of_a_block_ends_its_stream_only),
        cmocka_unit_test(without_space_only_what_frees_it_is_taken),
        cmocka_unit_test(a_read_that_fails_marks_its_messages_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
