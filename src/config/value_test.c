/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct value *integer(struct arena *arena, int64_t number)
{
    struct value *v = value_new(arena, VALUE_INTEGER, (struct option_pos){ 0 });
    v->integer = number;
    return v;
}

static void a_repeated_key_keeps_its_place_and_takes_the_new_value(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct value *map = value_new(arena, VALUE_MAP, (struct option_pos){ 0 });
    value_map_set(arena, map, SLICE_LIT("a"), integer(arena, 1));
    value_map_set(arena, map, SLICE_LIT("b"), integer(arena, 2));
    value_map_set(arena, map, SLICE_LIT("a"), integer(arena, 3));
    assert_int_equal(map->map.count, 2);
    assert_true(slice_equal_str(map->map.items[0].key, "a"));
    assert_int_equal(map->map.items[0].value->integer, 3);
    assert_null(value_map_find(map, SLICE_LIT("A")));
}

static void weight_counts_what_a_value_unfolds_to(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct value *inner = value_new(arena, VALUE_ARRAY, (struct option_pos){ 0 });
    for (int i = 0; i < 3; i++) value_array_add(arena, inner, integer(arena, i));
    assert_int_equal(inner->weight, 4);
    struct value *outer = value_new(arena, VALUE_ARRAY, (struct option_pos){ 0 });
    value_array_add(arena, outer, inner);
    value_array_add(arena, outer, inner);
    assert_int_equal(outer->weight, 9);
    assert_ptr_equal(outer->array.items[1], inner);
}

static void types_have_the_names_of_go(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    assert_string_equal(value_type_name(integer(arena, 1)), "int64");
    assert_string_equal(value_type_name(value_new(arena, VALUE_MAP, (struct option_pos){ 0 })),
                        "map[string]interface {}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_key_keeps_its_place_and_takes_the_new_value),
        cmocka_unit_test(weight_counts_what_a_value_unfolds_to),
        cmocka_unit_test(types_have_the_names_of_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
