/* SPDX-License-Identifier: Apache-2.0 */
#include "core/strangers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 20000, ADDRESSES = 300, MOST = 3 };

struct reactor_like {
    struct strangers *strangers;
    uint32_t number;
    uint32_t most;                      /* of one address, as seen */
    uint32_t entered;
};

/* Enters, looks, leaves; all threads walk over the same addresses. */
static void *come_and_go(void *arg)
{
    struct reactor_like *r = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t n = (i * 7 + r->number) % ADDRESSES;
        struct net_addr a = { .ip = { 10, 0, (uint8_t)(n >> 8), (uint8_t)n } };
        if (!strangers_enter(r->strangers, &a, MOST)) continue;
        uint32_t now = strangers_of(r->strangers, &a);
        if (now > r->most) r->most = now;
        r->entered++;
        strangers_leave(r->strangers, &a);
    }
    return NULL;
}

static void reactors_side_by_side_never_let_one_too_many_in(void **state)
{
    (void)state;
    struct strangers *s = strangers_new(5);
    struct reactor_like reactors[THREADS];
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        reactors[i] = (struct reactor_like){ .strangers = s, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &reactors[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_in_range(reactors[i].most, 1, MOST);
        assert_true(reactors[i].entered > 0);
    }
    assert_int_equal(strangers_check(s), 0);
    strangers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reactors_side_by_side_never_let_one_too_many_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
