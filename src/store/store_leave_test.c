/* SPDX-License-Identifier: Apache-2.0 */
/* What comes while a stream is flushed stands in the journal alone when the list is durable, and a
 * start finds it there: until a later list says it, or blocks have it. */
#include "store/store_internal.h"
#include "store/store_piles_testing.h"

enum { FIRST = 30, MORE = 12, TRIES = 64 };

static struct store_stats stats_of(const struct yard *y)
{
    struct store_stats s;
    store_stats(y->store, &s);
    return s;
}

static struct pile *begin_flushed(struct yard *y)
{
    struct pile *p = yard_begin(y);
    p->owner.flushes_small = true; /* however little it has */
    return p;
}

static void add(struct pile *p, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) pile_add(p);
}

/* One call of the disk, whichever. */
static void step(struct yard *y)
{
    (void)disk_memory_step(y->world->disk);
    (void)disk_queue_poll(store_queue(y->store));
    yard_tick(y, MICROSECOND);
}

/* Some come while it is flushed: they are durable before the list is gathered, or not, as the disk
 * has it. True: the list has left some to the journal. */
static bool list_while_it_grows(struct yard *y, struct pile *p)
{
    uint64_t lists = stats_of(y).checkpoints;
    yard_settle(y);
    yard_tick(y, 3 * MINUTE);
    add(p, MORE);
    for (uint32_t i = 0; i < 2000 && stats_of(y).checkpoints == lists; i++) step(y);
    assert_int_equal(stats_of(y).checkpoints, lists + 1);
    return y->store->released < y->store->settled;
}

/* A yard whose last list has left some; they are durable. */
static struct yard *yard_with_some_left(void)
{
    for (uint64_t seed = 1; seed < TRIES; seed++) {
        struct yard *y = yard_new(seed);
        yard_start(y);
        struct pile *p = begin_flushed(y);
        add(p, FIRST);
        if (list_while_it_grows(y, p)) return y;
        yard_free(y);
    }
    fail_msg("no list has left anything");
    return NULL;
}

static void a_start_finds_what_a_list_has_left(void **state)
{
    (void)state;
    for (int power = 0; power < 2; power++) {
        struct yard *y = yard_with_some_left();
        assert_true(stats_of(y).journal.retained > 0);
        yard_crash(y, power == 1);
        yard_start(y);
        assert_true(y->refills > 0 && y->refills <= MORE);
        assert_int_equal(y->losses, 0);
        assert_string_equal(y->reports, "");
        yard_expect_all(y);
        yard_free(y);
    }
}

static void the_next_list_says_it_and_the_journal_is_free(void **state)
{
    (void)state;
    struct yard *y = yard_with_some_left();
    yard_list(y);
    assert_int_equal(y->store->released, y->store->settled);
    yard_crash(y, true);
    yard_start(y);
    assert_int_equal(y->refills, 0);
    yard_expect_all(y);
    yard_free(y);
}

/* One that has changed for nothing else is asked again all the same. */
static void what_a_start_found_is_said_by_the_next_list(void **state)
{
    (void)state;
    struct yard *y = yard_with_some_left();
    yard_crash(y, true);
    yard_start(y);
    uint32_t refills = y->refills;
    yard_list(y);
    assert_int_equal(y->store->released, y->store->settled);
    yard_crash(y, true);
    yard_start(y);
    assert_int_equal(y->refills, refills);
    yard_expect_all(y);
    yard_free(y);
}

static void the_end_leaves_nothing(void **state)
{
    (void)state;
    struct yard *y = yard_with_some_left();
    yard_stop(y);
    yard_start(y);
    assert_int_equal(y->refills, 0);
    yard_expect_all(y);
    yard_free(y);
}

static void what_was_removed_meanwhile_stays_removed(void **state)
{
    (void)state;
    struct yard *y = yard_with_some_left();
    struct pile *p = y->piles[0];
    for (uint64_t at = FIRST - 2; at < FIRST + MORE; at += 3) pile_remove(p, at);
    bool leaves = list_while_it_grows(y, p);
    yard_crash(y, true);
    yard_start(y);
    yard_expect_all(y);
    maybe(leaves);
    yard_free(y);
}

static void on_erased(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_OK);
    ++*(uint32_t *)ctx;
}

/* It may stand in one record with others. */
static void while_something_is_to_be_erased_nothing_is_left(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint32_t erased = 0;
        struct yard *y = yard_new(seed);
        yard_start(y);
        struct pile *p = begin_flushed(y);
        add(p, FIRST);
        yard_settle(y);
        pile_remove(p, FIRST - 1);
        yard_settle(y);
        store_erase(y->store, &p->owner, FIRST - 1, on_erased, &erased);
        assert_false(list_while_it_grows(y, p));
        yard_settle(y);
        assert_int_equal(erased, 1);
        yard_crash(y, true);
        yard_start(y);
        yard_expect_all(y);
        yard_free(y);
    }
}

struct harm {
    struct yard *yard;
    char         text[128];
    uint32_t     len, count;
};

static void harm_file(void *ctx, const char *name, uint64_t size)
{
    struct harm *h = ctx;
    if (strncmp(name, "journal/0", 9) != 0) return;
    uint8_t *bytes = (uint8_t *)(uintptr_t)disk_memory_bytes(h->yard->world->disk, name, &size);
    for (uint64_t at = 0; at + h->len <= size; at++) {
        if (memcmp(bytes + at, h->text, h->len) != 0) continue;
        memset(bytes + at + h->len - 20, 0, 20);
        h->count++;
    }
}

/* What stands in the journal alone may rot there, as what is above the list may. */
static void what_is_damaged_of_it_is_told_by_sequence(void **state)
{
    (void)state;
    struct yard *y = yard_with_some_left();
    struct harm h = { .yard = y };
    h.len = pile_text(y->promises[0].incarnation, FIRST + MORE, h.text);
    yard_crash(y, true);
    disk_memory_each(y->world->disk, &h, harm_file);
    assert_int_equal(h.count, 1);
    yard_start(y);
    assert_int_equal(yard_count_lost(y), 1);
    assert_non_null(strstr(y->reports, "of the journal is damaged"));
    yard_list(y);
    yard_crash(y, true);
    yard_start(y);
    assert_int_equal(yard_count_lost(y), 1);
    yard_free(y);
}

static void live(struct yard *y, struct rng *rng)
{
    for (uint32_t i = 20 + rng_below(rng, 60); i > 0; i--) {
        struct pile *p = y->piles[rng_below(rng, y->count)];
        p->owner.flushes_small = rng_below(rng, 4) > 0;
        if (p->proposed < PILE_MAX - 20) pile_add(p);
        if (rng_below(rng, 12) == 0) yard_tick(y, 3 * MINUTE);
        for (uint32_t k = rng_below(rng, 6); k > 0; k--) step(y);
    }
    if (rng_below(rng, 4) == 0) yard_stop(y);
    else yard_crash(y, rng_below(rng, 2) == 0);
}

/* Ends of all kinds, at any moment. */
static void nothing_is_lost_at_whatever_end(void **state)
{
    (void)state;
    uint32_t refills = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct yard *y = yard_new(seed);
        struct rng rng;
        rng_init(&rng, seed);
        yard_start(y);
        for (int i = 0; i < 3; i++) begin_flushed(y);
        yard_settle(y);
        for (int life = 0; life < 8; life++) {
            live(y, &rng);
            yard_start(y);
            assert_string_equal(y->reports, "");
            yard_expect_all(y);
        }
        refills += y->refills;
        yard_free(y);
    }
    assert_true(refills > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_finds_what_a_list_has_left),
        cmocka_unit_test(the_next_list_says_it_and_the_journal_is_free),
        cmocka_unit_test(what_a_start_found_is_said_by_the_next_list),
        cmocka_unit_test(the_end_leaves_nothing),
        cmocka_unit_test(what_was_removed_meanwhile_stays_removed),
        cmocka_unit_test(while_something_is_to_be_erased_nothing_is_left),
        cmocka_unit_test(what_is_damaged_of_it_is_told_by_sequence),
        cmocka_unit_test(nothing_is_lost_at_whatever_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
