/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "stream/zone_testing.h"

static const struct zone_type types[] = { { 100, 1 }, { 3600, 0 }, { 7200, 1 } };
static const struct zone_change changes[] = { { -1000, 2 }, { 0, 1 }, { 5000, 0 }, { 9000, 1 } };
static const struct zone_made made = {
    .changes = changes, .changes_count = 4, .types = types, .types_count = 3, .rule = "AAA-2"
};

static struct zone *zone_of(const struct zone_made *m)
{
    struct buf file = { 0 };
    struct zone *z = NULL;
    zone_file_add(&file, m);
    assert_int_equal(zone_parse(buf_slice(&file), &z), ERR_OK);
    buf_deinit(&file);
    return z;
}

static void the_table_holds_until_its_end_and_the_rule_after(void **state)
{
    (void)state;
    struct zone *z = zone_of(&made);
    assert_int_equal(zone_offset(z, -1001), 3600); /* the first that is not summer time */
    assert_int_equal(zone_offset(z, -1000), 7200);
    assert_int_equal(zone_offset(z, -1), 7200);
    assert_int_equal(zone_offset(z, 0), 3600);
    assert_int_equal(zone_offset(z, 4999), 3600);
    assert_int_equal(zone_offset(z, 5000), 100);
    assert_int_equal(zone_offset(z, 9000), 7200);
    assert_int_equal(zone_offset(z, INT64_C(1) << 40), 7200);
    zone_free(z);
}

static void without_a_rule_the_last_change_holds(void **state)
{
    (void)state;
    struct zone_made m = made;
    m.rule = "";
    struct zone *z = zone_of(&m);
    assert_int_equal(zone_offset(z, INT64_C(1) << 40), 3600);
    zone_free(z);
    m.rule = "no rule at all";
    z = zone_of(&m);
    assert_int_equal(zone_offset(z, INT64_C(1) << 40), 3600);
    zone_free(z);
    m.changes_count = 0;
    z = zone_of(&m);
    assert_int_equal(zone_offset(z, 0), 100);
    zone_free(z);
    m.rule = "AAA-2";
    z = zone_of(&m);
    assert_int_equal(zone_offset(z, -5), 7200);
    zone_free(z);
}

static void a_type_that_no_change_leads_to_holds_before_the_first(void **state)
{
    (void)state;
    static const struct zone_change later[] = { { 0, 1 }, { 10, 2 } };
    struct zone_made m = made;
    m.changes = later;
    m.changes_count = 2;
    struct zone *z = zone_of(&m);
    assert_int_equal(zone_offset(z, -1), 100);
    zone_free(z);
}

static void what_clocks_show_twice_or_never_is_as_in_go(void **state)
{
    (void)state;
    const struct zone_source source = { NULL, zone_rule_read };
    struct zone *z = NULL;
    assert_int_equal(zone_load(&source, SLICE_LIT("America/New_York"), &z), ERR_OK);
    /* 2026-03-08 02:30 is not there, 2026-11-01 01:30 twice, 2026-07-01 12:00 once */
    assert_int_equal(zone_utc(z, 1772937000), 1772951400);
    assert_int_equal(zone_utc(z, 1793496600), 1793511000);
    assert_int_equal(zone_utc(z, 1782907200), 1782921600);
    zone_free(z);
}

static void names_that_lead_elsewhere_are_no_zones(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a.b",
        "Mars/Olympus",
        "UTC ",
        "\xc3\xbc",
        "A_name_that_is_longer_than_any_of_the_database_and_than_our_limit_64",
    };
    const struct zone_source source = { NULL, zone_rule_read };
    struct zone *z = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_int_equal(zone_load(&source, slice_str(names[i]), &z), ERR_NOTFOUND);
    assert_int_equal(zone_load(&source, SLICE_LIT("UTC"), &z), ERR_OK);
    assert_int_equal(zone_offset(z, 1782907200), 0);
    zone_free(z);
}

static enum err local_read(void *ctx, const char *name, struct buf *ret_file)
{
    assert_string_equal(name, ZONE_LOCAL);
    if (ctx == NULL) return ERR_NOTFOUND;
    buf_add_str(ret_file, ctx);
    return ERR_OK;
}

static void a_machine_without_a_zone_is_at_utc(void **state)
{
    (void)state;
    char bad[] = "no such file";
    const struct zone_source none = { NULL, local_read }, broken = { bad, local_read };
    struct zone *z = NULL;
    assert_int_equal(zone_load(&none, SLICE_LIT("Local"), &z), ERR_OK);
    assert_int_equal(zone_offset(z, 1782907200), 0);
    zone_free(z);
    assert_int_equal(zone_load(&broken, SLICE_LIT("Local"), &z), ERR_OK);
    assert_int_equal(zone_offset(z, 1782907200), 0);
    zone_free(z);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    struct buf file = { 0 };
    struct zone *z = NULL;
    zone_file_add(&file, &made);
    uint32_t rule = file.len - 7;
    for (uint32_t cut = 0; cut < rule; cut++)
        assert_int_equal(zone_parse(slice_of(file.ptr, cut), &z), ERR_INVALID);
    const struct {
        uint32_t at;
        uint8_t byte;
    } changes_of[] = {
        { 0, 'X' },                /* the name */
        { 4, '\0' },               /* version 1 */
        { 45, 'X' },               /* the second name */
        { 45 + 20 + 13, 1 },       /* 65540 changes */
        { 45 + 44, 1 },            /* the first change after the second */
        { 45 + 44 + 4 * 8, 3 },    /* a type that is not there */
        { 45 + 44 + 4 * 9, 0x7f }, /* an offset of many years */
        { 45 + 44 + 4 * 9, 0x80 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(changes_of); i++) {
        uint8_t before = file.ptr[changes_of[i].at];
        file.ptr[changes_of[i].at] = changes_of[i].byte;
        assert_int_equal(zone_parse(buf_slice(&file), &z), ERR_INVALID);
        file.ptr[changes_of[i].at] = before;
    }
    assert_int_equal(zone_parse(buf_slice(&file), &z), ERR_OK);
    zone_free(z);
    while (file.len <= ZONE_FILE_MAX) buf_add_byte(&file, 0);
    assert_int_equal(zone_parse(buf_slice(&file), &z), ERR_LIMIT);
    buf_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds_until_its_end_and_the_rule_after),
        cmocka_unit_test(without_a_rule_the_last_change_holds),
        cmocka_unit_test(a_type_that_no_change_leads_to_holds_before_the_first),
        cmocka_unit_test(what_clocks_show_twice_or_never_is_as_in_go),
        cmocka_unit_test(names_that_lead_elsewhere_are_no_zones),
        cmocka_unit_test(a_machine_without_a_zone_is_at_utc),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
