/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "store/store_cache.h"

struct thing {
    struct store_cached cached;
    int *evicted;
};

static void evict(struct store_cached *e)
{
    struct thing *t = container_of(e, struct thing, cached);
    assert_false(e->is_in);
    ++*t->evicted;
}

enum { THINGS = 12 };

static void what_was_used_least_goes_first_and_what_is_held_stays(void **state)
{
    (void)state;
    int evicted[THINGS] = { 0 };
    struct thing things[THINGS];
    struct store_cache_stats s;
    struct store_cache *c = store_cache_new(300, 1);
    for (int i = 0; i < THINGS; i++) things[i] = (struct thing){ .evicted = &evicted[i] };
    for (int i = 0; i < 10; i++) store_cache_add(c, &things[i].cached, 30, evict);
    for (int i = 0; i < 9; i++) store_cache_release(c, &things[i].cached);
    store_cache_touch(c, &things[0].cached);
    store_cache_add(c, &things[10].cached, 30, evict);
    assert_true(evicted[0] == 0 && evicted[1] == 1 && evicted[2] == 0);
    store_cache_resize(c, &things[10].cached, 60);
    assert_int_equal(evicted[2], 1);
    assert_false(store_cache_is_over(c));
    assert_int_equal(store_cache_quarters(c), 1); /* 90 of 300 are held */
    store_cache_check(c);
    store_cache_resize(c, &things[10].cached, 280);
    assert_true(store_cache_is_over(c));
    for (int i = 3; i < 9; i++) assert_int_equal(evicted[i], i < 6);
    store_cache_stats(c, &s);
    assert_true(s.held == 310 && s.bytes == 430 && s.evicted == 5);
    assert_int_equal(store_cache_quarters(c), 4);
    store_cache_hold(c, &things[6].cached);
    store_cache_release(c, &things[6].cached);
    store_cache_release(c, &things[9].cached);
    assert_true(evicted[6] == 0 && evicted[7] == 1 && evicted[9] == 0);
    assert_false(store_cache_is_over(c));
    store_cache_check(c);
    for (int i = 0; i < THINGS; i++)
        if (i < 11 && evicted[i] == 0) store_cache_remove(c, &things[i].cached);
    store_cache_free(c);
}

static void without_space_it_is_over(void **state)
{
    (void)state;
    struct store_cache *c = store_cache_new(100, 1);
    store_cache_refused(c, true);
    store_cache_refused(c, true);
    store_cache_refused(c, false);
    assert_true(store_cache_is_over(c));
    store_cache_refused(c, false);
    assert_false(store_cache_is_over(c));
    store_cache_free(c);
}

static void what_is_spared_is_told_to_those_who_write(void **state)
{
    (void)state;
    struct store_cache *c = store_cache_new(100, 1);
    assert_false(store_cache_is_sparing(c));
    store_cache_spare(c, true);
    assert_true(store_cache_is_sparing(c));
    assert_false(store_cache_is_over(c));
    store_cache_spare(c, false);
    assert_false(store_cache_is_sparing(c));
    store_cache_free(c);
}

static void files_are_counted_beside_it(void **state)
{
    (void)state;
    int evicted = 0;
    enum { FILES = 20 };
    struct thing things[FILES + 1];
    struct store_cache *c = store_cache_new(100, FILES), *files = store_cache_files(c);
    for (int i = 0; i <= FILES; i++) {
        things[i] = (struct thing){ .evicted = &evicted };
        store_cache_add(files, &things[i].cached, 1, evict);
        store_cache_release(files, &things[i].cached);
    }
    assert_int_equal(evicted, 1);
    assert_false(things[0].cached.is_in);
    for (int i = 1; i <= FILES; i++) store_cache_remove(files, &things[i].cached);
    store_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_used_least_goes_first_and_what_is_held_stays),
        cmocka_unit_test(without_space_it_is_over),
        cmocka_unit_test(what_is_spared_is_told_to_those_who_write),
        cmocka_unit_test(files_are_counted_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
