/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/publish_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void headers_are_found_by_their_exact_names(void **state)
{
    (void)state;
    struct publish_headers h;
    struct slice block = SLICE_LIT("NATS/1.0\r\nNats-Msg-Id: 7\r\nnats-rollup: sub\r\n"
                                   "Nats-TTL:5\r\nNats-Msg-Id: 8\r\nNats-Incr: \r\n\r\n");
    assert_int_equal(publish_headers_read(block, &h), 3);
    assert_true(slice_equal_str(h.at[PUBLISH_MSG_ID], "7"));
    assert_true(slice_equal_str(h.at[PUBLISH_TTL], "5"));
    assert_null(h.at[PUBLISH_ROLLUP].ptr);
    assert_non_null(h.at[PUBLISH_INCR].ptr);
    assert_false(publish_has(&h, PUBLISH_INCR));
    assert_true(slice_equal_str(publish_header_name(PUBLISH_ROLLUP), "Nats-Rollup"));
    assert_int_equal(publish_headers_read(SLICE_LIT(""), &h), 0);
    assert_null(h.at[PUBLISH_MSG_ID].ptr);
}

static void a_status_is_seen(void **state)
{
    (void)state;
    assert_false(publish_has_status(SLICE_LIT("")));
    assert_false(publish_has_status(SLICE_LIT("NATS/1.0\r\n\r\n")));
    assert_true(publish_has_status(SLICE_LIT("NATS/1.0 503\r\n\r\n")));
}

static void sequences_are_digits(void **state)
{
    (void)state;
    assert_int_equal(publish_sequence(SLICE_LIT("0")), 0);
    assert_int_equal(publish_sequence(SLICE_LIT("42")), 42);
    assert_int_equal(publish_sequence(SLICE_LIT("-1")), UINT64_MAX);
    assert_int_equal(publish_sequence(SLICE_LIT("4x")), UINT64_MAX);
    assert_int_equal(publish_sequence(SLICE_LIT("9223372036854775808")), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_by_their_exact_names),
        cmocka_unit_test(a_status_is_seen),
        cmocka_unit_test(sequences_are_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
