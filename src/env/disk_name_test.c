/* SPDX-License-Identifier: Apache-2.0 */
#include "env/disk_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "env/disk.h"

static void names_of_a_store_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "x", "journal/0000000a", "a/b/c", "..a", "a..", ".x", "..."
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) assert_true(disk_name_is_ok(good[i]));
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",   "/",    "/etc/passwd", "x/",   "a//b", ".",
        "..", "../x", "a/../../x",   "a/..", "./x",  "a/./b",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) assert_false(disk_name_is_ok(bad[i]));
}

static void only_a_directory_may_be_the_root(void **state)
{
    (void)state;
    assert_true(disk_name_is_dir_ok(""));
    assert_true(disk_name_is_dir_ok("a/b"));
    assert_false(disk_name_is_dir_ok(".."));
}

static void a_name_has_a_longest_length(void **state)
{
    (void)state;
    char name[DISK_NAME_MAX + 2] = { 0 };
    memset(name, 'x', DISK_NAME_MAX);
    assert_true(disk_name_is_ok(name));
    name[DISK_NAME_MAX] = 'x';
    assert_false(disk_name_is_ok(name));
}

static void a_name_is_cut_before_its_last_component(void **state)
{
    (void)state;
    struct slice directory, last;
    disk_name_cut("a/b/c", &directory, &last);
    assert_true(slice_equal_str(directory, "a/b"));
    assert_true(slice_equal_str(last, "c"));
    disk_name_cut("abc", &directory, &last);
    assert_true(slice_equal_str(directory, ""));
    assert_true(slice_equal_str(last, "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_a_store_are_taken),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(only_a_directory_may_be_the_root),
        cmocka_unit_test(a_name_has_a_longest_length),
        cmocka_unit_test(a_name_is_cut_before_its_last_component),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
