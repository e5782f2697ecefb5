/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/rng.h"
#include "base/units.h"

static void an_object_takes_at_most_an_eighth_more_than_its_size(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t size = 1; size <= SLAB_OBJECT_MAX; size++) {
        uint32_t rounded = slab_round(size);
        assert_true(rounded >= size && rounded % 8 == 0);
        assert_true(rounded <= size + 7 || rounded <= size + size / 8 + 7);
        assert_true(rounded >= before);
        before = rounded;
    }
}

struct held {
    slab_ref ref;
    uint32_t size;
    uint8_t mark;
};

static void take(struct slab *s, struct held *h, uint32_t size, uint8_t mark)
{
    *h = (struct held){ slab_alloc(s, size), size, mark };
    assert_true(h->ref != 0);
    assert_true((uintptr_t)slab_at(s, h->ref) % 8 == 0);
    memset(slab_at(s, h->ref), mark, size);
}

static void give(struct slab *s, struct held *h)
{
    const uint8_t *at = slab_at(s, h->ref);
    for (uint32_t i = 0; i < h->size; i++) assert_int_equal(at[i], h->mark);
    slab_free(s, h->ref);
    h->size = 0;
}

static void objects_of_all_sizes_keep_their_bytes_whatever_comes_and_goes(void **state)
{
    (void)state;
    enum { COUNT = 5000, STEPS = 200000 };
    static struct held held[COUNT];
    static struct slab s; /* all zero */
    struct rng rng;
    rng_init(&rng, 11);
    uint32_t live = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        struct held *h = &held[rng_below(&rng, COUNT)];
        if (h->size > 0) {
            give(&s, h);
            live--;
        } else {
            uint32_t limit = rng_chance(&rng, 1, 20) ? SLAB_OBJECT_MAX : 64;
            take(&s, h, 1 + rng_below(&rng, limit), (uint8_t)i);
            live++;
        }
        if (i % 1000 == 0) slab_check(&s);
        assert_int_equal(slab_count(&s), live);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        if (held[i].size > 0) give(&s, &held[i]);
    assert_int_equal(slab_count(&s), 0);
    assert_int_equal(s.bytes, 0);
    slab_check(&s);
}

static void a_few_objects_take_little_and_many_waste_little(void **state)
{
    (void)state;
    enum { COUNT = 1000000 };
    struct slab s = { 0 };
    slab_ref *refs = xcalloc(COUNT, sizeof(slab_ref));
    refs[0] = slab_alloc(&s, 32);
    assert_true(s.bytes < 300);
    for (uint32_t i = 1; i < COUNT; i++) refs[i] = slab_alloc(&s, 32);
    assert_true(s.bytes < COUNT * UINT64_C(32) * 11 / 10);
    slab_check(&s);
    /* Whole chunks go back, whatever the order. */
    for (uint32_t i = 0; i < COUNT - 100; i++) slab_free(&s, refs[i]);
    assert_true(s.bytes < 3 * MIB);
    slab_check(&s);
    for (uint32_t i = COUNT - 100; i < COUNT; i++) slab_free(&s, refs[i]);
    assert_int_equal(s.bytes, 0);
    xfree(refs);
}

static void adding_and_removing_by_turns_does_not_ask_the_heap_each_time(void **state)
{
    (void)state;
    struct slab s = { 0 };
    for (uint32_t i = 0; i < 1000; i++) (void)slab_alloc(&s, 40);
    /* At some of these levels the last chunk is full, and at the next it is new. */
    for (uint32_t i = 0; i < 500; i++) {
        slab_free(&s, slab_alloc(&s, 40));
        uint64_t bytes = s.bytes;
        slab_ref again = slab_alloc(&s, 40);
        assert_int_equal(s.bytes, bytes);
        slab_free(&s, again);
        assert_int_equal(s.bytes, bytes);
        (void)slab_alloc(&s, 40);
    }
    slab_deinit(&s);
    assert_int_equal(s.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_takes_at_most_an_eighth_more_than_its_size),
        cmocka_unit_test(objects_of_all_sizes_keep_their_bytes_whatever_comes_and_goes),
        cmocka_unit_test(a_few_objects_take_little_and_many_waste_little),
        cmocka_unit_test(adding_and_removing_by_turns_does_not_ask_the_heap_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
