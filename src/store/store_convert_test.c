/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose key or cipher is changed: nothing is lost at any step, and in the end all of it is
 * under the new one. */
#include "store/store_internal.h"
#include "store/store_piles_testing.h"

enum { MESSAGES = 60, STEPS_MAX = 5000 };

struct change {
    enum store_cipher cipher, new_cipher;
    const char *key, *new_key; /* NULL: none */
};

static const struct change changes[] = {
    { STORE_PLAIN, STORE_CHACHA, NULL, "new" },  { STORE_PLAIN, STORE_AES, NULL, "new" },
    { STORE_CHACHA, STORE_AES, "key", "key" },   { STORE_AES, STORE_CHACHA, "old", "new" },
    { STORE_CHACHA, STORE_PLAIN, "key", "key" },
};

static void with_old(struct yard *y, const struct change *c)
{
    yard_configure(y, c->cipher, c->key, NULL);
}

static void with_both(struct yard *y, const struct change *c)
{
    yard_configure(y, c->new_cipher, c->new_key, c->key);
}

static void with_new(struct yard *y, const struct change *c)
{
    yard_configure(y, c->new_cipher, c->new_key, NULL);
}

/* Two piles, in blocks, in the list and in the journal; some of it removed. */
static struct yard *old_store(uint64_t seed, const struct change *c, bool is_clean)
{
    struct yard *y = yard_new(seed);
    with_old(y, c);
    yard_start(y);
    struct pile *a = yard_begin(y), *b = yard_begin(y);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        pile_add(a);
        if (i % 3 == 0) pile_add(b);
        if (i % 10 == 0) yard_settle(y);
        if (i == MESSAGES / 2) yard_list(y);
    }
    yard_settle(y);
    for (uint64_t at = 5; at < 20; at += 2) pile_remove(a, at);
    yard_list(y);
    for (uint32_t i = 0; i < 6; i++) pile_add(a);
    yard_settle(y);
    yard_tick(y, SECOND);
    yard_settle(y);
    if (is_clean) yard_stop(y);
    else yard_crash(y, true);
    return y;
}

/* At most so many operations of the disk. False: it has come to its end before. */
static bool convert(struct yard *y, uint32_t steps)
{
    for (uint32_t turn = 0; turn < STEPS_MAX; turn++) {
        if (!yard_is_converting(y)) return false;
        yard_tick(y, 5 * MILLISECOND);
        if (disk_memory_step(y->world->disk)) {
            (void)disk_queue_poll(store_queue(y->store));
            if (steps-- == 0) return true;
        }
    }
    fail_msg("it does not come to an end: %s", y->reports);
    return false;
}

static void expect_converted(struct yard *y, const struct change *c)
{
    (void)convert(y, UINT32_MAX);
    yard_settle(y);
    assert_int_equal(y->failures, 0);
    assert_string_equal(y->notice,
                        "all that the store holds is written with the cipher of the configuration");
    if (c->new_cipher != STORE_PLAIN) assert_int_equal(yard_plain(y, ""), 0);
}

/* All keys but the current one are lost for ever. */
static void forget_old_keys(struct yard *y)
{
    static const char *const names[] = { "identity.a", "identity.b" };
    struct disk *disk = &y->world->disk->base;
    struct store_identity i;
    uint8_t bytes[IDENTITY_SIZE];
    uint64_t size;
    const uint8_t *at = disk_memory_bytes(y->world->disk, names[0], &size);
    assert_int_equal(identity_decode(slice_of(at, size), &i), IDENTITY_GOOD);
    const struct identity_key *current = identity_key_find(&i, i.current);
    if (current != NULL) i.keys[0] = *current;
    i.keys_count = current != NULL ? 1 : 0;
    identity_encode(&i, bytes);
    for (uint32_t k = 0; k < 2; k++) {
        struct disk_file *file;
        assert_int_equal(disk->open(disk, names[k], DISK_OPEN_WRITE, &file, NULL), ERR_OK);
        assert_int_equal(disk->write(disk, file, 0, slice_of(bytes, sizeof bytes)), ERR_OK);
        assert_int_equal(disk->sync(disk, file), ERR_OK);
        disk->close(disk, file);
    }
}

static void all_is_written_anew_while_it_serves(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * ARRAY_COUNT(changes); i++) {
        const struct change *c = &changes[i / 2];
        struct yard *y = old_store(i + 1, c, i % 2 == 0);
        if (c->cipher == STORE_PLAIN) assert_true(yard_plain(y, "") > 0);
        with_both(y, c);
        yard_start(y);
        assert_true(yard_is_converting(y));
        for (uint32_t k = 0; k < 40; k++) {
            pile_add(y->piles[k % 2]);
            (void)convert(y, 3);
            if (k % 8 == 0) yard_expect_all(y);
        }
        expect_converted(y, c);
        yard_expect_all(y);
        assert_true(y->promises[0].stored > MESSAGES + 20);
        yard_crash(y, true);
        if (c->new_cipher != STORE_PLAIN) assert_int_equal(yard_plain(y, ""), 0);
        forget_old_keys(y);
        with_new(y, c);
        yard_start(y);
        assert_false(yard_is_converting(y));
        yard_expect_all(y);
        assert_int_equal(y->notices, 0);
        assert_string_equal(y->reports, "");
        yard_free(y);
    }
}

/* A start with old and new key, whatever the process before has come to; then the new one alone. */
static void expect_recovery(struct yard *y, const struct change *c)
{
    with_both(y, c);
    yard_start(y);
    yard_expect_all(y);
    if (yard_is_converting(y)) expect_converted(y, c);
    yard_expect_all(y);
    yard_crash(y, true);
    with_new(y, c);
    yard_start(y);
    assert_false(yard_is_converting(y));
    yard_expect_all(y);
    assert_string_equal(y->reports, "");
    if (c->new_cipher != STORE_PLAIN) assert_int_equal(yard_plain(y, "streams/"), 0);
    yard_free(y);
}

static void an_end_at_any_step_loses_nothing(void **state)
{
    (void)state;
    for (uint32_t how = 0; how < 2; how++) {
        bool has_more = true;
        for (uint32_t steps = 0; has_more; steps += 2 + steps / 40) {
            const struct change *c = &changes[steps % ARRAY_COUNT(changes)];
            struct yard *y = old_store(steps + 1, c, false);
            with_both(y, c);
            yard_start(y);
            pile_add(y->piles[0]);
            has_more = convert(y, steps) || steps < 20;
            yard_crash(y, how == 0);
            expect_recovery(y, c);
        }
    }
}

static void a_start_that_fails_at_any_call_loses_nothing(void **state)
{
    (void)state;
    for (uint32_t call = 0; call < DISK_MEMORY_CALLS; call++) {
        bool has_more = true;
        for (uint64_t at = 1; has_more; at++) {
            const struct change *c = &changes[at % ARRAY_COUNT(changes)];
            struct errmsg why = { "" };
            struct yard *y = old_store(at, c, at % 2 == 0);
            struct disk_memory_fault *fault = &y->world->disk->fault[call];
            with_both(y, c);
            fault->fail_at = fault->count + at;
            enum err e = yard_open(y, &why);
            has_more = fault->count >= fault->fail_at;
            fault->fail_at = 0;
            if (e == ERR_OK) yard_crash(y, true);
            else {
                disk_memory_crash(y->world->disk);
                disk_memory_start(y->world->disk);
            }
            /* a read that fails in a copy may have cost the file its good name, never a message */
            expect_recovery(y, c);
        }
    }
}

static void a_new_key_needs_nothing_but_to_be_wrapped(void **state)
{
    static const struct change c = { STORE_CHACHA, STORE_CHACHA, "old", "new" };
    struct errmsg why = { "" };
    (void)state;
    struct yard *y = old_store(1, &c, false);
    with_both(y, &c);
    yard_start(y);
    assert_false(yard_is_converting(y));
    yard_expect_all(y);
    yard_crash(y, true);
    with_old(y, &c);
    assert_int_equal(yard_open(y, &why), ERR_DENIED);
    expect_recovery(y, &c);
}

static void who_changes_his_mind_loses_nothing(void **state)
{
    static const struct change there = { STORE_AES, STORE_CHACHA, "key", "key" };
    static const struct change back = { STORE_CHACHA, STORE_AES, "key", "key" };
    (void)state;
    for (uint32_t steps = 10; steps <= 70; steps += 20) {
        struct yard *y = old_store(steps, &there, true);
        with_both(y, &there);
        yard_start(y);
        assert_true(convert(y, steps));
        yard_crash(y, true);
        with_both(y, &back);
        yard_start(y);
        assert_true(yard_is_converting(y));
        expect_converted(y, &back);
        yard_crash(y, true);
        forget_old_keys(y);
        yard_start(y);
        yard_expect_all(y);
        yard_free(y);
    }
}

static void without_space_it_waits_for_it(void **state)
{
    const struct change *c = &changes[0];
    (void)state;
    struct yard *y = old_store(3, c, true);
    struct disk_memory *disk = y->world->disk;
    with_both(y, c);
    yard_start(y);
    disk->capacity = disk_memory_used(disk) + 2048;
    for (uint32_t i = 0; i < 200; i++) yard_turn(y, 100 * MILLISECOND);
    assert_true(yard_is_converting(y));
    assert_int_equal(y->failures, 0);
    yard_expect_all(y);
    disk->capacity = 0;
    expect_converted(y, c);
    yard_expect_all(y);
    yard_free(y);
}

static void what_cannot_be_read_stays_and_is_told_again(void **state)
{
    const struct change *c = &changes[0];
    struct disk *disk;
    (void)state;
    struct yard *y = old_store(3, c, true);
    disk = &y->world->disk->base;
    assert_int_equal(disk->remove(disk, "streams/0000000000000001/00000002"), ERR_OK);
    for (uint32_t i = 0; i < 2; i++) {
        with_both(y, c);
        yard_start(y);
        assert_true(yard_is_converting(y));
        (void)convert(y, UINT32_MAX);
        yard_settle(y);
        assert_non_null(strstr(y->reports, "what cannot be read or removed any more stays"));
        assert_int_equal(y->notices, 1); /* that it has begun */
        assert_true(yard_count_lost(y) > 0);
        assert_int_equal(yard_plain(y, STORE_STREAMS), 0);
        yard_crash(y, true);
    }
    yard_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_written_anew_while_it_serves),
        cmocka_unit_test(an_end_at_any_step_loses_nothing),
        cmocka_unit_test(a_start_that_fails_at_any_call_loses_nothing),
        cmocka_unit_test(a_new_key_needs_nothing_but_to_be_wrapped),
        cmocka_unit_test(who_changes_his_mind_loses_nothing),
        cmocka_unit_test(without_space_it_waits_for_it),
        cmocka_unit_test(what_cannot_be_read_stays_and_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
