/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 made of these payloads on the wire. */
#include "stream/ack_payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void only_exact_words_ack_and_progress_but_prefixes_nak_term_and_next(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        enum ack_kind kind;
        const char *text;
    } rows[] = {
        { "", ACK_DONE, "" },
        { "+ACK", ACK_DONE, "" },
        { "+OK", ACK_DONE, "" },
        { "+ACK ", ACK_OTHER, "" },
        { " +ACK", ACK_OTHER, "" },
        { "+ack", ACK_OTHER, "" },
        { "+OKx", ACK_OTHER, "" },
        { "zzz", ACK_OTHER, "" },
        { "+WPI", ACK_PROGRESS, "" },
        { "+WPI ", ACK_OTHER, "" },
        { "+TERM", ACK_TERM, "" },
        { "+TERMx", ACK_TERM, "x" },
        { "+TERM  why so ", ACK_TERM, "why so" },
        { "+TER", ACK_OTHER, "" },
        { "+NXT", ACK_NEXT, "" },
        { "+NXT 2", ACK_NEXT, " 2" },
        { "+NXT{\"batch\":1}", ACK_NEXT, "{\"batch\":1}" },
        { "-NAK", ACK_NAK, "" },
        { "-NAK \t", ACK_NAK, "" },
        { "-nak", ACK_OTHER, "" },
        { "-NA", ACK_OTHER, "" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ack_payload p = ack_payload_parse(slice_str(rows[i].payload));
        if (p.kind != rows[i].kind) fail_msg("%s: %d", rows[i].payload, (int)p.kind);
        assert_true(slice_equal_str(p.text, rows[i].text));
        assert_false(p.has_delay || p.is_bad_delay);
    }
}

static void a_nak_names_its_delay_as_json_or_as_a_duration(void **state)
{
    (void)state;
    enum { BAD = -1, GOOD = 1 };
    static const struct {
        const char *payload;
        int verdict;
        nanos delay;
    } rows[] = {
        { "-NAK 100ms", GOOD, 100 * MILLISECOND },
        { "-NAK1m30s", GOOD, 90 * SECOND },
        { "-NAK 0", GOOD, 0 },
        { "-NAK -1s", GOOD, -SECOND },
        { "-NAK {\"delay\":1000}", GOOD, 1000 },
        { "-NAK{\"delay\": 1000, \"x\":[]} ", GOOD, 1000 },
        { "-NAK {\"Delay\":7}", GOOD, 7 },
        { "-NAK {\"delay\":null}", GOOD, 0 },
        { "-NAK {}", GOOD, 0 },
        { "-NAK {\"delay\":\"1s\"}", BAD, 0 },
        { "-NAK {\"delay\":1.5}", BAD, 0 },
        { "-NAK {", BAD, 0 },
        { "-NAK [", BAD, 0 },
        { "-NAK 5", BAD, 0 },
        { "-NAKx", BAD, 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ack_payload p = ack_payload_parse(slice_str(rows[i].payload));
        assert_int_equal(p.kind, ACK_NAK);
        if (p.has_delay != (rows[i].verdict == GOOD)) fail_msg("%s", rows[i].payload);
        assert_int_equal(p.is_bad_delay, rows[i].verdict == BAD);
        assert_true(p.delay == rows[i].delay);
    }
}

static void what_has_no_sequence_is_answered_only_as_ack_or_term(void **state)
{
    (void)state;
    static const bool answered[] = { [ACK_DONE] = true, [ACK_TERM] = true, [ACK_OTHER] = false };
    for (int kind = ACK_DONE; kind <= ACK_OTHER; kind++) {
        assert_int_equal(ack_is_answered((enum ack_kind)kind, 0), answered[kind]);
        assert_int_equal(ack_is_answered((enum ack_kind)kind, 1), kind != ACK_NEXT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_exact_words_ack_and_progress_but_prefixes_nak_term_and_next),
        cmocka_unit_test(a_nak_names_its_delay_as_json_or_as_a_duration),
        cmocka_unit_test(what_has_no_sequence_is_answered_only_as_ack_or_term),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
