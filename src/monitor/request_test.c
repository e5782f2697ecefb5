/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/request.h"

#include "monitor/monitor_testing.h"

static const struct {
    nanos       d;
    const char *text;
} uptimes[] = {
    { -SECOND, "0s" },
    { 0, "0s" },
    { SECOND - 1, "0s" },
    { 16 * SECOND, "16s" },
    { 65 * SECOND, "1m5s" },
    { HOUR, "1h0m0s" },
    { 2 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND, "2d3h4m5s" },
    { 365 * DAY, "1y0d0h0m0s" },
    { (365 + 2) * DAY + 3 * HOUR, "1y2d3h0m0s" },
};

static void a_time_span_has_no_leading_zero_units(void **state)
{
    (void)state;
    struct request r = { .arena = arena_new() };
    for (uint32_t i = 0; i < ARRAY_COUNT(uptimes); i++)
        assert_string_equal(request_uptime(&r, uptimes[i].d), uptimes[i].text);
    arena_free(r.arena);
}

static void an_error_of_the_query_is_answered_as_text(void **state)
{
    (void)state;
    struct request r = { .arena = arena_new() };
    assert_false(request_failed(&r));
    query_fail(&r.query, "no");
    assert_true(request_failed(&r));
    assert_int_equal(r.response.status, 400);
    assert_false(r.response.cors);
    assert_string_equal(r.response.content_type, "text/plain; charset=utf-8");
    assert_string_equal(buf_str(&r.response.body), "no");
    buf_deinit(&r.response.body);
    arena_free(r.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_span_has_no_leading_zero_units),
        cmocka_unit_test(an_error_of_the_query_is_answered_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
