/* SPDX-License-Identifier: Apache-2.0 */
#include "json/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/gotime.h"

struct inner {
    int32_t     n;
    const char *s;
};

struct outer {
    bool              flag;
    uint16_t          port;
    uint64_t          big;
    double            ratio;
    const char       *name;
    struct inner      one;
    struct inner     *maybe_one;
    struct json_array names;
    struct json_array list;
    nanos             start;
    nanos             wait;
};

/* clang-format off */
static const struct json_field inner_fields[] = {
    { "n", JSON_AT(struct inner, n), JSON_I32, 0, NULL, "a number" },
    { "s", JSON_AT(struct inner, s), JSON_TEXT, JSON_OMITEMPTY, NULL, "a text" },
};
static const struct json_table inner_table = JSON_TABLE(struct inner, inner_fields);

static const struct json_field outer_fields[] = {
    { "flag", JSON_AT(struct outer, flag), JSON_BOOLEAN, 0, NULL, "" },
    { "port", JSON_AT(struct outer, port), JSON_U16, 0, NULL, "" },
    { "big", JSON_AT(struct outer, big), JSON_U64, JSON_OMITEMPTY, NULL, "" },
    { "ratio", JSON_AT(struct outer, ratio), JSON_F64, JSON_OMITEMPTY, NULL, "" },
    { "name", JSON_AT(struct outer, name), JSON_TEXT, 0, NULL, "" },
    { "one", JSON_AT(struct outer, one), JSON_STRUCT, JSON_OMITEMPTY, &inner_table, "" },
    { "maybe", JSON_AT(struct outer, maybe_one), JSON_STRUCT_PTR, JSON_OMITEMPTY, &inner_table,
      "" },
    { "names", JSON_AT(struct outer, names), JSON_TEXTS, JSON_NULL_IF_EMPTY, NULL, "" },
    { "list", JSON_AT(struct outer, list), JSON_STRUCTS, JSON_OMITEMPTY, &inner_table, "" },
    { "start", JSON_AT(struct outer, start), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL, "" },
    { "wait", JSON_AT(struct outer, wait), JSON_DURATION_TEXT, JSON_OMITEMPTY, NULL, "" },
};
static const struct json_table outer_table = JSON_TABLE(struct outer, outer_fields);
/* clang-format on */

static enum err outer_read(const char *text, struct arena *arena, struct outer *ret,
                           struct errmsg *why)
{
    AUTO_FREE(json_doc) doc = NULL;
    assert_int_equal(json_doc_parse(slice_str(text), NULL, &doc), ERR_OK);
    return json_table_read(&outer_table, json_doc_root(doc), arena, ret, why);
}

static void a_struct_survives_writing_and_reading(void **state)
{
    (void)state;
    static const char text[] =
        "{\"flag\":true,\"port\":4222,\"big\":18446744073709551615,\"ratio\":0.5,"
        "\"name\":\"x\",\"one\":{\"n\":-1},"
        "\"maybe\":{\"n\":2,\"s\":\"t\"},\"names\":[\"a\",\"b\"],\"list\":[{\"n\":3},{\"n\":4}],"
        "\"start\":\"2000-02-29T00:00:00.12Z\",\"wait\":\"1m30s\"}";
    AUTO_FREE(arena) arena = arena_new();
    struct outer o = { 0 };
    assert_int_equal(outer_read(text, arena, &o, NULL), ERR_OK);
    assert_int_equal(o.wait, 90 * SECOND);
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(&outer_table, &o, &w);
    assert_string_equal(buf_str(&out), text);
    buf_deinit(&out);
}

static void empty_fields_are_left_out_only_where_the_table_says_so(void **state)
{
    (void)state;
    struct outer o = { .start = GOTIME_ZERO };
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(&outer_table, &o, &w);
    assert_string_equal(
        buf_str(&out),
        "{\"flag\":false,\"port\":0,\"name\":\"\",\"one\":{\"n\":0},\"names\":null}");
    buf_deinit(&out);
}

static void a_wrong_type_fails_the_read_and_names_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { "{\"flag\":\"yes\"}", "field \"flag\" has a wrong type or value" },
        { "{\"port\":65536}", "field \"port\" has a wrong type or value" },
        { "{\"port\":-1}", "field \"port\" has a wrong type or value" },
        { "{\"name\":5}", "field \"name\" has a wrong type or value" },
        { "{\"names\":[1]}", "field \"names\" has a wrong type or value" },
        { "{\"list\":[{\"n\":\"x\"}]}", "field \"n\" has a wrong type or value" },
        { "[]", "not an object" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct outer o = { 0 };
        struct errmsg why;
        assert_int_equal(outer_read(cases[i].text, arena, &o, &why), ERR_INVALID);
        assert_string_equal(why.text, cases[i].why);
    }
}

static void null_and_unknown_keys_leave_the_struct_alone(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct outer o = { .port = 7, .name = "kept" };
    assert_int_equal(
        outer_read("{\"port\":null,\"NAME\":null,\"who\":{\"a\":[1]}}", arena, &o, NULL), ERR_OK);
    assert_int_equal(outer_read("null", arena, &o, NULL), ERR_OK);
    assert_int_equal(o.port, 7);
    assert_string_equal(o.name, "kept");
}

static void the_tables_of_this_test_are_sound(void **state)
{
    (void)state;
    json_table_check(&inner_table);
    json_table_check(&outer_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struct_survives_writing_and_reading),
        cmocka_unit_test(empty_fields_are_left_out_only_where_the_table_says_so),
        cmocka_unit_test(a_wrong_type_fails_the_read_and_names_the_field),
        cmocka_unit_test(null_and_unknown_keys_leave_the_struct_alone),
        cmocka_unit_test(the_tables_of_this_test_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
