/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/transform_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BAD "invalid mapping destination: "

/* Recorded from nats-server 2.15.2. */
static const struct {
    const char *from;
    const char *to;
    const char *error;          /* NULL: possible */
} cases[] = {
    { "a", "b", NULL },
    { "a.*", "b.$1", NULL },
    { "a.*", "b.$2", BAD "wildcard index out of range in $2: [2]" },
    { "a.*", "b.$0", NULL },
    { "a.*", "b.$x", NULL },
    { "a.*", "b.*", "invalid subject" },
    { "a.>", "b.>", NULL },
    { "a.>", "b", "invalid subject" },
    { "a", "b.>", "invalid subject" },
    { "a", "b.{{wildcard(1)}}", BAD "wildcard index out of range in {{wildcard(1)}}" },
    { "a", "b.{{partition(3,1)}}", NULL },
    { "a", "b c", BAD "invalid transform" },
    { "a", ".b", BAD "invalid transform" },
    { "a.*", "b.{{ wildcard( 1 ) }}", NULL },
    { "a.*", NULL, NULL },
    { "a.*", "b.{{foo(1)}}", BAD "unknown function in {{foo(1)}}" },
    { "a.*", "b.{{LEFT(1,1)}}", BAD "unknown function in {{LEFT(1,1)}}" },
    { "a.*", "b.{{wildcard(1)}}x", NULL },
    { "a.*", "b.{{wildcard(1}}", BAD "unknown function in {{wildcard(1}}" },
    { "a.*", "b.{{wildcard()}}",
      BAD "not enough arguments passed to the function in {{wildcard()}}" },
    { "a.*", "b.{{wildcard(1,2)}}",
      BAD "too many arguments passed to the function in {{wildcard(1,2)}}" },
    { "a.*", "b.{{partition()}}",
      BAD "function argument is invalid or in the wrong format in {{partition()}}" },
    { "a.*", "b.{{partition(3,1)}}", NULL },
    { "a.*", "b.{{partition(3,2)}}", BAD "wildcard index out of range in {{partition(3,2)}}: [2]" },
    { "a.*", "b.{{random(1,2)}}",
      BAD "not enough arguments passed to the function in {{random(1,2)}}" },
    { "a.*", "b.{{split(1,)}}", NULL },
    { "a.*", "b.{{splitFromleft(1,1)}}", NULL },
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
