/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/load_internal.h"

#define BAD "invalid mapping destination: "

/* Recorded from nats-server 2.15.2. */
static const struct {
    const char *from;
    const char *to;
    const char *error;          /* NULL: possible */
} cases[] = {
    { "a", "b", NULL },
    { "a", "", NULL },
    { "a.*", "b.$2", BAD "wildcard index out of range in $2: [2]" },
    { "a.*", "b.*", "invalid subject" },
};

static void mappings_are_possible_or_not_as_on_nats_server(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *error = transform_error(arena, cases[i].from, cases[i].to);
        assert_string_equal(error == NULL ? "" : error,
                            cases[i].error == NULL ? "" : cases[i].error);
    }
}

static void imports_only_move_wildcards_and_use_all_of_them(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    assert_null(transform_import_error(arena, "s.*", "p.*"));
    assert_null(transform_import_error(arena, "s.*", "p.{{wildcard(1)}}"));
    assert_string_equal(transform_import_error(arena, "s.*", "p"),
                        BAD "not using all of the token wildcard(s) in p");
    assert_string_equal(
        transform_import_error(arena, "s.*", "p.{{partition(5,1)}}"),
        BAD "the only mapping function allowed for import transforms is {{Wildcard()}} in "
            "{{partition(5,1)}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mappings_are_possible_or_not_as_on_nats_server),
        cmocka_unit_test(imports_only_move_wildcards_and_use_all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
