/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences were seen on the wire of nats-server 2.15.2, for structs of these names. */
#include "json/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct source {
    const char *name;
    nanos       start;
};

enum color { RED, GREEN };

struct config {
    const char        *name;
    int64_t            max_msgs;
    int64_t            replicas;
    nanos              age;
    uint64_t           first_seq;
    enum color         color;
    enum color         paint;
    struct json_array  subjects;
    struct json_array  metadata;
    struct json_array  backoff;
    struct source     *mirror;
    struct json_array  sources;
};

struct config_request {
    struct config config;
    bool          pedantic;
};

/* clang-format off */
static const struct json_word colors[] = { { "red", RED }, { "green", GREEN }, { "lime", GREEN } };
static const struct json_words color_words = {
    colors, ARRAY_COUNT(colors), .is_any_case = true, .refusal = "can not unmarshal %q",
};
static const struct json_table color_table = JSON_WORDS_TABLE(&color_words);
static const struct json_words paint_words = {
    colors, ARRAY_COUNT(colors), .is_text = true, .refusal = "unknown paint",
};
static const struct json_table paint_table = JSON_WORDS_TABLE(&paint_words);

static const struct json_field source_fields[] = {
    { "name", JSON_AT(struct source, name), JSON_TEXT, 0, NULL, "" },
    { "opt_start_time", JSON_AT(struct source, start), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL,
      "" },
};
static const struct json_table source_table =
    JSON_NAMED_TABLE(struct source, source_fields, "StreamSource");

#define AT(field) JSON_AT(struct config, field)
static const struct json_field config_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "" },
    { "max_msgs", AT(max_msgs), JSON_I64, JSON_OMITEMPTY, NULL, "" },
    { "num_replicas", AT(replicas), JSON_GOINT, JSON_OMITEMPTY, NULL, "" },
    { "max_age", AT(age), JSON_NANOS, JSON_OMITEMPTY, NULL, "" },
    { "first_seq", AT(first_seq), JSON_U64, JSON_OMITEMPTY, NULL, "" },
    { "color", AT(color), JSON_WORD, JSON_OMITEMPTY, &color_table, "" },
    { "paint", AT(paint), JSON_WORD, JSON_OMITEMPTY, &paint_table, "" },
    { "subjects", AT(subjects), JSON_TEXTS, JSON_OMITEMPTY, NULL, "" },
    { "metadata", AT(metadata), JSON_TEXT_MAP, JSON_OMITEMPTY, NULL, "" },
    { "backoff", AT(backoff), JSON_NANOS_LIST, JSON_OMITEMPTY, NULL, "" },
    { "mirror", AT(mirror), JSON_STRUCT_PTR, JSON_OMITEMPTY, &source_table, "" },
    { "sources", AT(sources), JSON_STRUCTS, JSON_OMITEMPTY | JSON_GO_POINTERS, &source_table, "" },
};
#undef AT
static const struct json_table config_table =
    JSON_NAMED_TABLE(struct config, config_fields, "StreamConfig");

static const struct json_field request_fields[] = {
    { "StreamConfig", JSON_AT(struct config_request, config), JSON_EMBED, 0, &config_table, "" },
    { "pedantic", JSON_AT(struct config_request, pedantic), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "" },
};
static const struct json_table request_table =
    JSON_NAMED_TABLE(struct config_request, request_fields, "StreamConfigRequest");
/* clang-format on */

static enum err read_as(enum json_request_mode mode, const char *body, struct arena *arena,
                        struct config_request *ret, struct errmsg *why)
{
    const struct json_request q = { &request_table, slice_str(body), mode };
    return json_request_read(&q, arena, ret, why);
}

static void expect_why(enum json_request_mode mode, const char *body, const char *expected)
{
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    struct errmsg why;
    enum err e = read_as(mode, body, arena, &q, &why);
    if (e != ERR_INVALID || strcmp(why.text, expected) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", body, why.text, expected);
}

static void words_and_times_are_told_before_wrong_types(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "{\"name\":5,\"color\":\"x\"}", "can not unmarshal \"\\\"x\\\"\"" },
        { "{\"y\":5,\"paint\":\"x\"}", "unknown paint" },
        { "{\"name\":5,\"y\":5,\"max_msgs\":\"1\"}",
          "json: cannot unmarshal number into Go struct field "
          "StreamConfigRequest.StreamConfig.name of type string" },
        { "{\"y\":5,\"name\":5}", "json: unknown field \"y\"" },
        { "{\"sources\":[{\"name\":5},{\"opt_start_time\":5}]}",
          "Time.UnmarshalJSON: input is not a JSON string" },
        { "{\"sources\":[5,{\"name\":5}],\"subjects\":[5,6],\"paint\":\"red\"}",
          "json: cannot unmarshal number into Go struct field "
          "StreamConfigRequest.StreamConfig.sources of type server.StreamSource" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        expect_why(JSON_REQUEST_STRICT, rows[i][0], rows[i][1]);
}

static void a_request_survives_reading_and_writing(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"A\",\"max_msgs\":-1,\"num_replicas\":3,\"max_age\":5,"
        "\"first_seq\":18446744073709551615,\"color\":\"green\",\"paint\":\"green\","
        "\"subjects\":[\"a\",\"b\"],\"metadata\":{\"a\":\"1\",\"b\":\"2\"},\"backoff\":[1,2],"
        "\"mirror\":{\"name\":\"M\",\"opt_start_time\":\"0001-01-01T00:00:00Z\"},"
        "\"sources\":[{\"name\":\"S\",\"opt_start_time\":\"1970-01-01T00:00:00Z\"}],"
        "\"pedantic\":true}";
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    assert_int_equal(read_as(JSON_REQUEST_STRICT, text, arena, &q, NULL), ERR_OK);
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(&request_table, &q, &w);
    assert_string_equal(buf_str(&out), text);
    buf_deinit(&out);
}

static void keys_and_some_words_match_in_any_case_and_maps_are_sorted(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    static const char text[] = "{\"NAME\":\"A\",\"Color\":\"LIME\",\"metadata\":{\"z\":\"1\","
                               "\"b\":null,\"a\":\"2\"},\"Pedantic\":true}";
    assert_int_equal(read_as(JSON_REQUEST_STRICT, text, arena, &q, NULL), ERR_OK);
    assert_string_equal(q.config.name, "A");
    assert_int_equal(q.config.color, GREEN);
    assert_true(q.pedantic);
    const struct json_pair *pairs = q.config.metadata.items;
    assert_string_equal(pairs[0].key, "a");
    assert_string_equal(pairs[1].key, "b");
    assert_string_equal(pairs[1].value, "");
    assert_string_equal(pairs[2].key, "z");
}

static void values_follow_one_another_and_none_is_fine(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    assert_int_equal(read_as(JSON_REQUEST_STRICT, "", arena, &q, NULL), ERR_OK);
    assert_int_equal(read_as(JSON_REQUEST_STRICT, " null ", arena, &q, NULL), ERR_OK);
    assert_int_equal(
        read_as(JSON_REQUEST_STRICT, "{\"name\":\"A\"}{\"max_msgs\":2} ", arena, &q, NULL), ERR_OK);
    assert_string_equal(q.config.name, "A");
    assert_int_equal(q.config.max_msgs, 2);
}

static void strict_errors_are_those_of_go(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *why;
    } rows[] = {
        { "{\"name\":\"A\",\"x\":1}", "json: unknown field \"x\"" },
        { "{\"mirror\":{\"x\":1}}", "json: unknown field \"x\"" },
        { "{\"a\\\"b\":1}", "json: unknown field \"a\\\"b\"" },
        { "{\"name\":\"A\"}{\"x\":1}", "json: unknown field \"x\"" },
        { "{\"x\":1,\"max_msgs\":\"x\"}", "json: unknown field \"x\"" },
        { "{\"name\":5}", "json: cannot unmarshal number into Go struct field "
                          "StreamConfigRequest.StreamConfig.name of type string" },
        { "{\"max_msgs\":\"x\",\"y\":1}",
          "json: cannot unmarshal string into Go struct field "
          "StreamConfigRequest.StreamConfig.max_msgs of type int64" },
        { "{\"max_msgs\":1e3}", "json: cannot unmarshal number 1e3 into Go struct field "
                                "StreamConfigRequest.StreamConfig.max_msgs of type int64" },
        { "{\"max_msgs\":{}}", "json: cannot unmarshal object into Go struct field "
                               "StreamConfigRequest.StreamConfig.max_msgs of type int64" },
        { "{\"num_replicas\":\"x\"}", "json: cannot unmarshal string into Go struct field "
                                      "StreamConfigRequest.StreamConfig.num_replicas of type int" },
        { "{\"max_age\":1.0}", "json: cannot unmarshal number 1.0 into Go struct field "
                               "StreamConfigRequest.StreamConfig.max_age of type time.Duration" },
        { "{\"first_seq\":-1}", "json: cannot unmarshal number -1 into Go struct field "
                                "StreamConfigRequest.StreamConfig.first_seq of type uint64" },
        { "{\"subjects\":\"x\"}", "json: cannot unmarshal string into Go struct field "
                                  "StreamConfigRequest.StreamConfig.subjects of type []string" },
        { "{\"subjects\":[1]}", "json: cannot unmarshal number into Go struct field "
                                "StreamConfigRequest.StreamConfig.subjects of type string" },
        { "{\"metadata\":[]}", "json: cannot unmarshal array into Go struct field "
                               "StreamConfigRequest.StreamConfig.metadata of type "
                               "map[string]string" },
        { "{\"metadata\":{\"a\":1}}", "json: cannot unmarshal number into Go struct field "
                                      "StreamConfigRequest.StreamConfig.metadata of type string" },
        { "{\"mirror\":[]}", "json: cannot unmarshal array into Go struct field "
                             "StreamConfigRequest.StreamConfig.mirror of type "
                             "server.StreamSource" },
        { "{\"mirror\":{\"name\":1}}", "json: cannot unmarshal number into Go struct field "
                                       "StreamSource.StreamConfig.mirror.name of type string" },
        { "{\"sources\":\"x\"}", "json: cannot unmarshal string into Go struct field "
                                 "StreamConfigRequest.StreamConfig.sources of type "
                                 "[]*server.StreamSource" },
        { "{\"sources\":[1]}", "json: cannot unmarshal number into Go struct field "
                               "StreamConfigRequest.StreamConfig.sources of type "
                               "server.StreamSource" },
        { "{\"sources\":[{\"name\":1}]}", "json: cannot unmarshal number into Go struct field "
                                          "StreamSource.StreamConfig.sources.name of type string" },
        { "{\"pedantic\":1}", "json: cannot unmarshal number into Go struct field "
                              "StreamConfigRequest.pedantic of type bool" },
        { "{\"color\":\"x\"}", "can not unmarshal \"\\\"x\\\"\"" },
        { "{\"color\":5}", "can not unmarshal \"5\"" },
        { "{\"color\":null}", "can not unmarshal \"null\"" },
        { "{\"color\":{\"a\":1}}", "can not unmarshal \"{\\\"a\\\":1}\"" },
        { "{\"paint\":\"GREEN\"}", "unknown paint" },
        { "{\"paint\":null}", "unknown paint" },
        { "{\"paint\":5}", "json: cannot unmarshal number into Go struct field "
                           "StreamConfigRequest.StreamConfig.paint of type string" },
        { "[]", "json: cannot unmarshal array into Go value of type server.StreamConfigRequest" },
        { "1", "json: cannot unmarshal number into Go value of type server.StreamConfigRequest" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        expect_why(JSON_REQUEST_STRICT, rows[i].body, rows[i].why);
}

static void times_are_refused_in_the_words_of_go(void **state)
{
    (void)state;
#define AS "\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \""
    static const struct {
        const char *value;
        const char *why;
    } rows[] = {
        { "1", "Time.UnmarshalJSON: input is not a JSON string" },
        { "{}", "Time.UnmarshalJSON: input is not a JSON string" },
        { "\"x\"", "parsing time \"x" AS "x\" as \"2006\"" },
        { "\"\"", "parsing time \"" AS "\" as \"2006\"" },
        { "\"2020-01-01\"", "parsing time \"2020-01-01" AS "\" as \"T\"" },
        { "\"2020-01-01T00:00:00\"", "parsing time \"2020-01-01T00:00:00" AS "\" as \"Z07:00\"" },
        { "\"2020-01-01 00:00:00Z\"",
          "parsing time \"2020-01-01 00:00:00Z" AS " 00:00:00Z\" as \"T\"" },
        { "\"20x0-01-01T00:00:00Z\"",
          "parsing time \"20x0-01-01T00:00:00Z" AS "20x0-01-01T00:00:00Z\" as \"2006\"" },
        { "\"2020-13-01T00:00:00Z\"", "parsing time \"2020-13-01T00:00:00Z\": month out of range" },
        { "\"2020-01-01T25:00:00Z\"", "parsing time \"2020-01-01T25:00:00Z\": hour out of range" },
        { "\"2020-02-30T00:00:00Z\"", "parsing time \"2020-02-30T00:00:00Z\": day out of range" },
        { "\"2020-01-01T00:00:00+99:00\"",
          "parsing time \"2020-01-01T00:00:00+99:00\": time zone offset hour out of range" },
        { "\"2020-01-01T00:00:00Zx\"",
          "parsing time \"2020-01-01T00:00:00Zx\": extra text: \"x\"" },
    };
#undef AS
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char body[128];
        (void)snprintf(body, sizeof body, "{\"mirror\":{\"opt_start_time\":%s}}", rows[i].value);
        expect_why(JSON_REQUEST_STRICT, body, rows[i].why);
    }
}

static void syntax_errors_name_the_byte_and_the_offset(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *why;
    } rows[] = {
        { "{", "unexpected EOF" },
        { "nul", "unexpected EOF" },
        { "{\"name\":\"A\",\"x\":1", "unexpected EOF" },
        { "{\"name\":\"A\"} x",
          "invalid character 'x' looking for beginning of value at offset 14" },
        { "{\"name\" \"A\"}", "invalid character '\"' after object key at offset 9" },
        { "{\"name\":\"A\",}",
          "invalid character '}' looking for beginning of object key string at offset 13" },
        { "{\"name\":tru}", "invalid character '}' in literal true (expecting 'e') at offset 12" },
        { "{\"name\":\"A\"]", "invalid character ']' after object key:value pair at offset 12" },
        { "{'a'}",
          "invalid character '\\'' looking for beginning of object key string at offset 2" },
        { "{\"name\":\"A\\q\"}", "invalid character 'q' in string escape code at offset 12" },
        { "{\"name\":\"A\\u00g\"}",
          "invalid character 'g' in \\u hexadecimal character escape at offset 15" },
        { "{\"name\":\"A\n\"}", "invalid character '\\n' in string literal at offset 11" },
        { "{\"name\":-}", "invalid character '}' in numeric literal at offset 10" },
        { "{\"name\":01}", "invalid character '1' after object key:value pair at offset 10" },
        { "{\"name\":1.}",
          "invalid character '}' after decimal point in numeric literal at offset 11" },
        { "{\"name\":1e}", "invalid character '}' in exponent of numeric literal at offset 11" },
        { "{\"name\":[1 2]}", "invalid character '2' after array element at offset 12" },
        { "{\"name\":[1,]}", "invalid character ']' looking for beginning of value at offset 12" },
        { "{\"name\":falsx}",
          "invalid character 'x' in literal false (expecting 'e') at offset 13" },
        { "\xef{}", "invalid character '\xc3\xaf' looking for beginning of value at offset 1" },
        { "{\x80}",
          "invalid character '\\u0080' looking for beginning of object key string at offset 2" },
        { "{\x01}",
          "invalid character '\\x01' looking for beginning of object key string at offset 2" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        expect_why(JSON_REQUEST_STRICT, rows[i].body, rows[i].why);
}

static void plain_reading_ignores_unknown_fields_and_takes_one_value(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    static const char unknown[] = "{\"x\":[1],\"name\":\"A\"} ";
    assert_int_equal(read_as(JSON_REQUEST_PLAIN, unknown, arena, &q, NULL), ERR_OK);
    assert_string_equal(q.config.name, "A");
    expect_why(JSON_REQUEST_PLAIN, "", "unexpected end of JSON input");
    expect_why(JSON_REQUEST_PLAIN, "x", "invalid character 'x' looking for beginning of value");
    expect_why(JSON_REQUEST_PLAIN, "{} {", "invalid character '{' after top-level value");
    expect_why(JSON_REQUEST_PLAIN, "{\"color\":5}", "can not unmarshal \"5\"");
}

static void a_key_given_twice_counts_twice_as_in_go(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"A\",\"max_msgs\":5,\"max_msgs\":null,\"name\":\"B\",\"max_age\":-0,"
        "\"metadata\":{\"b\":\"1\",\"a\":\"2\",\"b\":\"3\"},\"metadata\":{\"c\":\"4\",\"a\":\"5\"},"
        "\"subjects\":[\"x\"],\"subjects\":null,\"mirror\":{\"name\":\"M\"},"
        "\"mirror\":{\"opt_start_time\":\"2020-01-01T00:00:00Z\"}}";
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { .config.age = 7 };
    assert_int_equal(read_as(JSON_REQUEST_STRICT, text, arena, &q, NULL), ERR_OK);
    assert_string_equal(q.config.name, "B");
    assert_true(q.config.max_msgs == 5 && q.config.age == 0 && q.config.subjects.count == 0);
    assert_int_equal(q.config.metadata.count, 3);
    assert_string_equal(json_map_find(&q.config.metadata, "a"), "5");
    assert_string_equal(json_map_find(&q.config.metadata, "b"), "3");
    assert_string_equal(json_map_find(&q.config.metadata, "c"), "4");
    assert_string_equal(q.config.mirror->name, "M");
    assert_true(q.config.mirror->start != 0);
    assert_int_equal(
        read_as(JSON_REQUEST_STRICT, "{\"mirror\":{},\"mirror\":null}", arena, &q, NULL), ERR_OK);
    assert_null(q.config.mirror);
    expect_why(JSON_REQUEST_STRICT, "{\"y\" : 1,\"name\":2,\"y\":3,\"name\":\"A\"}",
               "json: unknown field \"y\"");
    expect_why(JSON_REQUEST_STRICT, "{\"max_msgs\":\"1\",\"max_msgs\":2}",
               "json: cannot unmarshal string into Go struct field "
               "StreamConfigRequest.StreamConfig.max_msgs of type int64");
    expect_why(JSON_REQUEST_STRICT, "{\"first_seq\":-0}",
               "json: cannot unmarshal number -0 into Go struct field "
               "StreamConfigRequest.StreamConfig.first_seq of type uint64");
}

static void depth_is_limited_and_times_that_do_not_fit_are_clamped(void **state)
{
    (void)state;
    struct buf deep = { 0 };
    for (int i = 0; i < JSON_REQUEST_DEPTH_MAX + 1; i++) buf_add_byte(&deep, '[');
    expect_why(JSON_REQUEST_STRICT, buf_str(&deep),
               "invalid character '[' exceeded max depth at offset 257");
    buf_deinit(&deep);
    AUTO_FREE(arena) arena = arena_new();
    struct config_request q = { 0 };
    static const char late[] = "{\"mirror\":{\"opt_start_time\":\"9999-01-01T00:00:00Z\"}}";
    assert_int_equal(read_as(JSON_REQUEST_STRICT, late, arena, &q, NULL), ERR_OK);
    assert_int_equal(q.config.mirror->start, INT64_MAX);
}

static void maps_are_changed_in_order(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct json_array map = { 0 };
    json_map_set(&map, "b", "2", arena);
    json_map_set(&map, "a", "1", arena);
    json_map_set(&map, "c", "3", arena);
    json_map_set(&map, "b", "4", arena);
    json_map_set(&map, "a", NULL, arena);
    json_map_set(&map, "x", NULL, arena);
    assert_int_equal(map.count, 2);
    assert_string_equal(json_map_find(&map, "b"), "4");
    assert_string_equal(json_map_find(&map, "c"), "3");
    assert_null(json_map_find(&map, "a"));
}

static void a_copy_equals_its_original_until_one_changes(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"A\",\"subjects\":[\"a\"],\"metadata\":{\"a\":\"1\"},"
                               "\"backoff\":[1],\"mirror\":{\"name\":\"M\"},"
                               "\"sources\":[{\"name\":\"S\"}],\"color\":\"green\"}";
    AUTO_FREE(arena) arena = arena_new();
    AUTO_FREE(arena) other = arena_new();
    struct config_request q = { 0 }, copy;
    assert_int_equal(read_as(JSON_REQUEST_STRICT, text, arena, &q, NULL), ERR_OK);
    json_table_copy(&request_table, &q, other, &copy);
    assert_true(json_table_equal(&request_table, &q, &copy));
    assert_ptr_not_equal(q.config.mirror, copy.config.mirror);
    ((struct source *)copy.config.sources.items)[0].name = "T";
    assert_false(json_table_equal(&request_table, &q, &copy));
    json_table_copy(&request_table, &q, other, &copy);
    copy.config.mirror = NULL;
    assert_false(json_table_equal(&request_table, &q, &copy));
    json_table_copy(&request_table, &q, other, &copy);
    *(nanos *)copy.config.backoff.items = 2;
    assert_false(json_table_equal(&request_table, &q, &copy));
    json_table_copy(&request_table, &q, other, &copy);
    json_map_set(&copy.config.metadata, "a", "2", other);
    assert_false(json_table_equal(&request_table, &q, &copy));
}

static void the_tables_of_this_test_are_sound(void **state)
{
    (void)state;
    json_table_check(&source_table);
    json_table_check(&config_table);
    json_table_check(&request_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_survives_reading_and_writing),
        cmocka_unit_test(words_and_times_are_told_before_wrong_types),
        cmocka_unit_test(keys_and_some_words_match_in_any_case_and_maps_are_sorted),
        cmocka_unit_test(values_follow_one_another_and_none_is_fine),
        cmocka_unit_test(strict_errors_are_those_of_go),
        cmocka_unit_test(times_are_refused_in_the_words_of_go),
        cmocka_unit_test(syntax_errors_name_the_byte_and_the_offset),
        cmocka_unit_test(plain_reading_ignores_unknown_fields_and_takes_one_value),
        cmocka_unit_test(a_key_given_twice_counts_twice_as_in_go),
        cmocka_unit_test(depth_is_limited_and_times_that_do_not_fit_are_clamped),
        cmocka_unit_test(maps_are_changed_in_order),
        cmocka_unit_test(a_copy_equals_its_original_until_one_changes),
        cmocka_unit_test(the_tables_of_this_test_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
