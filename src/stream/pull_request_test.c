/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences were seen on the wire of nats-server 2.15.2. */
#include "stream/pull_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_body_that_is_no_object_is_a_batch_or_one_message(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t batch;
    } rows[] = {
        { "", 1 },
        { " \r\n", 1 },
        { "5", 5 },
        { " 7\t", 7 },
        { "+3", 3 },
        { "0", 0 },
        { "-3", -3 },
        { "01", 1 },
        { "abc", 1 },
        { "1_0", 1 },
        { "0x10", 1 },
        { "1.5", 1 },
        { "\"5\"", 1 },
        { "[1]", 1 },
        { "true", 1 },
        { "99999999999999999999", 1 },
        { "5 5", 1 },
        { "-", 1 },
        { "9223372036854775807", INT64_MAX },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pull_request q;
        struct pull_answer refusal;
        assert_true(pull_request_read(slice_str(rows[i].body), arena, &q, &refusal));
        assert_int_equal(q.batch, rows[i].batch);
        assert_false(q.is_object);
    }
}

static void an_object_names_what_it_wants(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct pull_request q;
    struct pull_answer refusal;
    const char *body = " {\"batch\":10,\"Expires\":5000000000,\"no_wait\":true,\"max_bytes\":4096,"
                       "\"idle_heartbeat\":2500000000,\"group\":\"g\",\"min_pending\":3,"
                       "\"min_ack_pending\":4,\"id\":\"pin\",\"priority\":9,\"other\":{}}\n";
    assert_true(pull_request_read(slice_str(body), arena, &q, &refusal));
    assert_int_equal(q.batch, 10);
    assert_true(q.expires == 5 * SECOND);
    assert_true(q.no_wait && q.is_object);
    assert_int_equal(q.max_bytes, 4096);
    assert_true(q.heartbeat == 2500 * MILLISECOND);
    assert_true(slice_equal_str(q.group, "g"));
    assert_true(slice_equal_str(q.id, "pin"));
    assert_int_equal(q.min_pending, 3);
    assert_int_equal(q.min_ack_pending, 4);
    assert_int_equal(q.priority, 9);
    assert_true(pull_request_read(slice_str("{}"), arena, &q, &refusal));
    assert_int_equal(q.batch, 0);
}

/* An unknown name, which is ignored, makes it go the long way. */
static void plain_objects_read_as_all_others(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "\"batch\":1",
        "\"batch\":0",
        "\"batch\" : 10 ,\r\n\t\"expires\": 5000000000 ",
        "\"no_wait\":true",
        "\"no_wait\": false, \"batch\":7",
        "\"no_wait\":true,\"no_wait\":false",
        "\"batch\":3,\"batch\":4",
        "\"max_bytes\":4096,\"idle_heartbeat\":10,\"expires\":20",
        "\"batch\":999999999999999999",
        "\"batch\":1234567890123456789",
        "\"batch\":\n1",
        "\"batch\":-1",
        "\"Batch\":5",
        "\"\\u0062atch\":5",
        "\"batch\":null",
        "\"group\":\"g\",\"batch\":2",
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pull_request plain, other;
        struct pull_answer refusal;
        bool is_empty = slice_trim(slice_str(rows[i])).len == 0;
        const char *object = arena_printf(arena, "{%s}", rows[i]);
        const char *longer = arena_printf(arena, "{%s%s\"x\":[]}", rows[i], is_empty ? "" : ",");
        assert_true(pull_request_read(slice_str(object), arena, &plain, &refusal));
        assert_true(pull_request_read(slice_str(longer), arena, &other, &refusal));
        assert_true(plain.is_object);
        assert_true(plain.batch == other.batch && plain.max_bytes == other.max_bytes);
        assert_true(plain.expires == other.expires && plain.heartbeat == other.heartbeat);
        assert_int_equal(plain.no_wait, other.no_wait);
        assert_true(slice_equal(plain.group, other.group));
    }
}

static void what_is_nearly_plain_is_refused_as_ever(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"batch\":01}",          "{\"batch\":1.5}",  "{\"batch\":1,}",
        "{,\"batch\":1}",          "{\"batch\" 1}",    "{\"batch\":}",
        "{\"batch\":1 2}",         "{\"batch\":true}", "{\"no_wait\":1}",
        "{\"no_wait\":truefalse}", "{\"batch\":1}}",   "{\"batch\":1",
        "{\"batch\":\"1\"}",       "{\"batch\":1} {}", "{\"batch",
        "{\"batch\":1e30}",
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pull_request q;
        struct pull_answer refusal;
        assert_false(pull_request_read(slice_str(rows[i]), arena, &q, &refusal));
        assert_int_equal(refusal.status, PULL_BAD_JSON);
        assert_true(refusal.text.len > 0);
    }
}

static void what_is_wrong_with_an_object_is_said_in_gos_words(void **state)
{
    (void)state;
#define OF(what) "json: cannot unmarshal " what " into Go struct field JSApiConsumerGetNextRequest."
    static const char *const rows[][2] = {
        { "{", "unexpected end of JSON input" },
        { "{\"a\":\"abc", "unexpected end of JSON input" },
        { "{\"batch\":\"x\"}", OF("string") "batch of type int" },
        { "{\"batch\":1.5}", OF("number 1.5") "batch of type int" },
        { "{\"batch\":1e2}", OF("number 1e2") "batch of type int" },
        { "{\"expires\":\"1s\"}", OF("string") "expires of type time.Duration" },
        { "{\"idle_heartbeat\":\"1\"}", OF("string") "idle_heartbeat of type time.Duration" },
        { "{\"no_wait\":1}", OF("number") "no_wait of type bool" },
        { "{\"no_wait\":\"x\",\"batch\":\"y\"}", OF("string") "no_wait of type bool" },
        { "{\"batch\":[1]}", OF("array") "batch of type int" },
        { "{\"batch\":{}}", OF("object") "batch of type int" },
        { "{\"max_bytes\":1.2e3}", OF("number 1.2e3") "max_bytes of type int" },
        { "{\"group\":1}", OF("number") "PriorityGroup.group of type string" },
        { "{\"id\":true}", OF("bool") "PriorityGroup.id of type string" },
        { "{\"priority\":\"1\"}", OF("string") "PriorityGroup.priority of type int" },
        { "{\"min_pending\":-1.0}", OF("number -1.0") "PriorityGroup.min_pending of type int64" },
        { "{\"min_ack_pending\":[]}", OF("array") "PriorityGroup.min_ack_pending of type int64" },
        { "{\"BATCH\":\"x\"}", OF("string") "batch of type int" },
        { "{\"batch\":1,}", "invalid character '}' looking for beginning of object key string" },
        { "{\"batch\":01}", "invalid character '1' after object key:value pair" },
        { "{\"batch\" 1}", "invalid character '1' after object key" },
        { "{'batch':1}", "invalid character '\\'' looking for beginning of object key string" },
        { "{\"batch\":1} x", "invalid character 'x' after top-level value" },
        { "{\"batch\":1}{", "invalid character '{' after top-level value" },
        { "{\"batch\":tru}", "invalid character '}' in literal true (expecting 'e')" },
        { "{\"batch\":\"\\q\"}", "invalid character 'q' in string escape code" },
        { "{\"batch\":-}", "invalid character '}' in numeric literal" },
        { "{\"no_wait\":TRUE}", "invalid character 'T' looking for beginning of value" },
        { "{\xc3\xa9}", "invalid character '\xc3\x83' looking for beginning of object key string" },
    };
#undef OF
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pull_request q;
        struct pull_answer refusal;
        assert_false(pull_request_read(slice_str(rows[i][0]), arena, &q, &refusal));
        assert_int_equal(refusal.status, PULL_BAD_JSON);
        assert_string_equal((const char *)refusal.text.ptr, rows[i][1]);
    }
}

static void a_heartbeat_of_more_than_half_of_expires_is_too_large(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool is_good;
    } rows[] = {
        { "{\"idle_heartbeat\":5,\"expires\":9}", false },
        { "{\"idle_heartbeat\":5,\"expires\":10}", true },
        { "{\"idle_heartbeat\":5}", false },
        { "{\"idle_heartbeat\":-5}", true },
        { "{\"idle_heartbeat\":9223372036854775807,\"expires\":9223372036854775807}", false },
        { "{\"idle_heartbeat\":9,\"expires\":-9223372036854775807}", false },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pull_request q;
        struct pull_answer refusal = { 0 };
        bool is_good = pull_request_read(slice_str(rows[i].body), arena, &q, &refusal);
        assert_int_equal(is_good, rows[i].is_good);
        if (!is_good) assert_int_equal(refusal.status, PULL_BIG_HEARTBEAT);
    }
}

/* `PULL_STATUS_COUNT` stands for no refusal. */
static void the_first_rule_that_is_broken_gives_the_answer(void **state)
{
    (void)state;
    const struct slice groups[] = { SLICE_LIT("g"), SLICE_LIT("h") };
    static const struct {
        enum pull_policy policy;
        const char *body;
        enum pull_status status;
    } rows[] = {
        { PULL_ANYONE, "6", PULL_MAX_BATCH },
        { PULL_ANYONE, "{\"batch\":6,\"max_bytes\":1001}", PULL_MAX_BATCH },
        { PULL_ANYONE, "{\"expires\":90000000001}", PULL_MAX_EXPIRES },
        { PULL_ANYONE, "{\"expires\":90000000000}", PULL_STATUS_COUNT },
        { PULL_ANYONE, "{\"max_bytes\":1001}", PULL_MAX_BYTES },
        { PULL_ANYONE, "{\"min_pending\":1}", PULL_NOT_OVERFLOW },
        { PULL_ANYONE, "{\"min_ack_pending\":-1}", PULL_NOT_OVERFLOW },
        { PULL_ANYONE, "{\"id\":\"x\"}", PULL_NOT_PINNED },
        { PULL_ANYONE, "{\"priority\":10}", PULL_BAD_PRIORITY },
        { PULL_ANYONE, "{\"priority\":-1}", PULL_BAD_PRIORITY },
        { PULL_ANYONE, "{\"group\":\"zz\"}", PULL_STATUS_COUNT },
        { PULL_OVERFLOW, "", PULL_STATUS_COUNT },
        { PULL_OVERFLOW, "3", PULL_STATUS_COUNT },
        { PULL_OVERFLOW, "{}", PULL_NO_GROUP },
        { PULL_OVERFLOW, "{\"group\":\"g\",\"id\":\"x\"}", PULL_NOT_PINNED },
        { PULL_OVERFLOW, "{\"group\":\"x\"}", PULL_BAD_GROUP },
        { PULL_OVERFLOW, "{\"group\":\"h\",\"min_pending\":-1}", PULL_STATUS_COUNT },
        { PULL_OVERFLOW, "{\"group\":\"g\",\"priority\":11}", PULL_BAD_PRIORITY },
        { PULL_PRIORITIZED, "{\"group\":\"g\",\"min_pending\":1}", PULL_NOT_OVERFLOW },
        { PULL_PRIORITIZED, "{\"group\":\"g\",\"priority\":9}", PULL_STATUS_COUNT },
        { PULL_PINNED_CLIENT, "{\"group\":\"g\",\"id\":\"x\"}", PULL_STATUS_COUNT },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct pull_caps caps = { 5, 90 * SECOND, 1000, rows[i].policy, groups, 2 };
        struct pull_request q;
        struct pull_answer refusal = { .status = PULL_STATUS_COUNT };
        assert_true(pull_request_read(slice_str(rows[i].body), arena, &q, &refusal));
        bool is_good = pull_request_judge(&q, &caps, &refusal);
        assert_int_equal(is_good, rows[i].status == PULL_STATUS_COUNT);
        assert_int_equal(refusal.status, rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_is_no_object_is_a_batch_or_one_message),
        cmocka_unit_test(an_object_names_what_it_wants),
        cmocka_unit_test(plain_objects_read_as_all_others),
        cmocka_unit_test(what_is_nearly_plain_is_refused_as_ever),
        cmocka_unit_test(what_is_wrong_with_an_object_is_said_in_gos_words),
        cmocka_unit_test(a_heartbeat_of_more_than_half_of_expires_is_too_large),
        cmocka_unit_test(the_first_rule_that_is_broken_gives_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
