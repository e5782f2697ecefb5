/* SPDX-License-Identifier: Apache-2.0 */
#include "config/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_single_port_has_the_digest_that_nats_server_prints(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct option_pos pos = { 0 };
    struct value *root = value_new(arena, VALUE_MAP, pos);
    struct value *port = value_new(arena, VALUE_INTEGER, pos);
    port->integer = 4222;
    value_map_set(arena, root, SLICE_LIT("port"), port);
    assert_string_equal(digest_of(root, arena),
                        "sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e");
}

static void keys_are_sorted_and_html_is_escaped(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct option_pos pos = { 0 };
    struct value *root = value_new(arena, VALUE_MAP, pos);
    static const char *const keys[] = { "b", "a", "B", "ab" };
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        struct value *text = value_new(arena, VALUE_TEXT, pos);
        text->text = SLICE_LIT("<&>");
        value_map_set(arena, root, slice_str(keys[i]), text);
    }
    struct buf json = { 0 };
    digest_json(root, &json);
    assert_string_equal(buf_str(&json),
                        "{\"B\":\"\\u003c\\u0026\\u003e\",\"a\":\"\\u003c\\u0026\\u003e\","
                        "\"ab\":\"\\u003c\\u0026\\u003e\",\"b\":\"\\u003c\\u0026\\u003e\"}\n");
    buf_deinit(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_port_has_the_digest_that_nats_server_prints),
        cmocka_unit_test(keys_are_sorted_and_html_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
