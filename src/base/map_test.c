/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

/* The model: every key in an array, with the turn in which it came in; 0: absent. */
enum { KEYS = 400 };

struct model {
    char text[KEYS][16];
    int values[KEYS];      /* their addresses are the values */
    void *value[KEYS];     /* NULL: absent */
    uint64_t since[KEYS];
    uint32_t count;
};

static struct model *model_new(void)
{
    struct model *m = calloc(1, sizeof *m);
    for (int i = 0; i < KEYS; i++) (void)snprintf(m->text[i], sizeof m->text[i], "key-%d", i);
    return m;
}

static void assert_same(const struct map *map, const struct model *model)
{
    uint32_t at = 0, seen = 0;
    struct slice key;
    void *value;
    uint64_t last = 0;
    while (map_next(map, &at, &key, &value)) {
        int index = atoi((const char *)key.ptr + 4);
        assert_ptr_equal(value, model->value[index]);
        assert_true(slice_equal_str(key, model->text[index]));
        assert_true(model->since[index] > last);
        last = model->since[index];
        seen++;
    }
    assert_int_equal(seen, model->count);
    assert_int_equal(map_count(map), model->count);
}

static void set_one(struct map *map, struct model *model, int i, uint64_t turn, void *value)
{
    assert_ptr_equal(map_set(map, slice_str(model->text[i]), value), model->value[i]);
    if (model->value[i] == NULL) {
        model->since[i] = turn;
        model->count++;
    }
    model->value[i] = value;
}

static void remove_one(struct map *map, struct model *model, int i)
{
    assert_ptr_equal(map_remove(map, slice_str(model->text[i])), model->value[i]);
    if (model->value[i] != NULL) model->count--;
    model->value[i] = NULL;
}

static void any_history_leaves_what_a_plain_table_would_hold(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    AUTO_FREE(map) map = map_new(5);
    struct model *model = model_new();
    for (uint64_t turn = 1; turn <= 60000; turn++) {
        /* waves, so that the map grows, empties and sweeps its holes */
        uint32_t in_ten = turn / 5000 % 2 == 0 ? 7 : 3;
        int i = (int)rng_below(&rng, KEYS);
        if (rng_chance(&rng, in_ten, 10))
            set_one(map, model, i, turn, &model->values[rng_below(&rng, KEYS)]);
        else remove_one(map, model, i);
        int other = (int)rng_below(&rng, KEYS);
        assert_ptr_equal(map_find(map, slice_str(model->text[other])), model->value[other]);
        if (turn % 200 == 0) assert_same(map, model);
    }
    free(model);
}

static void keys_are_bytes_and_are_copied(void **state)
{
    (void)state;
    AUTO_FREE(map) map = map_new(1);
    int values[4];
    char key[] = { 'a', 0, 'b' };
    (void)map_set(map, slice_of(key, 3), &values[0]);
    (void)map_set(map, slice_of(key, 1), &values[1]);
    (void)map_set(map, (struct slice){ 0 }, &values[2]);
    memset(key, 'x', sizeof key);
    assert_ptr_equal(map_find(map, slice_of("a\0b", 3)), &values[0]);
    assert_ptr_equal(map_find(map, SLICE_LIT("a")), &values[1]);
    assert_ptr_equal(map_find(map, SLICE_LIT("")), &values[2]);
    assert_null(map_find(map, slice_of("a\0c", 3)));
}

static void an_empty_map_finds_and_removes_nothing(void **state)
{
    (void)state;
    AUTO_FREE(map) map = map_new(1);
    uint32_t at = 0;
    struct slice key;
    void *value;
    assert_null(map_find(map, SLICE_LIT("a")));
    assert_null(map_remove(map, SLICE_LIT("a")));
    assert_false(map_next(map, &at, &key, &value));
    assert_int_equal(map_count(map), 0);
    assert_null(map_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_leaves_what_a_plain_table_would_hold),
        cmocka_unit_test(keys_are_bytes_and_are_copied),
        cmocka_unit_test(an_empty_map_finds_and_removes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
