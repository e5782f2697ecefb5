/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"

static void the_ways_to_append_make_one_text(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_add(&b, SLICE_LIT("MSG "));
    buf_add_str(&b, "orders");
    buf_add_byte(&b, ' ');
    buf_add_u64(&b, 12);
    buf_printf(&b, "%s%05d", "\r\n", 42);
    buf_add(&b, (struct slice){ 0 });
    assert_string_equal(buf_str(&b), "MSG orders 12\r\n00042");
    assert_true(slice_equal_str(buf_slice(&b), "MSG orders 12\r\n00042"));
    buf_deinit(&b);
    assert_null(b.ptr);
    assert_int_equal(b.len, 0);
}

static void every_unsigned_number_has_its_decimal_digits(void **state)
{
    (void)state;
    static const uint64_t values[] = { 0, 9, 10, 99, 100, 4294967295, 4294967296, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct buf b = { 0 };
        char want[32];
        (void)snprintf(want, sizeof want, "%" PRIu64, values[i]);
        buf_add_u64(&b, values[i]);
        assert_string_equal(buf_str(&b), want);
        buf_deinit(&b);
    }
}

static void appending_and_dropping_behave_like_a_queue_of_bytes(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3);
    struct buf b = { 0 };
    uint8_t written = 0, read = 0;
    for (int step = 0; step < 20000; step++) {
        for (uint32_t i = rng_below(&rng, 300); i > 0; i--) buf_add_byte(&b, written++);
        uint32_t drop = rng_below(&rng, b.len + 1);
        for (uint32_t i = 0; b.ptr != NULL && i < drop; i++) assert_int_equal(b.ptr[i], read++);
        buf_drop(&b, drop);
        assert_int_equal((uint8_t)(written - read), (uint8_t)b.len);
        assert_true(b.len <= b.cap);
    }
    buf_deinit(&b);
}

static void a_text_that_is_taken_leaves_an_empty_buffer(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_add_str(&b, "mine");
    char *text = buf_take_str(&b);
    assert_string_equal(text, "mine");
    assert_null(b.ptr);
    assert_int_equal(b.len + b.cap, 0);
    xfree(text);
    text = buf_take_str(&b);
    assert_string_equal(text, "");
    xfree(text);
}

static void reserved_room_is_used_without_moving(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_reserve(&b, 10000);
    const uint8_t *at = b.ptr;
    for (int i = 0; i < 10000; i++) buf_add_byte(&b, (uint8_t)i);
    assert_ptr_equal(b.ptr, at);
    assert_int_equal(b.len, 10000);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ways_to_append_make_one_text),
        cmocka_unit_test(every_unsigned_number_has_its_decimal_digits),
        cmocka_unit_test(appending_and_dropping_behave_like_a_queue_of_bytes),
        cmocka_unit_test(a_text_that_is_taken_leaves_an_empty_buffer),
        cmocka_unit_test(reserved_room_is_used_without_moving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
