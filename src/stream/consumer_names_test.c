/* SPDX-License-Identifier: Apache-2.0 */
/* Names against a plain sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "stream/consumer_internal.h"

enum { MANY = 3000 };

static struct consumer *named(uint32_t number)
{
    char text[32];
    struct consumer *c = xcalloc(1, sizeof *c);
    (void)snprintf(text, sizeof text, "c%u", number);
    c->name = xstrdup(text);
    return c;
}

static void drop(struct consumer *c)
{
    xfree((void *)(uintptr_t)c->name);
    xfree(c);
}

static int by_name(const void *a, const void *b)
{
    const struct consumer *x = *(const struct consumer *const *)a;
    const struct consumer *y = *(const struct consumer *const *)b;
    return strcmp(x->name, y->name);
}

static void expect_order(struct consumer_names *n, struct consumer **all, uint32_t count)
{
    struct consumer **sorted = xcalloc(count + 1, sizeof(struct consumer *));
    if (count > 0) memcpy(sorted, all, count * sizeof(struct consumer *));
    qsort(sorted, count, sizeof(struct consumer *), by_name);
    assert_int_equal(n->count, count);
    for (uint32_t i = 0; i < count; i++) assert_ptr_equal(consumer_names_at(n, i), sorted[i]);
    for (uint32_t i = count; i > 0; i -= i > 17 ? 17 : i)
        assert_ptr_equal(consumer_names_at(n, i - 1), sorted[i - 1]);
    assert_null(consumer_names_at(n, count));
    xfree(sorted);
}

static void they_stand_in_order_whatever_comes_and_goes(void **state)
{
    (void)state;
    struct consumer *all[MANY], *gone[MANY];
    struct consumer_names n = { .count = 0 };
    struct rng rng;
    uint32_t count = 0, gone_count = 0, next = 0;
    rng_init(&rng, 1);
    for (uint32_t step = 0; step < 20000; step++) {
        bool grows = (step / 4000) % 2 == 0;
        if (count < MANY && rng_below(&rng, 10) < (grows ? 9U : 2U)) {
            struct consumer *c = gone_count > 0 ? gone[--gone_count] : NULL;
            if (c == NULL) c = named(step % 3 == 0 ? next++ : 1000000 + rng_below(&rng, 1 << 30));
            if (consumer_names_find(&n, slice_str(c->name)) != NULL) {
                drop(c);
                continue;
            }
            consumer_names_add(&n, c);
            all[count++] = c;
        } else if (count > 0) {
            uint32_t i = rng_below(&rng, count);
            consumer_names_remove(&n, all[i]);
            assert_null(consumer_names_find(&n, slice_str(all[i]->name)));
            if (gone_count < MANY / 10) gone[gone_count++] = all[i];
            else drop(all[i]);
            all[i] = all[--count];
        }
        if (step % 500 != 0) continue;
        consumer_names_check(&n);
        expect_order(&n, all, count);
        for (uint32_t i = 0; i < count; i++)
            assert_ptr_equal(consumer_names_find(&n, slice_str(all[i]->name)), all[i]);
    }
    while (count > 0) {
        consumer_names_remove(&n, all[--count]);
        drop(all[count]);
    }
    while (gone_count > 0) drop(gone[--gone_count]);
    assert_null(n.pieces);
    consumer_names_deinit(&n);
}

static void ascending_names_fill_their_pieces(void **state)
{
    (void)state;
    struct consumer *all[MANY];
    struct consumer_names n = { .count = 0 };
    for (uint32_t i = 0; i < MANY; i++) {
        all[i] = named(1000000 + i);
        consumer_names_add(&n, all[i]);
    }
    consumer_names_check(&n);
    assert_true(n.pieces_count <= MANY / (NAMES_PIECE - 1) + 1);
    expect_order(&n, all, MANY);
    consumer_names_deinit(&n);
    for (uint32_t i = 0; i < MANY; i++) drop(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_stand_in_order_whatever_comes_and_goes),
        cmocka_unit_test(ascending_names_fill_their_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
