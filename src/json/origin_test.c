/* SPDX-License-Identifier: Apache-2.0 */
#include "json/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* By a path of members and items: "a", "b", "1". */
static struct json_value walk(struct json_value v, const char *const *path)
{
    for (; *path != NULL; path++) {
        if (json_kind(v) == JSON_ARRAY) v = json_item(v, (uint32_t)atoi(*path));
        else assert_true(json_member(v, *path, &v));
    }
    return v;
}

static void a_value_is_found_as_it_was_written(void **state)
{
    (void)state;
    static const char text[] =
        " {\"a\" : \"x\\u0041\\\"}\", \"b\":[ 1e3 ,null,{\"c\" : [ -0 , {} ] }, \"\"],"
        "\"\":{\"a\":\"\xff\"},\"d\": true} ";
    static const struct {
        const char *path[4];
        const char *want;
    } rows[] = {
        { { "a" }, "\"x\\u0041\\\"}\"" },
        { { "b" }, "[ 1e3 ,null,{\"c\" : [ -0 , {} ] }, \"\"]" },
        { { "b", "0" }, "1e3" },
        { { "b", "1" }, "" },
        { { "b", "2" }, "{\"c\" : [ -0 , {} ] }" },
        { { "b", "2", "c" }, "[ -0 , {} ]" },
        { { "b", "3" }, "\"\"" },
        { { "" }, "{\"a\":\"\xff\"}" },
        { { "", "a" }, "\"\xff\"" },
        { { "d" }, "true" },
    };
    AUTO_FREE(json_doc) doc = NULL;
    assert_int_equal(json_doc_parse(slice_str(text), NULL, &doc), ERR_OK);
    struct json_value root = json_doc_root(doc);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct slice got = json_origin(slice_str(text), root, walk(root, rows[i].path));
        if (!slice_equal_str(got, rows[i].want))
            fail_msg("row %zu: \"%.*s\" instead of \"%s\"", i, SLICE_ARGS(got), rows[i].want);
    }
    assert_true(slice_equal(json_origin(slice_str(text), root, root), slice_trim(slice_str(text))));
}

static void of_a_key_given_twice_each_value_has_its_place(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"a\":\"b\"}";
    AUTO_FREE(json_doc) doc = NULL;
    struct slice key;
    struct json_value v;
    assert_int_equal(json_doc_parse(slice_str(text), NULL, &doc), ERR_OK);
    struct json_members m = json_members_of(json_doc_root(doc));
    assert_true(json_members_next(&m, &key, &v));
    assert_true(slice_equal_str(json_origin(slice_str(text), json_doc_root(doc), v), "1"));
    assert_true(json_members_next(&m, &key, &v));
    assert_true(slice_equal_str(json_origin(slice_str(text), json_doc_root(doc), v), "\"b\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_as_it_was_written),
        cmocka_unit_test(of_a_key_given_twice_each_value_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
