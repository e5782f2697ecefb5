/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/archive_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/archive_testing.h"

#define STATE "{\"messages\":2,\"first_seq\":3,\"last_seq\":9,\"consumer_count\":1}"
#define CONSUMER "{\"config\":{\"name\":\"C\"},\"state\":{\"delivered\":{\"stream_seq\":3}}}"

static const struct archive_limits limits = { .message_max = 100, .configured_max = -1 };

/* All that is read of these bytes, which come in pieces of `cut`. */
static void read_all(struct slice bytes, uint32_t cut, struct buf *ret)
{
    struct archive_reader *r = archive_reader_new(&limits);
    enum archive_verdict v = ARCHIVE_MORE;
    ret->len = 0;
    while (v != ARCHIVE_END && v != ARCHIVE_BAD && bytes.len > 0) {
        struct slice in = slice_first(bytes, cut);
        struct archive_item item;
        bytes = slice_from(bytes, in.len);
        while ((v = archive_reader_next(r, &in, &item)) != ARCHIVE_MORE) {
            if (v == ARCHIVE_STATE)
                buf_printf(ret, "state %llu\n", (unsigned long long)item.state.last_seq);
            if (v == ARCHIVE_CONSUMER)
                buf_printf(ret, "consumer %.*s %s\n", SLICE_ARGS(item.name),
                           item.consumer.config.name);
            if (v == ARCHIVE_MESSAGE)
                buf_printf(ret, "%llu %lld %.*s %.*s\n", (unsigned long long)item.message.sequence,
                           (long long)item.message.time, SLICE_ARGS(item.message.subject),
                           SLICE_ARGS(item.message.payload));
            if (v == ARCHIVE_END || v == ARCHIVE_BAD) break;
        }
        assert_int_equal(v == ARCHIVE_MORE ? in.len : 0, 0);
    }
    bool is_whole = archive_reader_finish(r);
    if (is_whole) buf_add_str(ret, "end");
    else buf_add_str(ret, archive_why(r));
    (void)archive_reader_free(r);
}

static void put_good(struct buf *plain)
{
    archive_put(plain, "state.json", 0, 1, STATE);
    archive_put(plain, "consumers/C", 0, 1, CONSUMER);
    archive_put(plain, "a.b", 3, 70, "hello");
    archive_put(plain, "a", 7, 60, "");
}

static void an_archive_reads_the_same_however_it_is_cut(void **state)
{
    (void)state;
    struct buf plain = { 0 }, bytes = { 0 }, said = { 0 };
    put_good(&plain);
    archive_close(&plain, true, &bytes);
    for (uint32_t cut = 1; cut <= bytes.len; cut++) {
        read_all(buf_slice(&bytes), cut, &said);
        assert_string_equal(buf_str(&said), "state 9\nconsumer C C\n3 70 a.b hello\n7 60 a \nend");
    }
    buf_deinit(&bytes);
    buf_deinit(&said);
}

static void an_archive_that_was_cut_off_is_not_whole(void **state)
{
    (void)state;
    struct buf plain = { 0 }, bytes = { 0 }, said = { 0 };
    put_good(&plain);
    archive_close(&plain, true, &bytes);
    for (uint32_t len = 0; len < bytes.len; len++) {
        read_all(slice_first(buf_slice(&bytes), len), 64, &said);
        assert_string_equal(buf_str(&said), len == 0 || len == 10 ? "EOF" : "unexpected EOF");
    }
    buf_deinit(&bytes);
    put_good(&plain);
    archive_close(&plain, false, &bytes);
    read_all(buf_slice(&bytes), UINT32_MAX, &said);
    assert_non_null(strstr(buf_str(&said), "7 60 a \nEOF"));
    buf_deinit(&bytes);
    buf_deinit(&said);
}

enum { LONG_TEXT = 101 };
#define TWO_DELIVERED \
    "{\"config\":{},\"state\":{\"delivered\":{\"consumer_seq\":2,\"stream_seq\":2}"
#define INCONSISTENT "invalid stream state: inconsistent message count or sequence range"

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    char long_text[LONG_TEXT + 1];
    memset(long_text, 'x', LONG_TEXT);
    long_text[LONG_TEXT] = '\0';
    const struct {
        struct {
            const char *name;
            uint64_t    sequence;
            nanos       time;
            const char *payload;
        } entries[4];
        const char *why;
    } cases[] = {
        { { { "a", 1, 1, "x" } }, "expected state.json first" },
        { { { "state.json", 0, 1, "{" } }, "error in state.json: unexpected end of JSON input" },
        { { { "state.json", 0, 1, "" } }, "error in state.json: unexpected end of JSON input" },
        { { { "state.json", 0, 1, "{\"consumer_count\":-1}" } },
          "invalid stream state: negative consumer count" },
        { { { "state.json", 0, 1, "{\"first_seq\":2,\"last_seq\":0}" } }, INCONSISTENT },
        { { { "state.json", 0, 1, "{\"first_seq\":0,\"last_seq\":5}" } }, INCONSISTENT },
        { { { "state.json", 0, 1, "{\"messages\":1,\"first_seq\":5,\"last_seq\":3}" } },
          INCONSISTENT },
        { { { "state.json", 0, 1, "{\"messages\":6,\"first_seq\":1,\"last_seq\":5}" } },
          "invalid stream state: message count exceeds sequence range" },
        { { { "state.json", 0, 1, STATE }, { "a", 3, 1, "x" } }, "expected consumer, found \"a\"" },
        { { { "state.json", 0, 1, STATE } }, "expected consumer, found \"\"" },
        { { { "state.json", 0, 1, STATE }, { "consumers/C", 0, 1, "{}" } },
          "consumer \"C\" is missing config" },
        { { { "state.json", 0, 1, "{}" }, { "a", 0, 1, "x" } }, "expected message sequence" },
        { { { "state.json", 0, 1, "{}" }, { "a", 2, 1, "x" }, { "a", 2, 1, "x" } },
          "message sequence 2 out of order" },
        { { { "state.json", 0, 1, "{\"first_seq\":9,\"last_seq\":8}" }, { "a", 8, 1, "x" } },
          "message sequence 8 out of order" },
        { { { "state.json", 0, 1, "{}" }, { "a", 1, 1, long_text } },
          "message sequence 1 exceeds maximum payload size" },
        { { { "state.json", 0, 1, "{}" }, { "a", 1, -1, "x" } }, "invalid message sequence 1" },
        { { { "state.json", 0, 1, "{}" }, { "a", UINT64_MAX, 1, "x" } },
          "invalid message sequence 18446744073709551615" },
        { { { "state.json", 0, 1, "{\"consumer_count\":1}" },
            { "consumers/C", 0, 1,
              "{\"config\":{},\"state\":{\"ack_floor\":{\"consumer_seq\":1}}}" } },
          "failed to set consumer \"C\" state: bad ack floor for consumer" },
        { { { "state.json", 0, 1, "{\"consumer_count\":1}" },
            { "consumers/C", 0, 1,
              TWO_DELIVERED ",\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":3}}}" } },
          "failed to set consumer \"C\" state: bad ack floor for stream" },
        { { { "state.json", 0, 1, "{\"consumer_count\":1}" },
            { "consumers/C", 0, 1, TWO_DELIVERED ",\"pending\":{\"3\":{\"Sequence\":2}}}}" } },
          "failed to set consumer \"C\" state: bad pending entry, sequence [3] out of range" },
        { { { "state.json", 0, 1, "{\"consumer_count\":1}" },
            { "consumers/C", 0, 1,
              TWO_DELIVERED ",\"ack_floor\":{\"consumer_seq\":1,\"stream_seq\":1},"
                            "\"pending\":{\"1\":{\"Sequence\":1}}}}" } },
          "failed to set consumer \"C\" state: bad pending entry, sequence [1] out of range" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buf plain = { 0 }, bytes = { 0 }, said = { 0 };
        for (size_t j = 0; j < ARRAY_COUNT(cases[i].entries); j++)
            if (cases[i].entries[j].name != NULL)
                archive_put(&plain, cases[i].entries[j].name, cases[i].entries[j].sequence,
                            cases[i].entries[j].time, cases[i].entries[j].payload);
        archive_close(&plain, true, &bytes);
        read_all(buf_slice(&bytes), UINT32_MAX, &said);
        const char *last = strrchr(buf_str(&said), '\n');
        assert_string_equal(last == NULL ? buf_str(&said) : last + 1, cases[i].why);
        buf_deinit(&bytes);
        buf_deinit(&said);
    }
}

static void other_bytes_are_no_archive(void **state)
{
    (void)state;
    struct buf plain = { 0 }, bytes = { 0 }, said = { 0 };
    read_all(SLICE_LIT("hello, this is no stream of S2"), 3, &said);
    assert_string_equal(buf_str(&said), "s2: corrupt input");
    buf_add_str(&plain, "NATSARC2 is not known");
    archive_close(&plain, false, &bytes);
    read_all(buf_slice(&bytes), 3, &said);
    assert_string_equal(buf_str(&said), "unexpected EOF");
    buf_deinit(&bytes);
    buf_deinit(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_reads_the_same_however_it_is_cut),
        cmocka_unit_test(an_archive_that_was_cut_off_is_not_whole),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(other_bytes_are_no_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
