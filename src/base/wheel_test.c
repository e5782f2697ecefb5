/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

struct probe {
    struct timer timer;
    nanos due;
    nanos fired_at;
    uint32_t count;
};

static void probe_fire(struct timer *t, nanos now)
{
    struct probe *p = container_of(t, struct probe, timer);
    p->fired_at = now;
    p->count++;
}

static void a_timer_fires_once_and_never_early(void **state)
{
    (void)state;
    struct wheel w;
    struct rng rng;
    rng_init(&rng, 7);
    enum { COUNT = 2000 };
    static struct probe probes[COUNT];
    nanos now = 5 * SECOND + 123;
    wheel_init(&w, now);
    for (int i = 0; i < COUNT; i++) {
        timer_init(&probes[i].timer, probe_fire);
        probes[i].count = 0;
        nanos reach = i % 3 == 0 ? 200 * MILLISECOND : i % 3 == 1 ? 90 * SECOND : 3 * DAY;
        probes[i].due = now + (nanos)(rng_next(&rng) % (uint64_t)reach);
        wheel_set(&w, &probes[i].timer, probes[i].due);
    }
    while (w.count > 0) {
        nanos next = wheel_next(&w);
        assert_true(next != NANOS_MAX);
        if (next > now) now = next;
        (void)wheel_fire(&w, now, UINT32_MAX);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(probes[i].count, 1);
        assert_true(probes[i].fired_at >= probes[i].due);
        assert_true(probes[i].fired_at <= probes[i].due + MILLISECOND);
    }
    assert_true(wheel_next(&w) == NANOS_MAX);
}

static void an_idle_wheel_is_not_woken_every_turn(void **state)
{
    (void)state;
    struct wheel w;
    struct probe p;
    nanos now = 0;
    wheel_init(&w, now);
    timer_init(&p.timer, probe_fire);
    p.count = 0;
    wheel_set(&w, &p.timer, 2 * HOUR);
    uint32_t wakes = 0;
    while (p.count == 0) {
        now = wheel_next(&w);
        (void)wheel_fire(&w, now, UINT32_MAX);
        wakes++;
    }
    assert_true(wakes <= WHEEL_LEVELS);
    assert_true(p.fired_at == 2 * HOUR);
}

static void a_cancelled_or_moved_timer_keeps_only_its_last_time(void **state)
{
    (void)state;
    struct wheel w;
    struct probe a, b;
    wheel_init(&w, 0);
    timer_init(&a.timer, probe_fire);
    timer_init(&b.timer, probe_fire);
    a.count = b.count = 0;
    wheel_set(&w, &a.timer, 10 * MILLISECOND);
    wheel_set(&w, &b.timer, 10 * MILLISECOND);
    wheel_set(&w, &a.timer, 400 * MILLISECOND);
    wheel_cancel(&w, &b.timer);
    (void)wheel_fire(&w, 399 * MILLISECOND, UINT32_MAX);
    assert_int_equal(a.count + b.count, 0);
    (void)wheel_fire(&w, 400 * MILLISECOND, UINT32_MAX);
    assert_int_equal(a.count, 1);
    assert_int_equal(b.count, 0);
    assert_false(timer_is_set(&a.timer));
}

static struct wheel *rearm_wheel;
static void rearm(struct timer *t, nanos now)
{
    probe_fire(t, now);
    wheel_set(rearm_wheel, t, now);
}

static void a_timer_that_sets_itself_for_now_cannot_hold_the_loop(void **state)
{
    (void)state;
    struct wheel w;
    struct probe p;
    wheel_init(&w, 0);
    rearm_wheel = &w;
    timer_init(&p.timer, rearm);
    p.count = 0;
    wheel_set(&w, &p.timer, 1);
    for (int i = 1; i <= 50; i++) (void)wheel_fire(&w, i * MILLISECOND, UINT32_MAX);
    assert_true(p.count >= 50 && p.count <= 100); /* at most: what was due, and once more */
}

static void a_bound_on_one_call_leaves_the_rest_for_the_next(void **state)
{
    (void)state;
    struct wheel w;
    static struct probe probes[10];
    wheel_init(&w, 0);
    for (int i = 0; i < 10; i++) {
        timer_init(&probes[i].timer, probe_fire);
        probes[i].count = 0;
        wheel_set(&w, &probes[i].timer, 5 * MILLISECOND);
    }
    assert_int_equal(wheel_fire(&w, SECOND, 4), 4);
    assert_true(wheel_next(&w) <= SECOND);
    assert_int_equal(wheel_fire(&w, SECOND, 4), 4);
    assert_int_equal(wheel_fire(&w, SECOND, 4), 2);
    for (int i = 0; i < 10; i++) assert_int_equal(probes[i].count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_never_early),
        cmocka_unit_test(an_idle_wheel_is_not_woken_every_turn),
        cmocka_unit_test(a_cancelled_or_moved_timer_keeps_only_its_last_time),
        cmocka_unit_test(a_timer_that_sets_itself_for_now_cannot_hold_the_loop),
        cmocka_unit_test(a_bound_on_one_call_leaves_the_rest_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
