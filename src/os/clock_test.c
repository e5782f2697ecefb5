/* SPDX-License-Identifier: Apache-2.0 */
#include "os/clock.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_monotonic_clock_is_positive_and_never_goes_back(void **state)
{
    (void)state;
    struct clock c;
    os_clock_init(&c);
    nanos before = clock_monotonic(&c);
    assert_true(before > 0);
    for (int i = 0; i < 1000; i++) {
        nanos now = clock_monotonic(&c);
        assert_true(now >= before);
        before = now;
    }
}

static void real_time_is_counted_from_1970(void **state)
{
    (void)state;
    struct clock c;
    os_clock_init(&c);
    assert_true(clock_realtime(&c) > 50 * 365 * DAY);
}

static void entropy_fills_every_byte_and_does_not_repeat(void **state)
{
    (void)state;
    struct entropy e;
    os_entropy_init(&e);
    uint8_t seen[300] = { 0 };
    uint8_t first[32], second[32];
    for (int i = 0; i < 16; i++) {
        uint8_t bytes[sizeof seen];
        e.fill(&e, bytes, sizeof bytes);
        for (size_t at = 0; at < sizeof seen; at++) seen[at] |= bytes[at];
    }
    for (size_t at = 0; at < sizeof seen; at++) assert_int_not_equal(seen[at], 0);
    e.fill(&e, first, sizeof first);
    e.fill(&e, second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void usage_grows_with_the_memory_that_is_touched(void **state)
{
    (void)state;
    struct usage u;
    struct usage_now before, after;
    os_usage_init(&u);
    u.read(&u, &before);
    assert_true(before.cores >= 1);
    size_t size = 64 * MIB;
    volatile char *block = malloc(size);
    for (size_t at = 0; at < size; at += 4 * KIB) block[at] = 1;
    u.read(&u, &after);
    free((void *)block);
    if (access("/proc/self/statm", R_OK) == 0)
        assert_true(after.resident_bytes > before.resident_bytes + size / 2);
    assert_true(after.cpu_time >= before.cpu_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_is_positive_and_never_goes_back),
        cmocka_unit_test(real_time_is_counted_from_1970),
        cmocka_unit_test(entropy_fills_every_byte_and_does_not_repeat),
        cmocka_unit_test(usage_grows_with_the_memory_that_is_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
