/* SPDX-License-Identifier: Apache-2.0 */
/* The two copies of the identity: one is enough, none is refused where there is something. */
#include "store/store_testing.h"

#include "store/identity_format.h"
#include "store/store_internal.h"
#include "store/versions.h"

#define A "identity.a"
#define B "identity.b"

static void make(struct world *w)
{
    world_start(w);
    (void)world_set(w, world_begin(w), 1);
    world_settle(w);
    world_stop(w);
    assert_string_equal(w->complaint, "");
}

static void remove_file(struct world *w, const char *name)
{
    assert_int_equal(w->disk->base.remove(&w->disk->base, name), ERR_OK);
}

static void expect_same(struct world *w, uint64_t id)
{
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_int_equal(store_id(w->store), id);
    assert_int_equal(w->things_count, 1);
    world_stop(w);
    uint64_t a_size = 0, b_size = 0;
    const uint8_t *a = disk_memory_bytes(w->disk, A, &a_size);
    const uint8_t *b = disk_memory_bytes(w->disk, B, &b_size);
    assert_int_equal(a_size, IDENTITY_SIZE);
    assert_int_equal(b_size, IDENTITY_SIZE);
    assert_memory_equal(a, b, IDENTITY_SIZE);
}

static void one_copy_is_enough_and_makes_the_other(void **state)
{
    struct world *w = *state;
    make(w);
    world_start(w);
    uint64_t id = store_id(w->store);
    world_stop(w);
    for (uint32_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? A : B;
        disk_memory_flip(w->disk, name, 100, 2);
        expect_same(w, id);
        remove_file(w, name);
        expect_same(w, id);
    }
}

static void without_both_nothing_is_made_anew_where_there_is_something(void **state)
{
    struct world *w = *state;
    struct errmsg why = { "" };
    make(w);
    disk_memory_flip(w->disk, A, 20, 2);
    disk_memory_flip(w->disk, B, 30, 2);
    assert_int_equal(world_open(w, &why), ERR_CORRUPT);
    assert_non_null(strstr(why.text, "identity.a and identity.b are damaged both"));
    remove_file(w, A);
    remove_file(w, B);
    assert_int_equal(world_open(w, &why), ERR_CORRUPT);
    assert_null(disk_memory_bytes(w->disk, A, &(uint64_t){ 0 }));
}

static void a_crash_while_a_store_is_made_is_no_damage(void **state)
{
    struct errmsg why = { "" };
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct world *w = world_new(seed);
        enum disk_memory_call call = (enum disk_memory_call)(seed % DISK_MEMORY_CALLS);
        w->disk->fault[call].fail_at = 1 + rng_below(&w->rng, 12);
        enum err e = world_open(w, &why);
        w->disk->fault[call].fail_at = 0;
        if (e) {
            disk_memory_crash(w->disk);
            disk_memory_start(w->disk);
        } else world_crash(w, true);
        world_start(w);
        assert_string_equal(w->complaint, "");
        assert_non_null(w->store);
        w = world_free(w);
        assert_null(w);
    }
}

static void of_two_good_copies_the_later_one_counts(void **state)
{
    struct world *w = *state;
    struct store_identity i = { .store_id = 5, .turn = 1 }, back = { 0 };
    uint8_t bytes[IDENTITY_SIZE];
    bool is_unequal = false;
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    assert_int_equal(store_identity_save(disk, &i, NULL), ERR_OK);
    for (uint64_t turn = 2; turn <= 3; turn++) {
        i.turn = turn;
        i.salt[0] = (uint8_t)turn;
        identity_encode(&i, bytes);
        const char *name = turn == 2 ? B : A;
        assert_int_equal(disk->open(disk, name, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
        assert_int_equal(disk->write(disk, file, 0, slice_of(bytes, sizeof bytes)), ERR_OK);
        disk->close(disk, file);
        assert_int_equal(store_identity_load(disk, &back, &is_unequal, NULL), ERR_OK);
        assert_int_equal(back.turn, turn);
        assert_int_equal(back.salt[0], turn);
        assert_true(is_unequal);
    }
    assert_int_equal(store_identity_save(disk, &i, NULL), ERR_OK);
    assert_int_equal(store_identity_load(disk, &back, &is_unequal, NULL), ERR_OK);
    assert_false(is_unequal);
}

static void a_change_is_safe_in_one_copy_before_the_other_is_touched(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct disk_memory *disk = disk_memory_new(seed);
        bool is_unequal = false;
        struct store_identity i = { .store_id = 5, .turn = 1 }, back = { 0 };
        assert_int_equal(store_identity_save(&disk->base, &i, NULL), ERR_OK);
        i.turn = 2;
        disk->fault[DISK_MEMORY_SYNCS].fail_at = disk->fault[DISK_MEMORY_SYNCS].count + 1 +
                                                 seed % 4;
        enum err e = store_identity_save(&disk->base, &i, NULL);
        disk_memory_crash(disk);
        disk_memory_start(disk);
        disk->fault[DISK_MEMORY_SYNCS].fail_at = 0;
        assert_int_equal(store_identity_load(&disk->base, &back, &is_unequal, NULL), ERR_OK);
        assert_true(back.turn == 2 || (back.turn == 1 && e != ERR_OK));
        disk = disk_memory_free(disk);
        assert_null(disk);
    }
}

static void a_newer_store_is_refused(void **state)
{
    struct world *w = *state;
    struct errmsg why = { "" };
    uint8_t bytes[IDENTITY_SIZE];
    const struct store_identity i = { .store_id = 5, .turn = 1 };
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    make(w);
    identity_encode(&i, bytes);
    bytes[IDENTITY_MAGIC + 3] = 2;
    le_put_u64(bytes, hash_bytes(slice_of(bytes + 8, IDENTITY_SIZE - 8), 0));
    assert_int_equal(disk->open(disk, B, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
    assert_int_equal(disk->write(disk, file, 0, slice_of(bytes, sizeof bytes)), ERR_OK);
    disk->close(disk, file);
    assert_int_equal(world_open(w, &why), ERR_INVALID);
    assert_string_equal(why.text, "the store " VERSION_IS_NEWER);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(one_copy_is_enough_and_makes_the_other),
        WITH_WORLD(without_both_nothing_is_made_anew_where_there_is_something),
        cmocka_unit_test(a_crash_while_a_store_is_made_is_no_damage),
        WITH_WORLD(of_two_good_copies_the_later_one_counts),
        cmocka_unit_test(a_change_is_safe_in_one_copy_before_the_other_is_touched),
        WITH_WORLD(a_newer_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
