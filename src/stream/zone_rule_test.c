/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "json/gotime.h"

/* Offsets that Go's package time finds. */
static const struct {
    const char *rule;
    const char *time;
    int32_t offset;
} offsets[] = {
    { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14400 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -14400 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -18000 },
    { "EST5EDT", "2026-07-01T00:00:00Z", -14400 },
    { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 39600 },
    { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-07-01T00:00:00Z", 37800 },
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0 },
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3600 },
    { "EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 10800 },
    { "EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 7200 },
    { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200 },
    { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600 },
    { "AAA1BBB,J60,J300", "2028-03-01T02:59:59Z", -3600 },
    { "AAA1BBB,J60,J300", "2028-03-01T03:00:00Z", 0 },
    { "AAA1BBB,59,300", "2028-02-29T03:00:00Z", 0 },
    { "AAA1BBB,59,300", "2027-03-01T03:00:00Z", 0 },
    { "AAA1BBB,59,300", "2027-03-01T02:59:59Z", -3600 },
    { "AAA-12:34:56", "2026-01-01T00:00:00Z", 45296 },
    { "AAA+3,rubbish", "2026-01-01T00:00:00Z", -10800 },
    { "AAA3BBB2;0/0,J365/25", "2026-12-31T23:00:00Z", -7200 },
    { "EST5EDT,0/0,J365/25", "2026-01-01T04:59:59Z", -18000 },
};

static void an_offset_is_what_go_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(offsets); i++) {
        struct zone_rule r;
        nanos at;
        assert_true(zone_rule_parse(slice_str(offsets[i].rule), &r));
        assert_int_equal(gotime_rfc3339_parse(slice_str(offsets[i].time), &at), ERR_OK);
        int32_t offset = zone_rule_offset(&r, at / SECOND);
        if (offset != offsets[i].offset)
            fail_msg("%s %s: %d", offsets[i].rule, offsets[i].time, offset);
    }
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "5",
        "ES5",
        "EST",
        "<EST5",
        "EST25:60",
        "EST169",
        "EST5E",
        "EST5EDT,",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,",
        "EST5EDT,M3.2.0,M11.1.0x",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2,M11.1.0",
        "EST5EDT,J0,J365",
        "EST5EDT,J1,J366",
        "EST5EDT,0,366",
        "EST5EDT,M3.2.0/,M11.1.0",
        "EST5EDT M3.2.0,M11.1.0",
        "EST5EDT,M3.2.0/99999999999,M11.1.0",
    };
    struct zone_rule r;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (zone_rule_parse(slice_str(bad[i]), &r)) fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_is_what_go_finds),
        cmocka_unit_test(what_is_no_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
