/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_testing.h"

/* Three batches of five records; one of the second is to be erased. */
static struct entry *prepare(struct world *w, bool is_sealed)
{
    w->options.segment_first = w->options.segment_max = 16384;
    if (is_sealed) world_seal(w);
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 15; i++) {
        (void)world_add(w, 700);
        if (i % 5 == 4) world_settle(w);
    }
    world_rest(w);
    struct entry *e = &w->entries[5];
    while (e->sequence == 0) e++;
    assert_int_equal(e->pos, 2);
    return e;
}

static bool contains(struct world *w, const char *name, const struct entry *e)
{
    uint64_t size = 0;
    uint8_t body[700];
    for (uint32_t i = 0; i < e->len; i++) body[i] = body_byte(e->id, i);
    const uint8_t *bytes = disk_memory_bytes(w->disk, name, &size);
    for (uint64_t at = 0; bytes != NULL && at + 64 <= size; at++)
        if (memcmp(bytes + at, body + 300, 64) == 0) return true;
    return false;
}

struct search {
    struct world *w;
    const struct entry *e;
    bool is_found;
};

static void search_file(void *ctx, const char *name, uint64_t size)
{
    struct search *s = ctx;
    (void)size;
    s->is_found = s->is_found || contains(s->w, name, s->e);
}

static bool is_on_disk(struct world *w, const struct entry *e)
{
    struct search s = { .w = w, .e = e };
    disk_memory_each(w->disk, &s, search_file);
    return s.is_found;
}

static void an_erased_body_stands_nowhere_and_the_rest_stays(void **state)
{
    struct world *w = *state;
    struct entry *e = prepare(w, false);
    assert_true(is_on_disk(w, e));
    assert_int_equal(world_erase(w, e), ERR_OK);
    world_rest(w);
    assert_int_equal(w->erases, 1);
    assert_int_equal(w->erased_with, ERR_OK);
    assert_false(is_on_disk(w, e));
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 3);
    assert_int_equal(w->damages, 0);
    assert_true(e->is_erased);
    assert_string_equal(w->complaint, "");
}

static void all_that_is_wanted_of_one_batch_goes_at_once(void **state)
{
    struct world *w = *state;
    (void)prepare(w, true);
    uint32_t wanted = 0;
    for (uint32_t i = 5; i < 10; i++) {
        struct entry *e = &w->entries[i];
        if (e->sequence == 0) continue;
        assert_int_equal(world_erase(w, e), ERR_OK);
        wanted++;
    }
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    world_rest(w);
    assert_int_equal(w->erases, wanted);
    /* the copy, the batch, and the copy is wiped and cut */
    assert_int_equal(w->disk->fault[DISK_MEMORY_WRITES].count - writes, 4);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 5; i < 10; i++)
        assert_true(w->entries[i].is_erased == w->entries[i].may_erase);
    assert_string_equal(w->complaint, "");
}

static void it_is_looked_for_between_the_batches_that_are_named(void **state)
{
    struct world *w = *state;
    const struct entry *e = prepare(w, false);
    for (uint32_t i = 15; i < 300; i++) {
        (void)world_add(w, 40);
        world_settle(w);
    }
    struct journal_stats stats;
    journal_stats(w->journal, &stats);
    for (uint32_t i = 0; i < 300; i += 11) {
        struct entry *at = &w->entries[i];
        if (at->sequence == 0) continue;
        const struct journal_erasure what = { 1, stats.durable, at->owner, at->sequence };
        at->may_erase = true;
        assert_int_equal(journal_erase(w->journal, &what, world_on_erased, w), ERR_OK);
        world_rest(w);
        assert_int_equal(w->erased_with, ERR_OK);
    }
    assert_non_null(e);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 300; i++)
        assert_true(w->entries[i].is_erased == w->entries[i].may_erase);
    assert_string_equal(w->complaint, "");
}

static void what_an_earlier_use_has_left_becomes_zeros(void **state)
{
    struct world *w = *state;
    uint32_t at = (uint32_t)(prepare(w, false) - w->entries);
    for (uint32_t i = 0; i < 24 || !is_on_disk(w, &w->entries[at]); i++) {
        (void)world_add(w, 900);
        world_settle(w);
        world_release(w, world_last_safe(w));
        if (i == 60) break;
    }
    assert_true(is_on_disk(w, &w->entries[at]));
    assert_int_equal(world_erase(w, &w->entries[at]), ERR_OK);
    world_rest(w);
    assert_int_equal(w->erased_with, ERR_OK);
    assert_false(is_on_disk(w, &w->entries[at]));
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static void what_is_not_there_is_not_found(void **state)
{
    struct world *w = *state;
    struct entry *e = prepare(w, false);
    void (*done)(void *ctx, enum err) = world_on_erased;
    const struct journal_erasure none = { 0, 0, 1, 1 }, later = { 1000, 1000, 1, 1 },
                                 other = { e->pos, e->pos, 99, 1 };
    assert_int_equal(journal_erase(w->journal, &none, done, w), ERR_NOTFOUND);
    assert_int_equal(journal_erase(w->journal, &later, done, w), ERR_NOTFOUND);
    assert_int_equal(journal_erase(w->journal, &other, done, w), ERR_OK);
    world_rest(w);
    assert_int_equal(w->erased_with, ERR_NOTFOUND);
}

/* Ends the process after so many steps of the disk; true when the erase was done before. */
static bool erase_until(struct world *w, struct entry *e, uint32_t steps)
{
    assert_int_equal(world_erase(w, e), ERR_OK);
    w->disk->in_order = true;
    for (uint32_t i = 0; i < steps; i++) {
        world_tick(w, 0);
        (void)disk_memory_step(w->disk);
        if (i % 2 == 1 || steps % 2 == 0) world_poll(w);
    }
    world_tick(w, 0);
    return w->erases > 0;
}

static void a_power_cut_at_any_step_leaves_the_old_or_the_erased_one(void **state)
{
    (void)state;
    uint32_t done = 0, undone = 0;
    for (uint32_t i = 0; i < 400; i++) {
        struct world *w = world_new(i);
        struct entry *e = prepare(w, i % 2 == 0);
        uint32_t at = (uint32_t)(e - w->entries);
        bool was_done = erase_until(w, e, i / 2 % 12);
        world_crash(w, i % 3 > 0);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_string_equal(w->complaint, "");
        assert_int_equal(w->replayed, 3);
        assert_int_equal(w->damages, 0);
        if (was_done) assert_true(w->entries[at].is_erased);
        if (w->entries[at].is_erased) done++;
        else undone++;
        (void)world_free(w);
    }
    assert_true(done > 50 && undone > 50);
}

static void a_segment_is_not_used_anew_while_something_in_it_is_to_be_erased(void **state)
{
    struct world *w = *state;
    struct entry *e = prepare(w, false);
    assert_int_equal(world_erase(w, e), ERR_OK);
    uint32_t at = (uint32_t)(e - w->entries);
    world_release(w, world_last_safe(w));
    for (uint32_t i = 0; i < 40; i++) {
        (void)world_add(w, 900);
        world_settle(w);
        world_release(w, world_last_safe(w));
    }
    assert_int_equal(w->erased_with, ERR_OK);
    assert_false(is_on_disk(w, &w->entries[at]));
    assert_string_equal(w->complaint, "");
}

static void without_space_for_the_copy_the_record_stays(void **state)
{
    struct world *w = *state;
    struct entry *e = prepare(w, false);
    w->disk->capacity = disk_memory_used(w->disk);
    assert_int_equal(world_erase(w, e), ERR_OK);
    world_settle(w);
    assert_int_equal(w->erases, 1);
    assert_int_equal(w->erased_with, ERR_LIMIT);
    assert_int_equal(w->failures, 0);
    w->disk->capacity = 0;
    assert_int_equal(world_erase(w, e), ERR_OK);
    world_settle(w);
    assert_int_equal(w->erased_with, ERR_OK);
    assert_string_equal(w->complaint, "");
}

static void a_batch_that_cannot_be_overwritten_ends_the_journal(void **state)
{
    struct world *w = *state;
    struct entry *e = prepare(w, false);
    assert_int_equal(world_erase(w, e), ERR_OK);
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 1000;
    world_settle(w);
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 0;
    assert_int_equal(w->erases, 1);
    assert_int_equal(w->erased_with, ERR_IO);
    assert_int_equal(w->failures, 1);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(an_erased_body_stands_nowhere_and_the_rest_stays),
        WITH_WORLD(all_that_is_wanted_of_one_batch_goes_at_once),
        WITH_WORLD(it_is_looked_for_between_the_batches_that_are_named),
        WITH_WORLD(what_an_earlier_use_has_left_becomes_zeros),
        WITH_WORLD(what_is_not_there_is_not_found),
        cmocka_unit_test(a_power_cut_at_any_step_leaves_the_old_or_the_erased_one),
        WITH_WORLD(a_segment_is_not_used_anew_while_something_in_it_is_to_be_erased),
        WITH_WORLD(without_space_for_the_copy_the_record_stays),
        WITH_WORLD(a_batch_that_cannot_be_overwritten_ends_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
