/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/pass_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t key[PASSWORD_KEY] = { 1, 2, 3 };
static const struct slice hash = SLICE_LIT("$2a$10$hash");

static struct slice number(uint32_t *n)
{
    return slice_of(n, sizeof *n);
}

static void only_what_was_put_is_found(void **state)
{
    (void)state;
    AUTO_FREE(pass_cache) c = pass_cache_new(key);
    assert_false(pass_cache_has(c, hash, SLICE_LIT("word"), 1));
    pass_cache_put(c, hash, SLICE_LIT("word"), 1);
    assert_true(pass_cache_has(c, hash, SLICE_LIT("word"), 1));
    assert_false(pass_cache_has(c, hash, SLICE_LIT("wor"), 1));
    assert_false(pass_cache_has(c, hash, SLICE_LIT("words"), 1));
    assert_false(pass_cache_has(c, hash, SLICE_LIT(""), 1));
    assert_false(pass_cache_has(c, SLICE_LIT("$2a$10$other"), SLICE_LIT("word"), 1));
    assert_false(pass_cache_has(c, SLICE_LIT("$2a$10$has"), SLICE_LIT("hword"), 1));
}

static void an_entry_expires(void **state)
{
    (void)state;
    AUTO_FREE(pass_cache) c = pass_cache_new(key);
    pass_cache_put(c, hash, SLICE_LIT("word"), 1000);
    assert_true(pass_cache_has(c, hash, SLICE_LIT("word"), 999 + PASS_CACHE_TTL));
    assert_false(pass_cache_has(c, hash, SLICE_LIT("word"), 1000 + PASS_CACHE_TTL));
    pass_cache_put(c, hash, SLICE_LIT("word"), 1000 + PASS_CACHE_TTL);
    assert_true(pass_cache_has(c, hash, SLICE_LIT("word"), 1001 + PASS_CACHE_TTL));
}

static void it_never_holds_more_than_its_limit_and_prefers_the_new(void **state)
{
    (void)state;
    AUTO_FREE(pass_cache) c = pass_cache_new(key);
    enum { MANY = 4 * PASS_CACHE_MAX };
    for (uint32_t i = 0; i < MANY; i++) {
        pass_cache_put(c, hash, number(&i), 1 + i);
        assert_true(pass_cache_has(c, hash, number(&i), 1 + i));
    }
    uint32_t held = 0, held_of_last_half = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        if (!pass_cache_has(c, hash, number(&i), MANY)) continue;
        held++;
        if (i >= MANY / 2) held_of_last_half++;
    }
    assert_in_range(held, PASS_CACHE_MAX / 2, PASS_CACHE_MAX);
    assert_in_range(held_of_last_half, held * 9 / 10, held);
}

static void putting_again_takes_no_second_place(void **state)
{
    (void)state;
    AUTO_FREE(pass_cache) c = pass_cache_new(key);
    pass_cache_put(c, hash, SLICE_LIT("first"), 1);
    for (nanos now = 2; now < 100; now++) pass_cache_put(c, hash, SLICE_LIT("again"), now);
    assert_true(pass_cache_has(c, hash, SLICE_LIT("first"), 100));
    assert_true(pass_cache_has(c, hash, SLICE_LIT("again"), 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_put_is_found),
        cmocka_unit_test(an_entry_expires),
        cmocka_unit_test(it_never_holds_more_than_its_limit_and_prefers_the_new),
        cmocka_unit_test(putting_again_takes_no_second_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
