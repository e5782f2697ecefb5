/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_testing.h"

static void configure(struct world *w, enum store_cipher cipher, const char *key,
                      const char *previous)
{
    w->options.cipher = cipher;
    w->options.key = slice_str(key);
    w->options.previous_key = slice_str(previous);
}

/* Writes a text that is easy to find. */
static void write_some(struct world *w)
{
    struct thing *t = world_begin(w);
    assert_true(world_add(w, t, RECORD_SET, 1, 200));
    world_settle(w);
    world_tick(w, HOUR); /* a checkpoint */
    world_settle(w);
    assert_true(world_add(w, t, RECORD_SET, 2, 200));
    world_settle(w);
    assert_string_equal(w->complaint, "");
}

static void start(struct world *w)
{
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_non_null(w->store);
}

static void expect_refusal(struct world *w, const char *what)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_DENIED);
    if (strstr(why.text, what) == NULL) fail_msg("%s", why.text);
}

struct search {
    struct world *w;
    uint32_t      found;
};

static void look_for_text(void *ctx, const char *name, uint64_t size)
{
    struct search *s = ctx;
    uint64_t got = 0;
    uint32_t run = 0;
    const uint8_t *bytes = disk_memory_bytes(s->w->disk, name, &got);
    assert_int_equal(got, size);
    for (uint64_t i = 0; i < size; i++) {
        run = bytes[i] == 'x' ? run + 1 : 0;
        if (run == 20) s->found++;
    }
}

static bool is_plain_anywhere(struct world *w)
{
    struct search s = { w, 0 };
    disk_memory_each(w->disk, &s, look_for_text);
    return s.found > 0;
}

static void what_is_written_can_be_read_with_the_key_only(void **state)
{
    struct world *w = *state;
    for (uint32_t cipher = STORE_AES; cipher <= STORE_CHACHA; cipher++) {
        struct world *sealed = world_new(cipher);
        configure(sealed, (enum store_cipher)cipher, "secret", NULL);
        start(sealed);
        write_some(sealed);
        assert_false(is_plain_anywhere(sealed));
        world_crash(sealed, true);
        start(sealed);
        assert_int_equal(sealed->things_count, 1);
        world_stop(sealed);
        configure(sealed, STORE_PLAIN, NULL, NULL);
        expect_refusal(sealed, "is encrypted, and jetstream { key } is not configured");
        configure(sealed, (enum store_cipher)cipher, "Secret", NULL);
        expect_refusal(sealed, "is encrypted with another key");
        configure(sealed, (enum store_cipher)cipher, "Secret", "public");
        expect_refusal(sealed, "is encrypted with another key");
        configure(sealed, (enum store_cipher)cipher, "secret", NULL);
        start(sealed);
        assert_int_equal(sealed->things_count, 1);
        sealed = world_free(sealed);
        assert_null(sealed);
    }
    start(w);
    write_some(w);
    assert_true(is_plain_anywhere(w)); /* the search finds something */
}

static void a_new_key_takes_the_place_of_the_previous_one(void **state)
{
    struct world *w = *state;
    configure(w, STORE_CHACHA, "old", NULL);
    start(w);
    write_some(w);
    world_crash(w, true);
    configure(w, STORE_CHACHA, "new", "old");
    start(w);
    assert_int_equal(w->things_count, 1);
    world_crash(w, true);
    configure(w, STORE_CHACHA, "new", NULL);
    start(w);
    assert_int_equal(w->things_count, 1);
    write_some(w);
    world_crash(w, true);
    configure(w, STORE_CHACHA, "old", NULL);
    expect_refusal(w, "is encrypted with another key");
    configure(w, STORE_CHACHA, "new", "whatever");
    start(w);
    assert_int_equal(w->things_count, 2);
}

static void a_crash_while_keys_are_wrapped_anew_leaves_one_that_fits(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 8; at++) {
        struct world *w = world_new(at);
        struct errmsg why = { "" };
        configure(w, STORE_AES, "old", NULL);
        start(w);
        write_some(w);
        world_crash(w, true);
        configure(w, STORE_AES, "new", "old");
        struct disk_memory_fault *syncs = &w->disk->fault[DISK_MEMORY_SYNCS];
        syncs->fail_at = syncs->count + at;
        enum err e = world_open(w, &why);
        syncs->fail_at = 0;
        if (e) {
            disk_memory_crash(w->disk);
            disk_memory_start(w->disk);
        } else world_crash(w, true);
        start(w);
        assert_int_equal(w->things_count, 1);
        w = world_free(w);
        assert_null(w);
    }
}

static void a_store_may_change_its_cipher_and_reads_what_it_wrote_before(void **state)
{
    static const enum store_cipher ciphers[] = { STORE_PLAIN, STORE_AES,   STORE_CHACHA,
                                                 STORE_AES,   STORE_PLAIN, STORE_CHACHA };
    struct world *w = *state;
    for (uint32_t i = 0; i < ARRAY_COUNT(ciphers); i++) {
        configure(w, ciphers[i], i > 0 ? "secret" : NULL, NULL);
        start(w);
        assert_int_equal(w->things_count, i);
        write_some(w);
        world_crash(w, true);
    }
    start(w);
    assert_int_equal(w->things_count, ARRAY_COUNT(ciphers));
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(what_is_written_can_be_read_with_the_key_only),
        WITH_WORLD(a_new_key_takes_the_place_of_the_previous_one),
        cmocka_unit_test(a_crash_while_keys_are_wrapped_anew_leaves_one_that_fits),
        WITH_WORLD(a_store_may_change_its_cipher_and_reads_what_it_wrote_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
