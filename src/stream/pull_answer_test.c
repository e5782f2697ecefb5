/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pull_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/units.h"

static void each_status_is_written_as_nats_server_writes_it(void **state)
{
    (void)state;
    static const struct {
        struct pull_answer answer;
        const char *text;
    } rows[] = {
        { { PULL_HEARTBEAT, 3, 7, { 0 } },
          "100 Idle Heartbeat\r\nNats-Last-Consumer: 3\r\nNats-Last-Stream: 7\r\n\r\n" },
        { { PULL_HEARTBEAT, 3, 7, SLICE_LIT("$JS.FC.S.C.abcd") },
          "100 Idle Heartbeat\r\nNats-Last-Consumer: 3\r\nNats-Last-Stream: 7\r\n"
          "Nats-Consumer-Stalled: $JS.FC.S.C.abcd\r\n\r\n" },
        { { PULL_FLOW_CONTROL, 0, 0, { 0 } }, "100 FlowControl Request\r\n\r\n" },
        { { PULL_BAD_JSON, 0, 0, SLICE_LIT("unexpected end of JSON input") },
          "400 Bad Request - unexpected end of JSON input\r\n\r\n" },
        { { PULL_BIG_HEARTBEAT, 0, 0, { 0 } },
          "400 Bad Request - heartbeat value too large\r\n\r\n" },
        { { PULL_NO_MESSAGES, 0, 0, { 0 } }, "404 No Messages\r\n\r\n" },
        { { PULL_TIMEOUT, -3, 0, { 0 } },
          "408 Request Timeout\r\nNats-Pending-Messages: -3\r\nNats-Pending-Bytes: 0\r\n\r\n" },
        { { PULL_MAX_BATCH, 5, 0, { 0 } }, "409 Exceeded MaxRequestBatch of 5\r\n\r\n" },
        { { PULL_MAX_EXPIRES, 90 * SECOND, 0, { 0 } },
          "409 Exceeded MaxRequestExpires of 1m30s\r\n\r\n" },
        { { PULL_MAX_BYTES, 1000, 0, { 0 } }, "409 Exceeded MaxRequestMaxBytes of 1000\r\n\r\n" },
        { { PULL_BATCH_COMPLETED, 0, 17, { 0 } },
          "409 Batch Completed\r\nNats-Pending-Messages: 0\r\nNats-Pending-Bytes: 17\r\n\r\n" },
        { { PULL_WRONG_PIN, 1, 0, { 0 } },
          "423 Nats-Wrong-Pin-Id\r\nNats-Pending-Messages: 1\r\nNats-Pending-Bytes: 0\r\n\r\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        pull_answer_write(&rows[i].answer, &out);
        assert_true(slice_starts(buf_slice(&out), slice_str("NATS/1.0 ")));
        assert_string_equal(buf_str(&out) + 9, rows[i].text);
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_is_written_as_nats_server_writes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
