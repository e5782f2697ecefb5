/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/rng.h"

enum { SEED = 9, NAMES = 600 };

struct name {
    char text[16];
    bool in;
};

static struct slice name_text(uintptr_t value)
{
    return slice_str(((const struct name *)value)->text);
}

static uintptr_t find(struct slots *s, const char *text, _Atomic uint64_t **ret_slot)
{
    struct slice key = slice_str(text);
    return slots_find(s, hash_bytes(key, SEED), key, name_text, ret_slot);
}

static struct name *names_new(void)
{
    struct name *names = calloc(NAMES, sizeof *names);
    for (int i = 0; i < NAMES; i++) (void)snprintf(names[i].text, sizeof names[i].text, "n%d", i);
    return names;
}

static void any_history_finds_exactly_what_is_in(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 2);
    struct name *names = names_new();
    _Atomic(struct slots *) place = NULL;
    uint32_t live = 0, cap_max = 0;
    for (int step = 0; step < 100000; step++) {
        struct garbage *garbage = NULL;
        struct name *n = &names[rng_below(&rng, step / 10000 % 2 == 0 ? NAMES : 8)];
        _Atomic uint64_t *slot = NULL;
        uintptr_t found = find(place, n->text, &slot);
        assert_int_equal(found, n->in ? (uintptr_t)n : 0);
        if (n->in) slots_remove(place, slot);
        else slots_add(&place, SEED, name_text, (uintptr_t)n, &garbage);
        live += n->in ? UINT32_MAX : 1;
        n->in = !n->in;
        struct slots *s = place;
        assert_int_equal(s->live, live);
        assert_true(s->live + s->dead < s->cap); /* so that a search ends */
        if (s->cap > cap_max) cap_max = s->cap;
        garbage_free(garbage);
    }
    assert_true(cap_max <= 4 * NAMES); /* no cost grows with history */
    free(place);
    free(names);
}

static void another_value_with_the_same_text_takes_the_slot(void **state)
{
    (void)state;
    struct name first = { .text = "same" }, second = { .text = "same" };
    _Atomic(struct slots *) place = NULL;
    struct garbage *garbage = NULL;
    _Atomic uint64_t *slot = NULL;
    slots_add(&place, SEED, name_text, (uintptr_t)&first, &garbage);
    assert_int_equal(find(place, "same", &slot), (uintptr_t)&first);
    slots_replace(slot, (uintptr_t)&second);
    assert_int_equal(find(place, "same", NULL), (uintptr_t)&second);
    struct slots *s = place;
    assert_int_equal(s->live, 1);
    assert_null(garbage);
    free(place);
}

static void a_table_that_was_replaced_still_serves_its_readers(void **state)
{
    (void)state;
    struct name *names = names_new();
    _Atomic(struct slots *) place = NULL;
    struct garbage *garbage = NULL;
    slots_add(&place, SEED, name_text, (uintptr_t)&names[0], &garbage);
    struct slots *old = place;
    for (int i = 1; i < NAMES; i++)
        slots_add(&place, SEED, name_text, (uintptr_t)&names[i], &garbage);
    assert_ptr_not_equal(old, place);
    assert_int_equal(find(old, "n0", NULL), (uintptr_t)&names[0]);
    assert_int_equal(find(old, "n500", NULL), 0);
    assert_int_equal(find(place, "n500", NULL), (uintptr_t)&names[500]);
    garbage_free(garbage); /* with `old` in it */
    free(place);
    free(names);
}

static void nothing_is_found_where_there_is_no_table(void **state)
{
    (void)state;
    assert_int_equal(find(NULL, "a", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_finds_exactly_what_is_in),
        cmocka_unit_test(another_value_with_the_same_text_takes_the_slot),
        cmocka_unit_test(a_table_that_was_replaced_still_serves_its_readers),
        cmocka_unit_test(nothing_is_found_where_there_is_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
