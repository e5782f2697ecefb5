/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full to the last byte: nothing is lost meanwhile, what is removed brings space
 * back by itself, and the store loads. */
#include "store/store_internal.h"
#include "store/store_piles_testing.h"

enum { RESERVE = 8192 };

static uint64_t size_of(const struct yard *y, const char *name)
{
    uint64_t size = 0;
    return disk_memory_bytes(y->world->disk, name, &size) == NULL ? 0 : size;
}

static void seconds(struct yard *y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        yard_turn(y, SECOND);
        yard_settle(y);
        assert_true(disk_memory_used(y->world->disk) <= y->world->disk->capacity ||
                    y->world->disk->capacity == 0);
    }
}

/* Two piles on a disk that takes nothing more; then not one byte of it is free. */
static struct yard *full_yard(uint64_t seed)
{
    struct yard *y = yard_new(seed);
    struct disk_memory *disk = y->world->disk;
    y->world->options.reserve_bytes = RESERVE;
    y->world->options.journal_cap = 6000; /* most of the disk is for blocks */
    yard_start(y);
    struct pile *a = yard_begin(y), *b = yard_begin(y);
    yard_settle(y);
    disk->capacity = disk_memory_used(disk) + 24000;
    for (uint32_t i = 0; i < 240; i++) {
        if (!store_has_room(y->store, 100, JOURNAL_USE_STORE)) seconds(y, 2);
        if (!store_has_room(y->store, 100, JOURNAL_USE_STORE)) break;
        pile_add(i % (2 + seed % 4) == 0 ? b : a);
        yard_turn(y, 10 * MILLISECOND);
        if (i % 50 == 49) disk->capacity = disk_memory_used(disk);
    }
    yard_settle(y);
    assert_false(store_has_room(y->store, 100, JOURNAL_USE_STORE));
    disk->capacity = disk_memory_used(disk);
    return y;
}

/* All of it goes, as by a purge. */
static void purge(struct yard *y, struct pile *p)
{
    for (uint64_t at = 1; at <= p->proposed; at++) {
        for (uint32_t i = 0; i < 10 && !store_has_room(y->store, 8, JOURNAL_USE_RELEASE); i++)
            seconds(y, 1);
        pile_remove(p, at);
        if (at % 20 == 0) yard_settle(y);
    }
    yard_settle(y);
}

static void expect_service(struct yard *y)
{
    assert_false(store_is_full(y->store));
    assert_int_equal(store_error(y->store), ERR_OK);
    assert_true(size_of(y, STORE_RESERVE) >= RESERVE / 2);
    for (uint32_t i = 0; i < y->count; i++) pile_add(y->piles[i]);
    yard_settle(y);
    yard_expect_all(y);
}

static void what_is_purged_brings_space_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct yard *y = full_yard(seed);
        seconds(y, 3);
        assert_true(store_is_full(y->store));
        purge(y, y->piles[0]);
        seconds(y, 10);
        assert_int_equal(y->failures + y->ends, 0);
        expect_service(y);
        yard_crash(y, seed % 3 != 0);
        yard_start(y);
        assert_string_equal(y->reports, "");
        yard_expect_all(y);
        yard_free(y);
    }
}

static void nothing_is_stored_while_a_list_is_refused(void **state)
{
    (void)state;
    struct yard *y = full_yard(1);
    struct disk_memory *disk = y->world->disk;
    struct pile *p = y->piles[0];
    for (uint32_t i = 0; i < 30 && !checkpoint_is_refused(y->store->checkpoint); i++) {
        if (store_has_room(y->store, 8, JOURNAL_USE_RELEASE)) pile_remove(p, 100 + i);
        seconds(y, 1);
    }
    assert_true(checkpoint_is_refused(y->store->checkpoint));
    assert_false(store_has_room(y->store, 1, JOURNAL_USE_STORE));
    assert_true(store_is_full(y->store));
    disk->capacity = 0; /* space from elsewhere */
    seconds(y, 4);
    assert_false(checkpoint_is_refused(y->store->checkpoint));
    expect_service(y);
    yard_free(y);
}

/* What is told at last stands in front of what has changed since. */
static void a_list_that_was_amended_holds_both_parts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct yard *y = full_yard(seed);
        struct pile *a = y->piles[0], *b = y->piles[1];
        seconds(y, 2);
        for (uint64_t at = 1; at <= 12; at++) {
            if (!store_has_room(y->store, 8, JOURNAL_USE_RELEASE)) break;
            pile_remove(at % 2 == 0 ? a : b, 3 + at);
            seconds(y, 1);
        }
        y->world->disk->capacity = 0;
        seconds(y, 3);
        yard_list(y);
        yard_expect_all(y);
        uint64_t listed = y->store->settled;
        assert_int_equal(listed, y->store->applied);
        yard_crash(y, true);
        yard_start(y); /* from the list alone */
        yard_expect_all(y);
        yard_free(y);
    }
}

static void a_store_loads_without_one_free_byte(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct yard *y = full_yard(seed);
        if (seed % 2 == 0) seconds(y, 2);
        for (uint32_t i = 0; i < 4; i++) {
            if (seed % 4 == 3) yard_stop(y);
            else yard_crash(y, seed % 4 == 0);
            y->world->disk->capacity = disk_memory_used(y->world->disk);
            yard_start(y);
            yard_expect_all(y);
            seconds(y, 2);
            yard_expect_all(y);
        }
        y->world->disk->capacity = 0; /* others have what the reserve was */
        seconds(y, 4);
        expect_service(y);
        yard_free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_purged_brings_space_back),
        cmocka_unit_test(nothing_is_stored_while_a_list_is_refused),
        cmocka_unit_test(a_list_that_was_amended_holds_both_parts),
        cmocka_unit_test(a_store_loads_without_one_free_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
