/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

static const uint8_t removals[16] = { 5, 0, 0, 0, 0, 0, 0, 0, 9, 1 };

static struct store_command example(void)
{
    return (struct store_command){
        .flags = STORE_ROLLUP_SUBJECT,
        .time = 1700000000 * SECOND,
        .compact = 3,
        .id = 77,
        .expires = 1800000000 * SECOND,
        .removals_count = 2,
        .removals = removals,
        .subject = SLICE_LIT("orders.1"),
        .header = SLICE_LIT("NATS/1.0\r\nA: b\r\n\r\n"),
        .payload = SLICE_LIT("hello"),
    };
}

static void a_store_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xalloc(size);
    store_command_write(&c, bytes);
    assert_int_equal(store_command_read(slice_of(bytes, size), &back), ERR_OK);
    assert_int_equal(back.flags, c.flags);
    assert_int_equal(back.time, c.time);
    assert_int_equal(back.compact, 3);
    assert_int_equal(back.id, 77);
    assert_int_equal(back.expires, c.expires);
    assert_int_equal(back.removals_count, 2);
    assert_int_equal(command_removal(&back, 0), 5);
    assert_int_equal(command_removal(&back, 1), 9 + 256);
    assert_true(slice_equal(back.subject, c.subject));
    assert_true(slice_equal(back.header, c.header));
    assert_true(slice_equal(back.payload, c.payload));
    xfree(bytes);
}

static void what_is_cut_or_longer_is_corrupt(void **state)
{
    (void)state;
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xcalloc(1, size + 1);
    store_command_write(&c, bytes);
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(store_command_read(slice_of(bytes, len), &back), ERR_CORRUPT);
    assert_int_equal(store_command_read(slice_of(bytes, size + 1), &back), ERR_CORRUPT);
    xfree(bytes);
}

static void what_no_encoder_writes_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        uint8_t byte;
    } cases[] = {
        { 0, 2 },    /* a version of later */
        { 1, 0x80 }, /* a flag that there is not */
        { 15, 0xff }, /* removals beyond the end */
        { 23, 0x80 }, /* a time before 1970 */
        { 47, 0x80 }, /* an expiry before 1970 */
    };
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xalloc(size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store_command_write(&c, bytes);
        bytes[cases[i].at] = cases[i].byte;
        assert_int_equal(store_command_read(slice_of(bytes, size), &back), ERR_CORRUPT);
    }
    xfree(bytes);
}

static void the_least_is_a_subject_alone(void **state)
{
    (void)state;
    struct store_command c = { .subject = SLICE_LIT("a") }, back;
    uint8_t bytes[64];
    store_command_write(&c, bytes);
    assert_int_equal(store_command_read(slice_of(bytes, store_command_size(&c)), &back), ERR_OK);
    assert_int_equal(back.header.len, 0);
    assert_int_equal(back.payload.len, 0);
    assert_int_equal(back.removals_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_cut_or_longer_is_corrupt),
        cmocka_unit_test(what_no_encoder_writes_is_corrupt),
        cmocka_unit_test(the_least_is_a_subject_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
