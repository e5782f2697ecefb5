/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "json/gotime.h"
#include "stream/zone_testing.h"

static nanos time_of(const char *text)
{
    nanos t = 0;
    assert_int_equal(gotime_rfc3339_parse(slice_str(text), &t), ERR_OK);
    return t;
}

/* What nats-server's own steps give, in time zones as they are from 2025 on. */
static const struct {
    const char *text;
    const char *zone;
    const char *after;
    const char *next;
} crons[] = {
    { "0 30 9 * * mon-fri", NULL, "2026-07-31T10:00:00Z", "2026-08-03T09:30:00Z" },
    { "0 30 9 * * MON-FRI", "America/New_York", "2026-07-31T10:00:00Z", "2026-07-31T13:30:00Z" },
    { "*/15 * * * * *", NULL, "2026-01-01T00:00:14.5Z", "2026-01-01T00:00:15Z" },
    { "0 0 0 29 2 *", NULL, "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z" },
    { "0 0 0 31 * *", NULL, "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z" },
    { "0 0 0 13 * 5", NULL, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z" },
    { "0 0 0 13 * fri", NULL, "2026-02-07T00:00:00Z", "2026-02-13T00:00:00Z" },
    { "0 0 0 ? * fri", NULL, "2026-02-07T00:00:00Z", "2026-02-13T00:00:00Z" },
    { "5/20 10-20/5 3,1 1 JAN-MAR ?", NULL, "2026-01-01T01:20:45Z", "2026-01-01T03:10:05Z" },
    { "59 59 23 31 12 *", NULL, "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z" },
    { "0 30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T06:30:00Z" },
    { "0 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z" },
    { "0 0 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T06:00:00Z" },
    { "0 0 * * * *", "America/New_York", "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z" },
    { "0 30 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z" },
    { "0 30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z" },
    { "0 */30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z" },
    { "0 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z" },
    { "0 15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-04T15:15:00Z" },
    { "0 10,40 1 * * *", "Australia/Lord_Howe", "2026-10-03T15:11:00Z", "2026-10-03T15:40:00Z" },
    { "0 45 1 * * *", "Australia/Lord_Howe", "2026-04-04T10:00:00Z", "2026-04-04T14:45:00Z" },
    { "0 0 0 * * *", "America/Havana", "2026-03-07T12:00:00Z", "2026-03-09T04:00:00Z" },
    { "0 30 0 8 3 *", "America/Havana", "2026-03-01T12:00:00Z", "2027-03-08T05:30:00Z" },
    { "@daily", "America/Havana", "2026-03-08T03:00:00Z", "2026-03-09T04:00:00Z" },
    { "0 0 0 1 * *", "Pacific/Chatham", "2026-09-01T00:00:00Z", "2026-09-30T10:15:00Z" },
    { "@hourly", "Asia/Kathmandu", "2026-09-01T00:00:00Z", "2026-09-01T00:15:00Z" },
    { "@weekly", "Europe/Dublin", "2026-10-23T00:00:00Z", "2026-10-24T23:00:00Z" },
    { "@monthly", "America/Nuuk", "2026-03-28T00:00:00Z", "2026-04-01T01:00:00Z" },
    { "@yearly", NULL, "2026-03-28T00:00:00Z", "2027-01-01T00:00:00Z" },
    { "@annually", "America/New_York", "2026-03-28T00:00:00Z", "2027-01-01T05:00:00Z" },
    { "@midnight", "America/Sao_Paulo", "2026-03-28T00:00:00Z", "2026-03-28T03:00:00Z" },
};

static void cron_fires_when_nats_server_fires(void **state)
{
    (void)state;
    const struct zone_source source = { NULL, zone_rule_read };
    for (size_t i = 0; i < ARRAY_COUNT(crons); i++) {
        struct zone *z = NULL;
        struct schedule_fire fire;
        char text[GOTIME_TEXT_SIZE];
        nanos after = time_of(crons[i].after);
        if (crons[i].zone != NULL)
            assert_int_equal(zone_load(&source, slice_str(crons[i].zone), &z), ERR_OK);
        assert_true(schedule_next(slice_str(crons[i].text), z, after, after, &fire));
        assert_true(fire.repeats);
        assert_string_equal(gotime_rfc3339_text(fire.at, text), crons[i].next);
        zone_free(z);
    }
}

static void a_time_is_one_shot(void **state)
{
    (void)state;
    struct schedule_fire fire;
    nanos now = time_of("2026-07-01T00:00:00Z");
    assert_true(schedule_next(SLICE_LIT("@at 2026-07-02T03:04:05.5+01:00"), NULL, now, now, &fire));
    assert_false(fire.repeats);
    assert_int_equal(fire.at, time_of("2026-07-02T02:04:05.5Z"));
    assert_true(schedule_next(SLICE_LIT("@at 2020-01-01T00:00:00Z"), NULL, now, now, &fire));
    assert_int_equal(fire.at, time_of("2020-01-01T00:00:00Z"));
    assert_true(schedule_next(SLICE_LIT("@at 9999-01-01T00:00:00Z"), NULL, now, now, &fire));
    assert_int_equal(fire.at, NANOS_MAX);
    assert_true(schedule_next(SLICE_LIT("@at 1066-01-01T00:00:00Z"), NULL, now, now, &fire));
    assert_true(fire.at < now);
}

static void an_interval_runs_from_whole_seconds_and_skips_what_was_missed(void **state)
{
    (void)state;
    struct schedule_fire fire;
    nanos after = time_of("2026-07-01T00:00:00.5Z");
    assert_true(schedule_next(SLICE_LIT("@every 90s"), NULL, after, after, &fire));
    assert_true(fire.repeats);
    assert_int_equal(fire.at, time_of("2026-07-01T00:01:31Z"));
    assert_true(schedule_next(SLICE_LIT("@every 1500ms"), NULL, after - 1, after, &fire));
    assert_int_equal(fire.at, time_of("2026-07-01T00:00:01.5Z"));
    nanos later = time_of("2026-07-05T10:00:00.3Z");
    assert_true(schedule_next(SLICE_LIT("@every 1h"), NULL, after, later, &fire));
    assert_int_equal(fire.at, time_of("2026-07-05T11:00:00Z"));
    assert_true(schedule_next(SLICE_LIT("@every 2540400h"), NULL, after, after, &fire));
    assert_int_equal(fire.at, NANOS_MAX);
}

static void cron_skips_what_was_missed(void **state)
{
    (void)state;
    struct schedule_fire fire;
    nanos after = time_of("2026-07-01T00:00:00Z"), now = time_of("2026-07-05T10:30:00.2Z");
    assert_true(schedule_next(SLICE_LIT("@hourly"), NULL, after, now, &fire));
    assert_int_equal(fire.at, time_of("2026-07-05T11:00:00Z"));
    now = time_of("2026-07-01T00:30:00Z");
    assert_true(schedule_next(SLICE_LIT("@hourly"), NULL, after, now, &fire));
    assert_int_equal(fire.at, time_of("2026-07-01T01:00:00Z"));
}

/* Midnight comes, a minute later it is 23:01 again, and midnight comes once more: nats-server,
 * asked between the two, gives the first one, which is over. */
static void a_time_that_comes_twice_is_not_given_when_it_is_over(void **state)
{
    (void)state;
    const struct zone_source source = { NULL, zone_rule_read };
    struct zone *z = NULL;
    struct schedule_fire fire;
    assert_int_equal(zone_load(&source, SLICE_LIT("Test/Midnight"), &z), ERR_OK);
    nanos first = time_of("2026-11-01T02:30:00Z");
    assert_true(schedule_next(SLICE_LIT("@daily"), z, first - SECOND, first - SECOND, &fire));
    assert_int_equal(fire.at, first);
    for (nanos after = first; after < first + HOUR; after += MINUTE) {
        assert_true(schedule_next(SLICE_LIT("@daily"), z, after, after, &fire));
        assert_true(fire.at > after);
        assert_true(fire.at <= first + 25 * HOUR);
    }
    zone_free(z);
}

static void what_is_no_schedule_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "@at",      "@at ",         "@at tomorrow", "@at 2026-02-30T00:00:00Z",
        "@every", "@every 1", "@every 999ms", "@every -5s",   "@every  5s",
        "@Daily", "@daily ",  "@reboot",      "* * * * *",    "0 0 0 30 2 *",
    };
    struct schedule_fire fire;
    struct zone *utc = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (schedule_next(slice_str(bad[i]), NULL, 0, 0, &fire)) fail_msg("%s", bad[i]);
    assert_int_equal(zone_load(NULL, SLICE_LIT("UTC"), &utc), ERR_OK);
    assert_false(schedule_next(SLICE_LIT("@at 2026-07-02T03:04:05Z"), utc, 0, 0, &fire));
    assert_false(schedule_next(SLICE_LIT("@every 5s"), utc, 0, 0, &fire));
    assert_true(schedule_next(SLICE_LIT("@daily"), utc, 0, 0, &fire));
    zone_free(utc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cron_fires_when_nats_server_fires),
        cmocka_unit_test(a_time_is_one_shot),
        cmocka_unit_test(an_interval_runs_from_whole_seconds_and_skips_what_was_missed),
        cmocka_unit_test(cron_skips_what_was_missed),
        cmocka_unit_test(a_time_that_comes_twice_is_not_given_when_it_is_over),
        cmocka_unit_test(what_is_no_schedule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
