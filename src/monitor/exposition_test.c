/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_family_is_its_head_and_its_samples(void **state)
{
    (void)state;
    struct buf text = { 0 };
    struct exposition e = { .out = &text };
    const struct label labels[] = { { "a", "1" }, { "b", NULL } };
    exposition_family(&e, "nats_varz_", "mem", "gauge", "resident bytes");
    exposition_u64(&e, NULL, 0, UINT64_MAX);
    exposition_i64(&e, labels, 2, -1);
    exposition_double(&e, labels, 1, 0.5);
    assert_string_equal(buf_str(&text), "# HELP nats_varz_mem resident bytes\n"
                                        "# TYPE nats_varz_mem gauge\n"
                                        "nats_varz_mem 18446744073709551615\n"
                                        "nats_varz_mem{a=\"1\",b=\"\"} -1\n"
                                        "nats_varz_mem{a=\"1\"} 0.5\n");
    buf_deinit(&text);
}

static void no_label_can_break_out_of_its_quotes(void **state)
{
    (void)state;
    struct buf text = { 0 };
    struct exposition e = { .out = &text };
    const struct label labels[] = { { "a", "x\"} 1\n\\y\xff\xc3\xa9" } };
    exposition_family(&e, "p_", "n", "gauge", "h");
    text.len = 0;
    exposition_u64(&e, labels, 1, 1);
    assert_string_equal(buf_str(&text), "p_n{a=\"x\\\"} 1\\n\\\\y\xef\xbf\xbd\xc3\xa9\"} 1\n");
    buf_deinit(&text);
}

static void what_cannot_stand_in_a_name_is_left_out(void **state)
{
    (void)state;
    struct buf text = { 0 };
    struct exposition e = { .out = &text };
    exposition_family(&e, "p_", "http_req_stats_/debug/vars", "gauge", "h");
    assert_string_equal(e.name, "p_http_req_stats_debugvars");
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_its_head_and_its_samples),
        cmocka_unit_test(no_label_can_break_out_of_its_quotes),
        cmocka_unit_test(what_cannot_stand_in_a_name_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
