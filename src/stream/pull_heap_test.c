/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pull_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void the_first_is_always_the_one_that_is_due_first(void **state)
{
    (void)state;
    enum { COUNT = 50 };
    struct pull_waiting requests[COUNT] = { 0 };
    struct pull_heap h = { 0 };
    struct rng r;
    rng_init(&r, 11);
    for (uint32_t i = 0; i < COUNT; i++) {
        requests[i].number = i + 1;
        requests[i].expires_at = requests[i].heartbeat_at = NANOS_MAX;
    }
    for (int step = 0; step < 5000; step++) {
        struct pull_waiting *w = &requests[rng_below(&r, COUNT)];
        w->expires_at = rng_chance(&r, 1, 3) ? NANOS_MAX : (nanos)rng_below(&r, 40);
        w->heartbeat_at = rng_chance(&r, 1, 3) ? NANOS_MAX : (nanos)rng_below(&r, 40);
        pull_heap_update(&h, w);
        pull_heap_check(&h);
        const struct pull_waiting *first = NULL;
        for (uint32_t i = 0; i < COUNT; i++) {
            if (pull_waiting_due(&requests[i]) == NANOS_MAX) continue;
            if (first == NULL || pull_waiting_due(&requests[i]) < pull_waiting_due(first))
                first = &requests[i];
        }
        assert_ptr_equal(pull_heap_first(&h), first);
    }
    for (uint32_t i = 0; i < COUNT; i++) pull_heap_remove(&h, &requests[i]);
    assert_null(pull_heap_first(&h));
    pull_heap_deinit(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_always_the_one_that_is_due_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
