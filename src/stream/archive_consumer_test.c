/* SPDX-License-Identifier: Apache-2.0 */
/* The object is what nats-server 2.15.2 wrote into an archive. */
#include "stream/archive_consumer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CONFIG \
    "{\"durable_name\":\"C\",\"name\":\"C\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\"}"
#define STATE(more) \
    "{\"delivered\":{\"consumer_seq\":9,\"stream_seq\":20}," \
    "\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":4}" more "}"
#define CONSUMER(more) "{\"config\":" CONFIG ",\"state\":" STATE(more) "}"

static enum err read_text(const char *json, struct arena *arena, struct archive_consumer *ret,
                          struct errmsg *why)
{
    return archive_consumer_read(slice_str(json), arena, ret, why);
}

/* What comes of this state in a stream whose last sequence is `last`, as the object has it. */
static void assert_becomes(const char *json, uint64_t last, enum acks_policy policy,
                           const char *expected)
{
    AUTO_FREE(arena) arena = arena_new();
    struct archive_consumer c;
    struct acks acks;
    struct buf out = { 0 };
    assert_int_equal(read_text(json, arena, &c, NULL), ERR_OK);
    acks_init(&acks, policy, 0);
    consumer_state_acks(&c.state, last, &acks);
    acks_check(&acks);
    archive_consumer_write(&c.config, &acks, &out);
    const char *state = strstr(buf_str(&out), "\"state\":");
    assert_non_null(state);
    assert_string_equal(state + strlen("\"state\":"), expected);
    acks_deinit(&acks);
    buf_deinit(&out);
}

static void a_consumer_comes_back_as_it_was(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct archive_consumer c;
    assert_int_equal(read_text(CONSUMER(), arena, &c, NULL), ERR_OK);
    assert_string_equal(c.config.durable_name, "C");
    assert_int_equal(c.config.ack_policy, JS_ACK_EXPLICIT);
    assert_int_equal(c.state.delivered.stream_seq, 20);
    assert_int_equal(c.state.floor.consumer_seq, 2);
    assert_becomes(CONSUMER(), 30, ACKS_EXPLICIT, STATE() "}");
    assert_becomes(CONSUMER(",\"pending\":{\"5\":{\"Sequence\":3,\"Timestamp\":17},"
                            "\"7\":{\"Sequence\":4,\"Timestamp\":-1}},"
                            "\"redelivered\":{\"7\":2,\"6\":1}"),
                   30, ACKS_EXPLICIT,
                   STATE(",\"pending\":{\"5\":{\"Sequence\":3,\"Timestamp\":17},"
                         "\"7\":{\"Sequence\":4,\"Timestamp\":-1}},"
                         "\"redelivered\":{\"7\":2,\"6\":1}") "}");
}

static void what_contradicts_itself_is_put_right(void **state)
{
    (void)state;
#define BODY(pending) CONSUMER(",\"pending\":{" pending "}")
    /* below the floor, above what was delivered; sequences out of order get the next one */
    assert_becomes(BODY("\"4\":{\"Sequence\":1},\"21\":{\"Sequence\":5},"
                        "\"9\":{\"Sequence\":4,\"Timestamp\":1},"
                        "\"8\":{\"Sequence\":6,\"Timestamp\":2}"),
                   30, ACKS_EXPLICIT,
                   STATE(",\"pending\":{\"8\":{\"Sequence\":6,\"Timestamp\":2},"
                         "\"9\":{\"Sequence\":7,\"Timestamp\":1}}") "}");
    /* more waits than was delivered: it was delivered */
    assert_becomes(BODY("\"9\":{\"Sequence\":40}"), 30, ACKS_EXPLICIT,
                   "{\"delivered\":{\"consumer_seq\":40,\"stream_seq\":20},"
                   "\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":4},"
                   "\"pending\":{\"9\":{\"Sequence\":40,\"Timestamp\":0}}}}");
    /* nothing is delivered beyond the stream, and no floor is above that */
    assert_becomes(BODY("\"5\":{\"Sequence\":3}"), 3, ACKS_EXPLICIT,
                   "{\"delivered\":{\"consumer_seq\":9,\"stream_seq\":3},"
                   "\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":3}}}");
    /* a delivery is its own ack */
    assert_becomes(BODY("\"5\":{\"Sequence\":3}"), 30, ACKS_NONE,
                   "{\"delivered\":{\"consumer_seq\":9,\"stream_seq\":20},"
                   "\"ack_floor\":{\"consumer_seq\":9,\"stream_seq\":20}}}");
    /* numbers that no stream reaches */
    assert_becomes("{\"config\":{},\"state\":{\"delivered\":{\"consumer_seq\":18446744073709551615,"
                   "\"stream_seq\":18446744073709551615},\"pending\":{\"18446744073709551615\":"
                   "{\"Sequence\":18446744073709551615}},"
                   "\"redelivered\":{\"18446744073709551615\":18446744073709551615}}}",
                   8, ACKS_EXPLICIT,
                   "{\"delivered\":{\"consumer_seq\":4611686018427387903,\"stream_seq\":8},"
                   "\"ack_floor\":{\"consumer_seq\":0,\"stream_seq\":0}}}");
#undef BODY
}

static void what_is_no_consumer_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *why;
        enum err    e;
    } cases[] = {
        { "", "unexpected end of JSON input", ERR_INVALID },
        { "{", "unexpected end of JSON input", ERR_INVALID },
        { "x", "invalid character 'x' looking for beginning of value", ERR_INVALID },
        { "[]", "is missing config", ERR_NOTFOUND },
        { "{\"state\":{}}", "is missing config", ERR_NOTFOUND },
        { "{\"config\":null,\"state\":{}}", "is missing config", ERR_NOTFOUND },
        { "{\"config\":{}}", "is missing state", ERR_NOTFOUND },
        { "{\"config\":{},\"state\":3}", "is missing state", ERR_NOTFOUND },
        { CONSUMER(",\"pending\":[1]"), "a number is none", ERR_INVALID },
        { CONSUMER(",\"pending\":{\"x\":{\"Sequence\":1}}"), "a number is none", ERR_INVALID },
        { CONSUMER(",\"pending\":{\"1\":{\"Sequence\":-1}}"), "a number is none", ERR_INVALID },
        { CONSUMER(",\"redelivered\":{\"1\":\"2\"}"), "a number is none", ERR_INVALID },
        { "{\"config\":{},\"state\":{\"delivered\":{\"stream_seq\":1.5}}}", "a number is none",
          ERR_INVALID },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct archive_consumer c;
        struct errmsg why = { "" };
        assert_int_equal(read_text(cases[i].json, arena, &c, &why), cases[i].e);
        assert_string_equal(why.text, cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consumer_comes_back_as_it_was),
        cmocka_unit_test(what_contradicts_itself_is_put_right),
        cmocka_unit_test(what_is_no_consumer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
