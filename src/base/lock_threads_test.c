/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"

enum { THREADS = 4, ROUNDS = 20000 };

/* `first` and `second` differ only while the lock is held. */
struct shared {
    struct lock lock;
    uint64_t first;
    uint64_t second;
    uint64_t torn;
};

static void *add(void *arg)
{
    struct shared *s = arg;
    for (int i = 0; i < ROUNDS; i++) {
        lock_take(&s->lock);
        if (s->first != s->second) s->torn++;
        s->first++;
        s->second++;
        lock_drop(&s->lock);
    }
    return NULL;
}

static void what_the_lock_guards_is_changed_by_one_at_a_time(void **state)
{
    (void)state;
    struct shared s = { .first = 0 };
    pthread_t threads[THREADS];
    lock_init(&s.lock);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add, &s), 0);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(s.first, THREADS * ROUNDS);
    assert_int_equal(s.second, THREADS * ROUNDS);
    assert_int_equal(s.torn, 0);
    lock_deinit(&s.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_lock_guards_is_changed_by_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
