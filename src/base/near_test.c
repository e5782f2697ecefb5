/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

struct held {
    uint8_t *at;
    uint32_t size;
    uint8_t  mark;
};

static void take(struct held *h, uint32_t size, uint8_t mark)
{
    *h = (struct held){ near_alloc(size), size, mark };
    assert_int_equal((uintptr_t)h->at % CACHE_LINE, 0);
    memset(h->at, mark, size);
}

static void give(struct held *h)
{
    for (uint32_t i = 0; i < h->size; i++) assert_int_equal(h->at[i], h->mark);
    h->at = near_free(h->at, h->size);
    assert_null(h->at);
}

static uint32_t draw_size(struct rng *rng)
{
    uint32_t kind = (uint32_t)rng_below(rng, 20);
    if (kind == 0) return 1 + (uint32_t)rng_below(rng, NEAR_MAX + 100);
    if (kind == 1) return NEAR_MAX;
    return 1 + (uint32_t)rng_below(rng, NEAR_SMALL + 64);
}

static void objects_of_all_sizes_keep_their_bytes_whatever_comes_and_goes(void **state)
{
    (void)state;
    enum { COUNT = 1000, STEPS = 20000 };
    static struct held held[COUNT];
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < STEPS; i++) {
        struct held *h = &held[rng_below(&rng, COUNT)];
        if (h->at != NULL) give(h);
        else take(h, draw_size(&rng), (uint8_t)rng_below(&rng, 256));
        if (i % 1000 == 0) near_check();
    }
    for (uint32_t i = 0; i < COUNT; i++)
        if (held[i].at != NULL) give(&held[i]);
    near_check();
    assert_int_equal(near_stats().objects, 0);
    assert_int_equal(near_stats().areas, 0); /* all of it went back */
}

static void what_is_zeroed_is_zero_where_something_else_was(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    static const uint8_t zeros[SIZE];
    uint8_t *other = near_alloc(SIZE), *first = near_alloc(SIZE);
    memset(first, 7, SIZE);
    (void)near_free(first, SIZE);
    uint8_t *again = near_zalloc(SIZE);
    assert_memory_equal(again, zeros, SIZE);
    (void)near_free(again, SIZE);
    (void)near_free(other, SIZE);
    near_check();
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_null(near_free(NULL, 100));
    near_check();
}

static void a_place_is_used_again_for_its_size(void **state)
{
    (void)state;
    uint8_t *stays = near_alloc(300), *goes = near_alloc(300);
    assert_int_equal(near_stats().objects, 2);
    (void)near_free(goes, 300);
    uint8_t *other = near_alloc(400), *again = near_alloc(290);
    assert_ptr_equal(again, goes); /* 290 and 300 are five lines */
    assert_ptr_not_equal(other, goes);
    (void)near_free(stays, 300);
    (void)near_free(other, 400);
    (void)near_free(again, 290);
    assert_int_equal(near_stats().objects, 0);
}

static void objects_stand_apart_where_that_is_wanted(void **state)
{
    (void)state;
    near_set_apart(true);
    struct held a, b;
    take(&a, 100, 3);
    take(&b, NEAR_MAX + 1, 4);
    assert_int_equal(near_stats().objects, 0);
    give(&a);
    give(&b);
    near_set_apart(false);
}

int main(void)
{
    near_set_apart(false); /* though sanitizers watch */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_all_sizes_keep_their_bytes_whatever_comes_and_goes),
        cmocka_unit_test(what_is_zeroed_is_zero_where_something_else_was),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(a_place_is_used_again_for_its_size),
        cmocka_unit_test(objects_stand_apart_where_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
