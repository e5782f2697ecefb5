/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t id[] = { 'a', 'b', 'c', 'd' };

static void a_request_goes_out_after_half_of_the_window_and_the_window_stops(void **state)
{
    (void)state;
    struct flow f;
    uint32_t asked_after = 0, sent = 0;
    flow_init(&f);
    while (flow_may_send(&f)) {
        sent++;
        if (!flow_sent(&f, 100000, false)) continue;
        assert_int_equal(asked_after, 0);
        asked_after = sent;
        flow_asked(&f, id);
    }
    assert_int_equal(asked_after, 11); /* as on nats-server with messages of 100 kB */
    assert_int_equal(sent, 21);
}

static void a_reply_confirms_what_was_sent_before_and_doubles_the_window(void **state)
{
    (void)state;
    struct flow f;
    uint32_t sent = 0;
    flow_init(&f);
    while (!flow_sent(&f, 100000, false)) {}
    flow_asked(&f, id);
    while (flow_may_send(&f)) (void)flow_sent(&f, 100000, false);
    assert_false(flow_confirmed(&f, slice_str("abcx")));
    assert_false(flow_confirmed(&f, slice_str("abcde")));
    assert_true(flow_confirmed(&f, slice_str("abcd")));
    assert_false(flow_confirmed(&f, slice_str("abcd")));
    assert_false(flow_confirmed(&f, slice_str("")));
    for (; flow_may_send(&f); sent++)
        if (flow_sent(&f, 100000, false)) flow_asked(&f, id);
    assert_int_equal(sent, 32); /* 4 MiB less the 10 that were not confirmed */
}

static void the_window_never_passes_its_limit(void **state)
{
    (void)state;
    struct flow f;
    flow_init(&f);
    for (int i = 0; i < 20; i++) {
        while (!flow_sent(&f, 1 << 20, false)) {}
        flow_asked(&f, id);
        assert_true(flow_confirmed(&f, slice_of(id, sizeof(id))));
    }
    assert_int_equal(f.window, FLOW_WINDOW_MAX);
    assert_int_equal(f.unconfirmed, 0);
}

static void heartbeats_name_the_outstanding_request(void **state)
{
    (void)state;
    struct flow f;
    flow_init(&f);
    assert_int_equal(flow_stalled(&f).len, 0);
    flow_asked(&f, id);
    assert_true(slice_equal_str(flow_stalled(&f), "abcd"));
}

static void acks_by_flow_control_are_asked_for_when_full_and_when_idle(void **state)
{
    (void)state;
    struct flow f;
    flow_init(&f);
    assert_false(flow_sent(&f, 10, false));
    assert_true(flow_sent(&f, 10, true));
    assert_true(flow_idle(&f, true));
    assert_false(flow_idle(&f, false));
    flow_asked(&f, id);
    assert_false(flow_sent(&f, 10, true));
    assert_false(flow_idle(&f, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_goes_out_after_half_of_the_window_and_the_window_stops),
        cmocka_unit_test(a_reply_confirms_what_was_sent_before_and_doubles_the_window),
        cmocka_unit_test(the_window_never_passes_its_limit),
        cmocka_unit_test(heartbeats_name_the_outstanding_request),
        cmocka_unit_test(acks_by_flow_control_are_asked_for_when_full_and_when_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
