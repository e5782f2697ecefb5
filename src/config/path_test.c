/* SPDX-License-Identifier: Apache-2.0 */
#include "config/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void paths_are_cleaned_as_go_cleans_them(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *clean;
    } cases[] = {
        { "", "." },       { "a/b", "a/b" },         { "a//b/./c/", "a/b/c" },
        { "a/../b", "b" }, { "..", ".." },           { "../../a", "../../a" },
        { "a/..", "." },   { "/..", "/" },           { "/a/../../b", "/b" },
        { "/", "/" },      { "a/b/../../..", ".." }, { "./a", "a" },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(path_clean(arena, cases[i].path), cases[i].clean);
    assert_string_equal(path_dir(arena, "a.conf"), ".");
    assert_string_equal(path_dir(arena, "/a.conf"), "/");
    assert_string_equal(path_dir(arena, "x/y/a.conf"), "x/y");
    assert_string_equal(path_join(arena, "x", "/etc/b"), "x/etc/b");
    assert_string_equal(path_join(arena, ".", "b"), "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(paths_are_cleaned_as_go_cleans_them) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
