/* SPDX-License-Identifier: Apache-2.0 */
#include "json/flat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct one {
    bool         flag;
    int64_t      number;
    int64_t      nanos;
    struct slice text;
    struct slice other;
};

/* clang-format off */
static const struct json_field fields[] = {
    { "flag",   JSON_AT(struct one, flag),   JSON_BOOLEAN, 0,              NULL, "" },
    { "number", JSON_AT(struct one, number), JSON_I64,     0,              NULL, "" },
    { "nanos",  JSON_AT(struct one, nanos),  JSON_NANOS,   0,              NULL, "" },
    { "text",   JSON_AT(struct one, text),   JSON_SLICE,   0,              NULL, "" },
    { "other",  JSON_AT(struct one, other),  JSON_SLICE,   JSON_WRITE_ONLY, NULL, "" },
};
/* clang-format on */
static const struct json_table table = JSON_TABLE(struct one, fields);

static const struct one before = { true, 7, 8, SLICE_INIT("old"), SLICE_INIT("kept") };

static bool is_same(const struct one *a, const struct one *b)
{
    return a->flag == b->flag && a->number == b->number && a->nanos == b->nanos &&
           slice_equal(a->text, b->text) && slice_equal(a->other, b->other);
}

static void plain_objects_are_read_as_the_reader_reads_them(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}",
        " { } \r\n",
        "{\"flag\":false}",
        "{\"flag\":true,\"number\":0,\"text\":\"\"}",
        "\t{ \"number\" : 123456789012345 , \"text\" : \"a {b}:,c\" , \"flag\" : false }\n",
        "{\"text\":\"~ \x7f\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct one quick = before, slow = before;
        AUTO_FREE(json_doc) doc = NULL;
        AUTO_FREE(arena) arena = arena_new();
        assert_true(json_flat_read(&table, slice_str(rows[i]), &quick));
        assert_int_equal(json_doc_parse(slice_str(rows[i]), NULL, &doc), ERR_OK);
        assert_int_equal(json_table_read(&table, json_doc_root(doc), arena, &slow, NULL), ERR_OK);
        assert_true(is_same(&quick, &slow));
    }
}

static void what_is_out_of_the_ordinary_is_left_to_the_reader(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "null",
        "[]",
        "{",
        "{\"flag\":false",
        "{\"flag\":false,",
        "{\"flag\":false,}",
        "{,}",
        "{\"flag\":false \"number\":1}",
        "{\"flag\":false} x",
        "{\"flag\":false}{}",
        "{\"flag\"}",
        "{\"flag\":}",
        "{\"flag\":fals}",
        "{\"flag\":null}",
        "{\"flag\":1}",
        "{\"flag\":\"true\"}",
        "{\"flag\":trueish}",
        "{\"Flag\":false}",
        "{\"fla\":false}",
        "{\"flags\":false}",
        "{\"\":false}",
        "{flag:false}",
        "{\"fl\\u0061g\":false}",
        "{\"flag\":false,\"flag\":true}",
        "{\"number\":-1}",
        "{\"number\":01}",
        "{\"number\":1.0}",
        "{\"number\":1e2}",
        "{\"number\":1234567890123456}",
        "{\"number\":}",
        "{\"number\":\"1\"}",
        "{\"number\":1",
        "{\"nanos\":1}",
        "{\"text\":\"a\\nb\"}",
        "{\"text\":\"\xc3\xa4\"}",
        "{\"text\":\"\t\"}",
        "{\"text\":\"open}",
        "{\"text\":\"",
        "{\"text\":[]}",
        "{\"text\":{}}",
        "{\"text\":1}",
        "{\"other\":\"x\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct one got = before;
        if (json_flat_read(&table, slice_str(rows[i]), &got)) fail_msg("%s", rows[i]);
        assert_true(is_same(&got, &before));
    }
}

/* What came first in the text is not set before the rest of it was looked at. */
static void what_is_refused_at_its_end_has_set_nothing(void **state)
{
    (void)state;
    struct one got = before;
    struct slice text = SLICE_LIT("{\"flag\":false,\"number\":1,\"text\":\"new\"");
    assert_false(json_flat_read(&table, text, &got));
    assert_true(is_same(&got, &before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_objects_are_read_as_the_reader_reads_them),
        cmocka_unit_test(what_is_out_of_the_ordinary_is_left_to_the_reader),
        cmocka_unit_test(what_is_refused_at_its_end_has_set_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
