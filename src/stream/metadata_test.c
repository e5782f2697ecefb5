/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void metadata_of_the_server_is_kept_apart(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct json_array map = { 0 }, present = { 0 };
    json_map_set(&map, "_nats.ver", "1", arena);
    json_map_set(&map, "_nats.level", "9", arena);
    json_map_set(&map, "a", "b", arena);
    js_metadata_store(&map, 2, arena);
    assert_int_equal(map.count, 2);
    assert_string_equal(json_map_find(&map, "_nats.req.level"), "2");
    js_metadata_align(&map, &present, arena);
    assert_null(json_map_find(&map, "_nats.req.level"));
    assert_true(js_metadata_supported(&map));
    json_map_set(&map, "_nats.req.level", "6", arena);
    assert_false(js_metadata_supported(&map));
    json_map_set(&map, "_nats.req.level", "x", arena);
    assert_false(js_metadata_supported(&map));
}

static void answers_name_the_server(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct json_array map = { 0 };
    json_map_set(&map, "a", "bc", arena);
    js_metadata_answer(&map, "2.15.2", arena);
    assert_string_equal(json_map_find(&map, "_nats.ver"), "2.15.2");
    assert_string_equal(json_map_find(&map, "_nats.level"), "5");
    assert_int_equal(js_metadata_size(&map), 3 + strlen("_nats.ver2.15.2_nats.level5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_of_the_server_is_kept_apart),
        cmocka_unit_test(answers_name_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
